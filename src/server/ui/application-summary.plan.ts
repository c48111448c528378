import type { Application, Condition, ResourceStatus, SyncRun, UiApplication, UiApplicationSummary, UiPod } from '#api';
import { planRun } from './run-summary.plan.ts';

/** One line of the overview. */
export function planApplicationSummary(application: Application): UiApplicationSummary {
  const { metadata, spec, status = {} } = application;
  const resources = status.resources ?? [];
  const automated = spec.syncPolicy?.automated;
  const isAutomated = automated !== undefined && automated.enabled !== false;
  const condition = mostUrgent(status.conditions ?? []);
  const message = condition?.message ?? condition?.reason ?? status.health?.message;
  const since = condition?.lastTransitionTime ?? status.reconciledAt;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    sync: status.sync?.status ?? 'Unknown',
    health: status.health?.status ?? 'Unknown',
    ...(status.sync?.revision === undefined ? {} : { revision: status.sync.revision }),
    ...(message === undefined || message === '' ? {} : { message }),
    ...(status.run === undefined ? {} : { run: { name: status.run.name, phase: status.run.phase } }),
    drifted: resources.filter(isDrifted).length,
    objects: resources.length,
    ...(since === undefined ? {} : { since }),
    automated: isAutomated,
    selfHeal: isAutomated && automated.selfHeal === true,
    prune: isAutomated && automated.prune === true,
  };
}

/** One Application with its objects, their pods, and the run that matters now. */
export function planApplication(
  application: Application,
  pods: readonly UiPod[],
  currentRun: SyncRun | undefined,
): UiApplication {
  return {
    ...planApplicationSummary(application),
    spec: application.spec,
    conditions: application.status?.conditions ?? [],
    resources: application.status?.resources ?? [],
    pods,
    ...(currentRun === undefined ? {} : { currentRun: planRun(currentRun) }),
  };
}

function isDrifted({ status, requiresPruning }: ResourceStatus): boolean {
  return status === 'OutOfSync' || requiresPruning === true;
}

/** Conditions that tell of trouble when true, from the worst; every other type tells of it when false. */
const TROUBLE = [/Error|Failed|Invalid/, /Blocked|Denied|Conflict/, /Warning|Unsupported|Stale|Drift|OutOfSync/];

function mostUrgent(conditions: readonly Condition[]): Condition | undefined {
  const urgency = ({ type, status }: Condition): number => {
    const rank = TROUBLE.findIndex((pattern) => pattern.test(type));
    if (rank >= 0) return status === 'True' ? rank : TROUBLE.length + 1;
    return status === 'False' ? TROUBLE.length : TROUBLE.length + 1;
  };
  return conditions
    .filter((condition) => urgency(condition) <= TROUBLE.length)
    .sort((a, b) => urgency(a) - urgency(b))
    .at(0);
}
