import { readFile, writeFile } from 'node:fs/promises';
import { parseCidr } from '../address.plan.ts';
import { mustRun, run } from './run.ts';

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';
/** Marks routes of ours, so that they are told from others'. Free for own use: see /etc/iproute2/rt_protos. */
const ROUTE_PROTOCOL = '112';

export interface HostLinksOptions {
  /** The node's own range: what in it no pod has leads nowhere, and is refused there. */
  readonly podCidr: string;
  readonly serviceCidr: string;
  readonly dnsIP: string;
}

/**
 * Makes the host forward between pods, own the nameserver's address, and have a route for Services: without one a
 * process of the host fails to connect before any rule can translate the address. The route of the node's own range
 * keeps packets for a pod that is gone from leaving by the default route, where nobody would answer: see the rules that
 * refuse them.
 */
export async function ensureHostLinks({ podCidr, serviceCidr, dnsIP }: HostLinksOptions): Promise<void> {
  if ((await readFile(IP_FORWARD, 'utf8')).trim() !== '1') await writeFile(IP_FORWARD, '1');
  const input = [
    `addr replace ${dnsIP}/32 dev lo`,
    ...[serviceCidr, podCidr].map((range) => `route replace ${networkOf(range)} dev lo proto ${ROUTE_PROTOCOL}`),
  ].join('\n');
  await mustRun('ip', ['-batch', '-'], { input });
}

/** Leaves forwarding on: others may rely on it by now. */
export async function removeHostLinks({ dnsIP }: Pick<HostLinksOptions, 'dnsIP'>): Promise<void> {
  // What is not there need not be taken away.
  await run('ip', ['route', 'flush', 'proto', ROUTE_PROTOCOL]);
  await run('ip', ['addr', 'delete', `${dnsIP}/32`, 'dev', 'lo']);
}

/** `ip` refuses a range with host bits. */
function networkOf(range: string): string {
  const parsed = parseCidr(range);
  return parsed === undefined ? range : `${parsed.address}/${parsed.length}`;
}
