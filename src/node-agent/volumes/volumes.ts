import { access, mkdir, open, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Volume } from '#api';
import { errorCode, errorMessage, PlumblineError } from '#base';
import { bindMount, type Mount, mountsBelow, nfsMount, type Runtime, tmpfsMount, unmount } from '#runtime';
import type { ContainerSpec, Pod } from '../pod/pod.types.ts';
import { writeAtomically } from './atomic-writer.ts';
import { giveToGroup } from './ownership.ts';
import { makeFolder, type PodFolders, VOLUMES } from './pod-folders.ts';
import { type HeldPath, holdSubPath, resolveOwnSubPath } from './sub-path.ts';
import { planVolume, type VolumeInput, type VolumePlan } from './volume.plan.ts';

/** A volume cannot be made. The message names it and says why. */
export class VolumeError extends PlumblineError {
  constructor(volume: string, why: string, cause?: unknown) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${why}`, { code: 'FailedMount', retryable: true, cause });
  }
}

/** One volume as it stands on the host. */
export interface ReadyVolume {
  readonly name: string;
  readonly hostPath: string;
  /** The engine's volume of this name, instead of a path. */
  readonly engineVolume?: string;
  /** Its files are ours: containers may only read it, and links in it are to be followed. */
  readonly ours: boolean;
  /** No container may write to it, whatever its mount says. */
  readonly readOnly?: boolean;
}

export interface VolumeFacts extends Omit<VolumeInput, 'pod' | 'volume'> {
  /** Who keeps volumes of its own. */
  readonly engine: Pick<Runtime, 'ensureVolume'>;
}

/**
 * Makes every volume of the pod stand, or brings it up to date. Idempotent; of the volumes with files only those that
 * differ are written, atomically. Answers which ones changed.
 */
export async function setUpVolumes(
  folders: PodFolders,
  pod: Pod,
  facts: VolumeFacts,
): Promise<{ readonly ready: readonly ReadyVolume[]; readonly changed: readonly string[] }> {
  const ready: ReadyVolume[] = [];
  const changed: string[] = [];
  for (const volume of pod.spec.volumes ?? []) {
    const made = await setUp(folders, pod, volume, facts);
    ready.push(made.volume);
    if (made.changed) changed.push(volume.name);
  }
  return { ready, changed };
}

async function setUp(
  folders: PodFolders,
  pod: Pod,
  volume: Volume,
  facts: VolumeFacts,
): Promise<{ readonly volume: ReadyVolume; readonly changed: boolean }> {
  const { name } = volume;
  const plan = planVolume({ ...facts, pod, volume });
  const group = process.getuid?.() === 0 ? pod.spec.securityContext?.fsGroup : undefined;
  const place = (root: string) => path.join(root, VOLUMES, name);
  try {
    switch (plan.type) {
      case 'failed':
        throw new VolumeError(name, plan.message);
      case 'hostPath':
        await checkHostPath(plan.path, plan.check);
        return {
          volume: { name, hostPath: plan.path, ours: false, readOnly: plan.readOnly ?? false },
          changed: false,
        };
      case 'folder': {
        const hostPath = await folders.volumes.make(plan.handle);
        if (group !== undefined && !plan.readOnly) {
          const given = path.join(folders.disk(pod.metadata.uid), 'given', name);
          await once(given, () => giveToGroup(hostPath, group, pod.spec.securityContext?.fsGroupChangePolicy));
        }
        return { volume: { name, hostPath, ours: false, readOnly: plan.readOnly }, changed: false };
      }
      case 'nfs': {
        const hostPath = place(folders.disk(pod.metadata.uid));
        await mountShare(hostPath, plan);
        return { volume: { name, hostPath, ours: false, readOnly: plan.readOnly }, changed: false };
      }
      case 'engine':
        await facts.engine.ensureVolume({ name: plan.name, driver: plan.driver, options: plan.options });
        return {
          volume: { name, hostPath: '', engineVolume: plan.name, ours: false, readOnly: plan.readOnly },
          changed: false,
        };
      case 'emptyDir': {
        const hostPath = place((plan.memory ? folders.memory : folders.disk)(pod.metadata.uid));
        await mkdir(path.dirname(hostPath), { recursive: true, mode: 0o755 });
        // In memory a limit is a wall; on disk it is only told.
        const size = plan.memory ? plan.sizeBytes : undefined;
        const wall = size === undefined ? undefined : () => tmpfsMount(hostPath, { mode: 0o777, sizeBytes: size });
        await makeFolder(hostPath, 0o777, group, wall);
        return { volume: { name, hostPath, ours: false }, changed: false };
      }
      case 'files': {
        const hostPath = place((plan.secret ? folders.memory : folders.disk)(pod.metadata.uid));
        await mkdir(path.dirname(hostPath), { recursive: true, mode: 0o755 });
        const written = await writeAtomically(hostPath, plan.files, group);
        return { volume: { name, hostPath, ours: true }, changed: written };
      }
    }
  } catch (error) {
    throw error instanceof VolumeError ? error : new VolumeError(name, errorMessage(error), error);
  }
}

/** Once, whichever run of the agent that is: what is mounted is not even looked at, for its server may be gone. */
async function mountShare(target: string, plan: VolumePlan & { readonly type: 'nfs' }): Promise<void> {
  const isMounted = async () => (await mountsBelow(target)).includes(target);
  if (await isMounted()) return;
  await mkdir(target, { recursive: true, mode: 0o750 });
  const options = [...plan.options, ...(plan.readOnly ? ['ro'] : [])];
  try {
    await nfsMount(target, { server: plan.server, path: plan.path, options });
  } catch (error) {
    // Why it could not be mounted is what helps, not what keeps the folder from going: the pod's end tries that again.
    try {
      if (await isMounted()) await unmount(target);
      await rmdir(target);
    } catch (left) {
      throw new VolumeError(path.basename(target), `${errorMessage(error)} (${errorMessage(left)})`, error);
    }
    throw error;
  }
}

/**
 * Gives a volume away when its pod first mounts it, whichever run of the agent that is: the modes that the pod's programs
 * set from then on are theirs. `mark`: a file that tells that it was done.
 */
async function once(mark: string, give: () => Promise<void>): Promise<void> {
  try {
    await access(mark);
    return;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
  await give();
  await mkdir(path.dirname(mark), { recursive: true, mode: 0o755 });
  await writeFile(mark, '', { mode: 0o600 });
}

/**
 * Sockets and devices are there or they are not: only folders and files are made. What is there of another type is not
 * touched, and not opened either: a pipe would wait for its other end. Without a type anything will do, and where nothing is
 * a folder is made, as by the container engines of Kubernetes.
 * Source: kubernetes pkg/volume/hostpath/host_path.go, checkTypeInternal (v1.32); containerd internal/cri/opts/spec_linux_opts.go, WithMounts (v2.0).
 */
async function checkHostPath(hostPath: string, wanted: string): Promise<void> {
  const look = () =>
    stat(hostPath).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    });
  let found = await look();
  if (found === undefined && (wanted === '' || wanted.endsWith('OrCreate'))) {
    if (wanted !== 'FileOrCreate') await mkdir(hostPath, { recursive: true, mode: 0o755 });
    else await (await open(hostPath, 'a', 0o644)).close();
    found = await look();
  }
  const fits =
    found !== undefined &&
    (wanted === '' ||
      (wanted.startsWith('Directory') && found.isDirectory()) ||
      (wanted.startsWith('File') && found.isFile()) ||
      (wanted === 'Socket' && found.isSocket()) ||
      (wanted === 'CharDevice' && found.isCharacterDevice()) ||
      (wanted === 'BlockDevice' && found.isBlockDevice()));
  if (!fits)
    throw new PlumblineError(`hostPath type check failed: ${hostPath} is not a ${wanted}`, { code: 'HostPathType' });
}

export interface MountsInput {
  readonly spec: ContainerSpec;
  readonly volumes: readonly ReadyVolume[];
  /** Replaces `$(NAME)` in `subPathExpr`. */
  readonly expandSubPath: (text: string) => string;
  /** A folder of this container alone, where parts of volumes are mounted. */
  readonly partsFolder: string;
}

/** Turns `volumeMounts` into binds. Throws `VolumeError`, `SubPathError` or `MountError` when one has no place. */
export async function mountsOf({ spec, volumes, expandSubPath, partsFolder }: MountsInput): Promise<readonly Mount[]> {
  const mounts: Mount[] = [];
  for (const [index, mount] of (spec.volumeMounts ?? []).entries()) {
    const volume = volumes.find(({ name }) => name === mount.name);
    if (volume === undefined) throw new VolumeError(mount.name, 'the pod has no such volume');
    const subPath = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expandSubPath(mount.subPathExpr);
    mounts.push({
      ...(volume.engineVolume === undefined
        ? { hostPath: await sourceOf(volume, subPath, path.join(partsFolder, String(index))) }
        : { hostPath: '', volume: wholeOf(volume.name, volume.engineVolume, subPath) }),
      containerPath: mount.mountPath,
      readOnly: volume.ours || volume.readOnly === true || mount.readOnly === true,
    });
  }
  return mounts;
}

/** Where the engine keeps its volumes, and whether it has mounted them, is its own business. */
function wholeOf(name: string, engineVolume: string, subPath: string): string {
  if (subPath === '') return engineVolume;
  throw new VolumeError(name, `of the Docker volume ${engineVolume} no part can be mounted: leave out subPath`);
}

async function sourceOf(volume: ReadyVolume, subPath: string, target: string): Promise<string> {
  if (subPath === '') return volume.hostPath;
  if (volume.ours) return await resolveOwnSubPath(volume.hostPath, subPath);
  const held = await holdSubPath(volume.hostPath, subPath);
  try {
    await mountHeld(held, target);
    return target;
  } finally {
    await held.close();
  }
}

/** The engine binds by path, long after the look: so the place that was looked at is mounted where nobody else writes. */
async function mountHeld({ handle, isFolder }: HeldPath, target: string): Promise<void> {
  if ((await mountsBelow(target)).includes(target)) await unmount(target);
  await mkdir(path.dirname(target), { recursive: true, mode: 0o755 });
  await rm(target, { recursive: true, force: true });
  if (isFolder) await mkdir(target);
  else await (await open(target, 'w', 0o600)).close();
  await bindMount(handle, target);
}
