import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIPAddress, isRange, whySpecialAddress } from './addresses.ts';

describe('src/api/validation/addresses', () => {
  it.each([
    ['10.0.0.1', true],
    ['010.0.0.1', false],
    ['256.0.0.1', false],
    ['10.0.0', false],
    ['::', true],
    ['::1', true],
    ['2001:db8::ff:1', true],
    ['1:2:3:4:5:6:7:8', true],
    ['1:2:3:4:5:6:7:8::', false],
    ['1::2::3', false],
    [':1:2:3:4:5:6:7', false],
    ['::ffff:10.0.0.1', true],
    ['::10.0.0.1:ffff', false],
    ['fe80::1%eth0', false],
    ['', false],
  ])('%s is an address: %s', (text, expected) => {
    expect(isIPAddress(text)).toBe(expected);
  });

  it('agrees with Node on every text of the alphabet of addresses', () => {
    const alphabet = fc.string({ unit: fc.constantFrom('0', '1', 'f', '12', '255', ':', '::', '.'), maxLength: 16 });
    fc.assert(
      fc.property(fc.oneof(alphabet, fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        expect(isIPAddress(text)).toBe(isIP(text) !== 0 && !text.includes('%'));
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['10.0.0.0/8', true],
    ['10.0.0.0/33', false],
    ['fd00::/8', true],
    ['fd00::/129', false],
    ['10.0.0.0', false],
    ['10.0.0.0/08', false],
    ['/8', false],
  ])('%s is a range: %s', (text, expected) => {
    expect(isRange(text)).toBe(expected);
  });

  it.each([
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['127.1.2.3', 'loopback'],
    ['::1', 'loopback'],
    ['169.254.169.254', 'link-local range'],
    ['febf::1', 'link-local range'],
    ['224.0.0.5', 'link-local multicast'],
    ['ff02::1', 'link-local multicast'],
    ['ff12::1', 'link-local multicast'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:a9fe:a9fe', 'link-local range'],
    ['nowhere', 'must be a valid IP address'],
  ])('%s may not be used: %s', (text, why) => {
    expect(whySpecialAddress(text)).toContain(why);
  });

  it.each(['10.244.0.2', '192.168.1.1', '1.1.1.1', '224.0.1.1', 'fd00::1', '2001:db8::1', 'fec0::1'])(
    '%s may be used',
    (text) => {
      expect(whySpecialAddress(text)).toBeUndefined();
    },
  );
});
