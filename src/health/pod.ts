import { conditionAt, type Fields, fields, listAt, numberAt, textAt } from './fields.ts';
import { degraded, type Health, type HealthRule, healthy, progressing } from './health.ts';

/** A pod that no node takes counts as failed after so long, ms. Source: cli-utils pkg/kstatus/status/core.go. */
const UNSCHEDULABLE_AFTER_MS = 15_000;

/** A waiting reason that does not heal by waiting: `ErrImagePull`, `CreateContainerConfigError`, `CrashLoopBackOff`. */
const isFailure = (reason: string) =>
  reason.startsWith('Err') || reason.endsWith('Error') || reason.endsWith('BackOff');

const statuses = (status: Fields) => [
  ...listAt(status, 'initContainerStatuses'),
  ...listAt(status, 'containerStatuses'),
];

function stuckContainer(status: Fields): string | undefined {
  for (const container of statuses(status)) {
    const waiting = fields(fields(container['state'])['waiting']);
    const reason = textAt(waiting, 'reason');
    if (reason !== undefined && isFailure(reason)) {
      return `Container ${textAt(container, 'name') ?? ''}: ${reason}${textAt(waiting, 'message') ? `: ${textAt(waiting, 'message')}` : ''}`;
    }
  }
  return undefined;
}

function whyFailed(status: Fields): string {
  const message = textAt(status, 'message');
  if (message !== undefined && message !== '') return message;
  for (const container of statuses(status)) {
    const ended = fields(fields(container['state'])['terminated']);
    const name = textAt(container, 'name') ?? '';
    if (textAt(ended, 'message')) return `Container ${name}: ${textAt(ended, 'message')}`;
    if (ended['reason'] === 'OOMKilled') return `Container ${name} was killed: out of memory`;
    if ((numberAt(ended, 'exitCode') ?? 0) !== 0)
      return `Container ${name} ended with exit code ${numberAt(ended, 'exitCode')}`;
  }
  return 'The pod failed';
}

function whilePending(status: Fields, nowMs: number): Health {
  const scheduled = conditionAt(status, 'PodScheduled');
  if (scheduled?.['status'] !== 'False' || scheduled['reason'] !== 'Unschedulable')
    return progressing('The pod is pending');
  const message = textAt(scheduled, 'message') ?? 'No node takes the pod';
  const since = Date.parse(textAt(scheduled, 'lastTransitionTime') ?? '');
  return nowMs - since > UNSCHEDULABLE_AFTER_MS ? degraded(message) : progressing(message);
}

function whileRunning(restartPolicy: string, status: Fields): Health {
  if (restartPolicy !== 'Always') return progressing('The pod runs');
  if (conditionAt(status, 'Ready')?.['status'] === 'True') return healthy;
  const fallen = listAt(status, 'containerStatuses').find(
    (container) => fields(container['lastState'])['terminated'] !== undefined,
  );
  return fallen === undefined
    ? progressing('The pod is not ready yet')
    : degraded(`Container ${textAt(fallen, 'name') ?? ''} ended before and is not ready`);
}

/** Source: gitops-engine pkg/health/health_pod.go, with kstatus' rule for pods that no node takes. */
export const podHealth: HealthRule = ({ spec, status }, { nowMs }) => {
  const seen = fields(status);
  const restartPolicy = textAt(fields(spec), 'restartPolicy') ?? 'Always';
  const stuck = restartPolicy === 'Always' ? stuckContainer(seen) : undefined;
  if (stuck !== undefined) return degraded(stuck);
  switch (textAt(seen, 'phase')) {
    case 'Succeeded':
      return healthy;
    case 'Failed':
      return degraded(whyFailed(seen));
    case 'Running':
      return whileRunning(restartPolicy, seen);
    default:
      return whilePending(seen, nowMs);
  }
};
