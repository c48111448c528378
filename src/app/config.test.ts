import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiEndpoint, parsePort } from './config.ts';

describe('src/app/config.ts', () => {
  it('takes every port there is, and 0 for any free one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 65_535 }), (port) => parsePort(String(port), '--api-port') === port),
    );
  });

  it.each(['', ' ', '-1', '65536', '99999999', '1e3', '0x50', '80 ', '8o', '7443.5', 'NaN'])(
    'refuses %j, names the flag and says what to give',
    (text) => {
      expect(() => parsePort(text, '--ui-port')).toThrow(
        expect.objectContaining({
          code: 'InvalidFlag',
          message: `--ui-port: "${text}" is not a port`,
          hint: expect.stringContaining('65535'),
        }),
      );
    },
  );

  it.each([
    ['127.0.0.1', '10.96.0.1', 443],
    ['0.0.0.0', '10.96.0.1', 443],
    ['::', '10.96.0.1', 443],
    ['plumb.example', '10.96.0.1', 443],
    ['192.0.2.7', '192.0.2.7', 7443],
  ])('says, listening at %s, that pods reach the API at %s', (host, ip, port) => {
    expect(apiEndpoint(host, 7443)).toEqual({ ip, port });
  });
});
