import { shortHash } from '#base';
import { RuntimeError } from '../errors.ts';
import { GATE_PATH } from '../image/gate.ts';
import type { ContainerConfig, Mount, PodIdentity, SandboxConfig, StandAlone } from '../runtime.ts';
import { type Labels, toLabels } from './labels.ts';

/** The part of Docker's create body that we send. Source: Docker Engine API v1.41, ContainerCreate. */
export interface DockerCreate {
  readonly name: string;
  readonly Image: string;
  readonly Labels: Labels;
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** One container's log is bounded. */
export interface LogBounds {
  readonly fileBytes: number;
  readonly files: number;
}

/** The smallest share of CPU the kernel knows. */
const MIN_CPU_SHARES = 2;

/** A sandbox: the program that sleeps, holding the pod's network namespace and shared memory. */
export function planSandbox(config: SandboxConfig, image: string, owner: string): DockerCreate {
  const { pod, attempt, annotations } = config;
  return {
    name: engineName(owner, 'sandbox', pod, attempt),
    Image: image,
    Labels: toLabels({ owner, type: 'sandbox', pod, attempt, ...(annotations === undefined ? {} : { annotations }) }),
    // Docker refuses a hostname of its own in the host's network.
    ...(config.network === 'pod' ? { Hostname: config.hostname } : {}),
    HostConfig: {
      // Not `NetworkDisabled`, which starts faster before Docker 28: of containers that join such a one the engine tells no
      // figures. Source: moby daemon/stats.go GetContainerStats, which fails without the network's.
      NetworkMode: config.network === 'host' ? 'host' : 'none',
      // Joiners share it; a private one they may not join.
      IpcMode: 'shareable',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      CpuShares: MIN_CPU_SHARES,
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      ...(config.sysctls === undefined ? {} : { Sysctls: config.sysctls }),
    },
  };
}

/** A container that joins its sandbox's network and shared memory and inherits its hostname, or stands alone. */
export function planContainer(
  config: ContainerConfig,
  owner: string,
  { log, imageCommand }: { readonly log: LogBounds; readonly imageCommand?: ImageCommand },
): DockerCreate {
  const { pod, attempt, name, sandboxId, annotations, capabilities, standAlone } = config;
  return {
    name: engineName(owner, name, pod, attempt),
    Image: config.image,
    Labels: toLabels({
      owner,
      type: 'container',
      pod,
      attempt,
      container: { name, sandboxId },
      ...(annotations === undefined ? {} : { annotations }),
    }),
    Env: config.env.map(([key, value]) => `${key}=${value}`),
    // Health is the agent's business; the image's own check would only cost CPU.
    Healthcheck: { Test: ['NONE'] },
    ...(standAlone === undefined
      ? ungated(config)
      : { ...gated(config, imageCommand ?? {}), Hostname: standAlone.hostname, NetworkDisabled: true }),
    ...(config.workingDir === undefined ? {} : { WorkingDir: config.workingDir }),
    ...(config.user === undefined ? {} : { User: config.user }),
    ...(config.tty === true ? { Tty: true } : {}),
    ...(config.stdin === true ? { OpenStdin: true, StdinOnce: config.stdinOnce === true } : {}),
    HostConfig: {
      ...namespaces(config),
      // A bind whose source is missing is an error; the short form would create a folder there.
      Mounts: [...config.mounts, ...gateMount(standAlone)].map(({ hostPath, volume, containerPath, readOnly }) => ({
        // An image's own files are not copied into a volume: nothing of Kubernetes does so.
        ...(volume === undefined
          ? { Type: 'bind', Source: hostPath }
          : { Type: 'volume', Source: volume, VolumeOptions: { NoCopy: true } }),
        Target: containerPath,
        ReadOnly: readOnly,
      })),
      LogConfig: { Type: 'json-file', Config: { 'max-size': String(log.fileBytes), 'max-file': String(log.files) } },
      RestartPolicy: { Name: 'no' },
      SecurityOpt: securityOptions(config),
      ...(config.unmaskedProc === true ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
      ...resources(config.resources),
      ...(config.groups === undefined ? {} : { GroupAdd: config.groups }),
      ...(config.readOnlyRootFilesystem === true ? { ReadonlyRootfs: true } : {}),
      ...(config.privileged === true ? { Privileged: true } : {}),
      ...(capabilities?.add === undefined ? {} : { CapAdd: capabilities.add }),
      ...(capabilities?.drop === undefined ? {} : { CapDrop: capabilities.drop }),
    },
  };
}

/** Source: Docker's `--security-opt`. A profile of seccomp is sent as its text, for the engine may be elsewhere. */
function securityOptions({ noNewPrivileges, seccomp, appArmor, seLinux }: ContainerConfig): readonly string[] {
  return [
    ...(noNewPrivileges === true ? ['no-new-privileges'] : []),
    ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`]),
    ...(appArmor === undefined ? [] : [`apparmor=${appArmor}`]),
    ...(seLinux ?? []).map((label) => `label=${label}`),
  ];
}

/** What it shares with whom. One that stands alone shares nothing, but its network with those that join it. */
function namespaces({
  sandboxId,
  standAlone,
  networkOf,
  processesOf,
  hostIpc,
}: ContainerConfig): Readonly<Record<string, unknown>> {
  const processes =
    processesOf === undefined ? {} : { PidMode: processesOf === 'host' ? 'host' : `container:${processesOf}` };
  if (standAlone !== undefined) return standAlone.sysctls === undefined ? {} : { Sysctls: standAlone.sysctls };
  if (networkOf !== undefined) return { NetworkMode: `container:${networkOf}`, ...processes };
  const IpcMode = hostIpc === true ? 'host' : `container:${sandboxId}`;
  return { NetworkMode: `container:${sandboxId}`, IpcMode, ...processes };
}

/** What the image runs when it is not told otherwise. */
export interface ImageCommand {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
}

function ungated({ command, args }: ContainerConfig): Readonly<Record<string, unknown>> {
  return { ...(command === undefined ? {} : { Entrypoint: command }), ...(args === undefined ? {} : { Cmd: args }) };
}

/** The gate gets the whole command line: Docker would otherwise add the image's own to it. */
function gated({ command, args }: ContainerConfig, image: ImageCommand): Readonly<Record<string, unknown>> {
  const line =
    command === undefined ? [...(image.entrypoint ?? []), ...(args ?? image.cmd ?? [])] : [...command, ...(args ?? [])];
  if (line.length === 0) throw new RuntimeError('InvalidContainerConfig', 'no command specified, by pod or image');
  return { Entrypoint: [GATE_PATH, ...line], Cmd: [] };
}

function gateMount(standAlone: StandAlone | undefined): readonly Mount[] {
  return standAlone === undefined ? [] : [{ hostPath: standAlone.gate, containerPath: GATE_PATH, readOnly: true }];
}

function resources(wanted: ContainerConfig['resources']): Readonly<Record<string, number>> {
  const { cpuShares, cpuQuotaMicros, cpuPeriodMicros, memoryLimitBytes, pidsLimit, oomScoreAdj } = wanted;
  return {
    ...(cpuShares === undefined ? {} : { CpuShares: cpuShares }),
    ...(cpuQuotaMicros === undefined ? {} : { CpuQuota: cpuQuotaMicros }),
    ...(cpuPeriodMicros === undefined ? {} : { CpuPeriod: cpuPeriodMicros }),
    // Memory and swap together may not exceed the limit: no swap.
    ...(memoryLimitBytes === undefined ? {} : { Memory: memoryLimitBytes, MemorySwap: memoryLimitBytes }),
    ...(pidsLimit === undefined ? {} : { PidsLimit: pidsLimit }),
    ...(oomScoreAdj === undefined ? {} : { OomScoreAdj: oomScoreAdj }),
  };
}

/** Unique per owner, pod, container and attempt: a second create of the same fails instead of making a second one. */
function engineName(owner: string, container: string, pod: PodIdentity, attempt: number): string {
  return ['plumb', shortHash(owner, 8), container, pod.name, pod.namespace, pod.uid, attempt].join('_');
}
