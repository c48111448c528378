import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '#base';
import { unsupportedApplicationFields } from '../kinds/application-fields.ts';
import { isDeeperThan, MAX_JSON_DEPTH } from './json.ts';
import { MAX_UNKNOWN_FIELDS, pruneUnknown } from './prune.ts';
import type { Schema } from './schema.ts';
import { schemaOf } from './schema-of.ts';

function schema(group: string, version: string, kind: string): Schema {
  const found = schemaOf(group, version, kind);
  if (found === undefined) throw new Error(`no schema of ${kind}`);
  return found;
}

const deployment = schema('apps', 'v1', 'Deployment');
const configMap = schema('', 'v1', 'ConfigMap');

describe('src/api/schema/prune', () => {
  it('takes off unknown fields and names them as kubectl does', () => {
    const object = deepFreeze({
      spec: {
        foo: 1,
        replicas: 2,
        template: { spec: { containers: [{ name: 'a' }, { name: 'b', foo: { bar: 1 } }] } },
      },
      extra: [],
    });
    expect(pruneUnknown(deployment, object)).toEqual({
      object: { spec: { replicas: 2, template: { spec: { containers: [{ name: 'a' }, { name: 'b' }] } } } },
      unknown: ['spec.foo', 'spec.template.spec.containers[1].foo', 'extra'],
    });
  });

  it('keeps the keys of maps, whatever their names', () => {
    const object = JSON.parse('{"data":{"__proto__":"a","constructor":"b"},"metadata":{"labels":{"x/y":"z"}}}');
    const { object: copy, unknown } = pruneUnknown(configMap, object);
    expect(JSON.stringify(copy)).toBe(JSON.stringify(object));
    expect(unknown).toEqual([]);
  });

  it('never lets a key reach a prototype', () => {
    const { object, unknown } = pruneUnknown<object>(deployment, JSON.parse('{"__proto__":{"polluted":1},"spec":{}}'));
    expect(object).toEqual({ spec: {} });
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
    expect(unknown).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('reads nulls as the decoder does', () => {
    const pod = schema('', 'v1', 'Pod');
    const object = {
      metadata: { creationTimestamp: null, labels: { a: null }, finalizers: [null] },
      spec: { nodeName: null, containers: [null], tolerations: null },
    };
    expect(pruneUnknown<unknown>(pod, object).object).toEqual({
      metadata: { labels: { a: '' }, finalizers: [''] },
      spec: { containers: [{}] },
    });
  });

  it('leaves values of a wrong type for the structure to judge', () => {
    const object = { spec: { template: 'x', selector: [1], replicas: {} }, metadata: 7 };
    expect(pruneUnknown<unknown>(deployment, object)).toEqual({ object, unknown: [] });
    expect(pruneUnknown<unknown>(deployment, null)).toEqual({ object: null, unknown: [] });
  });

  it('names no more than a bounded number', () => {
    const object = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, index]));
    const { object: copy, unknown } = pruneUnknown(deployment, object);
    expect(copy).toEqual({});
    expect(unknown).toHaveLength(MAX_UNKNOWN_FIELDS);
  });

  it('bounds the depth of what it keeps', () => {
    const deep = JSON.parse(`{"spec":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`);
    const application = schema('argoproj.io', 'v1alpha1', 'Application');
    const { object, unknown } = pruneUnknown<unknown>(application, deep);
    expect(unknown).toHaveLength(1);
    expect(isDeeperThan(object)).toBe(false);
    expect(isDeeperThan(deep)).toBe(true);
    expect(isDeeperThan(object, MAX_JSON_DEPTH - 2)).toBe(true);
  });

  it('changes nothing the second time, and never its argument', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (spec, metadata) => {
        const object = deepFreeze({ spec, metadata });
        const once = pruneUnknown<unknown>(deployment, object).object;
        expect(pruneUnknown(deployment, once)).toEqual({ object: once, unknown: [] });
      }),
    );
  });
});

describe('src/api/kinds/application-fields', () => {
  it('keeps and names what Argo CD knows and we do not', () => {
    const application = {
      metadata: { name: 'a' },
      spec: {
        project: 'default',
        source: { repoURL: 'x', path: '.', helm: { values: 'a: 1', passCredentials: true }, ref: 'r' },
        sources: [{ repoURL: 'y', chart: 'c' }],
        syncPolicy: { automated: {}, automatedLater: { labels: {} } },
      },
      status: { history: [] },
    };
    const { object, unknown } = pruneUnknown(schema('argoproj.io', 'v1alpha1', 'Application'), application);
    expect(object).toEqual(application);
    expect(unknown).toEqual([]);
    expect(unsupportedApplicationFields(application)).toEqual([
      'spec.source.helm.passCredentials',
      'spec.sources[0].chart',
      'spec.syncPolicy.automatedLater',
    ]);
    expect(unsupportedApplicationFields(null)).toEqual([]);
  });
});
