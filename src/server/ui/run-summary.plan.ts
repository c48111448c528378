import type { SyncAction, SyncRun, UiRun, UiRunSummary } from '#api';

/** One line of an Application's history. */
export function planRunSummary(run: SyncRun): UiRunSummary {
  const { metadata, spec, status = { phase: 'Pending' } } = run;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    application: spec.application,
    revision: spec.revision,
    ...(spec.author === undefined ? {} : { author: spec.author }),
    ...(spec.message === undefined ? {} : { message: spec.message }),
    trigger: spec.trigger,
    requestedBy: spec.requestedBy,
    phase: status.phase,
    ...(status.reason === undefined ? {} : { reason: status.reason }),
    ...(status.message === undefined ? {} : { statusMessage: status.message }),
    createdAt: metadata.creationTimestamp,
    ...(status.startedAt === undefined ? {} : { startedAt: status.startedAt }),
    ...(status.finishedAt === undefined ? {} : { finishedAt: status.finishedAt }),
    ...(status.durationMs === undefined ? {} : { durationMs: status.durationMs }),
    counts: countActions(run),
  };
}

export function planRun(run: SyncRun): UiRun {
  const { status } = run;
  return {
    ...planRunSummary(run),
    webhooks: run.spec.webhooks ?? [],
    plan: run.spec.plan ?? [],
    results: status?.results ?? [],
    hooks: status?.hooks ?? [],
    ...(status?.waiting === undefined ? {} : { waiting: status.waiting }),
    ...(status?.approval === undefined ? {} : { approval: status.approval }),
    ...(status?.supersededBy === undefined ? {} : { supersededBy: status.supersededBy }),
  };
}

/** The runs of one Application, newest first. */
export function planHistory(runs: readonly SyncRun[], application: string, limit: number): readonly UiRunSummary[] {
  return runs
    .filter(({ spec }) => spec.application === application)
    .sort((a, b) => compareAge(b, a))
    .slice(0, limit)
    .map(planRunSummary);
}

/** Older first; runs of one second in the order they were written. */
function compareAge(a: SyncRun, b: SyncRun): number {
  const [left, right] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (left !== right) return left < right ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function countActions({ status }: SyncRun): UiRunSummary['counts'] {
  const counts: Partial<Record<SyncAction, number>> = {};
  for (const { action } of status?.results ?? []) {
    if (action !== 'unchanged') counts[action] = (counts[action] ?? 0) + 1;
  }
  return counts;
}
