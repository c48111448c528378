import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Service } from '#api';
import { errorCode, errorMessage } from '#base';
import type { ContainerConfig, ImageStatus, Mount, StandAlone } from '#runtime';
import { hostsFile, resolvConf } from '../network/host-files.plan.ts';
import { planServiceEnv } from '../services/service-env.plan.ts';
import { PARTS, type PodFolders, writeBoundFile } from '../volumes/pod-folders.ts';
import { mountsOf, type ReadyVolume } from '../volumes/volumes.ts';
import { isEphemeral, type Sharing, specHash } from './containers.plan.ts';
import { planEnv } from './env.plan.ts';
import { expand } from './expand.plan.ts';
import { ANNOTATION, type ContainerSpec, type Pod } from './pod.types.ts';
import type { References } from './references.plan.ts';
import { containerResources } from './resources.plan.ts';
import { readSeccompProfile } from './seccomp-profile.ts';
import { planSecurity, type SecurityPlan } from './security.plan.ts';
import { StartError } from './start-error.ts';

/** What every container of this node needs to know. */
export interface NodeFacts {
  readonly hostIP: string;
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  /** Processes of each container; without end when absent. */
  readonly podPidsLimit?: number;
  /** Containers can be confined by AppArmor. */
  readonly appArmor: boolean;
  readonly clusterDomain: string;
  /** The range of the addresses of all pods. */
  readonly clusterCidr: string;
  readonly dnsIP: string;
}

export interface BuildInput {
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly sandbox: { readonly id: string; readonly attempt: number };
  /** Set for a container that stands alone. */
  readonly standAlone?: StandAlone;
  readonly sharing: Sharing;
  readonly attempt: number;
  readonly nextBackoffMs: number;
  readonly podIP: string | undefined;
  readonly image: ImageStatus;
  readonly volumes: readonly ReadyVolume[];
  readonly references: References;
  readonly services: readonly Service[];
  readonly node: NodeFacts;
  readonly folders: PodFolders;
  /** Tells people what of the spec does not count, as an event. */
  readonly tell: (type: 'Warning', reason: string, message: string) => void;
}

/** Wait before a container whose configuration is wrong is tried again, in ms. A change of what it needs comes before. */
const CONFIG_RETRY_MS = 10_000;

/** Puts everything together. Throws `StartError` with Kubernetes' reason when something it needs is not there. */
export async function buildContainer(input: BuildInput): Promise<ContainerConfig> {
  const { pod, spec, node, podIP, attempt, sandbox, image } = input;
  const { command, args, env, skipped, error } = planEnv({
    ...input,
    hostIP: node.hostIP,
    services: planServiceEnv(pod, input.services),
  });
  for (const message of skipped) input.tell('Warning', 'InvalidEnvironmentVariableNames', message);
  if (error !== undefined) throw new StartError('CreateContainerConfigError', error, CONFIG_RETRY_MS);
  const security = planSecurity(pod, spec, image.user);
  if (security.error !== undefined) {
    throw new StartError('CreateContainerConfigError', security.error, CONFIG_RETRY_MS);
  }
  const { error: _, seccomp: profile, ...rights } = security;
  const values = new Map(env);
  const mounts = await mountsOf({
    spec,
    volumes: input.volumes,
    expandSubPath: (text) => expand(text, (name) => values.get(name)),
    partsFolder: partsFolder(input.folders, pod.metadata.uid, spec.name, attempt),
  }).catch((failure: unknown) => {
    throw new StartError('CreateContainerConfigError', errorMessage(failure), CONFIG_RETRY_MS, failure);
  });
  return {
    pod: { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, uid: pod.metadata.uid },
    sandboxId: sandbox.id,
    name: spec.name,
    attempt,
    image: image.ref,
    env,
    mounts: withoutDoubles([...(await systemMounts(input, podIP)), ...mounts]),
    resources: containerResources(pod, spec, node),
    annotations: {
      [ANNOTATION.specHash]: specHash(spec),
      [ANNOTATION.backoffMs]: String(input.nextBackoffMs),
      [ANNOTATION.sandboxAttempt]: String(sandbox.attempt),
      ...(podIP === undefined ? {} : { [ANNOTATION.podIP]: podIP }),
      ...(isEphemeral(pod, spec.name) ? { [ANNOTATION.ephemeral]: 'true' } : {}),
    },
    ...rights,
    ...(await seccompOf(profile, input.folders)),
    ...input.sharing,
    ...(input.standAlone === undefined ? {} : { standAlone: input.standAlone }),
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...(spec.workingDir === undefined || spec.workingDir === '' ? {} : { workingDir: spec.workingDir }),
    ...(spec.tty === true ? { tty: true } : {}),
    ...(spec.stdin === true ? { stdin: true, stdinOnce: spec.stdinOnce === true } : {}),
  };
}

async function seccompOf(profile: SecurityPlan['seccomp'], folders: PodFolders): Promise<{ seccomp?: string }> {
  if (profile === undefined) return {};
  if (profile === 'unconfined') return { seccomp: profile };
  try {
    return { seccomp: await readSeccompProfile(folders.seccomp, profile.file) };
  } catch (error) {
    const message = `cannot load seccomp profile "${profile.file}" of this node: ${errorMessage(error)}`;
    throw new StartError('CreateContainerError', message, CONFIG_RETRY_MS, error);
  }
}

/** Names and resolver of the pod, and where the container leaves its last words. A mount of the spec's own wins. */
async function systemMounts(input: BuildInput, podIP: string | undefined): Promise<readonly Mount[]> {
  const { pod, spec, node, folders } = input;
  const { uid } = pod.metadata;
  const files = {
    pod,
    podIP,
    clusterDomain: node.clusterDomain,
    dnsIP: node.dnsIP,
    hostResolvConf: await readIfThere('/etc/resolv.conf'),
    hostHosts: await readIfThere('/etc/hosts'),
  };
  const hosts = path.join(folders.disk(uid), 'hosts');
  const resolver = path.join(folders.disk(uid), 'resolv.conf');
  const lastWords = lastWordsFile(folders, uid, spec.name, input.attempt);
  await mkdir(path.dirname(lastWords), { recursive: true, mode: 0o755 });
  await Promise.all([
    writeBoundFile(hosts, hostsFile(files), 0o644),
    writeBoundFile(resolver, resolvConf(files), 0o644),
    writeBoundFile(lastWords, '', 0o666),
  ]);
  return [
    { hostPath: hosts, containerPath: '/etc/hosts', readOnly: false },
    { hostPath: resolver, containerPath: '/etc/resolv.conf', readOnly: false },
    { hostPath: lastWords, containerPath: spec.terminationMessagePath ?? '/dev/termination-log', readOnly: false },
  ];
}

/** Where a container writes why it ended. */
export function lastWordsFile(folders: PodFolders, podUid: string, container: string, attempt: number): string {
  return path.join(folders.disk(podUid), 'last-words', `${container}-${attempt}`);
}

/** Where parts of volumes are mounted for one container. */
export function partsFolder(folders: PodFolders, podUid: string, container: string, attempt: number): string {
  return path.join(folders.disk(podUid), PARTS, `${container}-${attempt}`);
}

async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}

/** Later mounts of the same path win. */
function withoutDoubles(mounts: readonly Mount[]): readonly Mount[] {
  return [...new Map(mounts.map((mount) => [path.posix.normalize(mount.containerPath), mount])).values()];
}
