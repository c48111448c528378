/**
 * Stock kubectl with custom resources. Named after the tests of Kubernetes' own suite that they port:
 * test/e2e/apimachinery crd_publish_openapi.go, custom_resource_definition.go, crd_watch.go, field_validation.go,
 * aggregated_discovery.go (v1.32).
 */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { type DefinitionParts, definitionObject, schemaOfSpec, versionOf } from '../../../test/support/definitions.ts';
import { createKubectl, findKubectl, type KubectlResult } from '../../../test/support/kubectl.ts';

const kubectlPath = findKubectl('1.32');
const title = `src/server/http, custom resources with kubectl 1.32${kubectlPath === undefined ? ' (skipped: there is no kubectl)' : ''}`;

const spec = schemaOfSpec(
  {
    cronSpec: {
      type: 'string',
      description: 'When it runs.',
      pattern: '^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$',
    },
    replicas: { type: 'integer', minimum: 1, default: 1 },
    ports: {
      type: 'array',
      items: { type: 'object', properties: { name: { type: 'string' }, port: { 'x-kubernetes-int-or-string': true } } },
    },
  },
  { required: ['cronSpec'] },
);
const columns = [
  { name: 'Schedule', type: 'string', jsonPath: '.spec.cronSpec' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];
const scale = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.status.selector',
};
const cronTabs: DefinitionParts = {
  schema: spec,
  version: { additionalPrinterColumns: columns, subresources: { status: {}, scale } },
  names: { shortNames: ['ct'], categories: ['all'] },
};

