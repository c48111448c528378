/** What `kubectl get pods` says of a pod. Source: kubernetes pkg/printers/internalversion/printers.go, printPod (v1.32). */
import { ageSince, type ContainerStatus, type Pod } from '#api';

export interface PodSummary {
  readonly ready: string;
  readonly status: string;
  readonly restarts: string;
}

interface Tally {
  ready: number;
  restarts: number;
  lastRestart: string;
}

export function summarisePod(pod: Pod, nowMs: number): PodSummary {
  const sidecars = (pod.spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always');
  const sidecarNames = new Set(sidecars.map((each) => each.name));
  const phase = pod.status?.phase ?? '';
  const gated = condition(pod, 'PodScheduled')?.reason === 'SchedulingGated';
  const tally: Tally = { ready: 0, restarts: 0, lastRestart: '' };

  let status = gated ? 'SchedulingGated' : pod.status?.reason || phase;
  const initStatus = walkInitContainers(pod, sidecarNames, tally);
  status = initStatus ?? status;
  if (initStatus === undefined || condition(pod, 'Initialized')?.status === 'True') {
    forgetFinishedInit(pod, sidecarNames, tally);
    status = walkContainers(pod, status, tally);
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (pod.status?.reason === 'NodeLost') status = 'Unknown';
    else if (phase !== 'Succeeded' && phase !== 'Failed') status = 'Terminating';
  }
  const { restarts, lastRestart } = tally;
  return {
    ready: `${tally.ready}/${pod.spec.containers.length + sidecars.length}`,
    status,
    restarts: restarts > 0 && lastRestart !== '' ? `${restarts} (${ageSince(lastRestart, nowMs)} ago)` : `${restarts}`,
  };
}

/** What the first init container that is not done says; undefined when all are. */
function walkInitContainers(pod: Pod, sidecars: ReadonlySet<string>, tally: Tally): string | undefined {
  const total = pod.spec.initContainers?.length ?? 0;
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    countRestarts(container, tally);
    const { terminated, waiting } = container.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (sidecars.has(container.name) && container.started === true) {
      if (container.ready) tally.ready += 1;
      continue;
    }
    if (terminated !== undefined) return `Init:${terminationReason(terminated)}`;
    if (waiting?.reason !== undefined && waiting.reason !== '' && waiting.reason !== 'PodInitializing')
      return `Init:${waiting.reason}`;
    return `Init:${index}/${total}`;
  }
  return undefined;
}

/** Once containers run, only restarts of sidecars still count beside theirs. */
function forgetFinishedInit(pod: Pod, sidecars: ReadonlySet<string>, tally: Tally): void {
  tally.restarts = 0;
  tally.lastRestart = '';
  for (const container of pod.status?.initContainerStatuses ?? [])
    if (sidecars.has(container.name)) countRestarts(container, tally);
}

function walkContainers(pod: Pod, before: string, tally: Tally): string {
  let status = before;
  let running = false;
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    countRestarts(container, tally);
    const { waiting, terminated, running: up } = container.state ?? {};
    if (waiting?.reason) status = waiting.reason;
    else if (terminated !== undefined) status = terminationReason(terminated);
    else if (container.ready && up !== undefined) {
      running = true;
      tally.ready += 1;
    }
  }
  if (status === 'Completed' && running) return condition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady';
  return status;
}

function terminationReason(terminated: NonNullable<NonNullable<ContainerStatus['state']>['terminated']>): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

function countRestarts(container: ContainerStatus, tally: Tally): void {
  tally.restarts += container.restartCount;
  const finished = container.lastState?.terminated?.finishedAt ?? '';
  if (finished > tally.lastRestart) tally.lastRestart = finished;
}

function condition(pod: Pod, type: string) {
  return pod.status?.conditions?.find((each) => each.type === type);
}
