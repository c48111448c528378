import { describe, expect, it } from 'vitest';
import { parseFieldSelector } from './field-selector.ts';

const fields: Readonly<Record<string, string>> = { 'metadata.name': 'web', 'status.phase': 'Running', odd: 'a,b=c\\' };
const fieldValue = (field: string) => fields[field] ?? '';

describe('src/api/values/field-selector.ts', () => {
  it.each([
    ['', true],
    ['metadata.name=web', true],
    ['metadata.name==web', true],
    ['metadata.name!=web', false],
    ['metadata.name=web,status.phase!=Failed,status.phase!=Succeeded', true],
    ['metadata.name=web,status.phase=Failed', false],
    ['spec.nodeName=', true],
    ['odd=a\\,b\\=c\\\\', true],
  ])('%j chooses: %j', (text, chosen) => {
    expect(parseFieldSelector(text).matches(fieldValue)).toBe(chosen);
  });

  it.each(['metadata.name', 'a=b=c', 'a=\\x', 'a=b\\', '='.repeat(100_000)])('refuses %.20j', (text) => {
    expect(() => parseFieldSelector(text)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('tells which fields are asked for', () => {
    expect(parseFieldSelector('a=1,b!=2').requirements).toEqual([
      { field: 'a', operator: '=', value: '1' },
      { field: 'b', operator: '!=', value: '2' },
    ]);
  });
});
