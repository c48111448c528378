import { describe, expect, it } from 'vitest';
import { type KubeObject, type PodSpec, type ResourceType, RUNTIME_CLASSES, type StoredObject } from '#api';
import { admitPod, type ClusterObjects, keepAdmitted } from './pod-admission.ts';

const named = (name: string, more: object) => ({ metadata: { name }, ...more }) as unknown as StoredObject;

/** A cluster with these classes. */
function classes(priority: readonly StoredObject[], runtime: readonly StoredObject[] = []): ClusterObjects {
  const of = (type: ResourceType) => (type.plural === RUNTIME_CLASSES.plural ? runtime : priority);
  return {
    get: <T extends StoredObject>(type: ResourceType<T>, name: string) =>
      of(type).find(({ metadata }) => metadata.name === name) as T | undefined,
    list: <T extends StoredObject>(type: ResourceType<T>) => of(type) as readonly T[],
  };
}

const high = named('high', { value: 1000, preemptionPolicy: 'Never' });
const low = named('low', { value: -5, globalDefault: true });
const middle = named('middle', { value: 7, globalDefault: true });
const pod = (spec: object): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec });
const specOf = (object: KubeObject) => object['spec'] as PodSpec;

describe('src/server/registry/rows/pod-admission.ts', () => {
  it.each<[string, object, readonly StoredObject[], object]>([
    ['nothing', {}, [high], { priority: 0, preemptionPolicy: 'PreemptLowerPriority' }],
    [
      'a class',
      { priorityClassName: 'high' },
      [high, low],
      { priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' },
    ],
    [
      'a class, and what follows from it',
      { priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' },
      [high],
      { priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' },
    ],
    [
      'nothing, where a class is the default',
      {},
      [high, low],
      { priorityClassName: 'low', priority: -5, preemptionPolicy: 'PreemptLowerPriority' },
    ],
    [
      'nothing, where two are: the lower counts',
      {},
      [middle, low],
      { priorityClassName: 'low', priority: -5, preemptionPolicy: 'PreemptLowerPriority' },
    ],
  ])('ranks a pod that names %s', (_, spec, known, expected) => {
    expect(specOf(admitPod(pod(spec), classes(known)))).toEqual(expected);
  });

  it.each<[string, object, string]>([
    ['an unknown class', { priorityClassName: 'none' }, 'no PriorityClass with name none was found'],
    [
      'a number of its own',
      { priorityClassName: 'high', priority: 2000 },
      'the integer value of priority (2000) must not be provided in pod spec; priority admission controller computed 1000 from the given PriorityClass name',
    ],
    [
      'a number without a class',
      { priority: 5 },
      'the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    ],
    [
      'a policy of its own',
      { priorityClassName: 'high', preemptionPolicy: 'PreemptLowerPriority' },
      'the string value of PreemptionPolicy (PreemptLowerPriority) must not be provided in pod spec; priority admission controller computed Never from the given PriorityClass name',
    ],
    ['an unknown runtime class', { runtimeClassName: 'gvisor' }, 'pod rejected: RuntimeClass "gvisor" not found'],
  ])('refuses a pod that names %s', (_, spec, why) => {
    expect(() => admitPod(pod(spec), classes([high]))).toThrow(`pods "p" is forbidden: ${why}`);
  });

  it('lets a pod pass whose runtime class is there', () => {
    const known = classes([], [named('gvisor', { handler: 'runsc' })]);
    expect(specOf(admitPod(pod({ runtimeClassName: 'gvisor' }), known)).runtimeClassName).toBe('gvisor');
  });

  it('keeps what admission filled in when an update leaves it out, and not what the update says', () => {
    const old = pod({ priority: 1000, preemptionPolicy: 'Never' });
    expect(specOf(keepAdmitted(pod({ nodeName: 'n' }), old))).toEqual({
      priority: 1000,
      preemptionPolicy: 'Never',
      nodeName: 'n',
    });
    expect(specOf(keepAdmitted(pod({ priority: 1 }), old)).priority).toBe(1);
  });
});
