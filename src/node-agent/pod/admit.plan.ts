import { unsupportedPodFields } from '#api';
import { allContainersOf } from './containers.plan.ts';
import type { Pod } from './pod.types.ts';

/** Why a node does not run a pod at all. `reason` and `message` become those of the pod's status. */
export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** What of the host decides whether a pod may run here. */
export interface HostRights {
  /** Containers can be confined by AppArmor. */
  readonly appArmor: boolean;
}

/**
 * Kernel settings that belong to the pod's own namespaces and cannot harm another's.
 * Source: kubelet sysctl/safe_sysctls.go (v1.32).
 */
const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/**
 * Whether this node runs the pod; undefined when it does. Asked before anything of it exists, and final.
 * Source: kubelet sysctl/allowlist.go, lifecycle/handlers.go appArmorAdmitHandler (v1.32).
 */
export function planAdmission(pod: Pod, host: HostRights): Refusal | undefined {
  return unsupported(pod) ?? forbiddenSysctl(pod) ?? missingAppArmor(pod, host);
}

/** The scheduler binds no such pod; one that names its node itself comes here. Volumes are told when they are mounted. */
function unsupported({ spec }: Pod): Refusal | undefined {
  const field = unsupportedPodFields(spec).find(({ path }) => !path.startsWith('volumes'));
  return field === undefined ? undefined : refused('UnsupportedPodField', `${field.path}: ${field.message}`);
}

function forbiddenSysctl({ spec }: Pod): Refusal | undefined {
  const { securityContext, hostNetwork, hostIPC } = spec;
  for (const { name: written } of securityContext?.sysctls ?? []) {
    const name = written.replaceAll('/', '.');
    if (!SAFE_SYSCTLS.has(name)) return refused('SysctlForbidden', `forbidden sysctl: "${name}" not allowlisted`);
    // The host's own namespace is the host's to set.
    if (name.startsWith('net.') && hostNetwork === true) {
      return refused('SysctlForbidden', `forbidden sysctl: "${name}" not allowed with host net enabled`);
    }
    if (name.startsWith('kernel.') && hostIPC === true) {
      return refused('SysctlForbidden', `forbidden sysctl: "${name}" not allowed with host ipc enabled`);
    }
  }
  return undefined;
}

function missingAppArmor(pod: Pod, { appArmor }: HostRights): Refusal | undefined {
  if (appArmor) return undefined;
  const profiles = [pod.spec.securityContext, ...allContainersOf(pod).map(({ securityContext }) => securityContext)];
  const wanted = profiles.some((context) => {
    const type = context?.appArmorProfile?.type;
    return type !== undefined && type !== 'Unconfined';
  });
  return wanted ? refused('AppArmor', 'Cannot enforce AppArmor: AppArmor is not enabled on the host') : undefined;
}

function refused(reason: string, message: string): Refusal {
  return { reason, message: `Pod was rejected: ${message}` };
}
