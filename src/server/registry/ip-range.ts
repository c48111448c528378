/** IPv4 addresses of a block, by their distance from its first. */
export interface IpRange {
  readonly cidr: string;
  /** Number of addresses, the network's own and its last included. */
  readonly size: number;
  at(offset: number): string;
  /** The distance of an address; undefined when it is not in the block or not written plainly. */
  offsetOf(address: string): number | undefined;
}

/** Throws `RangeError` for what is no IPv4 block with room for services (/8 to /30). */
export function parseIpRange(cidr: string): IpRange {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(cidr);
  const base = match?.[1] === undefined ? undefined : toNumber(match[1]);
  const bits = Number(match?.[2]);
  if (base === undefined || !(bits >= 8 && bits <= 30)) throw new RangeError(`not an IPv4 block: ${cidr}`);
  const size = 2 ** (32 - bits);
  if (base % size !== 0) throw new RangeError(`${cidr} has bits set beyond its mask`);
  return {
    cidr,
    size,
    at: (offset) => toText(base + offset),
    offsetOf(address) {
      const offset = (toNumber(address) ?? Number.NaN) - base;
      return offset >= 0 && offset < size ? offset : undefined;
    },
  };
}

function toNumber(address: string): number | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined;
  return parts.reduce((number, part) => number * 256 + Number(part), 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
