import { describe, expect, it } from 'vitest';
import {
  applyJsonPatch,
  applyServerSide,
  defaultObject,
  type IgnoreDifference,
  type Json,
  type KubeObject,
  schemaOf,
  trackUpdate,
} from '#api';
import { deepFreeze } from '#base';
import { applyIgnores } from './apply-ignores.ts';
import { diffObject } from './diff-object.ts';
import { rulesFor } from './ignore.ts';
import { MAX_DRIFT_FIELDS } from './limits.ts';

type Body = Record<string, unknown>;
const SYNC = 'plumbline-sync';
const kinds: Readonly<Record<string, { group: string; version: string; apiVersion: string }>> = {
  Deployment: { group: 'apps', version: 'v1', apiVersion: 'apps/v1' },
  Service: { group: '', version: 'v1', apiVersion: 'v1' },
  ConfigMap: { group: '', version: 'v1', apiVersion: 'v1' },
  Secret: { group: '', version: 'v1', apiVersion: 'v1' },
  Namespace: { group: '', version: 'v1', apiVersion: 'v1' },
  Application: { group: 'argoproj.io', version: 'v1alpha1', apiVersion: 'argoproj.io/v1alpha1' },
};
const infoOf = (kind: string) => {
  const info = kinds[kind];
  const schema = info === undefined ? undefined : schemaOf(info.group, info.version, kind);
  if (info === undefined || schema === undefined) throw new Error(kind);
  return { ...info, kind, schema };
};
const make = (kind: string, body: Body, metadata: Body = {}): KubeObject => ({
  apiVersion: infoOf(kind).apiVersion,
  kind,
  metadata: { name: 'web', namespace: 'shop', ...metadata },
  ...body,
});

/** The API's own way of applying: merge, default, keep who owns what. */
function apply(live: KubeObject | undefined, object: KubeObject, second = 0): KubeObject {
  const info = infoOf(object.kind);
  const time = `2026-01-01T00:00:0${second}Z`;
  const { object: merged } = applyServerSide({
    schema: info.schema,
    live,
    applied: object,
    manager: SYNC,
    force: true,
    time,
  });
  return defaultObject(info, merged);
}
/** A person's write, defaulted and recorded as the API does it. */
function write(
  live: KubeObject,
  changes: (copy: Body & KubeObject) => void,
  manager = 'kubectl-edit',
  subresource?: string,
): KubeObject {
  const copy = structuredClone(live) as Body & KubeObject;
  changes(copy);
  const updated = defaultObject(infoOf(live.kind), copy);
  return trackUpdate({
    schema: infoOf(live.kind).schema,
    live,
    updated,
    manager,
    subresource,
    user: 'ann',
    time: '2026-01-02T00:00:00Z',
  });
}

/** Both ways of comparing: with the API's answer to a dry-run apply, and without. They must agree. */
function diff(desired: KubeObject, live: KubeObject, rules: readonly IgnoreDifference[] = []) {
  const { schema } = infoOf(desired.kind);
  const own = rulesFor(rules, desired);
  const adopted = applyIgnores({ schema, desired: deepFreeze(desired), live: deepFreeze(live), rules: own });
  const applied = deepFreeze(apply(live, adopted, 9));
  const exact = diffObject({ schema, desired: adopted, applied, live, rules: own });
  const alone = diffObject({ schema, desired: adopted, live, rules: own });
  expect(alone.changes).toEqual(exact.changes);
  expect(alone.removals).toEqual(exact.removals);
  return exact;
}
const paths = (desired: KubeObject, live: KubeObject, rules: readonly IgnoreDifference[] = []) =>
  diff(desired, live, rules).changes.map(({ path }) => path);

const container = (body: Body = {}) => ({ name: 'web', image: 'web:1', ...body });
const deployment = (spec: Body = {}, pod: Body = {}, metadata: Body = {}) =>
  make(
    'Deployment',
    {
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container()], ...pod } },
        ...spec,
      },
    },
    metadata,
  );
const podOf = (object: Body) => ((object['spec'] as Body)['template'] as Body)['spec'] as Body;
const containersOf = (object: Body) => podOf(object)['containers'] as Body[];

