/** The Pod Security Standards, in Kubernetes' words. Source: pod-security-admission policy/check_*.go (v0.32), version "latest". */
import type { Container, PodSpec } from '#api';

export type PodSecurityLevel = 'privileged' | 'baseline' | 'restricted';

/** What a namespace asks of its pods. */
export interface PodSecurityPolicy {
  /** Pods beyond it are refused. */
  readonly enforce: PodSecurityLevel;
  /** Who writes pods beyond it, or what makes such pods, is warned. */
  readonly warn: PodSecurityLevel;
}

/** Nothing is refused where nobody asked for it, and everyone is told of what few pods need. */
export const DEFAULT_POD_SECURITY: PodSecurityPolicy = { enforce: 'privileged', warn: 'baseline' };

const LABEL = 'pod-security.kubernetes.io/';

/** Reads a namespace's labels. A level nobody knows counts as the strictest: a slip of the pen must open nothing. */
export function planPolicy(labels: Readonly<Record<string, string>> = {}): PodSecurityPolicy {
  const level = (name: keyof PodSecurityPolicy): PodSecurityLevel => {
    const said = labels[`${LABEL}${name}`];
    if (said === undefined) return DEFAULT_POD_SECURITY[name];
    return said === 'privileged' || said === 'baseline' ? said : 'restricted';
  };
  return { enforce: level('enforce'), warn: level('warn') };
}

/** One rule that a pod breaks: `privileged (container "c" must not set securityContext.privileged=true)`. */
type Check = (spec: PodSpec) => string | undefined;

/** Everything that keeps a pod from a level; empty when it fits. */
export function planViolations(level: PodSecurityLevel, spec: PodSpec): readonly string[] {
  const checks = level === 'privileged' ? [] : level === 'baseline' ? BASELINE : [...BASELINE, ...RESTRICTED];
  return checks.flatMap((check) => check(spec) ?? []);
}

type Contained = Pick<Container, 'name' | 'ports' | 'securityContext'>;

const containersOf = (spec: PodSpec): readonly Contained[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...((spec.ephemeralContainers ?? []) as readonly Contained[]),
];

const quotedList = (names: readonly string[]) => names.map((name) => JSON.stringify(name)).join(', ');
const named = (what: string, names: readonly string[]) => `${what}${names.length > 1 ? 's' : ''} ${quotedList(names)}`;

/** `container "a" …` for those of whom it is true; undefined when it is true of none. */
function ofContainers(
  spec: PodSpec,
  is: (container: Contained) => boolean,
  tell: (who: string) => string,
): string | undefined {
  const names = containersOf(spec)
    .filter(is)
    .map(({ name }) => name);
  return names.length === 0 ? undefined : tell(named('container', names));
}

/** Capabilities that Docker and Kubernetes give without being asked. */
const DEFAULT_CAPABILITIES: ReadonlySet<string> = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);
const SELINUX_TYPES: ReadonlySet<string> = new Set([
  '',
  'container_t',
  'container_init_t',
  'container_kvm_t',
  'container_engine_t',
]);
const SAFE_SYSCTLS: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);

const addedBeyond = (allowed: ReadonlySet<string>, { securityContext }: Contained) =>
  (securityContext?.capabilities?.add ?? []).filter((each) => !allowed.has(each));

/** Capabilities that containers add and a level does not have. */
function addedCapabilities(spec: PodSpec, allowed: ReadonlySet<string>): string | undefined {
  const added = [...new Set(containersOf(spec).flatMap((each) => addedBeyond(allowed, each)))].sort();
  return ofContainers(
    spec,
    (each) => addedBeyond(allowed, each).length > 0,
    (who) => `${who} must not include ${quotedList(added)} in securityContext.capabilities.add`,
  );
}

const reason = (what: string, detail: string | undefined) => (detail === undefined ? undefined : `${what} (${detail})`);

const all = (...details: readonly (string | undefined)[]) => {
  const said = details.filter((detail) => detail !== undefined);
  return said.length === 0 ? undefined : said.join('; ');
};

const isBadSelinux = (options: { type?: string; user?: string; role?: string } | undefined) =>
  options !== undefined &&
  (!SELINUX_TYPES.has(options.type ?? '') || (options.user ?? '') !== '' || (options.role ?? '') !== '');

const isUnconfined = (context: unknown, field: 'appArmorProfile' | 'seccompProfile') =>
  (context as { [name in typeof field]?: { type?: string } } | undefined)?.[field]?.type === 'Unconfined';

