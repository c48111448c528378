import type { ContainerConfig, ContainerSpec, Pod } from './pod.types.ts';

/** A profile of seccomp that is the node's: a file below its folder of profiles. */
export interface LocalProfile {
  readonly file: string;
}

/** The part of a container's configuration that says as whom it runs and what it may. */
export type SecurityPlan = Pick<
  ContainerConfig,
  | 'user'
  | 'groups'
  | 'readOnlyRootFilesystem'
  | 'privileged'
  | 'capabilities'
  | 'noNewPrivileges'
  | 'appArmor'
  | 'seLinux'
  | 'unmaskedProc'
> & {
  readonly seccomp?: 'unconfined' | LocalProfile;
  /** Why it may not run. */
  readonly error?: string;
};

/** The name Docker gives to its own profile of AppArmor. */
const ENGINE_APP_ARMOR = 'docker-default';

type PodSecurity = NonNullable<Pod['spec']['securityContext']>;
type OwnSecurity = NonNullable<ContainerSpec['securityContext']>;

/** What pod and container say together; the container's word wins. Source: kubelet kuberuntime/security_context.go (v1.32). */
export function planSecurity({ spec: podSpec }: Pod, spec: ContainerSpec, imageUser: string): SecurityPlan {
  const pod = podSpec.securityContext ?? {};
  const own = spec.securityContext ?? {};
  const runAsUser = own.runAsUser ?? pod.runAsUser;
  const user = userOf(runAsUser, own.runAsGroup ?? pod.runAsGroup, imageUser);
  const groups = [...(pod.supplementalGroups ?? []), ...(pod.fsGroup === undefined ? [] : [pod.fsGroup])];
  const error = (own.runAsNonRoot ?? pod.runAsNonRoot) === true ? whyRoot(spec.name, runAsUser, imageUser) : undefined;
  return {
    ...(user === undefined ? {} : { user }),
    ...(groups.length === 0 ? {} : { groups: groups.map(String) }),
    ...(own.readOnlyRootFilesystem === true ? { readOnlyRootFilesystem: true } : {}),
    ...(own.privileged === true ? { privileged: true } : {}),
    // Only the explicit word counts, as in Kubernetes: a program that raises itself by setuid goes on working.
    ...(own.allowPrivilegeEscalation === false ? { noNewPrivileges: true } : {}),
    ...(own.capabilities === undefined
      ? {}
      : { capabilities: { add: own.capabilities.add ?? [], drop: own.capabilities.drop ?? [] } }),
    ...seccompOf(own.seccompProfile ?? pod.seccompProfile),
    ...appArmorOf(own.appArmorProfile ?? pod.appArmorProfile),
    ...seLinuxOf(own.seLinuxOptions ?? pod.seLinuxOptions),
    ...(own.procMount === 'Unmasked' ? { unmaskedProc: true } : {}),
    ...(error === undefined ? {} : { error }),
  };
}

/** A group alone goes with the image's own user: Docker takes it only behind one. */
function userOf(runAsUser: number | undefined, runAsGroup: number | undefined, imageUser: string): string | undefined {
  if (runAsGroup === undefined) return runAsUser === undefined ? undefined : String(runAsUser);
  const [ofImage = ''] = imageUser.split(':');
  return `${runAsUser ?? (ofImage === '' ? '0' : ofImage)}:${runAsGroup}`;
}

/** One that says nothing gets the engine's own profile, as of a kubelet with `--seccomp-default`. */
function seccompOf(profile: PodSecurity['seccompProfile']): Pick<SecurityPlan, 'seccomp'> {
  if (profile?.type === 'Unconfined') return { seccomp: 'unconfined' };
  if (profile?.type === 'Localhost') return { seccomp: { file: profile.localhostProfile ?? '' } };
  return {};
}

function appArmorOf(profile: PodSecurity['appArmorProfile']): Pick<SecurityPlan, 'appArmor'> {
  switch (profile?.type) {
    case 'Unconfined':
      return { appArmor: 'unconfined' };
    case 'Localhost':
      return { appArmor: profile.localhostProfile ?? '' };
    case 'RuntimeDefault':
      return { appArmor: ENGINE_APP_ARMOR };
    default:
      return {};
  }
}

function seLinuxOf(options: OwnSecurity['seLinuxOptions']): Pick<SecurityPlan, 'seLinux'> {
  const labels = (['user', 'role', 'type', 'level'] as const).flatMap((part) => {
    const value = options?.[part];
    return value === undefined || value === '' ? [] : [`${part}:${value}`];
  });
  return labels.length === 0 ? {} : { seLinux: labels };
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
