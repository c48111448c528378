import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson, deepFreeze } from '#base';
import { defaultCustom } from './default-custom.ts';
import { pruneCustom } from './prune-custom.ts';
import { schemaIssues } from './structural-rules.ts';
import { readStructuralSchema } from './structural-schema.ts';
import { customIssues } from './validate-custom.ts';

type JsonSchema = Record<string, unknown>;

const NAMES = ['a', 'b', 'c', '__proto__', 'constructor'];
const name = fc.constantFrom(...NAMES);

/** Any structural schema of some levels, with what ajv understands too. */
const { schema } = fc.letrec<{ schema: JsonSchema; object: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    fc.record(
      {
        type: fc.constant('string'),
        maxLength: fc.nat(3),
        pattern: fc.constantFrom('^a', 'b$', '[0-9]'),
        nullable: fc.boolean(),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      { type: fc.constant('integer'), minimum: fc.integer({ min: -2, max: 2 }), default: fc.constantFrom(2, 3) },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('boolean'), default: fc.boolean() }, { requiredKeys: ['type'] }),
    fc.record(
      { type: fc.constant('string'), enum: fc.constant(['x', 'y']), default: fc.constant('x') },
      { requiredKeys: ['type', 'enum'] },
    ),
    fc.record(
      { type: fc.constant('array'), items: tie('schema'), maxItems: fc.nat(3) },
      { requiredKeys: ['type', 'items'] },
    ),
    fc.record(
      { type: fc.constant('object'), additionalProperties: tie('schema'), maxProperties: fc.nat(3) },
      { requiredKeys: ['type', 'additionalProperties'] },
    ),
    tie('object'),
  ),
  object: fc.record(
    {
      type: fc.constant('object'),
      properties: fc.dictionary(name, tie('schema'), { maxKeys: 3 }),
      required: fc.uniqueArray(name, { maxLength: 2 }),
      anyOf: fc.array(fc.record({ required: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }) }), {
        minLength: 1,
        maxLength: 2,
      }),
      default: fc.constant({}),
    },
    { requiredKeys: ['type', 'properties'] },
  ),
})) as { schema: fc.Arbitrary<JsonSchema>; object: fc.Arbitrary<JsonSchema> };
const root = fc
  .dictionary(fc.constantFrom('spec', 'status', 'a'), schema, { maxKeys: 3 })
  .map((properties) => ({ type: 'object', properties }));

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'ab', 'x', '7', '', null, true, -5, 0, 2, 1.5),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
}));
const object = fc.dictionary(fc.constantFrom('spec', 'status', 'a', 'metadata', 'kind'), value, { maxKeys: 4 });

