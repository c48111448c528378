import { describe, expect, it } from 'vitest';
import { resolvePlain, resolveTagged } from './scalar.ts';

/** What `kubectl patch --local --type merge -f F -p '{}' -o json` of v1.32.5 prints for `v: TEXT`. */
const asKubectl: readonly (readonly [string, string | number | boolean | null])[] = [
  ['', null],
  ['~', null],
  ['null', null],
  ['Null', null],
  ['NULL', null],
  ['nULL', 'nULL'],
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map((text) => [text, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map((text) => [text, false] as const),
  ['oN', 'oN'],
  ['tRue', 'tRue'],
  ['0', 0],
  ['-0', 0],
  ['-0.0', 0],
  ['00', 0],
  ['0400', 256],
  ['0777', 511],
  ['0_7', 7],
  ['08', 8],
  ['09.5', 9.5],
  ['0o17', 15],
  ['0O17', 15],
  ['-0o17', -15],
  ['0x1F', 31],
  ['-0x1F', -31],
  ['0x1_F', 31],
  ['0x', '0x'],
  ['0b11', 3],
  ['-0b11', -3],
  ['0b2', '0b2'],
  ['+1', 1],
  ['-1', -1],
  ['_1', '_1'],
  ['1_000', 1000],
  ['1__0', 10],
  ['1_0.5_0', 10.5],
  ['1.0', 1],
  ['1.0e0', 1],
  ['5.', 5],
  ['.5', 0.5],
  ['+.5', 0.5],
  ['._5', '._5'],
  ['.4_1', 0.41],
  ['.4__1', '.4__1'],
  ['.4_', '.4_'],
  ['1e3', 1000],
  ['1E+3', 1000],
  ['1.e3', 1000],
  ['1e', '1e'],
  ['1e-7', 1e-7],
  ['1e21', 1e21],
  ['1e400', '1e400'],
  ['123456789.123456789', 123456789.12345679],
  ['12345678901234567890', 12345678901234567000],
  ['18446744073709551616', 18446744073709552000],
  ['-9223372036854775809', -9223372036854776000],
  ['0777777777777777777777777', 7.777777777777778e23],
  ['0x1ffffffffffffffff', '0x1ffffffffffffffff'],
  ['9007199254740992', 9007199254740992],
  ['0xffffffffffffffff', 18446744073709552000],
  ['1:30', '1:30'],
  ['190:20:30', '190:20:30'],
  ['2001-01-01', '2001-01-01'],
  ['2001-01-01T00:00:00Z', '2001-01-01T00:00:00Z'],
  ['=', '='],
  ['<<', '<<'],
  ['infinity', 'infinity'],
  ['1.2.3', '1.2.3'],
  ['10.0.0.1', '10.0.0.1'],
  ['250m', '250m'],
  ['1Gi', '1Gi'],
  ['25%', '25%'],
  ['-', '-'],
  ['+', '+'],
  ['.', '.'],
];

describe('src/api/yaml/scalar.ts', () => {
  it.each(asKubectl)('reads %j as kubectl does: %j', (text, value) => {
    const result = resolvePlain(text);
    expect(result).toEqual({ value });
    expect('value' in result && Object.is(result.value, -0)).toBe(false);
  });

  it.each(['9007199254740993', '-9007199254740993', '9223372036854775807', '0x7fffffffffffffff'])(
    'says that %s cannot be kept exact',
    (text) => {
      expect(resolvePlain(text)).toEqual({ problem: expect.stringContaining('cannot be kept exact') });
    },
  );

  it.each(['.nan', '.NaN', '.inf', '-.inf', '+.INF'])('refuses %s', (text) => {
    expect(resolvePlain(text)).toEqual({ problem: expect.stringContaining('not a finite number') });
  });

  it('leaves a text of a million digits alone', () => {
    const digits = '1'.repeat(1_000_000);
    expect(resolvePlain(digits)).toEqual({ value: digits });
  });

  it.each([
    ['!', '12', '12'],
    ['tag:yaml.org,2002:str', '12', '12'],
    ['tag:yaml.org,2002:int', '12', 12],
    ['tag:yaml.org,2002:float', '3', 3],
    ['tag:yaml.org,2002:bool', 'yes', true],
    ['tag:yaml.org,2002:null', '', null],
    ['tag:yaml.org,2002:binary', 'aGVs\n bG8=', 'hello'],
    ['tag:yaml.org,2002:timestamp', '2001-01-01', '2001-01-01'],
  ])('reads %s %j as %j', (tag, text, value) => {
    expect(resolveTagged(tag, text)).toEqual({ value });
  });

  it.each([
    ['tag:yaml.org,2002:int', 'abc'],
    ['tag:yaml.org,2002:int', '1.5'],
    ['tag:yaml.org,2002:bool', '1'],
    ['tag:yaml.org,2002:binary', '*'],
    ['tag:yaml.org,2002:binary', '/w=='],
    ['tag:yaml.org,2002:js/function', 'x'],
    ['!env', 'HOME'],
  ])('refuses %s %j', (tag, text) => {
    expect(resolveTagged(tag, text)).toHaveProperty('problem');
  });
});
