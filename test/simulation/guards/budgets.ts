import type { Pod, PodDisruptionBudget } from '#api';
import { BrokenPromise, type Guard, type Scene } from '../promises.ts';
import { isActive, isReady, RecentlyReady } from './pods.ts';

/** P10: no eviction leaves fewer pods than a disruption budget asks for, however many drain at once. */
export function guardBudgets({ world }: Scene): Guard {
  const recent = new RecentlyReady();
  const labels = new Map<string, string>();
  return {
    see(revision) {
      const { atMs, actor, changed } = revision;
      for (const { resource, before } of changed) {
        if (resource === 'pods' && before !== undefined) {
          labels.set(before.metadata.uid ?? '', before.metadata.labels?.['app'] ?? '');
        }
      }
      for (const { resource, before, after, key } of changed) {
        if (actor.process !== 'drain' || resource !== 'pods' || before === undefined) continue;
        const pod = before as Pod;
        const taken = isActive(pod) && (after === undefined || !isActive(after as Pod));
        if (!taken || !isReady(pod)) continue;
        for (const budget of world.of<PodDisruptionBudget>('poddisruptionbudgets.policy').values()) {
          const app = budget.spec?.selector?.matchLabels?.['app'];
          if (app === undefined || app !== pod.metadata.labels?.['app']) continue;
          const least = Number(budget.spec?.minAvailable ?? 0);
          const ready = [...world.of<Pod>('pods').values()].filter(
            (each) => each.metadata.labels?.['app'] === app && isActive(each) && isReady(each),
          ).length;
          const lost = recent.count(atMs, (uid) => labels.get(uid) === app);
          if (ready + lost < least) {
            throw new BrokenPromise('P10', `${key} was evicted: ${ready} pods serve where at least ${least} must`);
          }
        }
      }
      if (actor.process !== 'drain') recent.see(revision);
      recent.forget(atMs);
    },
  };
}
