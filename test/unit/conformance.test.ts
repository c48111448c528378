import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../conformance/catalogue.ts';
import { NOT_YET } from '../conformance/not-yet.ts';
import { PORTED } from '../conformance/ported.ts';
import { testedCodenames } from '../conformance/titles.ts';
import { conformanceDocument } from '../docs/conformance-doc.ts';

const read = (file: string) => readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');

describe('test/conformance', () => {
  it('tests every codename that is told to be ported, and no other', () => {
    expect([...testedCodenames().keys()].sort()).toEqual(Object.keys(PORTED).sort());
  });

  it('ports official tests only, and names each once', () => {
    const official = CATALOGUE.map(({ codename }) => codename);
    expect(new Set(official).size).toBe(official.length);
    expect(official).toEqual(expect.arrayContaining(Object.keys(PORTED)));
  });

  it('says of every other one what is missing, and has no reason too many', () => {
    const open = CATALOGUE.filter(({ mutation }) => mutation === undefined);
    expect(open.filter(({ notYet }) => notYet === undefined)).toEqual([]);
    const told = new Set(open.map(({ notYet }) => notYet));
    expect(NOT_YET.filter(({ why }) => !told.has(why)).map(({ why }) => why)).toEqual([]);
  });

  it.each(Object.entries(PORTED))('has a place for the mutation of %s', (_codename, { file, find, replace }) => {
    expect(read(file).split(find), `${find} in ${file}`).toHaveLength(2);
    expect(replace).not.toBe(find);
  });
});

describe('docs/conformance.md', () => {
  it('is what the catalogue says now (npm run docs writes it)', () => {
    expect(read('docs/conformance.md')).toBe(conformanceDocument(CATALOGUE, testedCodenames()));
  });
});