describe.skipIf(kubectlPath === undefined)(title, () => {
  let server: ApiServer;
  let kubectl: (args: string, input?: string | object) => Promise<KubectlResult>;

  beforeAll(async () => {
    server = await startApiServer();
    const kubeconfig = await server.kubeconfig({ name: 'admin', groups: ['system:masters'] });
    const run = createKubectl(kubectlPath ?? '', kubeconfig, path.join(server.directory, 'cache'));
    kubectl = (args, input) => {
      const text = typeof input === 'object' ? JSON.stringify(input) : input;
      return run(args.split(' '), { timeoutMs: 60_000, ...(text === undefined ? {} : { input: text }) });
    };
    await define(cronTabs);
  }, 120_000);
  afterAll(() => server.close());

  async function ok(args: string, input?: string | object): Promise<string> {
    const { stdout, stderr, code } = await kubectl(args, input);
    expect(stderr, `kubectl ${args}`).toBe('');
    expect(code).toBe(0);
    return stdout;
  }

  async function define(parts: DefinitionParts): Promise<void> {
    const object = definitionObject(parts);
    await ok('apply -f -', object);
    await ok(`wait --for=condition=Established crd/${object.metadata.name} --timeout=30s`);
  }

  const cronTab = (name: string, fields: string, more = '') => `
apiVersion: stable.example.com/v1
kind: CronTab
metadata: { name: ${name}, namespace: default }
spec: { ${fields} }
${more}`;
  const schedule = 'cronSpec: "* * * * */5"';

  it('AggregatedDiscovery should support aggregated discovery interface for CRDs', async () => {
    expect(await ok('api-resources --no-headers --api-group=stable.example.com')).toMatch(
      /^crontabs +ct +stable\.example\.com\/v1 +true +CronTab$/m,
    );
    expect(await ok('api-resources --no-headers --categories=all -o name')).toContain('crontabs.stable.example.com');
    const legacy = JSON.parse(await ok('get --raw /apis/stable.example.com/v1'));
    expect(legacy.resources.map(({ name }: { name: string }) => name)).toEqual([
      'crontabs',
      'crontabs/status',
      'crontabs/scale',
    ]);
  });

  it('CustomResourceDefinition resources: creating/deleting custom resource definition objects works', async () => {
    await define({ plural: 'noxus', kind: 'Noxu', scope: 'Cluster' });
    expect(await ok('get crd noxus.stable.example.com -o name')).toBe(
      'customresourcedefinition.apiextensions.k8s.io/noxus.stable.example.com\n',
    );
    await ok('apply -f -', { apiVersion: 'stable.example.com/v1', kind: 'Noxu', metadata: { name: 'a' }, spec: {} });
    await ok('delete crd noxus.stable.example.com');
    expect((await kubectl('get noxus')).stderr).toContain('could not find the requested resource');
  });

  it('applies, sees no change, prints, edits, patches and deletes objects', async () => {
    expect(await ok('apply -f -', cronTab('a', schedule))).toBe('crontab.stable.example.com/a created\n');
    expect(await ok('apply -f -', cronTab('a', schedule))).toBe('crontab.stable.example.com/a unchanged\n');
    const [header = '', row = ''] = (await ok('get ct -o wide')).split('\n');
    expect(header.split(/\s{2,}/).map((each) => each.trim())).toEqual(['NAME', 'SCHEDULE', 'READY', 'REPLICAS', 'AGE']);
    expect(row).toMatch(/^a +\* \* \* \* \*\/5 +1 +\d+s$/);
    await ok('patch ct a --type=merge -p {"spec":{"replicas":3}}');
    await ok('patch ct a --type=json -p [{"op":"replace","path":"/spec/replicas","value":4}]');
    expect(await ok('get ct a -o jsonpath={.spec.replicas}/{.metadata.generation}')).toBe('4/3');
    expect((await kubectl('patch ct a --type=strategic -p {"spec":{}}')).stderr).toContain('is not supported');
    expect(await ok('get all')).toContain('crontab.stable.example.com/a');
    await ok('delete ct a');
  });

  it('CustomResourceDefinition resources: getting/updating/patching custom resource definition status sub-resource works', async () => {
    await ok('apply -f -', cronTab('stated', schedule));
    const ready = { status: { conditions: [{ type: 'Ready', status: 'True' }], replicas: 1, selector: 'app=a' } };
    await ok(`patch ct stated --subresource=status --type=merge -p ${JSON.stringify(ready)}`);
    expect(await ok('wait --for=condition=Ready ct/stated --timeout=20s')).toBe(
      'crontab.stable.example.com/stated condition met\n',
    );
    expect(await ok('get ct stated --no-headers')).toMatch(/^stated +\* \* \* \* \*\/5 +True +\d+s$/m);
    expect(await ok('get ct stated --subresource=scale -o jsonpath={.status.selector}')).toBe('app=a');
  });

  it('scales, and lets the schema have its say', async () => {
    await ok('apply -f -', cronTab('scaled', schedule));
    expect(await ok('scale --replicas=5 ct/scaled')).toBe('crontab.stable.example.com/scaled scaled\n');
    expect(await ok('get ct scaled -o jsonpath={.spec.replicas}')).toBe('5');
    expect((await kubectl('scale --replicas=0 ct/scaled')).stderr).toContain(
      'spec.replicas in body should be greater than or equal to 1',
    );
  });

  it('CustomResourcePublishOpenAPI works for CRD with validation schema', async () => {
    const explained = await ok('explain crontabs.spec.cronSpec');
    expect(explained).toContain('KIND:       CronTab');
    expect(explained).toContain('When it runs.');
    expect(await ok('explain crontabs.spec')).toContain('cronSpec\t<string> -required-');
    expect((await kubectl('explain crontabs.spec.nothing')).stderr).toContain('field "nothing" does not exist');
    expect(await ok('explain crontabs.metadata.labels')).toContain('map[string]string');
  });

  it('CustomResourcePublishOpenAPI works for CRD preserving unknown fields at the schema root', async () => {
    await define({
      plural: 'opens',
      kind: 'Open',
      schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    });
    await ok('apply -f -', {
      apiVersion: 'stable.example.com/v1',
      kind: 'Open',
      metadata: { name: 'a', namespace: 'default' },
      any: { thing: [1] },
    });
    expect(await ok('get opens a -o jsonpath={.any.thing[0]}')).toBe('1');
  });

  it('CustomResourcePublishOpenAPI works for CRD preserving unknown fields in an embedded object', async () => {
    const schema = schemaOfSpec({
      template: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    });
    await define({ plural: 'wraps', kind: 'Wrap', schema });
    const wrap = (metadata: object) => ({
      apiVersion: 'stable.example.com/v1',
      kind: 'Wrap',
      metadata: { name: 'a', namespace: 'default' },
      spec: { template: { apiVersion: 'v1', kind: 'Pod', metadata, anything: true } },
    });
    await ok('apply -f -', wrap({ name: 'x' }));
    expect(await ok('get wraps a -o jsonpath={.spec.template.anything}')).toBe('true');
    // FieldValidation should detect unknown metadata fields in both the root and embedded object of a CR
    expect((await kubectl('apply -f -', wrap({ name: 'x', labells: {} }))).stderr).toContain(
      'unknown field "spec.template.metadata.labells"',
    );
  });

  it('CustomResourcePublishOpenAPI updates the published spec when one version gets renamed', async () => {
    const versions = (second: string) => [versionOf('v1', spec), versionOf(second, spec, { storage: false })];
    const parts = { plural: 'multis', kind: 'Multi', versions: versions('v2') };
    await define(parts);
    expect(await ok('explain multis.spec --api-version=stable.example.com/v2')).toContain('VERSION:    v2');
    await define({ ...parts, versions: versions('v3') });
    expect(await ok('explain multis.spec --api-version=stable.example.com/v3')).toContain('VERSION:    v3');
    const paths = JSON.parse(await ok('get --raw /openapi/v3')).paths;
    expect(Object.keys(paths)).not.toContain('apis/stable.example.com/v2');
    // and removes definition from spec when one version gets changed to not be served
    await define({
      ...parts,
      versions: [versionOf('v1', spec), versionOf('v3', spec, { storage: false, served: false })],
    });
    expect(Object.keys(JSON.parse(await ok('get --raw /openapi/v3')).paths)).not.toContain(
      'apis/stable.example.com/v3',
    );
  });

  it('FieldValidation should create/apply an invalid CR with extra properties for CRD with validation schema', async () => {
    const extra = await kubectl('apply -f -', cronTab('extra', `${schedule}, extra: 1`));
    expect(extra.stderr).toContain('strict decoding error: unknown field "spec.extra"');
    expect((await kubectl('apply --validate=warn -f -', cronTab('extra', `${schedule}, extra: 1`))).stderr).toBe(
      'Warning: unknown field "spec.extra"\n',
    );
    const wrong = await kubectl('apply -f -', cronTab('wrong', 'cronSpec: "* *"'));
    expect(wrong.stderr).toContain('The CronTab "wrong" is invalid: spec.cronSpec: Invalid value: "* *"');
    expect((await kubectl('apply -f -', cronTab('wrong', 'replicas: 1'))).stderr).toContain(
      'spec.cronSpec: Required value',
    );
  });

  it('FieldValidation should detect duplicates in a CR when preserving unknown fields', async () => {
    const body =
      '{"apiVersion":"stable.example.com/v1","kind":"CronTab","metadata":{"name":"dup","namespace":"default"},"spec":{"cronSpec":"* * * * *","cronSpec":"1 * * * *"}}';
    expect(
      (
        await kubectl(
          'create --raw /apis/stable.example.com/v1/namespaces/default/crontabs?fieldValidation=Strict -f -',
          body,
        )
      ).stderr,
    ).toContain('duplicate field "spec.cronSpec"');
  });

  it('applies on the server, and tells conflicts', async () => {
    await ok('apply --server-side --field-manager=one -f -', cronTab('ssa', `${schedule}, replicas: 2`));
    const taken = await kubectl('apply --server-side --field-manager=two -f -', cronTab('ssa', 'replicas: 3'));
    expect(taken.stderr).toContain('.spec.replicas');
    await ok('apply --server-side --force-conflicts --field-manager=two -f -', cronTab('ssa', 'replicas: 3'));
    expect(await ok('get ct ssa -o jsonpath={.spec.replicas}')).toBe('3');
    expect(
      (await kubectl('diff --server-side --force-conflicts --field-manager=two -f -', cronTab('ssa', 'replicas: 3')))
        .stdout,
    ).toBe('');
  });

  it('warns of rules that are not enforced, and of a deprecated version', async () => {
    const rules = { 'x-kubernetes-validations': [{ rule: 'self.a > 0' }] };
    const schema = schemaOfSpec({ a: { type: 'integer' } }, rules);
    const object = definitionObject({
      plural: 'ruleds',
      kind: 'Ruled',
      schema,
      version: { deprecated: true, deprecationWarning: 'use v2' },
    });
    const applied = await kubectl('apply -f -', object);
    expect(applied.stderr).toBe(
      'Warning: spec.versions[v1]: one rule of x-kubernetes-validations will not be enforced: CEL is not supported; the rest of the schema is\n',
    );
    await ok('wait --for=condition=Established crd/ruleds.stable.example.com --timeout=30s');
    expect((await kubectl('get ruleds')).stderr).toContain('Warning: use v2');
  });
});
