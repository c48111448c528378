import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
import { isCritical, type PodUse, planEviction, planPressureAdmission, type RankedPod } from './eviction.plan.ts';
import { currentAttempts } from './pod-use.ts';
import { hasStorageLimit, planStorageLimit } from './storage-limit.plan.ts';
import type { PressureType, Signal, Threshold } from './threshold.plan.ts';

const MI = 2 ** 20;
type Spec = Partial<Pod['spec']>;

const podOf = (name: string, spec: Spec = {}, annotations: Readonly<Record<string, string>> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '', annotations },
  spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
});
const asking = (resources: object): Spec => ({ containers: [{ name: 'app', image: 'app:1', resources }] });
const useOf = (of: Partial<PodUse['containers'][number]>, volumes: PodUse['volumes'] = new Map()): PodUse => ({
  containers: [{ name: 'app', ...of }],
  volumes,
});
const memory = (name: string, usedMi: number, requestMi = 0, spec: Spec = {}): RankedPod => ({
  pod: podOf(name, { ...asking({ requests: { memory: `${requestMi}Mi` } }), ...spec }),
  use: useOf({ memoryBytes: usedMi * MI }),
});
const thresholdOf = (signal: Signal, more: Partial<Threshold> = {}): Threshold => ({
  signal,
  limit: { quantity: '100Mi' },
  graceMs: 0,
  minReclaim: undefined,
  ...more,
});
const plan = (pods: readonly RankedPod[], threshold = thresholdOf('memory.available'), available = 50 * MI) =>
  planEviction({
    pods,
    threshold,
    observations: new Map([[threshold.signal, { available, capacity: 1000 * MI }]]),
    maxGraceSeconds: 60,
  });
const names = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.name);

