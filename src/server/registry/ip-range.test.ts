import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpRange } from './ip-range.ts';

describe('src/server/registry/ip-range.ts', () => {
  it.each([
    ['10.96.0.0/16', 65_536, '10.96.0.10', 10],
    ['10.96.0.0/16', 65_536, '10.96.255.255', 65_535],
    ['192.168.4.0/30', 4, '192.168.4.3', 3],
    ['10.96.0.0/16', 65_536, '10.97.0.0', undefined],
    ['10.96.0.0/16', 65_536, '10.96.0.010', undefined],
    ['10.96.0.0/16', 65_536, '10.96.0.256', undefined],
    ['10.96.0.0/16', 65_536, '10.96.1', undefined],
    ['10.96.0.0/16', 65_536, 'fd00::1', undefined],
  ])('%s has %i addresses and knows where %s stands', (cidr, size, address, offset) => {
    const range = parseIpRange(cidr);
    expect(range.size).toBe(size);
    expect(range.offsetOf(address)).toBe(offset);
  });

  it.each(['10.96.0.1/16', '10.96.0.0', '10.96.0.0/31', '0.0.0.0/0', 'fd00::/64', 'x'])('refuses %s', (cidr) => {
    expect(() => parseIpRange(cidr)).toThrow(RangeError);
  });

  it('finds every address again', () => {
    const range = parseIpRange('10.96.0.0/16');
    fc.assert(
      fc.property(fc.nat(range.size - 1), (offset) => {
        expect(range.offsetOf(range.at(offset))).toBe(offset);
      }),
    );
  });
});
