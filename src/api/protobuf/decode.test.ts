import { describe, expect, it } from 'vitest';
import { APPLICATIONS, RESOURCES } from '../kinds/resources.ts';
import { isApiError } from '../meta/status.ts';
import { KUBERNETES_SHAPES } from '../schema/kubernetes.shapes.ts';
import { shapeNamed, shapeNames } from '../schema/shapes.ts';
import { decodeProtobuf } from './decode.ts';
import { encodeProtobuf } from './encode.ts';
import { protobufLimits } from './limits.ts';
import { hasProtobufForm, type Message, messageNamed, messageNames } from './messages.ts';

const NO_TYPE = { apiVersion: '', kind: '' };
const MAGIC = [0x6b, 0x38, 0x73, 0x00];

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

const field = (number: number, bytes: readonly number[]): number[] => [
  ...varint(number * 8 + 2),
  ...varint(bytes.length),
  ...bytes,
];
const integer = (number: number, value: number): number[] => [...varint(number * 8), ...varint(value)];
const text = (number: number, value: string): number[] => field(number, [...Buffer.from(value)]);

/** A body by hand: the magic number, and an envelope around the fields of the message. */
function body(apiVersion: string, kind: string, message: readonly number[], more: readonly number[] = []): Uint8Array {
  const typeMeta = field(1, [...text(1, apiVersion), ...text(2, kind)]);
  return Uint8Array.from([...MAGIC, ...typeMeta, ...field(2, message), ...more]);
}

/** The decoded object, or what is said about it. */
function read(bytes: Uint8Array): unknown {
  try {
    const { apiVersion: _version, kind: _kind, ...rest } = decodeProtobuf(bytes, NO_TYPE);
    return rest;
  } catch (error) {
    if (isApiError(error, 'BadRequest')) return error.message;
    throw error;
  }
}

const configMap = (message: readonly number[], more?: readonly number[]) =>
  read(body('v1', 'ConfigMap', message, more));
const deployment = (spec: readonly number[]) => read(body('apps/v1', 'Deployment', field(2, spec)));
const service = (port: readonly number[]) => read(body('v1', 'Service', field(2, field(1, port))));
const event = (message: readonly number[]) => read(body('v1', 'Event', message));
const entry = (key: string, value: string) => field(2, [...text(1, key), ...text(2, value)]);

