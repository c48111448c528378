import { readFile } from 'node:fs/promises';
import type { NetworkSupport } from '../network.ts';
import { run } from './run.ts';

/** Capabilities by bit. Source: linux/capability.h. */
const CAPABILITIES = [
  { name: 'CAP_NET_ADMIN', bit: 12n },
  { name: 'CAP_SYS_ADMIN', bit: 21n },
] as const;
/** What is run, how each is asked whether it is there, and the Debian package that has it. */
const TOOLS = [
  { command: 'ip', args: ['-V'], package: 'iproute2' },
  { command: 'nft', args: ['--version'], package: 'nftables' },
  { command: 'nsenter', args: ['--version'], package: 'util-linux' },
] as const;

/** Looks for the system, the rights, the tools and the kernel's nf_tables, in this order. Changes nothing. */
export async function checkSupport(): Promise<NetworkSupport> {
  if (process.platform !== 'linux') {
    return {
      ok: false,
      lacks: 'system',
      reason: `pod networks need Linux; this is ${process.platform}`,
      remedy: 'run the node agent on a Linux host',
    };
  }
  const missing = await missingCapabilities();
  if (missing.length > 0) {
    return {
      ok: false,
      lacks: 'rights',
      reason: `the process lacks ${missing.join(' and ')}`,
      remedy: remedyForRights(process.getuid?.()),
    };
  }
  const absent = [];
  for (const tool of TOOLS) if ((await run(tool.command, tool.args)).code !== 0) absent.push(tool);
  if (absent.length > 0) {
    return {
      ok: false,
      lacks: 'tools',
      reason: `not found: ${absent.map(({ command }) => command).join(', ')}`,
      remedy: `apt-get install ${absent.map((tool) => tool.package).join(' ')}`,
    };
  }
  const { code, stderr } = await run('nft', ['-j', 'list', 'tables']);
  if (code !== 0) {
    return {
      ok: false,
      lacks: 'kernel',
      reason: `the kernel gives no access to nf_tables: ${stderr.trim().slice(0, 200)}`,
      remedy: 'load the kernel module: modprobe nf_tables; in a container: give it CAP_NET_ADMIN',
    };
  }
  return { ok: true };
}

/** Root that lacks a right is in a container or unit that takes it away; being root again does not help. */
export function remedyForRights(uid: number | undefined): string {
  return uid === 0
    ? 'it is root already, so a container or service unit takes the right away: give it CAP_NET_ADMIN and CAP_SYS_ADMIN (docker run: --privileged --network host --pid host)'
    : 'run the node agent as root: sudo plumb agent';
}

/** Names of the capabilities that pod networks need and this process lacks. */
export async function missingCapabilities(): Promise<string[]> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return CAPABILITIES.filter(({ bit }) => ((effective >> bit) & 1n) === 0n).map(({ name }) => name);
}
