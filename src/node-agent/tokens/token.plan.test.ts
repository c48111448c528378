import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod } from '#api';
import { MAX_TOKENS, renewAfterMs, renewalDefaults, tokenSourcesOf } from './token.plan.ts';

const HOUR_MS = 3_600_000;

describe('src/node-agent/tokens/token.plan.ts', () => {
  it('finds every token that volumes ask for, once, with what they leave out', () => {
    const token = (fields: object) => ({ serviceAccountToken: { path: 't', ...fields } });
    const volumes = [
      { name: 'a', projected: { sources: [token({ expirationSeconds: 3607 }), { configMap: { name: 'c' } }] } },
      {
        name: 'b',
        projected: { sources: [token({ audience: 'vault' }), token({ path: 'again', audience: 'vault' })] },
      },
      { name: 'c', emptyDir: {} },
    ];
    expect(tokenSourcesOf({ spec: { volumes, containers: [] } } as unknown as Pod)).toEqual([
      { audience: '', expirationSeconds: 3607 },
      { audience: 'vault', expirationSeconds: 3600 },
    ]);
  });

  it('asks for no more than a pod may have', () => {
    const sources = Array.from({ length: MAX_TOKENS + 5 }, (_, at) => ({
      serviceAccountToken: { path: 't', audience: `${at}` },
    }));
    const volumes = [{ name: 'a', projected: { sources } }];
    expect(tokenSourcesOf({ spec: { volumes, containers: [] } } as unknown as Pod)).toHaveLength(MAX_TOKENS);
  });

  it.each([
    ['an hour', HOUR_MS, 0, 0.8 * HOUR_MS],
    ['an hour, with the most jitter', HOUR_MS, 1, 0.8 * HOUR_MS - 10_000],
    ['two days: after one', 48 * HOUR_MS, 0, 24 * HOUR_MS],
    ['ten seconds: jitter takes a tenth at most', 10_000, 1, 7_200],
  ])('renews a token that lives %s', (_, lifetimeMs, random, expected) => {
    expect(renewAfterMs(lifetimeMs, random, renewalDefaults)).toBe(expected);
  });

  it('renews always after it was given and before it ends', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e10 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (lifetimeMs, random) => {
          const afterMs = renewAfterMs(lifetimeMs, random, renewalDefaults);
          expect(afterMs).toBeGreaterThan(0);
          expect(afterMs).toBeLessThan(lifetimeMs);
        },
      ),
    );
  });
});
