import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node, Taint } from '#api';
import { NOT_READY, type NodeLifecycleSnapshot, planNodeLifecycle, UNREACHABLE } from './node-lifecycle.plan.ts';

const node = (ready: string | undefined, taints: readonly Taint[] = [], spec: object = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n1', uid: 'n1' },
    spec: { taints, ...spec },
    status: ready === undefined ? {} : { conditions: [{ type: 'Ready', status: ready, lastHeartbeatTime: 'then' }] },
  }) as unknown as Node;
const plan = (given: Node, more: Partial<NodeLifecycleSnapshot> = {}) =>
  planNodeLifecycle({ node: given, silentMs: 0, graceMs: 40_000, brake: 'open', nowMs: 0, ...more });
const text = (taints: readonly Taint[] | undefined) => taints?.map(({ key, effect }) => `${key}:${effect}`);
const taint = (key: string, effect: 'NoSchedule' | 'NoExecute'): Taint => ({ key, effect });
const gone = [taint(UNREACHABLE, 'NoSchedule'), taint(UNREACHABLE, 'NoExecute')];
const cordon = 'node.kubernetes.io/unschedulable';

describe('src/controllers/nodes/node-lifecycle.plan.ts', () => {
  it.each([
    ['a node that is well needs nothing', node('True'), {}, undefined, undefined],
    ['a node that is not ready repels, and is given up', node('False'), {}, [`${NOT_READY}:NoSchedule`], NOT_READY],
    ['a silent one repels', node('True'), { silentMs: 40_000 }, [`${UNREACHABLE}:NoSchedule`], undefined],
    [
      'and is given up when it stays silent',
      node('True'),
      { silentMs: 50_000 },
      [`${UNREACHABLE}:NoSchedule`],
      UNREACHABLE,
    ],
    ['silence counts up to the last ms', node('True'), { silentMs: 39_999 }, undefined, undefined],
    [
      'none is given up while the brake is shut',
      node('False'),
      { brake: 'shut' },
      [`${NOT_READY}:NoSchedule`],
      undefined,
    ],
    [
      'and who was, is kept again when we are cut off',
      node('Unknown', gone),
      { brake: 'isolated' },
      [`${UNREACHABLE}:NoSchedule`],
      undefined,
    ],
    [
      'a node that is back repels no more, and keeps what a person put there',
      node('True', [...gone, taint('mine', 'NoExecute')]),
      {},
      ['mine:NoExecute'],
      undefined,
    ],
    ['a cordoned node says so', node('True', [], { unschedulable: true }), {}, [`${cordon}:NoSchedule`], undefined],
  ] as const)('%s', (_, given, more, taints, evict) => {
    const planned = plan(given, more);
    expect([text(planned.taints), planned.evict?.key]).toEqual([taints, evict]);
  });

  it.each([
    ['memory is short', 'MemoryPressure', ['node.kubernetes.io/memory-pressure:NoSchedule']],
    ['the disk is full', 'DiskPressure', ['node.kubernetes.io/disk-pressure:NoSchedule']],
    ['the agent may not set up a network, and runs pods without', 'NetworkUnavailable', undefined],
  ])('repels new pods as its conditions say: %s', (_, type, taints) => {
    const given = node('True');
    const conditions = [...(given.status?.conditions ?? []), { type, status: 'True' }];
    expect(text(plan({ ...given, status: { conditions } }).taints)).toEqual(taints);
  });

  it('says Unknown of everything a silent node said, and keeps when it last spoke', () => {
    const { conditions } = plan(node('True'), { silentMs: 40_000 });
    expect(conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'Ready Unknown',
      'MemoryPressure Unknown',
      'DiskPressure Unknown',
      'PIDPressure Unknown',
    ]);
    expect(conditions?.[0]).toMatchObject({ reason: 'NodeStatusUnknown', lastHeartbeatTime: 'then' });
  });

  it('asks for nothing more once it is carried out', () => {
    const brake = fc.constantFrom('open', 'slow', 'shut', 'isolated' as const);
    const ready = fc.constantFrom('True', 'False', 'Unknown');
    fc.assert(
      fc.property(ready, brake, fc.nat(100_000), fc.boolean(), (said, held, silentMs, cordoned) => {
        const given = node(said, [], cordoned ? { unschedulable: true } : {});
        const snapshot = { silentMs, brake: held } as const;
        const first = plan(given, snapshot as Partial<NodeLifecycleSnapshot>);
        const taints = [...(first.taints ?? []), ...(first.evict === undefined ? [] : [first.evict])];
        const conditions = first.conditions ?? given.status?.conditions ?? [];
        const after = { ...given, spec: { ...given.spec, taints }, status: { conditions: [...conditions] } };
        const second = plan(after as Node, snapshot as Partial<NodeLifecycleSnapshot>);
        expect([second.conditions, second.taints, second.evict]).toEqual([undefined, undefined, undefined]);
      }),
    );
  });
});