const BASELINE: readonly Check[] = [
  (spec) => {
    const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((each) => spec[each] === true);
    return reason('host namespaces', shared.length === 0 ? undefined : shared.map((each) => `${each}=true`).join(', '));
  },
  (spec) =>
    reason(
      'privileged',
      ofContainers(
        spec,
        ({ securityContext }) => securityContext?.privileged === true,
        (who) => `${who} must not set securityContext.privileged=true`,
      ),
    ),
  (spec) => reason('non-default capabilities', addedCapabilities(spec, DEFAULT_CAPABILITIES)),
  (spec) => {
    const volumes = (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
    return reason('hostPath volumes', volumes.length === 0 ? undefined : named('volume', volumes));
  },
  (spec) => {
    const ports = containersOf(spec).flatMap((each) => (each.ports ?? []).flatMap(({ hostPort }) => hostPort || []));
    const said = `hostPort${ports.length > 1 ? 's' : ''} ${[...new Set(ports)].join(', ')}`;
    return reason(
      'hostPort',
      ofContainers(
        spec,
        (each) => (each.ports ?? []).some(({ hostPort }) => Boolean(hostPort)),
        (who) => `${who} uses ${said}`,
      ),
    );
  },
  (spec) => {
    const said = 'must not set AppArmor profile type to "Unconfined"';
    const pod = isUnconfined(spec.securityContext, 'appArmorProfile') ? `pod ${said}` : undefined;
    const each = ({ securityContext }: Contained) => isUnconfined(securityContext, 'appArmorProfile');
    return reason(
      'forbidden AppArmor profile',
      all(
        pod,
        ofContainers(spec, each, (who) => `${who} ${said}`),
      ),
    );
  },
  (spec) => {
    const said = 'set forbidden securityContext.seLinuxOptions';
    const pod = isBadSelinux(spec.securityContext?.seLinuxOptions) ? `pod ${said}` : undefined;
    const each = ({ securityContext }: Contained) => isBadSelinux(securityContext?.seLinuxOptions);
    return reason(
      'seLinuxOptions',
      all(
        pod,
        ofContainers(spec, each, (who) => `${who} ${said}`),
      ),
    );
  },
  (spec) =>
    reason(
      'procMount',
      ofContainers(
        spec,
        ({ securityContext }) => (securityContext?.procMount ?? 'Default') !== 'Default',
        (who) => `${who} must not set securityContext.procMount to "Unmasked"`,
      ),
    ),
  (spec) => {
    const said = 'must not set securityContext.seccompProfile.type to "Unconfined"';
    const pod = isUnconfined(spec.securityContext, 'seccompProfile') ? `pod ${said}` : undefined;
    const each = ({ securityContext }: Contained) => isUnconfined(securityContext, 'seccompProfile');
    return reason(
      'seccompProfile',
      all(
        pod,
        ofContainers(spec, each, (who) => `${who} ${said}`),
      ),
    );
  },
  (spec) => {
    const set = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !SAFE_SYSCTLS.has(name));
    return reason('forbidden sysctls', set.length === 0 ? undefined : set.join(', '));
  },
];

const RESTRICTED_VOLUMES: ReadonlySet<string> = new Set([
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'],
]);
const BIND_LOW_PORTS: ReadonlySet<string> = new Set(['NET_BIND_SERVICE']);
const SECCOMP_TYPES = ['RuntimeDefault', 'Localhost'];

const RESTRICTED: readonly Check[] = [
  (spec) => {
    const typeOf = (volume: object) => Object.keys(volume).find((key) => key !== 'name') ?? 'emptyDir';
    const bad = (spec.volumes ?? []).filter((volume) => !RESTRICTED_VOLUMES.has(typeOf(volume)));
    const types = [...new Set(bad.map(typeOf))];
    const names = named(
      'volume',
      bad.map(({ name }) => name),
    );
    const said = `${names} ${bad.length > 1 ? 'use' : 'uses'} restricted volume ${named('type', types)}`;
    return reason('restricted volume types', bad.length === 0 ? undefined : said);
  },
  (spec) =>
    reason(
      'allowPrivilegeEscalation != false',
      ofContainers(
        spec,
        ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
        (who) => `${who} must set securityContext.allowPrivilegeEscalation=false`,
      ),
    ),
  (spec) => {
    const dropped = ofContainers(
      spec,
      ({ securityContext }) => !(securityContext?.capabilities?.drop ?? []).includes('ALL'),
      (who) => `${who} must set securityContext.capabilities.drop=["ALL"]`,
    );
    return reason('unrestricted capabilities', all(dropped, addedCapabilities(spec, BIND_LOW_PORTS)));
  },
  (spec) => {
    const pod = spec.securityContext?.runAsNonRoot;
    const said = pod === false ? 'pod must not set securityContext.runAsNonRoot=false' : undefined;
    const explicit = ofContainers(
      spec,
      ({ securityContext }) => securityContext?.runAsNonRoot === false,
      (who) => `${who} must not set securityContext.runAsNonRoot=false`,
    );
    const missing = ofContainers(
      spec,
      ({ securityContext }) => pod === undefined && securityContext?.runAsNonRoot === undefined,
      (who) => `pod or ${who} must set securityContext.runAsNonRoot=true`,
    );
    return reason('runAsNonRoot != true', all(said, explicit, missing));
  },
  (spec) => {
    const pod = spec.securityContext?.runAsUser === 0 ? 'pod must not set runAsUser=0' : undefined;
    const each = ({ securityContext }: Contained) => securityContext?.runAsUser === 0;
    return reason(
      'runAsUser=0',
      all(
        pod,
        ofContainers(spec, each, (who) => `${who} must not set runAsUser=0`),
      ),
    );
  },
  (spec) => {
    const pod = spec.securityContext?.seccompProfile?.type;
    return reason(
      'seccompProfile',
      ofContainers(
        spec,
        ({ securityContext }) => !SECCOMP_TYPES.includes(securityContext?.seccompProfile?.type ?? pod ?? ''),
        (who) => `pod or ${who} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
      ),
    );
  },
];
