import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EnvInput, planEnv } from './env.plan.ts';
import { expand } from './expand.plan.ts';
import type { ContainerSpec, Pod } from './pod.types.ts';
import { type References, referencesOf } from './references.plan.ts';

const metadata = { uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', namespace: 'default' };
const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...metadata, name: 'web', labels: { app: 'web', tier: 'a"b' }, annotations: { note: 'x' } },
  spec: { nodeName: 'node-1', containers: [] },
};
const references: References = new Map([
  [
    'configMap/settings',
    {
      state: 'present',
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { ...metadata, name: 'settings' },
        data: { COLOR: 'blue', 'not=a-name': 'x' },
      },
    },
  ],
  [
    'secret/token',
    {
      state: 'present',
      object: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { ...metadata, name: 'token' },
        data: { value: Buffer.from('s3cret').toString('base64') },
      },
    },
  ],
  ['configMap/gone', { state: 'absent' }],
]);

const planOf = (spec: Partial<ContainerSpec>, more: Partial<EnvInput> = {}) =>
  planEnv({
    pod,
    spec: { name: 'app', ...spec },
    references,
    podIP: '10.244.1.2',
    hostIP: '192.0.2.1',
    node: { cpuMillis: 4000, memoryBytes: 2 ** 30 },
    services: new Map([['KUBERNETES_SERVICE_HOST', '10.96.0.1']]),
    ...more,
  });
const envOf = (spec: Partial<ContainerSpec>) => Object.fromEntries(planOf(spec).env);

describe('src/node-agent/pod/env.plan.ts', () => {
  it('says which keys it left out, for they can be no names', () => {
    const { skipped, env } = planOf({
      envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'é', secretRef: { name: 'token' } }],
    });
    const words = 'were skipped since they are considered invalid environment variable names.';
    expect(skipped).toEqual([
      `Keys [not=a-name] from the EnvFrom configMap default/settings ${words}`,
      `Keys [évalue] from the EnvFrom secret default/token ${words}`,
    ]);
    expect(Object.fromEntries(env)).toMatchObject({ COLOR: 'blue' });
    expect(planOf({ envFrom: [{ prefix: 'a b-', secretRef: { name: 'token' } }] }).skipped).toEqual([]);
  });

  it("tells another container's limits where one is named, and says so when there is none", () => {
    const other = { name: 'other', resources: { limits: { cpu: '250m' } } };
    const variable = (containerName: string) => ({
      env: [{ name: 'CPU', valueFrom: { resourceFieldRef: { containerName, resource: 'limits.cpu', divisor: '1m' } } }],
    });
    const both = { ...pod, spec: { ...pod.spec, containers: [other] } };
    expect(planOf(variable('other'), { pod: both }).env).toContainEqual(['CPU', '250']);
    expect(planOf(variable('nobody'), { pod: both }).error).toBe('container nobody not found');
  });

  it.each([
    ['metadata.name', 'web'],
    ['metadata.namespace', 'default'],
    ['metadata.uid', 'u'],
    ["metadata.labels['app']", 'web'],
    ["metadata.annotations['note']", 'x'],
    ["metadata.labels['missing']", ''],
    ['metadata.labels', 'app="web"\ntier="a\\"b"'],
    ['spec.nodeName', 'node-1'],
    ['spec.serviceAccountName', 'default'],
    ['status.podIP', '10.244.1.2'],
    ['status.hostIP', '192.0.2.1'],
  ])('knows the field %s', (fieldPath, value) => {
    expect(envOf({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath } } }] })['A']).toBe(value);
  });

  it.each([
    ['requests.cpu', '1m', '250'],
    ['limits.cpu', undefined, '4'],
    ['limits.memory', '1Mi', '64'],
    ['requests.memory', '1Ki', '0'],
  ])('counts %s in units of %s', (resource, divisor, value) => {
    const resources = { requests: { cpu: '250m' }, limits: { memory: '64Mi' } };
    const resourceFieldRef = { resource, ...(divisor === undefined ? {} : { divisor }) };
    expect(envOf({ resources, env: [{ name: 'A', valueFrom: { resourceFieldRef } }] })['A']).toBe(value);
  });

  it('takes whole maps with a prefix, leaves out what is no name, and lets later ones win', () => {
    const env = envOf({
      envFrom: [{ configMapRef: { name: 'settings' } }, { prefix: 'S_', secretRef: { name: 'token' } }],
      env: [{ name: 'COLOR', value: 'red and $(S_value)' }],
    });
    expect(env).toEqual({ COLOR: 'red and s3cret', S_value: 's3cret', KUBERNETES_SERVICE_HOST: '10.96.0.1' });
  });

  it("lets the spec's word win over a Service's", () => {
    expect(envOf({ env: [{ name: 'KUBERNETES_SERVICE_HOST', value: 'mine' }] })['KUBERNETES_SERVICE_HOST']).toBe(
      'mine',
    );
  });

  it('replaces names in command and arguments', () => {
    const plan = planOf({ env: [{ name: 'A', value: '1' }], command: ['run', '$(A)'], args: ['$(B)', '$$(A)'] });
    expect(plan.command).toEqual(['run', '1']);
    expect(plan.args).toEqual(['$(B)', '$(A)']);
  });

  it.each<[Partial<ContainerSpec>, string]>([
    [{ envFrom: [{ configMapRef: { name: 'gone' } }] }, 'configmap "gone" not found'],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'nowhere', key: 'a' } } }] },
      'secret "nowhere" not found',
    ],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'size' } } }] },
      "couldn't find key size in ConfigMap default/settings",
    ],
  ])('says what is missing (%#)', (spec, error) => {
    expect(planOf(spec).error).toBe(error);
  });

  it('goes on without what is optional', () => {
    const plan = planOf({
      envFrom: [{ configMapRef: { name: 'gone', optional: true } }],
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'nowhere', key: 'a', optional: true } } }],
    });
    expect(plan.error).toBeUndefined();
    expect(new Map(plan.env).has('A')).toBe(false);
  });

  it('finds every reference of a pod once', () => {
    const spec: Pod['spec'] = {
      containers: [
        {
          name: 'a',
          envFrom: [{ configMapRef: { name: 'c1' } }],
          env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's1', key: 'k' } } }],
        },
      ],
      initContainers: [{ name: 'b', envFrom: [{ configMapRef: { name: 'c1' } }] }],
      volumes: [
        { name: 'v1', secret: { secretName: 's2' } },
        { name: 'v2', projected: { sources: [{ configMap: { name: 'c2' } }] } },
      ],
    };
    const found = referencesOf({ ...pod, spec }).map(({ kind, name }) => `${kind}/${name}`);
    expect(found.sort()).toEqual(['configMap/c1', 'configMap/c2', 'secret/s1', 'secret/s2']);
  });
});

describe('src/node-agent/pod/expand.plan.ts', () => {
  it.each([
    ['$(A)', '1'],
    ['x$(A)y$(A)', 'x1y1'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(MISSING)', '$(MISSING)'],
    ['$(A', '$(A'],
    ['$A', '$A'],
    ['$', '$'],
    ['$$', '$'],
    ['', ''],
  ])('%s → %s', (text, expected) => {
    expect(expand(text, (name) => (name === 'A' ? '1' : undefined))).toBe(expected);
  });

  it('leaves text without a dollar as it is, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll('$', '');
        expect(expand(plain, () => 'x')).toBe(plain);
      }),
    );
  });
});
