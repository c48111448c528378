import { readFile, writeFile } from 'node:fs/promises';
import { mustRun, run } from './run.ts';

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';
/** Marks routes of ours, so that they are told from others'. Free for own use: see /etc/iproute2/rt_protos. */
const ROUTE_PROTOCOL = '112';

export interface HostLinksOptions {
  readonly serviceCidr: string;
  readonly dnsIP: string;
}

/**
 * Makes the host forward between pods, own the nameserver's address, and have a route for Services: without one a
 * process of the host fails to connect before any rule can translate the address.
 */
export async function ensureHostLinks({ serviceCidr, dnsIP }: HostLinksOptions): Promise<void> {
  if ((await readFile(IP_FORWARD, 'utf8')).trim() !== '1') await writeFile(IP_FORWARD, '1');
  const input = [`addr replace ${dnsIP}/32 dev lo`, `route replace ${serviceCidr} dev lo proto ${ROUTE_PROTOCOL}`].join(
    '\n',
  );
  await mustRun('ip', ['-batch', '-'], { input });
}

/** Leaves forwarding on: others may rely on it by now. */
export async function removeHostLinks({ serviceCidr, dnsIP }: HostLinksOptions): Promise<void> {
  const input = [`route delete ${serviceCidr} dev lo proto ${ROUTE_PROTOCOL}`, `addr delete ${dnsIP}/32 dev lo`].join(
    '\n',
  );
  // What is not there need not be taken away.
  await run('ip', ['-force', '-batch', '-'], { input });
}
