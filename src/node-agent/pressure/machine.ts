import { readFile, stat, statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import { errorCode } from '#base';
import type { Observation, Observations, Signal } from './threshold.plan.ts';

/** The file systems that pods can fill: of the agent's folder, and of the engine's, where that is on this host. */
export interface MachineFolders {
  readonly stateDir: string;
  readonly dataRoot: string | undefined;
}

export interface MachineView {
  readonly observations: Observations;
  /** Images and containers' layers lie on another file system than pods' volumes and logs. */
  readonly hasImageFs: boolean;
}

/**
 * Looks at this machine once. Memory is what could be had without swapping; nothing is read from control groups, so that
 * version 1 and 2 give the same figures.
 */
export async function readMachineView({ stateDir, dataRoot }: MachineFolders): Promise<MachineView> {
  const nodefs = await readDisk(stateDir);
  const imagefs = dataRoot === undefined ? undefined : await readDiskIfThere(dataRoot);
  const pids = await readProcesses();
  const observations = new Map<Signal, Observation>([
    ['memory.available', { available: freemem(), capacity: totalmem() }],
    ['nodefs.available', nodefs.bytes],
    ['nodefs.inodesFree', nodefs.inodes],
  ]);
  if (imagefs !== undefined) {
    observations.set('imagefs.available', imagefs.bytes);
    observations.set('imagefs.inodesFree', imagefs.inodes);
  }
  if (pids !== undefined) observations.set('pid.available', pids);
  return { observations, hasImageFs: imagefs !== undefined && imagefs.device !== nodefs.device };
}

interface Disk {
  readonly device: number;
  readonly bytes: Observation;
  readonly inodes: Observation;
}

async function readDisk(folder: string): Promise<Disk> {
  const [disk, { dev }] = await Promise.all([statfs(folder), stat(folder)]);
  return {
    device: dev,
    bytes: { available: disk.bavail * disk.bsize, capacity: disk.blocks * disk.bsize },
    inodes: { available: disk.ffree, capacity: disk.files },
  };
}

/** The engine may be on another host. */
async function readDiskIfThere(folder: string): Promise<Disk | undefined> {
  try {
    return await readDisk(folder);
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** Source: kubelet stats/pidlimit/pidlimit_linux.go, Stats (v1.32). */
async function readProcesses(): Promise<Observation | undefined> {
  const number = async (file: string) => Number((await readFile(file, 'utf8')).trim());
  const [pidMax, threadsMax, load] = await Promise.all([
    number('/proc/sys/kernel/pid_max'),
    number('/proc/sys/kernel/threads-max'),
    readFile('/proc/loadavg', 'utf8'),
  ]);
  // `0.20 0.18 0.12 1/80 11206`: one of 80 runs.
  const running = Number(/\/(\d+) /.exec(load)?.[1]);
  const capacity = Math.min(pidMax, threadsMax);
  return Number.isFinite(running) && Number.isFinite(capacity)
    ? { available: Math.max(0, capacity - running), capacity }
    : undefined;
}
