import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityToBytes,
  quantityToMillis,
  quantityToNumber,
} from './quantity.ts';

describe('src/api/values/quantity.ts', () => {
  it.each([
    ['0', '0'],
    ['0Ki', '0'],
    ['1000m', '1'],
    ['1', '1'],
    [2, '2'],
    [0.1, '100m'],
    ['0.5', '500m'],
    ['.5', '500m'],
    ['1.', '1'],
    ['1500m', '1500m'],
    ['1.5', '1500m'],
    ['100', '100'],
    ['1000', '1k'],
    ['1024', '1024'],
    ['100k', '100k'],
    ['1000000k', '1G'],
    ['1Ki', '1Ki'],
    ['1024Ki', '1Mi'],
    ['0.5Gi', '512Mi'],
    ['1.5Ki', '1536'],
    ['0.5Ki', '512'],
    ['0.1Ki', '102400m'],
    ['1e3', '1e3'],
    ['12E2', '1200'],
    ['1e-3', '1e-3'],
    ['1E', '1E'],
    ['2Ei', '2Ei'],
    ['-1', '-1'],
    ['-1500m', '-1500m'],
    ['+4', '4'],
    ['1n', '1n'],
    ['0.1n', '1n'],
    ['1000u', '1m'],
    ['  1  ', '1'],
    ['9223372036854775807', '9223372036854775807'],
  ])('writes %j as %j', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each([
    '',
    '.',
    'm',
    '1K',
    '1KI',
    '1i',
    '1Ki0',
    '1e',
    '1.2.3',
    '1,5',
    '0x10',
    '1 Ki',
    'NaN',
    '１２',
    '--1',
    '9223372036854775808',
    '-9223372036854775809',
    '8Ei',
    '011E011110011110',
    '1e1000000000',
    '1e-1000000000',
    '9'.repeat(1_000_000),
  ])('refuses %.20j at once', (text) => {
    const before = performance.now();
    expect(parseQuantity(text)).toBeUndefined();
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it('keeps the amount and its text stable through canonical form', () => {
    const suffix = fc.constantFrom('n', 'u', 'm', '', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'E-2');
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(999), suffix, (whole, fraction, unit) => {
        const parsed = parseQuantity(`${whole}.${fraction}${unit}`);
        if (parsed === undefined) return;
        const text = formatQuantity(parsed);
        expect(parseQuantity(text)?.nanos).toBe(parsed.nanos);
        expect(canonicalQuantity(text)).toBe(text);
      }),
    );
  });

  it('reads or refuses, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789.eEinumkKMGTP+- ') }), (text) => {
        const canonical = canonicalQuantity(text);
        if (canonical !== undefined) expect(compareQuantities(text, canonical)).toBe(0);
      }),
    );
  });

  it.each([
    ['1', 1000, 1],
    ['250m', 250, 1],
    ['2000m', 2000, 2],
    ['0.1', 100, 1],
    ['1n', 1, 1],
    ['128Mi', 128 * 2 ** 20 * 1000, 128 * 2 ** 20],
    ['1.5Gi', 1.5 * 2 ** 30 * 1000, 1.5 * 2 ** 30],
    ['3k', 3_000_000, 3000],
  ])('counts %j as %d thousandths and %d units', (text, millis, units) => {
    expect(quantityToMillis(text)).toBe(millis);
    expect(quantityToBytes(text)).toBe(units);
  });

  it('counts the same by the short way and the exact one', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.constantFrom('', 'm', 'Ki', 'Mi', 'Gi', 'Ti'), (digits, suffix) => {
        const text = `${digits}${suffix}`;
        const exact = parseQuantity(text);
        if (exact === undefined) return;
        expect(quantityToMillis(text)).toBe(quantityToMillis(exact));
        expect(quantityToBytes(text)).toBe(quantityToBytes(exact));
      }),
    );
  });

  it('compares and adds across formats', () => {
    expect(compareQuantities('1000m', '1')).toBe(0);
    expect(compareQuantities('1Ki', '1k')).toBe(1);
    expect(compareQuantities('-1', '1n')).toBe(-1);
    expect(formatQuantity(addQuantities('1Gi', '512Mi'))).toBe('1536Mi');
    expect(formatQuantity(addQuantities('0', '512Mi'))).toBe('512Mi');
    expect(quantityToNumber('500m')).toBe(0.5);
  });

  it('says what is wrong when asked to count text that is no quantity', () => {
    expect(() => quantityToMillis('lots')).toThrow(/must match the regular expression/);
  });
});
