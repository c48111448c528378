import { readFile, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { RuntimeVersion } from '#runtime';
import { amountOf, type Threshold } from '../pressure/threshold.plan.ts';
import type { NodeSettings } from '../settings/settings.plan.ts';
import type { HostFacts } from './node.plan.ts';

export interface HostInput {
  readonly name: string;
  readonly version: RuntimeVersion;
  readonly agentVersion: string;
  readonly stateDir: string;
  readonly settings: Pick<NodeSettings, 'maxPods' | 'reserved' | 'thresholds'>;
  /** The address others reach this node by; the first that is not loopback when absent. */
  readonly address?: string;
}

/** Looks at this host once. */
export async function readHost(input: HostInput): Promise<HostFacts> {
  const { name, version, agentVersion, stateDir, settings } = input;
  const disk = await statfs(stateDir);
  const machineId = await firstLine('/etc/machine-id');
  const ephemeralStorageBytes = disk.blocks * disk.bsize;
  return {
    name,
    address: input.address ?? firstAddress(),
    architecture: version.architecture,
    operatingSystem: version.operatingSystem,
    osImage: version.osImage,
    kernelVersion: version.kernelVersion,
    runtimeVersion: `${version.name}://${version.version}`,
    agentVersion,
    machineId,
    systemUuid: (await firstLine('/sys/class/dmi/id/product_uuid')) || machineId,
    bootId: await firstLine('/proc/sys/kernel/random/boot_id'),
    cpus: version.cpus,
    memoryBytes: version.memoryBytes,
    ephemeralStorageBytes,
    maxPods: settings.maxPods,
    kept: keptOf(settings, version.memoryBytes, ephemeralStorageBytes),
  };
}

/** Source: kubelet cm/node_container_manager_linux.go, GetNodeAllocatableReservation (v1.32). */
function keptOf(
  { reserved, thresholds }: HostInput['settings'],
  memoryBytes: number,
  storageBytes: number,
): HostFacts['kept'] {
  const isHard = ({ graceMs }: Threshold) => graceMs === 0;
  const limitOf = (signal: string, capacity: number) => {
    const hard = thresholds.find((threshold) => isHard(threshold) && threshold.signal === signal);
    return hard === undefined ? 0 : amountOf(hard.limit, capacity);
  };
  return {
    cpuMillis: reserved.cpuMillis,
    memoryBytes: reserved.memoryBytes + limitOf('memory.available', memoryBytes),
    storageBytes: reserved.storageBytes + limitOf('nodefs.available', storageBytes),
  };
}

/** Docker's own bridges are no way to reach a host. */
function firstAddress(): string {
  const all = Object.entries(networkInterfaces()).filter(([name]) => !/^(docker|br-|veth|pl)/.test(name));
  for (const [, addresses] of all) {
    const found = addresses?.find(({ family, internal }) => family === 'IPv4' && !internal);
    if (found !== undefined) return found.address;
  }
  return '127.0.0.1';
}

async function firstLine(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n', 1)[0] ?? '';
}
