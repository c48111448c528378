import { shortHash } from '#base';

/** An IPv4 range, its address without host bits. */
export interface Cidr {
  readonly address: string;
  readonly length: number;
}

const DOT = 46;
const ZERO = 48;

/**
 * The address as a number, or undefined unless it is four decimal octets without leading zeros. By hand: it runs over
 * every backend of every Service.
 */
export function parseIPv4(text: string): number | undefined {
  let value = 0;
  let octet = -1;
  let octets = 0;
  for (let index = 0; index <= text.length; index += 1) {
    const code = index === text.length ? DOT : text.charCodeAt(index);
    if (code === DOT) {
      if (octet < 0 || octets === 4) return undefined;
      value = value * 256 + octet;
      octet = -1;
      octets += 1;
    } else {
      const digit = code - ZERO;
      if (digit < 0 || digit > 9 || octet === 0) return undefined;
      octet = octet < 0 ? digit : octet * 10 + digit;
      if (octet > 255) return undefined;
    }
  }
  return octets === 4 ? value : undefined;
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

/** First and last address of each range: this network, loopback, link-local, multicast and above. */
const NOT_A_BACKEND = [
  [0x0000_0000, 0x00ff_ffff],
  [0x7f00_0000, 0x7fff_ffff],
  [0xa9fe_0000, 0xa9fe_ffff],
  [0xe000_0000, 0xffff_ffff],
] as const;

/**
 * Whether traffic of a Service may be sent to the address. Loopback, link-local (cloud metadata) and multicast never:
 * an Endpoints object would be a way into the node. Source: CVE-2021-25737.
 */
export function isBackendAddress(ip: string): boolean {
  const value = parseIPv4(ip);
  return value !== undefined && !NOT_A_BACKEND.some(([first, last]) => value >= first && value <= last);
}

/** Interfaces of ours start with this; firewall rules match on it. */
export const LINK_PREFIX = 'plb';

/**
 * The host's end of a pod's interface: 15 characters, the longest name Linux takes; the same for the same pod always. Four
 * are the installation's, so that it tells its own from others'.
 */
export function linkName(ownerId: string, podId: string): string {
  return `${LINK_PREFIX}${shortHash(ownerId, 4)}${shortHash(podId, 8)}`;
}

/** Whether this is an interface of this installation. */
export function isLinkName(ownerId: string, name: string): boolean {
  return name.startsWith(`${LINK_PREFIX}${shortHash(ownerId, 4)}`) && /^plb[0-9a-f]{12}$/.test(name);
}
