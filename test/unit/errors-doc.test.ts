import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ApiError, type StatusReason } from '#api';
import { GitError, type GitErrorCode } from '#git';
import { NetworkError, type NetworkErrorCode } from '#network';
import { RuntimeError, type RuntimeErrorCode } from '#runtime';
import { StoreError, type StoreErrorCode } from '#store';
import { collectErrorCodes, readSource } from '../support/error-codes.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DOC = readFileSync(`${ROOT}/docs/errors.md`, 'utf8');

/** Codes of the runtime's room that are not of `RuntimeError`. */
const OTHER_CLASSES = new Set(['MountFailed', 'ArchitectureUnsupported', 'TarPathTooLong']);

interface Row {
  readonly room: string;
  readonly code: string;
  readonly cells: readonly string[];
}

/** The rows of the document's tables: `| code | when | again | way out |` below `## room`. */
function rowsOf(text: string): readonly Row[] {
  let room = '';
  return text.split('\n').flatMap((line) => {
    room = /^## (\S+)/.exec(line)?.[1] ?? room;
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    const code = /^`(\w+)`$/.exec(cells[0] ?? '')?.[1];
    return code === undefined ? [] : [{ room, code, cells }];
  });
}

const rows = rowsOf(DOC);
const source = collectErrorCodes(readSource(ROOT, 'src'));

describe('docs/errors.md', () => {
  it('has a row for every code of the source', () => {
    const documented = new Set(rows.map(({ code }) => code));
    expect([...source.codes].filter(([code]) => !documented.has(code)).map(([code, at]) => `${code} (${at})`)).toEqual(
      [],
    );
  });

  it('names no code that the source does not have', () => {
    expect(rows.filter(({ code }) => !source.codes.has(code)).map(({ code }) => code)).toEqual([]);
  });

  it('can tell the code of every error of ours that is made anywhere', () => {
    expect(source.unclear).toEqual([]);
  });

  it('says of every code when it happens, whether it is tried again, and the way out', () => {
    const poor = rows.filter(({ cells }) => cells.length !== 4 || cells.some((cell) => cell === ''));
    expect(poor.map(({ code }) => code)).toEqual([]);
    expect(rows.filter(({ cells }) => !/^(yes|no)$/.test(cells[2] ?? '')).map(({ code }) => code)).toEqual([]);
  });

  it('says each code once in a room', () => {
    const names = rows.map(({ room, code }) => `${room} ${code}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it.each([
    ['api', (code: string) => new ApiError(code as StatusReason, '')],
    ['store', (code: string) => new StoreError(code as StoreErrorCode, '')],
    ['git', (code: string) => new GitError(code as GitErrorCode, '')],
    ['network', (code: string) => new NetworkError(code as NetworkErrorCode, '')],
    ['runtime', (code: string) => new RuntimeError(code as RuntimeErrorCode, '')],
  ])('says of the codes of %s what they do when it comes to trying again', (room, make) => {
    const ours = rows.filter((row) => row.room === room && !OTHER_CLASSES.has(row.code));
    expect(ours.length).toBeGreaterThan(0);
    const told = ours.map(({ code, cells }) => `${code} ${cells[2]}`);
    expect(told).toEqual(ours.map(({ code }) => `${code} ${make(code).retryable ? 'yes' : 'no'}`));
  });
});

describe('test/support/error-codes.ts', () => {
  const collect = (text: string) => {
    const { codes, unclear } = collectErrorCodes(new Map([['a.ts', text]]));
    return { codes: [...codes.keys()], unclear };
  };

  it.each([
    ['a union of codes', "type HouseErrorCode = 'RoofGone' | 'DoorShut';", ['RoofGone', 'DoorShut']],
    [
      'a literal in the class',
      "class A extends PlumblineError { constructor() { super('no', { code: 'RoofGone' }); } }",
      ['RoofGone'],
    ],
    [
      'a literal in the options',
      "throw new PlumblineError('no', { code: 'RoofGone', retryable: true });",
      ['RoofGone'],
    ],
    [
      'a literal as the first argument',
      "class A extends PlumblineError {} throw new A('RoofGone', 'no');",
      ['RoofGone'],
    ],
    [
      'a class below a class of ours',
      "class B extends A {} class A extends PlumblineError {} new B('RoofGone', 'no');",
      ['RoofGone'],
    ],
    ['nothing of an error of others', "throw new TypeError('RoofGone', { code: 'DoorShut' });", []],
  ])('finds %s', (_what, text, codes) => {
    expect(collect(text)).toEqual({ codes, unclear: [] });
  });

  it('points at an error whose code it cannot tell', () => {
    expect(collect('function f(code: string) { throw new PlumblineError("no", { code }); }').unclear).toEqual([
      'a.ts:1',
    ]);
    expect(collect('function f(code: MyErrorCode) { throw new PlumblineError("no", { code }); }').unclear).toEqual([]);
  });
});
