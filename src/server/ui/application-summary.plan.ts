import {
  type Application,
  CONDITION_SEVERITIES,
  type Condition,
  type ConditionSeverity,
  type ResourceStatus,
  type SyncRun,
  severityOf,
  type UiApplication,
  type UiApplicationSummary,
  type UiPod,
} from '#api';
import { planRun } from './run-summary.plan.ts';

/** One line of the overview. */
export function planApplicationSummary(application: Application): UiApplicationSummary {
  const { metadata, spec, status = {} } = application;
  const resources = status.resources ?? [];
  const automated = spec.syncPolicy?.automated;
  const isAutomated = automated !== undefined && automated.enabled !== false;
  const condition = mostUrgent(status.conditions ?? []);
  const message = condition?.message ?? condition?.reason ?? status.health?.message;
  const sinceWhen = condition?.lastTransitionTime ?? status.reconciledAt;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    sync: status.sync?.status ?? 'Unknown',
    health: status.health?.status ?? 'Unknown',
    ...(status.sync?.revision === undefined ? {} : { revision: status.sync.revision }),
    ...(message === undefined || message === '' ? {} : { message }),
    ...(condition === undefined ? {} : { severity: condition.severity }),
    ...(status.run === undefined ? {} : { run: { name: status.run.name, phase: status.run.phase } }),
    drifted: resources.filter(isDrifted).length,
    objects: resources.length,
    ...(sinceWhen === undefined ? {} : { since: sinceWhen }),
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

/** Times of the API sort as text. */
const since = ({ lastTransitionTime }: Condition) => lastTransitionTime ?? '';

/** The worst that is true; of several as bad, the one that has been true the longest. */
function mostUrgent(
  conditions: readonly Condition[],
): (Condition & { readonly severity: ConditionSeverity }) | undefined {
  return conditions
    .flatMap((condition) => {
      const severity = severityOf(condition);
      return severity === undefined ? [] : [{ ...condition, severity }];
    })
    .sort(
      (a, b) =>
        CONDITION_SEVERITIES.indexOf(a.severity) - CONDITION_SEVERITIES.indexOf(b.severity) ||
        Number(since(a) > since(b)) - Number(since(a) < since(b)),
    )
    .at(0);
}