describe('src/node-agent/pressure/eviction.plan.ts', () => {
  it.each<[string, Signal, readonly RankedPod[], readonly string[]]>([
    [
      'who uses more than it asked for, before who is less important',
      'memory.available',
      [memory('frugal', 90, 100, { priority: -10 }), memory('greedy', 20, 10, { priority: 1000 })],
      ['greedy', 'frugal'],
    ],
    [
      'the least important',
      'memory.available',
      [memory('important', 500, 0, { priority: 10 }), memory('plain', 20)],
      ['plain', 'important'],
    ],
    [
      'who uses most beyond what it asked for',
      'memory.available',
      [memory('large', 900, 800), memory('more', 300, 10), memory('some', 50)],
      ['more', 'large', 'some'],
    ],
    [
      'who was not measured, last',
      'memory.available',
      [{ pod: podOf('unknown'), use: undefined }, memory('known', 1)],
      ['known', 'unknown'],
    ],
    [
      'volumes as well as layers and logs',
      'nodefs.available',
      [
        { pod: podOf('layer'), use: useOf({ diskBytes: 10 * MI }) },
        { pod: podOf('volume'), use: useOf({}, new Map([['data', { bytes: 20 * MI, inodes: 2 }]])) },
      ],
      ['volume', 'layer'],
    ],
    [
      'most files',
      'nodefs.inodesFree',
      [
        { pod: podOf('few'), use: useOf({}, new Map([['data', { bytes: 999, inodes: 2 }]])) },
        { pod: podOf('many'), use: useOf({}, new Map([['data', { bytes: 1, inodes: 200 }]])) },
      ],
      ['many', 'few'],
    ],
    [
      'most processes, whatever was asked for',
      'pid.available',
      [
        { pod: podOf('few'), use: useOf({ processes: 2 }) },
        { pod: podOf('many'), use: useOf({ processes: 200 }) },
        { pod: podOf('important', { priority: 5 }), use: useOf({ processes: 900 }) },
      ],
      ['many', 'few', 'important'],
    ],
  ])('chooses %s', (_, signal, pods, order) => {
    expect(names(plan(pods, thresholdOf(signal)).order)).toEqual(order);
    expect(plan(pods, thresholdOf(signal)).evict?.pod.metadata.name).toBe(order[0]);
  });

  it('tells in the words of the kubelet what was short, and who used more than it asked for', () => {
    const { evict } = plan([memory('greedy', 200, 16)], thresholdOf('memory.available'), 12_536_420 * 1024);
    expect(evict?.verdict).toEqual({
      reason: 'Evicted',
      message:
        'The node was low on resource: memory. Threshold quantity: 100Mi, available: 12536420Ki. ' +
        'Container app was using 200Mi, request is 16Mi, has larger consumption of memory. ',
      graceSeconds: 1,
      disrupted: true,
    });
    const percent = plan([memory('a', 1)], thresholdOf('nodefs.available', { limit: { share: 0.1 } }));
    expect(percent.evict?.verdict.message).toContain('Threshold quantity: 100Mi, available: 50Mi. ');
  });

  it.each<[string, Partial<Threshold>, Spec, number]>([
    ['a hard threshold leaves a second', {}, { terminationGracePeriodSeconds: 30 }, 1],
    ['a soft one leaves the pod its own time', { graceMs: 1 }, { terminationGracePeriodSeconds: 30 }, 30],
    ['but no more than the limit', { graceMs: 1 }, { terminationGracePeriodSeconds: 300 }, 60],
  ])('%s', (_, threshold, spec, seconds) => {
    const { evict } = plan([memory('a', 1, 0, spec)], thresholdOf('memory.available', threshold));
    expect(evict?.verdict.graceSeconds).toBe(seconds);
  });

  it.each<[string, Pod, boolean]>([
    ['system-node-critical', podOf('a', { priority: 2_000_001_000 }), true],
    ['a static pod', podOf('a', {}, { 'kubernetes.io/config.source': 'file' }), true],
    ['a pod of the API', podOf('a', {}, { 'kubernetes.io/config.source': 'api' }), false],
    ['a merely important pod', podOf('a', { priority: 1_000_000_000 }), false],
  ])('spares for ever: %s', (_, pod, isSpared) => {
    expect(isCritical(pod)).toBe(isSpared);
    expect(plan([{ pod, use: useOf({ memoryBytes: 999 * MI }) }]).evict === undefined).toBe(isSpared);
  });

  it('ends one pod at most, never a critical one, and none that keeps to its requests before one that does not', () => {
    const anyPod = fc.record({
      usedMi: fc.integer({ min: 0, max: 100 }),
      requestMi: fc.integer({ min: 0, max: 100 }),
      priority: fc.constantFrom(-5, 0, 5, 2_000_000_000),
    });
    fc.assert(
      fc.property(fc.array(anyPod, { maxLength: 12 }), (pods) => {
        const all = pods.map((one, at) => memory(`p${at}`, one.usedMi, one.requestMi, { priority: one.priority }));
        const { evict, order } = plan(all);
        expect(order.some(isCritical)).toBe(false);
        expect(order).toHaveLength(pods.filter(({ priority }) => priority < 2_000_000_000).length);
        expect(evict === undefined).toBe(order.length === 0);
        if (evict === undefined) return;
        const chosen = pods[Number(evict.pod.metadata.name.slice(1))];
        const exceeding = pods.filter((one) => one.priority < 2_000_000_000 && one.usedMi > one.requestMi);
        if (exceeding.length > 0) expect((chosen?.usedMi ?? 0) > (chosen?.requestMi ?? 0)).toBe(true);
        // Whoever is as bold and less important would have gone instead.
        const bolder = exceeding.some(({ priority }) => priority < (chosen?.priority ?? 0));
        expect(bolder).toBe(false);
      }),
    );
  });

  const guaranteed = asking({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } });
  const tolerating = (toleration: object): Spec => ({ tolerations: [toleration] });
  const MEMORY_TAINT = 'node.kubernetes.io/memory-pressure';
  it.each<[string, Spec, readonly PressureType[], string | undefined]>([
    ['anything while there is none', {}, [], undefined],
    ['no pod under disk pressure', guaranteed, ['DiskPressure'], '[DiskPressure]'],
    ['no pod under two kinds', guaranteed, ['MemoryPressure', 'DiskPressure'], '[DiskPressure MemoryPressure]'],
    ['a pod that asks for memory, under memory pressure', guaranteed, ['MemoryPressure'], undefined],
    ['no pod that asks for nothing, under memory pressure', {}, ['MemoryPressure'], '[MemoryPressure]'],
    ['one that tolerates it', tolerating({ key: MEMORY_TAINT, operator: 'Exists' }), ['MemoryPressure'], undefined],
    ['one that tolerates all', tolerating({ operator: 'Exists' }), ['MemoryPressure'], undefined],
    [
      'not one that tolerates something else',
      tolerating({ key: 'x', operator: 'Exists' }),
      ['MemoryPressure'],
      '[Memory',
    ],
    ['critical pods always', { priority: 2_000_000_000 }, ['DiskPressure'], undefined],
  ])('takes in %s', (_, spec, pressure, message) => {
    const verdict = planPressureAdmission(podOf('new', spec), new Set(pressure));
    if (message === undefined) expect(verdict).toBeUndefined();
    else expect(verdict?.message).toContain(`Pod was rejected: The node had condition: ${message}`);
  });
});

