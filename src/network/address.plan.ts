import { shortHash } from '#base';

/** An IPv4 range, its address without host bits. */
export interface Cidr {
  readonly address: string;
  readonly length: number;
}

/** The address as a number, or undefined unless it is four decimal octets without leading zeros. */
export function parseIPv4(text: string): number | undefined {
  const octets = text.split('.');
  if (octets.length !== 4) return undefined;
  let value = 0;
  for (const octet of octets) {
    if (!/^(0|[1-9]\d{0,2})$/.test(octet) || Number(octet) > 255) return undefined;
    value = value * 256 + Number(octet);
  }
  return value;
}

export function formatIPv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}

/** `10.244.1.0/24` → its parts; undefined when it is no range. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const value = parseIPv4(address);
  if (value === undefined || rest.length > 0 || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  return { address: formatIPv4(value - (value % 2 ** (32 - Number(length)))), length: Number(length) };
}

export function cidrContains({ address, length }: Cidr, ip: string): boolean {
  const value = parseIPv4(ip);
  const base = parseIPv4(address);
  if (value === undefined || base === undefined) return false;
  const size = 2 ** (32 - length);
  return value >= base && value < base + size;
}

const NOT_A_BACKEND = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].flatMap((text) => {
  const range = parseCidr(text);
  return range === undefined ? [] : [range];
});

/**
 * Whether traffic of a Service may be sent to the address. Loopback, link-local (cloud metadata) and multicast never:
 * an Endpoints object would be a way into the node. Source: CVE-2021-25737.
 */
export function isBackendAddress(ip: string): boolean {
  return parseIPv4(ip) !== undefined && !NOT_A_BACKEND.some((range) => cidrContains(range, ip));
}

/** Interfaces of ours start with this; firewall rules match on it. */
export const LINK_PREFIX = 'plb';

/** The host's end of a pod's interface: 15 characters, the longest name Linux takes; the same for the same pod always. */
export function linkName(podId: string): string {
  return `${LINK_PREFIX}${shortHash(podId, 12)}`;
}

export function isLinkName(name: string): boolean {
  return /^plb[0-9a-f]{12}$/.test(name);
}
