import type { Pod, StatefulSet } from '#api';
import type { Guard, Scene } from '../promises.ts';
import { ownerOf } from './pods.ts';

/** Which pods their StatefulSet took away because it had become smaller. */
export interface ScaledAway extends Guard {
  /** `pod`: `namespace/name`. */
  readonly has: (pod: string) => boolean;
}

/**
 * The claims of such pods go with them. A pod that was gone before its set became smaller takes none along, in Kubernetes
 * as here: its claim stays the set's.
 */
export function watchScaledAway({ world }: Pick<Scene, 'world'>): ScaledAway {
  const pods = new Set<string>();
  return {
    has: (pod) => pods.has(pod),
    see({ actor, changed }) {
      for (const { resource, key, before, after } of changed) {
        if (resource !== 'pods') continue;
        if (before === undefined) pods.delete(key);
        const goes = after === undefined || after.metadata.deletionTimestamp !== undefined;
        if (!goes || before === undefined || before.metadata.deletionTimestamp !== undefined) continue;
        if (actor.loop === 'stateful-set' && isBeyond(before as Pod)) pods.add(key);
      }
    },
  };

  function isBeyond(pod: Pod): boolean {
    const uid = ownerOf(pod, 'StatefulSet');
    const set = [...world.of<StatefulSet>('statefulsets.apps').values()].find(({ metadata }) => metadata.uid === uid);
    const ordinal = Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf('-') + 1));
    return set !== undefined && ordinal >= (set.spec.replicas ?? 1);
  }
}
