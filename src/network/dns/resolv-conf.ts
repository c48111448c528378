import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { Clock } from '#base';

/** Where a nameserver of the host listens. */
export interface Upstream {
  readonly address: string;
  readonly port: number;
}

/** Nameservers used of the file. Source: resolv.conf(5), MAXNS. */
const MAX_NAMESERVERS = 3;
/** How long a reading of the file counts, in ms. */
const FRESH_MS = 5_000;
const DNS_PORT = 53;

export function parseNameservers(text: string, except: string): readonly Upstream[] {
  const servers: Upstream[] = [];
  for (const line of text.split('\n')) {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    if (address === undefined || address === except || isIP(address.replace(/%.*$/, '')) === 0) continue;
    servers.push({ address, port: DNS_PORT });
  }
  return servers.slice(0, MAX_NAMESERVERS);
}

/** The host's nameservers, but never `except` (ourselves), read again when older than 5 s. No file, no servers. */
export function createUpstreams(clock: Clock, path: string, except: string): () => Promise<readonly Upstream[]> {
  let reading: { readonly atMs: number; readonly servers: Promise<readonly Upstream[]> } | undefined;
  return () => {
    const nowMs = clock.monotonicMs();
    if (reading === undefined || nowMs - reading.atMs > FRESH_MS) {
      const servers = readFile(path, 'utf8').then(
        (text) => parseNameservers(text, except),
        () => [],
      );
      reading = { atMs: nowMs, servers };
    }
    return reading.servers;
  };
}
