import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Deployment, ReplicaSet } from '#api';
import { templateHash } from '../shared/template-hash.plan.ts';
import { findNew, HASH_LABEL, replicaSetOf } from './template.plan.ts';

const deployment: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: {
    minReadySeconds: 5,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'v1' }] } },
  },
};

describe('src/controllers/deployment/template.plan.ts', () => {
  it('names templates by ten characters that spell no word and follow from the content alone', () => {
    const json = fc.dictionary(fc.string(), fc.string());
    fc.assert(
      fc.property(json, fc.nat(5), (annotations, collisions) => {
        const template = { metadata: { annotations } };
        const reversed = { metadata: { annotations: Object.fromEntries(Object.entries(annotations).reverse()) } };
        expect(templateHash(template, collisions)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
        expect(templateHash(reversed, collisions)).toBe(templateHash(template, collisions));
      }),
    );
    const { template } = deployment.spec;
    expect(templateHash(template, 1)).not.toBe(templateHash(template, 0));
    expect(templateHash({ ...template, metadata: {} }, 0)).not.toBe(templateHash(template, 0));
  });

  it('makes a ReplicaSet that selects only its own pods, and finds it again', () => {
    const made = replicaSetOf(deployment, { replicas: 2, annotations: { note: 'x' } });
    const hash = templateHash(deployment.spec.template, 0);
    const labels = { app: 'web', [HASH_LABEL]: hash };
    expect(made).toMatchObject({
      metadata: { name: `web-${hash}`, namespace: 'shop', labels, annotations: { note: 'x' } },
      spec: { replicas: 2, minReadySeconds: 5, selector: { matchLabels: labels }, template: { metadata: { labels } } },
    });
    expect(made.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', uid: 'u', controller: true }]);
    const stored = {
      ...made,
      metadata: { ...made.metadata, uid: 'rs', creationTimestamp: '' },
    } as unknown as ReplicaSet;
    expect(findNew(deployment, [stored])).toBe(stored);
    const changed = { ...deployment.spec.template, spec: { containers: [{ name: 'c', image: 'v2' }] } };
    expect(findNew({ ...deployment, spec: { ...deployment.spec, template: changed } }, [stored])).toBeUndefined();
  });
});
