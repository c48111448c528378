import type { Deployment, Pod, ReplicaSet } from '#api';
import { BrokenPromise, type Guard, type Scene } from '../promises.ts';
import type { Changed, Revision } from '../world.ts';
import { isActive, isReady, LAG_MS, ownerOf, RecentlyReady, Window } from './pods.ts';

interface Bounds {
  readonly low: number;
  readonly high: number;
}

interface Rollout {
  readonly bounds: Window<Bounds>;
  /** Until then the bounds of before may be acted on, and for the lag after it: its sets may not have looked at their newest size. */
  unsettled: boolean;
}

/**
 * P09: while controllers replace pods, at least `replicas − maxUnavailable` serve and at most `replicas + maxSurge` are
 * there. P08: a ReplicaSet never makes or takes more pods than it is for, however late its news.
 */
export function guardRollouts({ world }: Scene): Guard {
  const rollouts = new Map<string, Rollout>();
  const sizes = new Map<string, Window<number>>();
  const recent = new RecentlyReady();
  const deploymentOfSet = new Map<string, string>();

  function seeDeployment({ after, before }: Changed, atMs: number): void {
    if (after === undefined) return void rollouts.delete(before?.metadata.uid ?? '');
    const deployment = after as Deployment;
    const { uid } = deployment.metadata;
    const rollout = rollouts.get(uid) ?? { bounds: new Window<Bounds>(), unsettled: true };
    rollouts.set(uid, rollout);
    const bounds = boundsOf(deployment);
    const newest = rollout.bounds.all.at(-1);
    if (newest?.low !== bounds.low || newest.high !== bounds.high) {
      rollout.bounds.set(bounds, atMs);
      rollout.unsettled = true;
    }
    if (isComplete(deployment)) rollout.unsettled = false;
  }

  function seeSet({ after, before }: Changed, atMs: number): void {
    const uid = (after ?? before)?.metadata.uid ?? '';
    if (after === undefined) {
      sizes.delete(uid);
      deploymentOfSet.delete(uid);
      return;
    }
    const owner = ownerOf(after, 'Deployment');
    if (owner !== undefined) deploymentOfSet.set(uid, owner);
    const size = sizes.get(uid) ?? new Window<number>();
    sizes.set(uid, size);
    const replicas = (after as ReplicaSet).spec.replicas ?? 1;
    if (size.all.at(-1) !== replicas) size.set(replicas, atMs);
    size.keepSince(atMs - LAG_MS);
  }

  const podsOf = (test: (pod: Pod) => boolean) => [...world.of<Pod>('pods').values()].filter(test);
  const deploymentOf = (pod: Pod) => deploymentOfSet.get(ownerOf(pod, 'ReplicaSet') ?? '');

  function seePod({ before, after, key }: Changed, { actor, atMs }: Revision): void {
    if (actor.loop !== 'replica-set') return;
    const pod = (after ?? before) as Pod;
    const set = ownerOf(pod, 'ReplicaSet');
    if (set === undefined) return;
    const made = before === undefined && after !== undefined;
    const taken = before !== undefined && isActive(before as Pod) && (after === undefined || !isActive(after as Pod));
    const active = podsOf((each) => ownerOf(each, 'ReplicaSet') === set && isActive(each)).length;
    const size = sizes.get(set)?.all ?? [];
    if (made && active > Math.max(...size)) {
      throw new BrokenPromise('P08', `${key} was made, the ${active}th pod of a ReplicaSet of ${Math.max(...size)}`);
    }
    if (taken) {
      const lost = recent.count(atMs, (uid) => lostOwner.get(uid) === set);
      if (active + lost < Math.min(...size)) {
        const least = Math.min(...size);
        throw new BrokenPromise('P08', `${key} was taken, which leaves ${active} pods of a ReplicaSet of ${least}`);
      }
    }
    const deployment = deploymentOf(pod);
    const rollout = deployment === undefined ? undefined : rollouts.get(deployment);
    if (rollout === undefined) return;
    if (!rollout.unsettled) rollout.bounds.keepSince(atMs - LAG_MS);
    const bounds = rollout.bounds.all;
    const mine = podsOf((each) => deploymentOf(each) === deployment && isActive(each));
    const high = Math.max(...bounds.map((each) => each.high));
    if (made && mine.length > high) {
      throw new BrokenPromise('P09', `${key} was made: ${mine.length} pods where at most ${high} may be`);
    }
    if (taken && isReady(before as Pod)) {
      const low = Math.min(...bounds.map((each) => each.low));
      const lost = recent.count(atMs, (uid) => deploymentOfSet.get(lostOwner.get(uid) ?? '') === deployment);
      const ready = mine.filter(isReady).length;
      if (ready + lost < low) {
        throw new BrokenPromise('P09', `${key} was taken: ${ready} pods serve where at least ${low} must`);
      }
    }
  }

  /** ReplicaSets of pods that were lost, by the pod's uid. */
  const lostOwner = new Map<string, string>();

  return {
    see(revision) {
      for (const changed of revision.changed) {
        if (changed.resource === 'deployments.apps') seeDeployment(changed, revision.atMs);
        if (changed.resource === 'replicasets.apps') seeSet(changed, revision.atMs);
        if (changed.resource === 'pods' && changed.before !== undefined) {
          const set = ownerOf(changed.before, 'ReplicaSet');
          if (set !== undefined) lostOwner.set(changed.before.metadata.uid ?? '', set);
        }
      }
      recent.see(revision);
      for (const changed of revision.changed) if (changed.resource === 'pods') seePod(changed, revision);
      recent.forget(revision.atMs);
    },
  };
}

function boundsOf({ spec }: Deployment): Bounds {
  const replicas = spec.replicas ?? 1;
  const { maxSurge, maxUnavailable } = spec.strategy?.rollingUpdate ?? {};
  return { low: replicas - Number(maxUnavailable), high: replicas + Number(maxSurge) };
}

/** As `kubectl rollout status` judges it. */
function isComplete({ metadata, spec, status }: Deployment): boolean {
  const counts = [status?.updatedReplicas ?? 0, status?.replicas ?? 0, status?.availableReplicas ?? 0];
  return status?.observedGeneration === metadata.generation && counts.every((count) => count === (spec.replicas ?? 1));
}
