import { stat } from 'node:fs/promises';
import { errorCode } from '#base';
import { isRuntimeError } from '../errors.ts';
import { type ContainerDisk, runtimeLimits } from '../runtime.ts';
import type { Engine } from './engine.ts';
import { fromLabels, type Labels } from './labels.ts';

/** The part of Docker's inspect answer that we read when it is asked for sizes. Source: Docker Engine API v1.41, ContainerInspect. */
interface DockerSizes {
  readonly Config: { readonly Labels?: Labels | null };
  /** Bytes of files that were made or changed; absent for one that is being made. */
  readonly SizeRw?: number;
  readonly LogPath?: string;
}

/** What one container holds of the disk; undefined when it is gone. */
export async function diskUsageOf(engine: Engine, id: string): Promise<ContainerDisk | undefined> {
  try {
    const {
      Config,
      SizeRw = 0,
      LogPath = '',
    } = await engine.get<DockerSizes>(`/containers/${id}/json`, {
      size: 'true',
    });
    const labels = fromLabels(Config.Labels ?? {});
    if (labels?.containerName === undefined) return undefined;
    return { id, pod: labels.pod, name: labels.containerName, layerBytes: SizeRw, logBytes: await logBytes(LogPath) };
  } catch (error) {
    if (isRuntimeError(error, 'ContainerNotFound')) return undefined;
    throw error;
  }
}

/** The log and what was rotated away of it: `…-json.log`, `.1`, `.2` … An engine of another host has no log here. */
async function logBytes(file: string): Promise<number> {
  if (file === '') return 0;
  const files = Array.from({ length: runtimeLimits.logFiles }, (_, index) => (index === 0 ? file : `${file}.${index}`));
  const sizes = await Promise.all(files.map(sizeOf));
  return sizes.reduce((total, bytes) => total + bytes, 0);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).blocks * 512;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}
