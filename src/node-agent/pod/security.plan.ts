import type { ContainerConfig, ContainerSpec, Pod } from './pod.types.ts';

/** The part of a container's configuration that says as whom it runs and what it may. */
export type SecurityPlan = Pick<
  ContainerConfig,
  'user' | 'groups' | 'readOnlyRootFilesystem' | 'privileged' | 'capabilities' | 'noNewPrivileges'
> & {
  /** Why it may not run. */
  readonly error?: string;
};

/** What pod and container say together; the container's word wins. Source: kubelet kuberuntime/security_context.go (v1.32). */
export function planSecurity({ spec: podSpec }: Pod, spec: ContainerSpec, imageUser: string): SecurityPlan {
  const pod = podSpec.securityContext ?? {};
  const own = spec.securityContext ?? {};
  const runAsUser = own.runAsUser ?? pod.runAsUser;
  const runAsGroup = own.runAsGroup ?? pod.runAsGroup;
  const groups = [...(pod.supplementalGroups ?? []), ...(pod.fsGroup === undefined ? [] : [pod.fsGroup])];
  const error = (own.runAsNonRoot ?? pod.runAsNonRoot) === true ? whyRoot(spec.name, runAsUser, imageUser) : undefined;
  const user = runAsUser === undefined ? undefined : `${runAsUser}${runAsGroup === undefined ? '' : `:${runAsGroup}`}`;
  return {
    ...(user === undefined ? {} : { user }),
    ...(groups.length === 0 ? {} : { groups: groups.map(String) }),
    ...(own.readOnlyRootFilesystem === true ? { readOnlyRootFilesystem: true } : {}),
    ...(own.privileged === true ? { privileged: true } : {}),
    ...(own.allowPrivilegeEscalation === false ? { noNewPrivileges: true } : {}),
    ...(own.capabilities === undefined
      ? {}
      : { capabilities: { add: own.capabilities.add ?? [], drop: own.capabilities.drop ?? [] } }),
    ...(error === undefined ? {} : { error }),
  };
}

/** Judged on the number the process will run as; a name proves nothing. Source: security_context_others.go (v1.32). */
function whyRoot(container: string, runAsUser: number | undefined, imageUser: string): string | undefined {
  if (runAsUser !== undefined) {
    return runAsUser === 0 ? `container's runAsUser breaks non-root policy (container: ${container})` : undefined;
  }
  const [user = ''] = imageUser.split(':');
  if (user === '') return `container has runAsNonRoot and image will run as root (container: ${container})`;
  if (!/^\d+$/.test(user)) {
    return `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root (container: ${container})`;
  }
  return Number(user) === 0
    ? `container has runAsNonRoot and image will run as root (container: ${container})`
    : undefined;
}
