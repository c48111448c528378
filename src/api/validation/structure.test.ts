import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validators } from '../generated/validators.js';
import { RESOURCES } from '../kinds/resources.ts';
import { shapeNameOfKind } from '../schema/shapes.ts';
import { MAX_ISSUES, shapeIssues, structureIssues } from './structure.ts';

const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' };
const POD = { group: '', version: 'v1', kind: 'Pod' };
const container = (fields: object) => ({ metadata: {}, spec: { containers: [{ name: 'a', ...fields }] } });

function texts(resource: typeof POD, object: unknown): string[] {
  return structureIssues(resource, object).map(({ path, message }) => `${path}: ${message}`);
}

describe('src/api/validation/structure', () => {
  it.each<[string, typeof POD, unknown, string[]]>([
    ['a right object', POD, container({ image: 'x' }), []],
    [
      'a string for a number',
      DEPLOYMENT,
      { spec: { replicas: '3', selector: {}, template: {} } },
      ['spec.replicas: Invalid type: expected integer, got string'],
    ],
    [
      'a fraction for a number',
      DEPLOYMENT,
      { spec: { replicas: 1.5, selector: {}, template: {} } },
      ['spec.replicas: Invalid type: expected integer, got number'],
    ],
    [
      'a number that needs more than 32 bits',
      DEPLOYMENT,
      { spec: { replicas: 2 ** 31, selector: {}, template: {} } },
      ['spec.replicas: Invalid value: 2147483648: must be between -2147483648 and 2147483647, inclusive'],
    ],
    [
      'a list for an object and an object for a list',
      POD,
      { metadata: [], spec: { containers: {} } },
      [
        'metadata: Invalid type: expected object, got array',
        'spec.containers: Invalid type: expected array, got object',
      ],
    ],
    ['missing fields', DEPLOYMENT, { spec: {} }, ['spec.selector: Required value', 'spec.template: Required value']],
    ['fields missing in status', POD, { status: { containerStatuses: [{ name: 'a' }] } }, []],
    [
      'a wrong type in status',
      POD,
      { status: { containerStatuses: [{ ready: 'yes' }] } },
      ['status.containerStatuses[0].ready: Invalid type: expected boolean, got string'],
    ],
    [
      'a number as a label',
      POD,
      { metadata: { labels: { a: 1 } } },
      ['metadata.labels[a]: Invalid type: expected string, got integer'],
    ],
    [
      'a quantity that is none',
      POD,
      container({ resources: { limits: { cpu: '1 core', memory: 1 } } }),
      [
        'spec.containers[0].resources.limits[cpu]: Invalid value: "1 core": quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
      ],
    ],
    [
      'a time that is none',
      POD,
      { metadata: { creationTimestamp: 'now' } },
      ['metadata.creationTimestamp: Invalid value: "now": must be a time of RFC 3339, such as 2006-01-02T15:04:05Z'],
    ],
    [
      'base64 that is none, without its text',
      { group: '', version: 'v1', kind: 'Secret' },
      { data: { a: 'pass word', b: 'cGFzc3dv\ncmQ=\n' } },
      ['data[a]: Invalid value: illegal base64 data'],
    ],
    [
      'a word that is no phase',
      { group: 'plumbline.dev', version: 'v1', kind: 'SyncRun' },
      { spec: { application: 'a', revision: 'r', trigger: 'whim', requestedBy: 'x', digest: 'd' } },
      [
        'spec.trigger: Unsupported value: "whim": supported values: "approval", "commit", "manual", "retry", "self-heal", "webhook"',
      ],
    ],
    ['no object at all', POD, 'x', ['<root>: Invalid type: expected object, got string']],
  ])('tells what is wrong with %s', (_name, resource, object, expected) => {
    expect(texts(resource, object)).toEqual(expected);
  });

  it('names no more than a bounded number of issues', () => {
    const labels = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`l${index}`, index]));
    expect(structureIssues(POD, { metadata: { labels } })).toHaveLength(MAX_ISSUES);
  });

  it('has a compiled validator for every served kind', () => {
    for (const { group, version, kind } of RESOURCES) {
      expect(validators[shapeNameOfKind(group, version, kind) ?? ''], kind).toBeTypeOf('function');
    }
  });

  // Two implementations: the compiled validator decides, the walk explains. Each must say no whenever the other does.
  it('explains exactly what the compiled validator refuses', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom('1', 1, -1, 2 ** 40, true, 'x', '5Gi'));
    const names = ['name', 'ports', 'resources', 'limits', 'cpu', 'env', 'livenessProbe', 'httpGet', 'port', 'args'];
    const part = fc.dictionary(fc.constantFrom(...names), value);
    fc.assert(
      fc.property(value, part, fc.array(part), (spec, status, containers) => {
        for (const object of [{ spec, status }, { spec: { containers }, status }, spec]) {
          const accepted = validators['core.v1.Pod']?.(object);
          const walked = shapeIssues('core.v1.Pod', object);
          expect(walked.length === 0).toBe(accepted);
        }
      }),
    );
  });
});
