import { describe, expect, it } from 'vitest';
import { age, formatDrift, formatOrigin, parseSeconds } from './words.ts';

describe('src/cli/words.ts', () => {
  it.each([
    [
      'a changed field with who, with what and when',
      {
        path: 'spec.replicas',
        desired: 3,
        live: 5,
        user: 'admin',
        manager: 'kubectl-scale',
        time: '2026-11-23T10:00:00Z',
        line: 12,
      },
      'spec.replicas (line 12): 3 in Git, 5 live — admin with kubectl-scale, 2026-11-23T10:00:00Z',
    ],
    ['a field that Git does not have', { path: 'a', live: 'x' }, 'a: absent in Git, x live'],
    ['a field that is gone', { path: 'a', desired: { b: [1] } }, 'a: {"b":[1]} in Git, absent live'],
    ['a manager without a user', { path: 'a', desired: 1, live: 2, manager: 'm' }, 'a: 1 in Git, 2 live — with m'],
    [
      'a value that would move the cursor',
      { path: 'a', desired: '\u001b[2J', live: 1 },
      'a: \\u001b[2J in Git, 1 live',
    ],
  ])('says %s', (_what, drift, words) => {
    expect(formatDrift(drift)).toBe(words);
  });

  it('says where an object stands, or nothing', () => {
    expect(formatOrigin({ path: 'web/a.yaml', line: 12 })).toBe(' (web/a.yaml:12)');
    expect(formatOrigin({ path: '\u001b[2J.yaml', line: 1 })).toBe(' (\\u001b[2J.yaml:1)');
    expect(formatOrigin(undefined)).toBe('');
  });

  it('says an age as kubectl does', () => {
    const nowMs = Date.parse('2026-11-23T10:05:00Z');
    expect(age('2026-11-23T10:00:00Z', nowMs)).toBe('5m');
    expect(age(undefined, nowMs)).toBe('<unknown>');
    expect(age(null, nowMs)).toBe('<unknown>');
  });

  it.each([
    ['1', 1],
    ['0.5', undefined],
    ['1.5', 1.5],
    ['300', 300],
    ['1000001', undefined],
    ['', undefined],
    ['abc', undefined],
    ['-3', undefined],
    ['1e9', undefined],
    ['Infinity', undefined],
  ])('reads %j as a number of seconds: %s', (text, seconds) => {
    if (seconds === undefined) {
      expect(() => parseSeconds(text, '--timeout')).toThrow(`--timeout: "${text}" is not a number of seconds`);
    } else expect(parseSeconds(text, '--timeout')).toBe(seconds);
  });
});
