import { describe, expect, it } from 'vitest';
import { type IgnoreDifference, type KubeObject, objectKeyOf, type Schema, schemaOf } from '#api';
import { applyIgnores, diffObject, rulesFor } from '#diff';
import type { RenderedObject } from '#render';
import { effectiveRules } from './ignore-rules.plan.ts';

const rendered = (object: KubeObject): RenderedObject => ({
  key: objectKeyOf(object),
  id: 'id',
  object,
  digest: 'd',
  origin: { path: 'a.yaml', line: 1 },
  lines: 1,
});
const autoscaler = (spec: unknown, apiVersion = 'autoscaling/v2') =>
  rendered({
    apiVersion,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'scaler', namespace: 'web' },
    spec,
  } as KubeObject);
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'site' };
const replicas = {
  group: 'apps',
  kind: 'Deployment',
  name: 'site',
  namespace: 'web',
  jsonPointers: ['/spec/replicas'],
};
const declared: IgnoreDifference = { group: '', kind: 'ConfigMap', jsonPointers: ['/data/a'] };

const site = (name: string, namespace: string, count: number): KubeObject =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: count,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
    },
  }) as KubeObject;

describe('src/sync/ignore-rules.plan.ts', () => {
  it.each<[string, readonly RenderedObject[], readonly IgnoreDifference[]]>([
    ['an autoscaler of any version', [autoscaler({ scaleTargetRef: target }, 'autoscaling/v1')], [declared, replicas]],
    [
      'a target of the core group',
      [autoscaler({ scaleTargetRef: { kind: 'ReplicationController', name: 'old', apiVersion: 'v1' } })],
      [declared, { ...replicas, group: '', kind: 'ReplicationController', name: 'old' }],
    ],
    ['no autoscaler', [rendered(site('site', 'web', 3))], [declared]],
    ['an autoscaler without a target', [autoscaler({}), autoscaler(undefined), autoscaler(null)], [declared]],
    ['a target that is no reference', [autoscaler({ scaleTargetRef: { kind: 1, name: [] } })], [declared]],
    ['a kind of that name in another group', [autoscaler({ scaleTargetRef: target }, 'x.io/v1')], [declared]],
  ])('makes rules from %s, beside those declared', (_what, objects, rules) => {
    expect(effectiveRules([declared], objects)).toEqual(rules);
  });

  it('leaves replicas to the autoscaler in diff and apply, of its target alone and nothing else of it', () => {
    const schema = schemaOf('apps', 'v1', 'Deployment') as Schema;
    const rules = effectiveRules([], [autoscaler({ scaleTargetRef: target })]);
    const changed = (name: string, namespace: string) => {
      const desired = site(name, namespace, 3);
      const live = site(name, namespace, 7);
      const spec = live['spec'] as { template: { spec: { containers: { image: string }[] } } };
      (spec.template.spec.containers[0] as { image: string }).image = 'web:2';
      const mine = rulesFor(rules, desired);
      return {
        paths: diffObject({ schema, desired, live, rules: mine }).changes.map(({ path }) => path),
        applied: (applyIgnores({ schema, desired, live, rules: mine })['spec'] as { replicas: number }).replicas,
      };
    };
    const image = 'spec.template.spec.containers[name=web].image';
    expect(changed('site', 'web')).toEqual({ paths: [image], applied: 7 });
    expect(changed('other', 'web')).toEqual({ paths: ['spec.replicas', image], applied: 3 });
    expect(changed('site', 'elsewhere')).toEqual({ paths: ['spec.replicas', image], applied: 3 });
  });
});