describe('src/api/protobuf/decode', () => {
  it('reads a type that is left out from the defaults', () => {
    const bytes = Uint8Array.from([...MAGIC, ...field(2, text(4, 'Background'))]);
    expect(decodeProtobuf(bytes, { apiVersion: 'v1', kind: 'DeleteOptions' })).toEqual({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: 'Background',
    });
    const typed = body('apps/v1', 'DeleteOptions', integer(1, 0));
    expect(decodeProtobuf(typed, NO_TYPE)).toEqual({
      ...{ apiVersion: 'apps/v1', kind: 'DeleteOptions' },
      gracePeriodSeconds: 0,
    });
  });

  it.each<[string, unknown, unknown]>([
    ['a zero where none may be given', deployment(integer(1, 0)), { spec: { replicas: 0 } }],
    ['a zero that says nothing', deployment(integer(5, 0)), { spec: {} }],
    ['false where none may be given', configMap(integer(4, 0)), { immutable: false }],
    ['an empty text in a map', configMap(entry('a', '')), { data: { a: '' } }],
    ['an entry of neither key nor value', configMap(field(2, [])), { data: { '': '' } }],
    ['a key twice', configMap([...entry('a', '1'), ...entry('a', '2')]), { data: { a: '2' } }],
    ['the name of a prototype', configMap(entry('__proto__', 'x')), { data: JSON.parse('{"__proto__":"x"}') }],
    ['bytes', configMap(field(3, [...text(1, 'b'), ...field(2, [255, 0])])), { binaryData: { b: '/wA=' } }],
    ['an empty message', deployment(field(4, [])), { spec: { strategy: {} } }],
    [
      'a message twice, merged',
      configMap([...field(1, text(1, 'a')), ...field(1, text(3, 'ns'))]),
      { metadata: { name: 'a', namespace: 'ns' } },
    ],
    ['a text twice, the last', configMap(field(1, [...text(1, 'a'), ...text(1, '')])), { metadata: {} }],
    ['a number or text: number', service(field(4, [...integer(1, 0), ...integer(2, 80)])), ports({ targetPort: 80 })],
    ['a number or text: text', service(field(4, [...integer(1, 1), ...text(3, 'web')])), ports({ targetPort: 'web' })],
    ['no time', event(field(6, [])), {}],
    ['the epoch', event(field(6, [...integer(1, 0), ...integer(2, 0)])), { firstTimestamp: '1970-01-01T00:00:00Z' }],
    [
      'a time before it',
      event(field(6, [0x08, ...varintOfMinusOne(), ...integer(2, 5)])),
      { firstTimestamp: '1969-12-31T23:59:59Z' },
    ],
    [
      'microseconds',
      event(field(10, [...integer(1, 1), ...integer(2, 10_999)])),
      { eventTime: '1970-01-01T00:00:01.000010Z' },
    ],
    ['integers below zero', deployment([0x08, ...varintOfMinusOne()]), { spec: { replicas: -1 } }],
    [
      'the owners of fields',
      configMap(field(1, field(17, field(7, text(1, '{"f:data":{}}'))))),
      { metadata: { managedFields: [{ fieldsV1: { 'f:data': {} } }] } },
    ],
    ['a JSON object in bytes', revision('{"a":[1]}'), { data: { a: [1] } }],
    ['no JSON in bytes', revision(''), {}],
    ['unknown fields', configMap([...text(99, 'x'), ...integer(98, 1), ...entry('a', 'b')]), { data: { a: 'b' } }],
    ['unknown groups', configMap([...group(97, group(96, integer(1, 1))), ...entry('a', 'b')]), { data: { a: 'b' } }],
    ['unknown fixed numbers', configMap([0xc9, 6, 1, 2, 3, 4, 5, 6, 7, 8, 0xcd, 6, 1, 2, 3, 4]), {}],
    ['unknown fields of the envelope', configMap(entry('a', 'b'), text(9, 'x')), { data: { a: 'b' } }],
    [
      'numbers in one piece',
      read(body('batch/v1', 'Job', field(2, field(11, field(1, field(2, field(3, [0, 1, 130, 2]))))))),
      { spec: { podFailurePolicy: { rules: [{ action: '', onExitCodes: { operator: '', values: [0, 1, 258] } }] } } },
    ],
  ])('reads %s', (_what, actual, expected) => {
    expect(withoutRequired(actual)).toEqual(withoutRequired(expected));
  });

  it('reads the objects of a list, be they JSON or protobuf', () => {
    const inner = body('v1', 'ConfigMap', entry('a', 'b'));
    const json = '{"apiVersion":"v1","kind":"Secret"}';
    const list = [...field(2, field(1, [...inner])), ...field(2, text(1, json))];
    expect(read(body('v1', 'List', list))).toEqual({
      items: [
        { apiVersion: 'v1', kind: 'ConfigMap', data: { a: 'b' } },
        { apiVersion: 'v1', kind: 'Secret' },
      ],
    });
  });

  it.each<[string, unknown, string]>([
    ['nothing', read(Uint8Array.of()), 'does not begin with "k8s'],
    ['JSON', read(Buffer.from('{"kind":"Pod"}')), 'does not begin with "k8s'],
    ['no envelope', read(Uint8Array.from(MAGIC)), 'no kind "" of version ""'],
    ['a kind that is none', read(body('v1', 'Nothing', [])), 'no kind "Nothing" of version "v1" has a protobuf form'],
    ['a message that is no kind', read(body('v1', 'PodSpec', [])), 'no kind "PodSpec"'],
    ['a custom resource', read(body('argoproj.io/v1alpha1', 'Application', [])), 'has a protobuf form; send JSON'],
    ['a compressed body', configMap([], text(3, 'gzip')), 'content of the encoding "gzip"'],
    ['content of another type', configMap([], text(4, 'application/json')), 'of the type "application/json"'],
    ['a cut body', read(body('v1', 'ConfigMap', entry('a', 'b')).subarray(0, -1)), 'a length reaches beyond the end'],
    ['a field beyond its message', configMap([0x12, 0x04, 0x0a, 0x05]), 'data: a length reaches beyond the end'],
    ['another wire type', configMap(integer(2, 1)), 'in data: wire type 0 where 2 belongs'],
    ['a wire type that is none', configMap([0x07 + 99 * 8]), 'the protobuf body cannot be read'],
    ['field 0', configMap([0x02, 0x00]), 'no field number'],
    ['a group without end', configMap([0xfb, 0x01]), 'a group does not end'],
    ['an end without group', configMap([0xfc, 0x01]), 'a group ends that did not begin'],
    ['an integer of 11 bytes', deployment([0x08, ...Array(10).fill(0x80), 1]), 'in spec.replicas: an integer has more'],
    ['an unfinished integer', deployment([0x08, 0x80]), 'in spec.replicas: the bytes end in the middle of a value'],
    [
      'half a character',
      configMap([...field(2, [...text(1, 'a'), ...field(2, [0xe2, 0x82])])]),
      'in data: a text is not',
    ],
    ['2^53', read(body('v1', 'DeleteOptions', integer(1, 2 ** 53))), 'an integer is beyond ±2^53'],
    ['the year 10000', event(field(6, integer(1, 253_402_300_800))), 'a time outside of the years 1 to 9999'],
    ['nanoseconds of two seconds', event(field(10, [...integer(1, 1), ...integer(2, 2e9)])), 'not within a second'],
    ['neither number nor text', service(field(4, integer(1, 7))), 'spec.ports.targetPort: it is neither'],
    ['broken JSON in bytes', revision('{"a":'), 'in data: the body is not valid JSON'],
    ['deep JSON in bytes', revision('['.repeat(200) + ']'.repeat(200)), 'nested deeper than 100 levels'],
    ['no UTF-8 in bytes', read(body('apps/v1', 'ControllerRevision', field(2, field(1, [0x22, 0xff, 0x22])))), 'UTF-8'],
  ])('refuses %s', (_what, actual, expected) => {
    expect(actual).toContain(expected);
  });

  it('refuses more values than it may hold, before it holds them', () => {
    const empty = [0x0a, 0x00]; // one container port without anything
    const ports = Array.from({ length: protobufLimits.maxValues + 1 }, () => empty).flat();
    expect(read(body('v1', 'Service', field(2, ports)))).toContain(`more than ${protobufLimits.maxValues} values`);
  });

  it('refuses messages nested too deep, whether by their kind or by lists in lists', () => {
    let schema: number[] = [];
    for (let depth = 0; depth < protobufLimits.maxDepth; depth += 1) schema = field(28, schema);
    const version = field(4, field(1, schema));
    const crd = field(2, field(7, version));
    expect(read(body('apiextensions.k8s.io/v1', 'CustomResourceDefinition', crd))).toContain('nested deeper than 100');
    let list = body('v1', 'List', []);
    for (let depth = 0; depth < protobufLimits.maxDepth; depth += 1) {
      list = body('v1', 'List', field(2, field(1, [...list])));
    }
    expect(read(list)).toContain('nested deeper than 100');
  });

  it('knows the same fields of every message as the OpenAPI shapes, which come from elsewhere', () => {
    const jsonNames = (message: Message): string[] =>
      message.fields.flatMap(({ name, type }) =>
        name === '' && type.is === 'message' ? jsonNames(messageNamed(type.name)) : [name],
      );
    const shared = shapeNames().filter((name) => name in KUBERNETES_SHAPES && messageNames().includes(name));
    expect(shared.length).toBeGreaterThan(450);
    for (const name of shared) {
      const { fields } = shapeNamed(name);
      const { isKind } = messageNamed(name);
      const ours = name === 'meta.v1.ManagedFieldsEntry' ? ['user'] : [];
      const ofType = isKind ? ['apiVersion', 'kind'] : [];
      const known = fields.map((one) => one.name).filter((one) => !ours.includes(one) && !ofType.includes(one));
      expect([...new Set(jsonNames(messageNamed(name)))].sort(), name).toEqual(known.sort());
    }
  });

  it('has a form for every kind that is served and Kubernetes’ own', () => {
    const without = RESOURCES.filter((type) => !hasProtobufForm(type)).map(({ group }) => group);
    expect([...new Set(without)].sort()).toEqual(['apiregistration.k8s.io', APPLICATIONS.group, 'plumbline.dev']);
    expect(encodeProtobuf({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' })).toBeUndefined();
  });
});

function ports(port: object): object {
  return { spec: { ports: [port] } };
}

function group(number: number, inside: readonly number[]): number[] {
  return [...varint(number * 8 + 3), ...inside, ...varint(number * 8 + 4)];
}

function varintOfMinusOne(): number[] {
  return [...Array<number>(9).fill(0xff), 1];
}

function revision(json: string): unknown {
  return read(body('apps/v1', 'ControllerRevision', field(2, json === '' ? [] : text(1, json))));
}

/** Fields that JSON shows even when empty say nothing here. */
function withoutRequired(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null), (key, inner) =>
    key === 'action' || key === 'operator' ? undefined : inner,
  );
}
