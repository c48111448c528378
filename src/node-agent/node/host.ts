import { readFile, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { RuntimeVersion } from '#runtime';
import type { HostFacts } from './node.plan.ts';

export interface HostInput {
  readonly name: string;
  readonly version: RuntimeVersion;
  readonly agentVersion: string;
  readonly stateDir: string;
  readonly maxPods: number;
  /** The address others reach this node by; the first that is not loopback when absent. */
  readonly address?: string;
}

/** Looks at this host once. */
export async function readHost(input: HostInput): Promise<HostFacts> {
  const { name, version, agentVersion, stateDir, maxPods } = input;
  const disk = await statfs(stateDir);
  return {
    name,
    address: input.address ?? firstAddress(),
    architecture: version.architecture,
    operatingSystem: version.operatingSystem,
    osImage: version.osImage,
    kernelVersion: version.kernelVersion,
    runtimeVersion: `${version.name}://${version.version}`,
    agentVersion,
    machineId: await firstLine('/etc/machine-id'),
    bootId: await firstLine('/proc/sys/kernel/random/boot_id'),
    cpus: version.cpus,
    memoryBytes: version.memoryBytes,
    ephemeralStorageBytes: disk.blocks * disk.bsize,
    maxPods,
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
