import path from 'node:path';
import type { Pod } from '#api';
import type { Runtime, RuntimeContainer } from '#runtime';
import { type PodFolders, VOLUMES } from '../volumes/pod-folders.ts';
import type { ContainerUse, PodUse } from './eviction.plan.ts';
import { type FolderUse, folderUse } from './folder-use.ts';
import type { Signal, Starved } from './threshold.plan.ts';

export interface PodUseDeps {
  readonly runtime: Pick<Runtime, 'stats' | 'diskUsage'>;
  readonly containers: (podUid: string) => readonly RuntimeContainer[];
  readonly folders: Pick<PodFolders, 'disk'>;
}

/** Which parts of a pod's disk lie on the file system that is short. */
interface DiskParts {
  readonly layers: boolean;
  readonly logs: boolean;
  readonly volumes: boolean;
}

const EVERYTHING: DiskParts = { layers: true, logs: true, volumes: true };

/** What lies where, as the engine and the agent place it. Source: kubelet eviction/helpers.go, rankDiskPressureFunc (v1.32). */
export function diskPartsOf(signal: Signal, hasImageFs: boolean): DiskParts {
  if (!hasImageFs) return EVERYTHING;
  const images = signal.startsWith('imagefs.');
  return { layers: images, logs: !images, volumes: !images };
}

/** Memory and processes of pods, by uid. */
export async function runningUse({ runtime }: PodUseDeps): Promise<ReadonlyMap<string, PodUse>> {
  const found = new Map<string, ContainerUse[]>();
  for (const { pod, name, memoryBytes, processes } of await runtime.stats()) {
    const containers = found.get(pod.uid) ?? [];
    containers.push({ name, memoryBytes, processes });
    found.set(pod.uid, containers);
  }
  return new Map([...found].map(([uid, containers]) => [uid, { containers, volumes: new Map() }]));
}

/** What pods hold of the disk, by uid. Walks their files. */
export async function diskUse(
  { runtime, containers, folders }: PodUseDeps,
  pods: readonly Pod[],
  parts: DiskParts = EVERYTHING,
): Promise<ReadonlyMap<string, PodUse>> {
  const uses = new Map<string, PodUse>();
  for (const pod of pods) {
    const { uid } = pod.metadata;
    const held = await runtime.diskUsage(currentAttempts(containers(uid)).map(({ id }) => id));
    uses.set(uid, {
      containers: held.map(({ name, layerBytes, logBytes }) => ({
        name,
        diskBytes: (parts.layers ? layerBytes : 0) + (parts.logs ? logBytes : 0),
      })),
      volumes: parts.volumes ? await volumesOf(pod, folders) : new Map(),
    });
  }
  return uses;
}

/** Of each name its last attempt: those before are kept for their logs, which is not the pod's doing. Source: kubelet stats/helper.go (v1.32). */
export function currentAttempts<T extends Pick<RuntimeContainer, 'name' | 'attempt'>>(
  containers: readonly T[],
): readonly T[] {
  return containers.filter(
    ({ name, attempt }) => !containers.some((one) => one.name === name && one.attempt > attempt),
  );
}

/** Whatever is the pod's own and lies on the disk. */
async function volumesOf({ metadata, spec }: Pod, folders: Pick<PodFolders, 'disk'>) {
  const volumes = new Map<string, FolderUse>();
  for (const { name, emptyDir } of spec.volumes ?? []) {
    if (emptyDir === undefined || (emptyDir.medium ?? '') !== '') continue;
    volumes.set(name, await folderUse(path.join(folders.disk(metadata.uid), VOLUMES, name)));
  }
  return volumes;
}

/** Which figures rank pods when this is short. */
export const isDiskResource = (resource: Starved): boolean => resource === 'ephemeral-storage' || resource === 'inodes';