describe('src/diff/diff-object.ts', () => {
  describe('finds nothing where nothing differs:', () => {
    it.each<[string, KubeObject, KubeObject]>([
      ['what was just applied', deployment(), apply(undefined, deployment())],
      [
        'quantities in other words',
        deployment(
          {},
          {
            containers: [
              container({ resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: 0.5 } } }),
            ],
          },
        ),
        apply(
          undefined,
          deployment(
            {},
            {
              containers: [
                container({ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } } }),
              ],
            },
          ),
        ),
      ],
      [
        'null, empty lists and empty maps',
        deployment(
          {
            paused: null,
            template: {
              metadata: { labels: { app: 'web' }, annotations: {}, creationTimestamp: null },
              spec: {
                containers: [container({ env: [], args: null, resources: {}, securityContext: {} })],
                volumes: [],
                nodeSelector: null,
              },
            },
          },
          {},
          { annotations: {}, labels: null, creationTimestamp: null },
        ),
        apply(undefined, deployment()),
      ],
      [
        'a protocol left out',
        make('Service', {
          spec: { selector: { app: 'web' }, ports: [{ port: 53 }, { port: 53, protocol: 'UDP', name: 'u' }] },
        }),
        apply(
          undefined,
          make('Service', {
            spec: {
              selector: { app: 'web' },
              ports: [
                { port: 53, protocol: 'TCP', targetPort: 53 },
                { port: 53, protocol: 'UDP', name: 'u' },
              ],
            },
          }),
        ),
      ],
      [
        'stringData of a Secret',
        make('Secret', { stringData: { a: 'x' } }),
        apply(undefined, make('Secret', { data: { a: 'eA==' } })),
      ],
      ['status in Git', { ...deployment(), status: { replicas: 9 } }, apply(undefined, deployment())],
      [
        'a note of its source',
        deployment({}, {}, { annotations: { 'plumbline.dev/source': 'a.yaml' } }),
        apply(undefined, deployment({}, {}, { annotations: { 'plumbline.dev/source': 'b.yaml' } })),
      ],
    ])('%s', (_name, desired, live) => {
      expect(diff(desired, live)).toEqual({ changes: [], removals: [] });
    });

    it('what the server and controllers add', () => {
      const service = make('Service', { spec: { selector: { app: 'web' }, ports: [{ port: 80 }], type: 'NodePort' } });
      const allocated = write(
        apply(undefined, service),
        (live) => {
          Object.assign(live['spec'] as Body, { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'] });
          Object.assign(((live['spec'] as Body)['ports'] as Body[])[0] ?? {}, { nodePort: 30080 });
        },
        'plumbline-controllers',
      );
      expect(paths(service, allocated)).toEqual([]);

      const rolled = write(
        apply(undefined, deployment()),
        (live) => {
          live.metadata.annotations = { 'deployment.kubernetes.io/revision': '2' };
          containersOf(live).push({ name: 'injected', image: 'proxy' });
          live['status'] = { replicas: 3 };
        },
        'mesh-injector',
      );
      expect(paths(deployment(), rolled)).toEqual([]);
    });

    it('fields that a person owns only because they wrote the object first', () => {
      const created = trackUpdate({
        schema: infoOf('Deployment').schema,
        live: undefined,
        updated: defaultObject(infoOf('Deployment'), deployment()),
        manager: 'kubectl-create',
        user: 'ann',
        time: '2026-01-01T00:00:00Z',
      });
      expect(paths(deployment(), created)).toEqual([]);
      const service = make('Service', { spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
      const exposed = write(
        make('Service', {}),
        (live) => {
          live['spec'] = { ...(service['spec'] as Body), clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'] };
        },
        'kubectl-expose',
      );
      expect(paths(service, exposed)).toEqual([]);
      const namespace = make('Namespace', {});
      expect(
        paths(
          namespace,
          write(namespace, () => {}, 'kubectl-create'),
        ),
      ).toEqual([]);
    });

    it('a restart by kubectl, a note or label on the object, a request to sync', () => {
      const live = apply(undefined, deployment());
      const restarted = write(
        live,
        (copy) => {
          const template = (copy['spec'] as Body)['template'] as { metadata: Body };
          template.metadata['annotations'] = { 'kubectl.kubernetes.io/restartedAt': 'now' };
        },
        'kubectl-rollout',
      );
      expect(paths(deployment(), restarted)).toEqual([]);
      const noted = write(
        live,
        (copy) => {
          copy.metadata.annotations = { note: 'x' };
          copy.metadata.labels = { mine: 'x' };
        },
        'kubectl-annotate',
      );
      expect(paths(deployment(), noted)).toEqual([]);
      const application = make('Application', { spec: { source: { repoURL: 'x' }, project: 'default' } });
      const asked = write(
        apply(undefined, application),
        (copy) => {
          copy['operation'] = { sync: {} };
        },
        'plumbline-ui',
      );
      expect(paths(application, asked)).toEqual([]);
    });

    it('replicas that Git leaves to whoever scales', () => {
      const { replicas: _replicas, ...spec } = deployment()['spec'] as Body;
      const desired = make('Deployment', { spec });
      const scaled = write(
        apply(undefined, desired),
        (live) => Object.assign(live['spec'] as Body, { replicas: 7 }),
        'kubectl',
        'scale',
      );
      expect(paths(desired, scaled)).toEqual([]);
    });
  });

  it('tells a scaled Deployment, and by whom and when', () => {
    const live = write(
      apply(undefined, deployment()),
      (copy) => Object.assign(copy['spec'] as Body, { replicas: 5 }),
      'kubectl',
      'scale',
    );
    expect(diff(deployment(), live)).toEqual({
      changes: [
        { path: 'spec.replicas', desired: 3, live: 5, manager: 'kubectl', user: 'ann', time: '2026-01-02T00:00:00Z' },
      ],
      removals: [],
    });
  });

  it('tells an env that kubectl edit added, and takes it away again', () => {
    const desired = deployment({}, { containers: [container({ env: [{ name: 'A', value: '1' }] })] });
    const live = write(apply(undefined, desired), (copy) => {
      copy.metadata.resourceVersion = '7';
      const env = containersOf(copy)[0]?.['env'] as Body[] | undefined;
      env?.unshift({ name: 'X', value: 'y' }, { name: 'Z', value: 'z' });
    });
    const { changes, removals } = diff(desired, live);
    expect(changes).toEqual([
      {
        path: 'spec.template.spec.containers[name=web].env[name=X]',
        live: { name: 'X', value: 'y' },
        manager: 'kubectl-edit',
        user: 'ann',
        time: '2026-01-02T00:00:00Z',
      },
      expect.objectContaining({ path: 'spec.template.spec.containers[name=web].env[name=Z]' }),
    ]);
    const healed = applyJsonPatch(live as Json, removals) as unknown as KubeObject;
    expect(containersOf(healed)[0]?.['env']).toEqual([{ name: 'A', value: '1' }]);
    expect(paths(desired, healed)).toEqual([]);
    expect(() => applyJsonPatch({ ...(live as Body), metadata: { resourceVersion: '8' } } as Json, removals)).toThrow();
  });

  it('tells what people add in one piece, however deep its defaults', () => {
    const live = write(apply(undefined, deployment()), (copy) => {
      Object.assign(containersOf(copy)[0] ?? {}, { livenessProbe: { httpGet: { path: '/', port: 80 } } });
      containersOf(copy).push({ name: 'debug', image: 'busybox' });
      podOf(copy)['nodeSelector'] = { disk: 'ssd' };
    });
    expect(paths(deployment(), live)).toEqual([
      'spec.template.spec.containers[name=web].livenessProbe',
      'spec.template.spec.containers[name=debug]',
      'spec.template.spec.nodeSelector',
    ]);
    const healed = applyJsonPatch(live as Json, diff(deployment(), live).removals) as unknown as KubeObject;
    expect(paths(deployment(), healed)).toEqual([]);
  });

  it('tells a default that a person changed', () => {
    const live = write(apply(undefined, deployment()), (copy) =>
      Object.assign(podOf(copy), { terminationGracePeriodSeconds: 5 }),
    );
    expect(diff(deployment(), live).changes).toEqual([
      expect.objectContaining({
        path: 'spec.template.spec.terminationGracePeriodSeconds',
        desired: 30,
        live: 5,
        user: 'ann',
      }),
    ]);
  });

  it('tells keys added to a ConfigMap, and keys removed', () => {
    const desired = make('ConfigMap', { data: { a: '1', b: '2' } });
    const live = write(apply(undefined, desired), (copy) => {
      copy['data'] = { a: '1', 'c.conf': '3' };
    });
    expect(diff(desired, live).changes).toEqual([
      { path: 'data.b', desired: '2' },
      expect.objectContaining({ path: 'data[c.conf]', live: '3', user: 'ann' }),
    ]);
  });

  it('tells one inserted container as one change', () => {
    const desired = deployment({}, { containers: [{ name: 'first', image: 'a' }, container()] });
    expect(paths(desired, apply(undefined, deployment()))).toEqual(['spec.template.spec.containers[name=first]']);
  });

  it('tells a changed order of containers', () => {
    const two = (...names: string[]) => deployment({}, { initContainers: names.map((name) => ({ name, image: 'i' })) });
    const live = apply(undefined, two('a', 'b'));
    expect(diff(two('b', 'a'), live).changes).toEqual([
      { path: 'spec.template.spec.initContainers (order)', desired: ['b', 'a'], live: ['a', 'b'] },
    ]);
    expect(paths(two('b', 'a'), apply(live, two('b', 'a')))).toEqual([]);
  });

  it('tells atomic lists whole', () => {
    const desired = deployment({}, { containers: [container({ args: ['a', 'b'] })] });
    const live = apply(undefined, deployment({}, { containers: [container({ args: ['b', 'a'] })] }));
    expect(diff(desired, live).changes).toEqual([
      { path: 'spec.template.spec.containers[name=web].args', desired: ['a', 'b'], live: ['b', 'a'] },
    ]);
  });

  it('tells what Git has dropped since', () => {
    const before = deployment({ minReadySeconds: 5 }, {}, { labels: { team: 'a' } });
    expect(paths(deployment(), apply(undefined, before))).toEqual(['metadata.labels', 'spec.minReadySeconds']);
  });

  it('takes what Git said before from the caller, where owners are not known', () => {
    const { schema } = infoOf('ConfigMap');
    const before = make('ConfigMap', { data: { a: '1', b: '2' } });
    const desired = make('ConfigMap', { data: { a: '1' } });
    const changes = (previousApplied?: KubeObject) =>
      diffObject({ schema, desired, live: before, previousApplied }).changes;
    expect(changes()).toEqual([]);
    expect(changes(before)).toEqual([{ path: 'data.b', live: '2' }]);
  });

  it('does not trust an answer about another version of the object', () => {
    const { schema } = infoOf('ConfigMap');
    const desired = make('ConfigMap', { data: { a: '1' } });
    const live = make('ConfigMap', { data: { a: '1', theirs: '2' } }, { resourceVersion: '5' });
    const applied = (resourceVersion: string) => make('ConfigMap', { data: { a: '1' } }, { resourceVersion });
    expect(diffObject({ schema, desired, live, applied: applied('6') }).changes).toEqual([]);
    expect(diffObject({ schema, desired, live, applied: applied('5') }).changes).toHaveLength(1);
  });

  it('masks the values of Secrets, in changes and in what people add', () => {
    const desired = make('Secret', { stringData: { a: 'git-canary' } });
    const live = write(apply(undefined, desired), (copy) => {
      copy['data'] = { a: 'bGl2ZS1jYW5hcnk=', b: 'bW9yZS1jYW5hcnk=' };
    });
    const text = JSON.stringify(diff(desired, live));
    expect(paths(desired, live)).toEqual(['data.a', 'data.b']);
    for (const canary of ['git-canary', 'bGl2ZS1jYW5hcnk=', 'bW9yZS1jYW5hcnk=', btoa('git-canary')])
      expect(text).not.toContain(canary);
    const [first] = diff(desired, live).changes;
    expect(first?.desired).not.toEqual(first?.live);
  });

  it('bounds what it tells', () => {
    const data = (count: number, value: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, value]));
    const live = apply(undefined, make('ConfigMap', { data: data(500, 'a') }));
    expect(diff(make('ConfigMap', { data: data(500, 'b') }), live).changes).toHaveLength(MAX_DRIFT_FIELDS);
    const text = (end: string) =>
      make('ConfigMap', { data: { file: `${'x'.repeat(5000)}${end}${'y'.repeat(50_000)}` } });
    const [change] = diff(text('NEW'), apply(undefined, text('OLD'))).changes;
    expect(change?.desired).toMatch(/^…x+NEWy+… \(55003 characters\)$/);
    expect(change?.live).toMatch(/^…x+OLDy+… \(55003 characters\)$/);
    expect(String(change?.live).length).toBeLessThan(1200);
  });

  it('keeps keys of the prototype apart from values', () => {
    const data = JSON.parse('{"__proto__":"x","constructor":"y"}') as Body;
    const desired = make('ConfigMap', { data });
    expect(paths(desired, apply(undefined, desired))).toEqual([]);
    expect(paths(desired, apply(undefined, make('ConfigMap', { data: {} })))).not.toEqual([]);
  });

  describe('leaves ignored fields alone:', () => {
    const rule = (rest: Partial<IgnoreDifference>): IgnoreDifference[] => [
      { group: 'apps', kind: 'Deployment', ...rest },
    ];
    const live = write(
      apply(undefined, deployment({}, { containers: [container(), { name: 'side', image: 's:1' }] })),
      (copy) => {
        Object.assign(copy['spec'] as Body, { replicas: 5 });
        Object.assign(containersOf(copy)[0] ?? {}, { image: 'web:2' });
        Object.assign(containersOf(copy)[1] ?? {}, { image: 's:2', env: [{ name: 'X', value: '1' }] });
      },
    );
    const desired = deployment({}, { containers: [container(), { name: 'side', image: 's:1' }] });
    const all = [
      'spec.replicas',
      'spec.template.spec.containers[name=web].image',
      'spec.template.spec.containers[name=side].image',
      'spec.template.spec.containers[name=side].env',
    ];
    const but = (...gone: number[]) => all.filter((_, index) => !gone.includes(index));

    it.each<[string, Partial<IgnoreDifference>, string[]]>([
      ['no rule', {}, all],
      ['a pointer', { jsonPointers: ['/spec/replicas'] }, but(0)],
      ['a pointer into a list', { jsonPointers: ['/spec/template/spec/containers/1/image'] }, but(2)],
      ['a path', { jqPathExpressions: ['.spec.replicas'] }, but(0)],
      ['every item', { jqPathExpressions: ['.spec.template.spec.containers[].image'] }, but(1, 2)],
      ['every item, optionally', { jqPathExpressions: ['.spec.template.spec.containers[]?.env[]?'] }, but(3)],
      ['one item', { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "side")'] }, but(2, 3)],
      [
        'a field of one item',
        { jqPathExpressions: ['.spec.template.spec.containers[] | select(.name == "side") | .image'] },
        but(2),
      ],
      ['a whole part', { jqPathExpressions: ['.spec.template'] }, but(1, 2, 3)],
      ['a manager', { managedFieldsManagers: ['kubectl-edit'] }, []],
      ['another manager', { managedFieldsManagers: ['hpa'] }, all],
      ['another name', { name: 'other', jsonPointers: ['/spec/replicas'] }, all],
      ['this name and namespace', { name: 'web', namespace: 'shop', jsonPointers: ['/spec/replicas'] }, but(0)],
      ['another kind', { kind: 'StatefulSet', jsonPointers: ['/spec/replicas'] }, all],
      ['any kind and group', { group: '*', kind: '*', jsonPointers: ['/spec/replicas'] }, but(0)],
    ])('%s', (_name, rest, left) => {
      expect(paths(desired, live, rule(rest))).toEqual(left);
    });

    it('and applies the live value, so that applying changes nothing there', () => {
      const { schema } = infoOf('Deployment');
      const rules = rulesFor(
        rule({ jsonPointers: ['/spec/replicas', '/metadata', '/status', '/spec/template/spec/hostNetwork'] }),
        desired,
      );
      const adopted = applyIgnores({ schema, desired, live: { ...live, status: { replicas: 1 } }, rules });
      expect(adopted['spec']).toMatchObject({ replicas: 5 });
      expect(adopted.metadata).toEqual(desired.metadata);
      expect(adopted['status']).toBeUndefined();
      expect((apply(live, adopted)['spec'] as Body)['replicas']).toBe(5);
      expect(applyIgnores({ schema, desired, live: undefined, rules })).toBe(desired);
    });

    it('and takes out what live does not have', () => {
      const { schema } = infoOf('ConfigMap');
      const git = make('ConfigMap', { data: { a: '1', b: '2' } });
      const rules = rulesFor([{ kind: 'ConfigMap', jsonPointers: ['/data/a'] }], git);
      expect(
        applyIgnores({ schema, desired: git, live: make('ConfigMap', { data: { b: '2' } }), rules })['data'],
      ).toEqual({ b: '2' });
      expect(
        applyIgnores({
          schema,
          desired: make('ConfigMap', {}),
          live: make('ConfigMap', { data: { a: '9', b: '2' } }),
          rules,
        })['data'],
      ).toEqual({ a: '9' });
    });
  });
});
