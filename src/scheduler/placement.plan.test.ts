import { describe, expect, it } from 'vitest';
import type { Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, PodSpec, Service } from '#api';
import { type PlacementStorage, planPlacement } from './placement.plan.ts';

const meta = (name: string) => ({
  name,
  namespace: 'default',
  uid: `uid-${name}`,
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  labels: { app: name },
});
const node = (name: string, cpu: string, spec: Node['spec'] = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { ...meta(name), labels: { host: name } },
  spec,
  status: { allocatable: { cpu, memory: '1Gi', pods: '9' }, conditions: [{ type: 'Ready', status: 'True' }] },
});
const pod = (name: string, cpu: string, spec: Partial<PodSpec> = {}, status: object = {}): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta(name),
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec },
    status,
  }) as Pod;

const NODES = [
  node('small', '1'),
  node('full', '2'),
  node('tainted', '9', { taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }] }),
];
const PODS = [
  pod('holder', '2', { nodeName: 'full' }),
  pod('done', '1', { nodeName: 'small' }, { phase: 'Succeeded' }),
  pod('next', '1', {}),
];
const look = (one: Pod, more: { pods?: readonly Pod[]; namespaces?: readonly Namespace[] } = {}) =>
  planPlacement({ pod: one, nodes: NODES, pods: PODS, namespaces: [], ...more });
const told = (plan: ReturnType<typeof look>) =>
  plan.answers.map(({ node: name, reasons }) => `${name}: ${reasons.join(', ')}`);

describe('src/scheduler/placement.plan.ts', () => {
  it('tells of every node why it does not take a pod', () => {
    const plan = look(pod('large', '2'));
    expect(plan.node).toBeUndefined();
    expect(plan.reason).toBe(
      '0/3 nodes are available: 1 node(s) had untolerated taint {k: v}, 2 Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.',
    );
    expect(told(plan)).toEqual([
      'full: Insufficient cpu',
      'small: Insufficient cpu',
      'tainted: node(s) had untolerated taint {k: v}',
    ]);
    expect(plan.answers.map(({ ifOthersLeft }) => ifOthersLeft)).toEqual([true, true, false]);
  });

  it('tells where a pod would go, and which nodes would not take it; what has ended takes no room', () => {
    const plan = look(pod('p', '1'));
    expect([plan.node, plan.reason]).toEqual(['small', 'It fits on node small.']);
    expect(told(plan)).toEqual(['full: Insufficient cpu', 'small: ', 'tainted: node(s) had untolerated taint {k: v}']);
  });

  it('tells who would go for it', () => {
    const plan = look(pod('high', '2', { priority: 5 }));
    expect([plan.node, ...plan.victims.map(({ metadata }) => metadata.name)]).toEqual(['full', 'holder']);
  });

  it('counts room that others are promised', () => {
    const promised = pod('promised', '1', { priority: 5 }, { nominatedNodeName: 'small' });
    expect(look(pod('p', '1'), { pods: [...PODS, promised] }).node).toBeUndefined();
  });

  it('tells of a pod that nothing here can run what it may not ask for, and of nodes what they say anyway', () => {
    const plan = look(pod('p', '1', { runtimeClassName: 'kata' }));
    expect(plan.reason).toContain('spec.runtimeClassName: runtime classes are not supported');
    expect(told(plan)).toContain('full: Insufficient cpu');
  });

  it('says where a pod is that has its node', () => {
    expect(look(pod('p', '1', { nodeName: 'full' }))).toEqual({
      node: 'full',
      victims: [],
      reason: 'It is on node full.',
      answers: [],
    });
  });

  const claim = (name: string, spec: object, more: object = {}) =>
    ({
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...meta(name), annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
      spec: { accessModes: ['ReadWriteOnce'], ...spec },
      status: { phase: 'Bound' },
      ...more,
    }) as PersistentVolumeClaim;
  const volumeOn = (name: string, host: string) =>
    ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: meta(name),
      spec: {
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'host', operator: 'In', values: [host] }] }] },
        },
      },
    }) as PersistentVolume;
  const wantsData = pod('p', '1', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] });
  const lookAtClaims = (storage: PlacementStorage, pods: readonly Pod[] = []) =>
    planPlacement({ pod: wantsData, nodes: NODES, pods, namespaces: [], storage });

  it('looks at the claims of a pod: where their volumes are, and whether others have them', () => {
    const none = { claims: [], volumes: [], storageClasses: [] };
    const bound = claim('data', { volumeName: 'v' });
    expect(lookAtClaims(none).reason).toContain('persistentvolumeclaim "data" not found');
    const full = lookAtClaims({ ...none, claims: [bound], volumes: [volumeOn('v', 'full')] });
    expect(full.node).toBe('full');
    expect(told(full)).toContain('small: node(s) had volume node affinity conflict');
    const alone = claim('data', { volumeName: 'v', accessModes: ['ReadWriteOncePod'] });
    const storage = { ...none, claims: [alone], volumes: [volumeOn('v', 'full')] };
    const other = { ...wantsData, metadata: meta('other'), spec: { ...wantsData.spec, nodeName: 'full' } };
    expect(lookAtClaims(storage, [other]).reason).toContain('ReadWriteOncePod');
    expect(lookAtClaims(storage, [{ ...other, status: { phase: 'Succeeded' } }]).node).toBe('full');
  });

  it('goes where the scheduler goes that knows the pods it belongs together with', () => {
    const hosts = ['a', 'b'].map((name) => {
      const made = node(name, '9');
      return { ...made, metadata: { ...made.metadata, labels: { 'kubernetes.io/hostname': name } } };
    });
    const labels = { app: 'web' };
    const web = (name: string, nodeName?: string) => {
      const made = pod(name, '1', nodeName === undefined ? {} : { nodeName });
      return { ...made, metadata: { ...made.metadata, labels } };
    };
    // Others fill the other node more, so that only the peers speak for it.
    const pods = [web('first', 'a'), web('second', 'a'), pod('x', '7', { nodeName: 'b' })];
    const services = [{ apiVersion: 'v1', kind: 'Service', metadata: meta('web'), spec: { selector: labels } }];
    const owners = { services: services as Service[], replicaSets: [], replicationControllers: [], statefulSets: [] };
    const asked = { pod: web('third'), nodes: hosts, pods, namespaces: [] };
    expect(planPlacement(asked).node).toBe('a');
    expect(planPlacement({ ...asked, owners }).node).toBe('b');
  });
});