describe('src/api/custom: structural schemas', () => {
  it('prunes once and for all, and never adds', () => {
    fc.assert(
      fc.property(root, object, (json, given) => {
        const read = readStructuralSchema(json);
        const once = pruneCustom(read, deepFreeze(given));
        const again = pruneCustom(read, once.object);
        expect(again.object).toEqual(once.object);
        expect(again.unknown).toEqual([]);
      }),
    );
  });

  it('defaults once and for all, and keeps what was said', () => {
    fc.assert(
      fc.property(root, object, (json, given) => {
        const read = readStructuralSchema(json);
        const { object: pruned } = pruneCustom(read, given);
        const before = cloneJson(pruned);
        const once = defaultCustom(read, deepFreeze(pruned));
        expect(pruned).toEqual(before);
        expect(defaultCustom(read, once)).toEqual(once);
        expect(pruneCustom(read, once).unknown).toEqual([]);
        expect(once).toMatchObject(pruned as object);
      }),
    );
  });

  it('agrees with ajv on what is valid', () => {
    const ajv = new Ajv({
      strict: false,
      allowUnionTypes: true,
      unicodeRegExp: false,
      validateFormats: false,
      ownProperties: true,
    });
    fc.assert(
      fc.property(schema, value, (json, given) => {
        // ajv passes over a property of this name.
        fc.pre(!JSON.stringify([json, given]).includes('__proto__'));
        const valid = ajv.compile(json)(given);
        const issues = customIssues(readStructuralSchema(json), given);
        expect(
          issues.map(({ path, message }) => `${path}: ${message}`).length === 0,
          JSON.stringify({ json, given, issues }),
        ).toBe(valid);
      }),
      { numRuns: 1_000 },
    );
  });

  it('judges and reads whatever is said to be a schema without throwing', () => {
    const keyword = fc.constantFrom(
      'type',
      'properties',
      'items',
      'additionalProperties',
      'allOf',
      'anyOf',
      'not',
      'required',
      'enum',
      'pattern',
      'default',
      'nullable',
      'format',
      'maxLength',
      'x-kubernetes-list-type',
      'x-kubernetes-list-map-keys',
      'x-kubernetes-int-or-string',
      'x-kubernetes-embedded-resource',
      'x-kubernetes-preserve-unknown-fields',
    );
    const { junk } = fc.letrec<{ junk: unknown }>((tie) => ({
      junk: fc.oneof(
        { depthSize: 'medium', withCrossShrink: true },
        fc.constantFrom('object', 'array', 'string', 'map', 'set', '(', 5, -1, null, true, false, [], {}),
        fc.array(tie('junk'), { maxLength: 2 }),
        fc.dictionary(fc.oneof(keyword, name), tie('junk'), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(junk, value, (json, given) => {
        for (const issue of schemaIssues(json, 'schema')) expect(issue.path).toMatch(/^schema/);
        const read = readStructuralSchema(json);
        const { object: pruned } = pruneCustom(read, { spec: given });
        customIssues(read, defaultCustom(read, pruned));
      }),
      { numRuns: 1_000 },
    );
  });

  it('finds nothing wrong with a schema that it would generate itself', () => {
    fc.assert(
      fc.property(root, (json) => {
        // A default of `{}` need not keep to what is required of the object.
        const issues = [...schemaIssues(json, 'schema')].filter(
          ({ path, message }) => !path.includes('.default') && !message.includes('outside of it'),
        );
        expect(issues).toEqual([]);
      }),
    );
  });

  const issuesOf = (json: JsonSchema, given: unknown) =>
    customIssues(readStructuralSchema(json), given).map(({ path, message }) => `${path}: ${message}`);
  it.each<[what: string, schema: JsonSchema, value: unknown, issues: string[]]>([
    [
      'an integer or a text',
      { 'x-kubernetes-int-or-string': true },
      1.5,
      ['<root>: Invalid value: "number":  in body must be of type integer,string: 1.5'],
    ],
    ['null where it is a value', { type: 'string', nullable: true }, null, []],
    [
      'a bound that is no value',
      { type: 'integer', maximum: 5, exclusiveMaximum: true },
      5,
      [': Invalid value: 5:  in body should be less than 5'],
    ],
    ['a multiple', { type: 'number', multipleOf: 0.1 }, 0.3, []],
    ['no multiple', { type: 'number', multipleOf: 5 }, 7, [': Invalid value: 7:  in body should be a multiple of 5']],
    [
      'one of two',
      { type: 'string', oneOf: [{ pattern: 'a' }, { pattern: 'b' }] },
      'ab',
      ['<nil>: Invalid value: "": "" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ],
    [
      'not one',
      { type: 'string', not: { enum: ['a'] } },
      'a',
      ['<nil>: Invalid value: "": "" must not validate the schema (not)'],
    ],
    ['characters, not units', { type: 'string', maxLength: 1 }, '😀', []],
    [
      'a time',
      { type: 'string', format: 'date-time' },
      'now',
      [': Invalid value: "now":  in body must be of type date-time: "now"'],
    ],
    ['an unknown format', { type: 'string', format: 'whatever' }, 'now', []],
    [
      'a large int32',
      { type: 'integer', format: 'int32' },
      2 ** 31,
      [': Invalid value: 2147483648:  in body must be of type integer with format int32'],
    ],
    [
      'a set',
      { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
      ['a', 'b', 'a'],
      ['[2]: Duplicate value: "a"'],
    ],
  ])('checks %s', (_, json, given, issues) => {
    expect(issuesOf(json, given)).toEqual(issues);
  });

  it.each([
    ['date', '2026-02-30', false],
    ['date', '2026-02-28', true],
    ['duration', '1h30m', true],
    ['duration', '3 days', true],
    ['duration', 'soon', false],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', true],
    ['uuid4', '123e4567-e89b-12d3-a456-426614174000', false],
    ['ipv4', '10.0.0.256', false],
    ['ipv6', 'fd00::1', true],
    ['cidr', '10.0.0.0/33', false],
    ['email', 'a@example.com', true],
    ['hostname', '-a', false],
    ['uri', 'https://example.com/x', true],
    ['mac', '00:1b:63:84:45:e6', true],
    ['byte', '???', false],
  ])('checks the format %s of %s: %s', (format, text, valid) => {
    expect(issuesOf({ type: 'string', format }, text).length === 0).toBe(valid);
  });
});
