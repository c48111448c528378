import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cidrContains,
  formatIPv4,
  isBackendAddress,
  isLinkName,
  linkName,
  parseCidr,
  parseIPv4,
} from './address.plan.ts';

describe('src/network/address.plan.ts', () => {
  it.each([
    ['10.0.0.1', 0x0a000001],
    ['255.255.255.255', 0xffffffff],
    ['0.0.0.0', 0],
    ['10.0.0.256', undefined],
    ['10.0.0.01', undefined],
    ['10.0.0', undefined],
    ['10.0.0.1 ', undefined],
    ['::1', undefined],
    ['', undefined],
  ])('reads the address %j as %j', (text, value) => {
    expect(parseIPv4(text)).toBe(value);
  });

  it.each([
    ['10.244.1.7/24', { address: '10.244.1.0', length: 24 }],
    ['0.0.0.0/0', { address: '0.0.0.0', length: 0 }],
    ['1.2.3.4/32', { address: '1.2.3.4', length: 32 }],
    ['10.0.0.0/33', undefined],
    ['10.0.0.0', undefined],
    ['10.0.0.0/8/8', undefined],
    ['10.0.0.0/-1', undefined],
  ])('reads the range %j', (text, range) => {
    expect(parseCidr(text)).toEqual(range);
  });

  it('finds an address in a range exactly when their leading bits agree', () => {
    const address = fc.nat(0xffffffff).map(formatIPv4);
    fc.assert(
      fc.property(address, address, fc.nat(32), (a, b, length) => {
        const range = parseCidr(`${a}/${length}`);
        const bits = (ip: string) => (parseIPv4(ip) ?? 0).toString(2).padStart(32, '0').slice(0, length);
        expect(range !== undefined && cidrContains(range, b)).toBe(bits(a) === bits(b));
      }),
    );
  });

  it.each(['127.0.0.1', '169.254.169.254', '224.0.0.1', '255.255.255.255', '0.0.0.0', 'metadata', '::1'])(
    'lets no Service lead to %s',
    (ip) => {
      expect(isBackendAddress(ip)).toBe(false);
    },
  );

  it('names links so that Linux takes them, the same pod has the same, and others have others', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (a, b) => {
        expect(linkName('o', a)).toHaveLength(15);
        expect(isLinkName('o', linkName('o', a))).toBe(true);
        expect(linkName('o', a) === linkName('o', b)).toBe(a === b);
      }),
    );
  });

  it('does not take a name for its own that others may use', () => {
    for (const name of [
      'plb',
      'plb0',
      'plip0',
      linkName('o', 'pod').slice(0, -1),
      `${linkName('o', 'pod').slice(0, -1)}x`,
      'eth0',
    ])
      expect(isLinkName('o', name)).toBe(false);
    expect(isLinkName('o', linkName('another', 'pod'))).toBe(false);
  });
});