describe('src/node-agent/pressure/storage-limit.plan.ts', () => {
  const volume = (bytes: number): PodUse['volumes'] => new Map([['data', { bytes, inodes: 1 }]]);
  const emptyDir = (of: object): Spec => ({ volumes: [{ name: 'data', emptyDir: of }] });
  const limited = (...limits: readonly string[]): Spec => ({
    containers: limits.map((limit, at) => ({
      name: at === 0 ? 'app' : `app${at}`,
      image: 'a',
      resources: { limits: { 'ephemeral-storage': limit } },
    })),
  });
  const step = (name: string, limit: string) => ({
    name,
    image: 'a',
    resources: { limits: { 'ephemeral-storage': limit } },
  });
  const usesOf = (bytes: Readonly<Record<string, number>>): PodUse => ({
    containers: Object.entries(bytes).map(([name, diskBytes]) => ({ name, diskBytes })),
    volumes: new Map(),
  });
  it.each<[string, Spec, PodUse, string | undefined]>([
    [
      'an emptyDir beyond its limit',
      emptyDir({ sizeLimit: '1Mi' }),
      useOf({}, volume(MI + 1)),
      'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ',
    ],
    ['an emptyDir at its limit', emptyDir({ sizeLimit: '1Mi' }), useOf({}, volume(MI)), undefined],
    [
      'one in memory: its limit is a wall',
      emptyDir({ sizeLimit: '1Mi', medium: 'Memory' }),
      useOf({}, volume(9e9)),
      undefined,
    ],
    ['a limit of nothing is none', emptyDir({ sizeLimit: '0' }), useOf({}, volume(9e9)), undefined],
    [
      'a pod beyond all its containers may hold',
      limited('1Mi', '2Mi'),
      useOf({ diskBytes: MI }, volume(2 * MI + 1)),
      'Pod ephemeral local storage usage exceeds the total limit of containers 3Mi. ',
    ],
    [
      'a container beyond its own',
      limited('1Mi', '2Mi'),
      useOf({ diskBytes: MI + 1 }),
      'Container app exceeded its local ephemeral storage limit "1Mi". ',
    ],
    [
      "the limit of a sidecar is the pod's too",
      { ...limited('1Mi'), initContainers: [{ ...step('side', '10Mi'), restartPolicy: 'Always' }] },
      usesOf({ app: MI, side: 9 * MI }),
      undefined,
    ],
    [
      'beyond that of the sidecar and its own',
      { ...limited('1Mi'), initContainers: [{ ...step('side', '10Mi'), restartPolicy: 'Always' }] },
      usesOf({ app: 0, side: 11 * MI + 1 }),
      'Pod ephemeral local storage usage exceeds the total limit of containers 11Mi. ',
    ],
    [
      'what a step of the beginning wrote within its limit',
      { ...limited('1Mi'), initContainers: [step('first', '20Mi')] },
      usesOf({ first: 15 * MI, app: MI }),
      undefined,
    ],
    [
      'a step of the beginning beside the sidecars before it',
      {
        ...limited('1Mi'),
        initContainers: [{ ...step('side', '2Mi'), restartPolicy: 'Always' }, step('first', '4Mi')],
      },
      usesOf({ side: 2 * MI, first: 4 * MI + 1 }),
      'Pod ephemeral local storage usage exceeds the total limit of containers 6Mi. ',
    ],
    ['whoever keeps to it', limited('1Mi'), useOf({ diskBytes: MI }), undefined],
    ['a critical pod', { ...limited('1Mi'), priority: 2_000_000_000 }, useOf({ diskBytes: 9e9 }), undefined],
  ])('%s', (_, spec, use, message) => {
    const verdict = planStorageLimit(podOf('a', spec), use);
    expect(verdict?.message).toBe(message);
    // It goes for its own fault: no disruption is told.
    expect(verdict?.disrupted).toBeUndefined();
  });

  it('has only those measured that could outgrow something', () => {
    expect(hasStorageLimit(podOf('a'))).toBe(false);
    expect(hasStorageLimit(podOf('a', emptyDir({})))).toBe(false);
    expect(hasStorageLimit(podOf('a', emptyDir({ sizeLimit: '1Mi' })))).toBe(true);
    expect(hasStorageLimit(podOf('a', limited('1Mi')))).toBe(true);
    expect(hasStorageLimit(podOf('a', { initContainers: [step('first', '1Mi')] }))).toBe(true);
  });

  it('counts of a container only what its last attempt holds', () => {
    const attempts = [
      { name: 'app', attempt: 0 },
      { name: 'app', attempt: 2 },
      { name: 'side', attempt: 0 },
      { name: 'app', attempt: 1 },
    ];
    expect(currentAttempts(attempts)).toEqual([
      { name: 'app', attempt: 2 },
      { name: 'side', attempt: 0 },
    ]);
  });
});
