import type { ContainerStatus, Pod, PodStatus, StartProblem } from './pod.types.ts';

/** One wait of one container, to be told as an event of its pod. */
export interface BackOff {
  readonly container: string;
  /** Another for each wait of the container: the same is told once. */
  readonly wait: string;
  readonly events: readonly {
    readonly type: 'Normal' | 'Warning';
    readonly reason: string;
    readonly message: string;
  }[];
}

/**
 * The containers that wait after a failure, as their status says. Source: kubelet images/image_manager.go and
 * kuberuntime_manager.go, doBackOff (v1.32), which tells them at every look at the pod; here each wait is told once.
 */
export function planBackOff(
  { metadata, spec }: Pod,
  status: PodStatus,
  problems: ReadonlyMap<string, StartProblem>,
): readonly BackOff[] {
  const pod = `${metadata.name}_${metadata.namespace ?? ''}(${metadata.uid})`;
  const images = new Map([...spec.containers, ...(spec.initContainers ?? [])].map(({ name, image }) => [name, image]));
  const backOff = ({ name, state, lastState }: ContainerStatus): readonly BackOff[] => {
    switch (state?.waiting?.reason) {
      case 'CrashLoopBackOff': {
        const message = `Back-off restarting failed container ${name} in pod ${pod}`;
        const wait = `crash ${lastState?.terminated?.containerID}`;
        return [{ container: name, wait, events: [{ type: 'Warning', reason: 'BackOff', message }] }];
      }
      case 'ImagePullBackOff': {
        const message = `Back-off pulling image "${images.get(name) ?? ''}"`;
        const events = [
          { type: 'Normal', reason: 'BackOff', message },
          { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff' },
        ] as const;
        return [{ container: name, wait: `pull ${problems.get(name)?.failedAtMs}`, events }];
      }
      default:
        return [];
    }
  };
  return [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ].flatMap(backOff);
}
