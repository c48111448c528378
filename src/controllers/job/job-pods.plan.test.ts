import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
import { endedAtMs } from './job-pods.plan.ts';

const at = (minute: number) => `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z`;
const ended = (name: string, minute: number | undefined) => ({
  name,
  state: minute === undefined ? { running: {} } : { terminated: { exitCode: 1, finishedAt: at(minute) } },
});
const pod = (status: object, metadata: object = {}): Pod =>
  ({
    metadata: { name: 'p', creationTimestamp: at(1), ...metadata },
    spec: { containers: [], initContainers: [{ name: 'init' }, { name: 'side', restartPolicy: 'Always' }] },
    status,
  }) as object as Pod;
const unready = { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at(9) }] };
const deleted = { deletionTimestamp: at(8), deletionGracePeriodSeconds: 60 };

describe('src/controllers/job/job-pods.plan.ts', () => {
  it.each<[string, Pod, number]>([
    ['the last of its containers', pod({ ...unready, containerStatuses: [ended('a', 3), ended('b', 2)] }), 3],
    [
      'its sidecar, where that ended later',
      pod({ containerStatuses: [ended('a', 3)], initContainerStatuses: [ended('init', 5), ended('side', 4)] }),
      4,
    ],
    [
      'not its containers while its sidecar runs',
      pod({ ...unready, containerStatuses: [ended('a', 3)], initContainerStatuses: [ended('side', undefined)] }),
      9,
    ],
    ['its condition, while a container runs', pod({ ...unready, containerStatuses: [ended('a', undefined)] }), 9],
    ['its deletion, less its grace', pod({}, deleted), 7],
    ['its creation, where nothing else is known', pod({}), 1],
  ])('says that a pod ended by %s', (_what, of, minute) => {
    expect(endedAtMs(of)).toBe(Date.parse(at(minute)));
  });
});
