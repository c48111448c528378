import { mkdir, open, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Volume } from '#api';
import { errorCode, errorMessage, PlumblineError } from '#base';
import type { Mount } from '#runtime';
import type { ContainerSpec, Pod } from '../pod/pod.types.ts';
import { writeAtomically } from './atomic-writer.ts';
import { makeFolder, type PodFolders } from './pod-folders.ts';
import { type HeldPath, holdSubPath, resolveOwnSubPath, SubPathError } from './sub-path.ts';
import { planVolume, type VolumeInput } from './volume.plan.ts';

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
  /** Its files are ours: containers may only read it, and links in it are to be followed. */
  readonly ours: boolean;
}

export type VolumeFacts = Omit<VolumeInput, 'pod' | 'volume'>;

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
  const place = (root: string) => path.join(root, 'volumes', name);
  try {
    switch (plan.type) {
      case 'failed':
        throw new VolumeError(name, plan.message);
      case 'hostPath':
        await checkHostPath(plan.path, plan.check);
        return { volume: { name, hostPath: plan.path, ours: false }, changed: false };
      case 'emptyDir': {
        const hostPath = place((plan.memory ? folders.memory : folders.disk)(pod.metadata.uid));
        await mkdir(path.dirname(hostPath), { recursive: true, mode: 0o755 });
        await makeFolder(hostPath, 0o777, group);
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

/** Source: core/v1 HostPathType (v1.32). Sockets and devices are there or they are not: only folders and files are made. */
async function checkHostPath(hostPath: string, wanted: string): Promise<void> {
  if (wanted === '') return;
  if (wanted === 'DirectoryOrCreate') await mkdir(hostPath, { recursive: true, mode: 0o755 });
  if (wanted === 'FileOrCreate') await (await open(hostPath, 'a', 0o644)).close();
  const found = await stat(hostPath).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  const fits =
    found !== undefined &&
    ((wanted.startsWith('Directory') && found.isDirectory()) ||
      (wanted.startsWith('File') && found.isFile()) ||
      (wanted === 'Socket' && found.isSocket()) ||
      (wanted === 'CharDevice' && found.isCharacterDevice()) ||
      (wanted === 'BlockDevice' && found.isBlockDevice()));
  if (!fits)
    throw new PlumblineError(`hostPath type check failed: ${hostPath} is not a ${wanted}`, { code: 'HostPathType' });
}

/** A container's mounts, and what must stay open until it has started. */
export interface ContainerMounts {
  readonly mounts: readonly Mount[];
  close(): Promise<void>;
}

/** Turns `volumeMounts` into binds. Throws `VolumeError` or `SubPathError` when one has no place. */
export async function mountsOf(
  spec: ContainerSpec,
  volumes: readonly ReadyVolume[],
  expandSubPath: (text: string) => string,
): Promise<ContainerMounts> {
  const held: HeldPath[] = [];
  const close = async () => {
    for (const one of held.splice(0)) await one.close();
  };
  try {
    const mounts: Mount[] = [];
    for (const mount of spec.volumeMounts ?? []) {
      const volume = volumes.find(({ name }) => name === mount.name);
      if (volume === undefined) throw new VolumeError(mount.name, 'the pod has no such volume');
      const subPath = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expandSubPath(mount.subPathExpr);
      mounts.push({
        hostPath: await sourceOf(volume, subPath, held),
        containerPath: mount.mountPath,
        readOnly: volume.ours || mount.readOnly === true,
      });
    }
    return { mounts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function sourceOf(volume: ReadyVolume, subPath: string, held: HeldPath[]): Promise<string> {
  if (subPath === '') return volume.hostPath;
  if (volume.ours) return await resolveOwnSubPath(volume.hostPath, subPath);
  const place = await holdSubPath(volume.hostPath, subPath).catch((error: unknown) => {
    throw error instanceof SubPathError ? error : new SubPathError(subPath, errorMessage(error), error);
  });
  held.push(place);
  return place.path;
}
