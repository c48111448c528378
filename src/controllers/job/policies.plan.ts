/** What a Job says of its pods' failures and successes. Source: kubernetes pkg/controller/job/pod_failure_policy.go, success_policy.go (v1.32). */
import type { ContainerStatus, Job, Pod } from '#api';
import { countAmong, countOf, type Indexes, parseIndexes } from './indexes.plan.ts';

export interface FailureMatch {
  readonly action: string | undefined;
  /** Whether the failure counts. */
  readonly counts: boolean;
  /** Why the whole Job has failed, if it has. */
  readonly message: string | undefined;
}

type Rule = NonNullable<Job['spec']['podFailurePolicy']>['rules'][number];

/** Of a pod that failed: the first rule that matches says what follows; without any, the failure counts. */
export function matchFailure({ spec }: Job, pod: Pod): FailureMatch {
  for (const [index, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const cause = rule.onExitCodes === undefined ? conditionCause(rule, pod) : exitCause(rule.onExitCodes, pod);
    if (cause === undefined) continue;
    const message = `${cause} matching ${rule.action} rule at index ${index}`;
    return {
      action: rule.action,
      counts: rule.action !== 'Ignore',
      message: rule.action === 'FailJob' ? message : undefined,
    };
  }
  return { action: undefined, counts: true, message: undefined };
}

function exitCause({ containerName, operator, values }: NonNullable<Rule['onExitCodes']>, { metadata, status }: Pod) {
  const matches = ({ name, state }: ContainerStatus) => {
    const exitCode = state?.terminated?.exitCode;
    if (exitCode === undefined || exitCode === 0) return false;
    if (containerName !== undefined && containerName !== name) return false;
    return values.includes(exitCode) === (operator === 'In');
  };
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  const found = all.find(matches);
  if (found === undefined) return undefined;
  const pod = `${metadata.namespace}/${metadata.name}`;
  return `Container ${found.name} for pod ${pod} failed with exit code ${found.state?.terminated?.exitCode}`;
}

function conditionCause({ onPodConditions = [] }: Rule, { metadata, status }: Pod): string | undefined {
  const found = status?.conditions?.find((condition) =>
    onPodConditions.some((each) => each.type === condition.type && each.status === condition.status),
  );
  return found === undefined ? undefined : `Pod ${metadata.namespace}/${metadata.name} has condition ${found.type}`;
}

/** Why enough has succeeded; undefined while it has not. */
export function matchSuccess({ spec }: Job, succeeded: Indexes): string | undefined {
  if (succeeded.length === 0) return undefined;
  for (const [index, { succeededIndexes, succeededCount }] of (spec.successPolicy?.rules ?? []).entries()) {
    const required = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes, spec.completions ?? 0);
    const reached = required === undefined ? countOf(succeeded) : countAmong(required, succeeded);
    const needed = succeededCount ?? (required === undefined ? undefined : countOf(required));
    if (needed !== undefined && reached >= needed) return `Matched rules at index ${index}`;
  }
  return undefined;
}
