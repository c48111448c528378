import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  count,
  duration,
  firstLine,
  keyWords,
  memory,
  objectName,
  person,
  sentence,
  shortCommit,
  since,
  value,
} from './format.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();

describe('src/ui/format', () => {
  it.each([
    [undefined, ''],
    ['not a time', ''],
    [ago(0), '0s'],
    [ago(-30), '0s'],
    [ago(59), '59s'],
    [ago(60), '1m'],
    [ago(3_599), '59m'],
    [ago(3_600), '1h'],
    [ago(86_399), '23h'],
    [ago(86_400), '1d'],
    [ago(400 * 86_400), '400d'],
  ])('since %s is %s', (time, words) => expect(since(time, NOW)).toBe(words));

  it.each([
    [undefined, ''],
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1.0 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min 0 s'],
    [119_600, '2 min 0 s'],
    [125_000, '2 min 5 s'],
  ])('duration %s is %s', (ms, words) => expect(duration(ms)).toBe(words));

  it('never counts sixty seconds into a minute', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), (ms) => {
        expect(duration(ms)).not.toMatch(/\b60(\.0)? s$/);
      }),
    );
  });

  it.each([
    ['24684096Ki', '23.5 GiB'],
    ['512Ki', '512 KiB'],
    ['1024Mi', '1 GiB'],
    ['4096Pi', '4096 PiB'],
    ['16G', '16G'],
    ['much', 'much'],
  ])('memory %s is %s', (quantity, words) => expect(memory(quantity)).toBe(words));

  it.each([
    ['Ada <ada@example.com>', 'Ada'],
    ['Ada', 'Ada'],
    ['<ada@example.com>', '<ada@example.com>'],
  ])('person %s is %s', (author, words) => expect(person(author)).toBe(words));

  it.each([
    [undefined, 'absent'],
    [null, 'null'],
    ['', ''],
    ['3', '3'],
    [3, '3'],
    [{ a: [1] }, '{"a":[1]}'],
  ])('value %j is %s', (given, words) => expect(value(given)).toBe(words));

  it.each([
    ['waits for approval', 'Waits for approval.'],
    ['Done.', 'Done.'],
    [' why? ', 'Why?'],
    ['', ''],
  ])('sentence %j is %j', (given, words) => expect(sentence(given)).toBe(words));

  it.each([
    ['apps/Deployment/demo/web', 'Deployment demo/web'],
    ['Pod/demo/web-1', 'Pod demo/web-1'],
    ['Node/vm', 'Node vm'],
    ['strange', 'strange'],
  ])('keyWords %s is %s', (key, words) => expect(keyWords(key)).toBe(words));

  it('names, counts and cuts', () => {
    expect(objectName({ namespace: '', name: 'vm' })).toBe('vm');
    expect(objectName({ namespace: 'demo', name: 'web' })).toBe('demo/web');
    expect([count(0, 'object'), count(1, 'object'), count(2, 'object')]).toEqual([
      '0 objects',
      '1 object',
      '2 objects',
    ]);
    expect(shortCommit('0123456789abcdef')).toBe('0123456');
    expect(shortCommit(undefined)).toBe('');
    expect(firstLine('one\ntwo')).toBe('one');
    expect(firstLine(undefined)).toBe('');
  });
});
