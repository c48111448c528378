import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { defaultObject, groupOf, type KubeObject, resourceOfKind, validateObject } from '#api';
import { loadSchemaValidator, prepareFile, readValues, renderChart, setValues } from '#render';

const WEB = fileURLToPath(new URL('../../charts/web/', import.meta.url));
const schemaValidator = await loadSchemaValidator();

const filesBelow = (root: string) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({ path: path.relative(root, file), bytes: readFileSync(file) }));

/** What a sync would apply: hooks of `helm test` are none of it. */
function objectsOf(release: string, environment: string | undefined, set: readonly string[] = []): KubeObject[] {
  const name = `values/${environment}.yaml`;
  const values = environment === undefined ? new Map() : readValues(readFileSync(path.join(WEB, name)), name);
  for (const text of set) setValues(values, text);
  const { files } = renderChart({
    files: filesBelow(WEB),
    path: 'charts/web',
    values,
    release: { name: release, namespace: 'shop' },
    capabilities: { kubeVersion: 'v1.32.0', apiVersions: ['v1', 'apps/v1'] },
    seed: release,
    nowMs: 0,
    schemaValidator,
  });
  return files.flatMap(({ text }) => {
    const { objects, diagnostics } = prepareFile(text, { defaultNamespace: 'shop', resourceOf: resourceOfKind });
    expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    return objects.map(({ object }) => object);
  });
}

const kindsOf = (objects: readonly KubeObject[]) => objects.map(({ kind }) => kind).sort();
const find = (objects: readonly KubeObject[], kind: string) =>
  objects.find((object) => object.kind === kind) as Record<string, never> | undefined;

describe('charts/web', () => {
  const always = ['ConfigMap', 'Deployment', 'Service', 'ServiceAccount'];
  it.each<[string, string | undefined, readonly string[]]>([
    ['by itself', undefined, [...always, 'PodDisruptionBudget']],
    ['in staging', 'staging', always],
    ['in production', 'production', [...always, 'HorizontalPodAutoscaler', 'Ingress', 'PodDisruptionBudget']],
  ])('makes valid objects %s', (_where, environment, kinds) => {
    const objects = objectsOf('shop', environment);
    expect(kindsOf(objects)).toEqual([...kinds].sort());
    for (const object of objects) {
      const resource = resourceOfKind(groupOf(object.apiVersion), object.kind);
      expect(resource, object.kind).toBeDefined();
      if (resource === undefined) continue;
      expect(validateObject(resource, defaultObject(resource, object)), object.kind).toEqual([]);
      expect(object.metadata).toMatchObject({ name: 'shop-web', labels: { 'app.kubernetes.io/instance': 'shop' } });
    }
  });

  it('leaves the number of pods to the autoscaler where there is one', () => {
    expect(find(objectsOf('shop', 'production'), 'Deployment')).not.toHaveProperty('spec.replicas');
    expect(find(objectsOf('shop', 'staging'), 'Deployment')).toHaveProperty('spec.replicas', 1);
  });

  it('replaces pods when a file of its configuration changes, and not for a new version of the chart', () => {
    const template = (objects: readonly KubeObject[]) => JSON.stringify(find(objects, 'Deployment')?.['spec']);
    const before = template(objectsOf('shop', 'staging'));
    expect(template(objectsOf('shop', 'staging', ['config.files.greeting\\.txt=Hello']))).not.toBe(before);
    expect(before).not.toContain('helm.sh/chart');
  });

  it.each([
    ['replicas=-1', 'replicas'],
    ['image.pullPolicy=Sometimes', 'pullPolicy'],
    ['colour=red', 'colour'],
    ['ingress.hosts=', 'hosts'],
  ])('refuses %s, and names what is wrong', (set, field) => {
    expect(() => objectsOf('shop', undefined, [set])).toThrow(field);
  });
});
