import { describe, expect, it } from 'vitest';
import { ageSince, humanDuration, parseDuration } from './duration.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('src/api/values/duration.ts', () => {
  it.each([
    ['0', 0],
    ['5s', 5000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['300ms', 300],
    ['2us', 0.002],
    ['2µs', 0.002],
    ['-1m', -60_000],
    ['+1m', 60_000],
  ])('reads %j as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '-', '5', '10y', '1d', '1 s', 's', '1h1', '9999999999h', '1e3s', `${'1h'.repeat(1_000_000)}`])(
    'refuses %.12j',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it.each([
    [-2 * SECOND, '<invalid>'],
    [-1 * SECOND, '0s'],
    [0, '0s'],
    [95 * SECOND, '95s'],
    [119_999, '119s'],
    [2 * MINUTE, '2m'],
    [150 * SECOND, '2m30s'],
    [10 * MINUTE + 5 * SECOND, '10m'],
    [179 * MINUTE, '179m'],
    [3 * HOUR, '3h'],
    [3 * HOUR + 20 * MINUTE, '3h20m'],
    [8 * HOUR + 20 * MINUTE, '8h'],
    [47 * HOUR, '47h'],
    [2 * DAY, '2d'],
    [3 * DAY + 4 * HOUR, '3d4h'],
    [45 * DAY, '45d'],
    [2 * 365 * DAY, '2y'],
    [(2 * 365 + 10) * DAY, '2y10d'],
    [9 * 365 * DAY, '9y'],
  ])('shows %d ms as %j', (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  it('counts an age from a timestamp', () => {
    expect(ageSince('2026-11-01T00:00:00Z', Date.parse('2026-11-01T00:01:35Z'))).toBe('95s');
    expect(ageSince(null, 0)).toBe('<unknown>');
    expect(ageSince('yesterday', 0)).toBe('<unknown>');
  });
});
