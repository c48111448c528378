import type { Node, Pod } from '#api';
import { BrokenPromise, type Guard, type Scene } from '../promises.ts';
import { isActive, ownerOf } from './pods.ts';

/** No node is given more than it has, and no node two pods of one DaemonSet. */
export function guardPlaces({ world }: Scene): Guard {
  return {
    see({ changed }) {
      for (const { resource, before, after, key } of changed) {
        if (resource !== 'pods' || after === undefined) continue;
        const name = (after as Pod).spec.nodeName;
        if (name === undefined || (before as Pod | undefined)?.spec.nodeName === name) continue;
        const node = world.of<Node>('nodes').get(name);
        const pods = [...world.of<Pod>('pods').values()].filter((pod) => pod.spec.nodeName === name && !isOver(pod));
        const has = node?.status?.allocatable ?? {};
        const wanted = pods.reduce((sum, pod) => sum + cpuOf(pod), 0);
        if (wanted > cpuMillis(has['cpu'] ?? '0') || pods.length > Number(has['pods'] ?? 0)) {
          throw new BrokenPromise('Room', `${key} was given ${name}, which has less than is asked of it: ${wanted}m`);
        }
        const set = ownerOf(after, 'DaemonSet');
        const beside = pods.filter((pod) => set !== undefined && ownerOf(pod, 'DaemonSet') === set && isActive(pod));
        if (beside.length > 1) throw new BrokenPromise('P08', `${key} is the second pod of its DaemonSet on ${name}`);
      }
    },
  };
}

function isOver({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function cpuOf({ spec }: Pod): number {
  return spec.containers.reduce(
    (sum, { resources }) => sum + cpuMillis(String(resources?.requests?.['cpu'] ?? '0')),
    0,
  );
}

function cpuMillis(text: string): number {
  return text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text) * 1_000;
}
