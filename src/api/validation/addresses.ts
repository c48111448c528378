/** IP addresses and ranges, as text. Source of the words: kubernetes pkg/apis/core/validation/validation.go (v1.32). */

/** The four bytes of an IPv4 address, or undefined. Leading zeros are no decimal. */
export function parseIPv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part))) return undefined;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte <= 255) ? bytes : undefined;
}

/** The eight groups of an IPv6 address, or undefined. Zones are refused. */
export function parseIPv6(text: string): readonly number[] | undefined {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 1 ? [] : groupsOf(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function groupsOf(text: string, mayEndInIPv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.')) {
      const bytes = mayEndInIPv4 && index === parts.length - 1 ? parseIPv4(part) : undefined;
      if (bytes === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = bytes;
      groups.push(a * 256 + b, c * 256 + d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

export function isIPAddress(text: string): boolean {
  return parseIPv4(text) !== undefined || parseIPv6(text) !== undefined;
}

/** `10.0.0.0/8`, `fd00::/8`. */
export function isRange(text: string): boolean {
  const slash = text.indexOf('/');
  const address = text.slice(0, slash);
  const bits = text.slice(slash + 1);
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(bits)) return false;
  if (parseIPv4(address) !== undefined) return Number(bits) <= 32;
  return parseIPv6(address) !== undefined && Number(bits) <= 128;
}

/** Whether a range lies within another and is smaller than it. Both must be ranges; of two families neither holds the other. */
export function isStrictPartOfRange(inner: string, outer: string): boolean {
  const [innerBits, innerLength] = bitsOfRange(inner);
  const [outerBits, outerLength] = bitsOfRange(outer);
  if (innerBits.length !== outerBits.length || innerLength <= outerLength) return false;
  return innerBits.slice(0, outerLength) === outerBits.slice(0, outerLength);
}

/** The address as zeros and ones, and how many of them are the network's. */
function bitsOfRange(range: string): readonly [bits: string, length: number] {
  const [address = '', length = ''] = range.split('/');
  const v4 = parseIPv4(address);
  const parts = v4 ?? parseIPv6(address) ?? [];
  const bits = parts.map((part) => part.toString(2).padStart(v4 === undefined ? 16 : 8, '0')).join('');
  return [bits, Number(length)];
}

export const NOT_AN_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
export const NOT_A_RANGE = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/**
 * Why traffic may not be sent to an address that a user names: it would reach the node itself or its neighbours
 * instead of a pod (CVE-2021-25737). Undefined for an address that may be used.
 */
export function whySpecialAddress(text: string): string | undefined {
  const v4 = parseIPv4(text) ?? mappedIPv4(text);
  if (v4 !== undefined) return whySpecialIPv4(v4);
  const v6 = parseIPv6(text);
  if (v6 === undefined) return NOT_AN_ADDRESS;
  const first = v6[0] ?? 0;
  const isBelowTwo = v6.slice(0, 7).every((group) => group === 0);
  if (isBelowTwo && v6[7] === 0) return UNSPECIFIED;
  if (isBelowTwo && v6[7] === 1) return LOOPBACK;
  if ((first & 0xffc0) === 0xfe80) return LINK_LOCAL;
  return (first & 0xff0f) === 0xff02 ? LINK_LOCAL_MULTICAST : undefined;
}

const UNSPECIFIED = 'may not be unspecified (0.0.0.0 or ::)';
const LOOPBACK = 'may not be in the loopback range (127.0.0.0/8, ::1/128)';
const LINK_LOCAL = 'may not be in the link-local range (169.254.0.0/16, fe80::/10)';
const LINK_LOCAL_MULTICAST = 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)';

function whySpecialIPv4([a, b, c, d]: readonly number[]): string | undefined {
  if (a === 0 && b === 0 && c === 0 && d === 0) return UNSPECIFIED;
  if (a === 127) return LOOPBACK;
  if (a === 169 && b === 254) return LINK_LOCAL;
  return a === 224 && b === 0 && c === 0 ? LINK_LOCAL_MULTICAST : undefined;
}

/** The IPv4 address inside `::ffff:127.0.0.1`: another spelling must not get around a rule. */
function mappedIPv4(text: string): readonly number[] | undefined {
  const groups = parseIPv6(text);
  if (groups === undefined || !groups.slice(0, 5).every((group) => group === 0) || groups[5] !== 0xffff)
    return undefined;
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff];
}
