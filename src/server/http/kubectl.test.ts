import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PODS } from '#api';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';
import { type KubectlBed, startKubectlBed } from '../../../test/support/kubectl-bed.ts';

const kubectlPath = findKubectl('1.32');
const elderPath = findKubectl('1.27');
const title = `src/server/http with kubectl 1.32${kubectlPath === undefined ? ' (skipped: there is no kubectl)' : ''}`;

const deployment = (image: string, extra = '') => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: default
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: "${image}", ports: [{ containerPort: 80 }] }
${extra}`;

describe.skipIf(kubectlPath === undefined)(title, () => {
  let bed: KubectlBed;
  const ok: KubectlBed['ok'] = (args, input) => bed.ok(args, input);
  const kubectl: KubectlBed['kubectl'] = (args, input) => bed.kubectl(args, input);

  beforeAll(async () => {
    bed = await startKubectlBed(kubectlPath);
  });
  afterAll(() => bed.close());

  it('finds the server and what it serves', async () => {
    expect(await ok('version')).toContain('Server Version: v1.32.0+plumbline');
    expect(await ok('api-resources --no-headers')).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment$/m);
    expect(await ok('api-versions')).toContain('plumbline.dev/v1\n');
  });

  it('explains fields from OpenAPI', async () => {
    expect(await ok('explain deployment.spec.replicas')).toContain('FIELD: replicas <integer>');
  });

  it('applies, sees no change, and applies a change', async () => {
    expect(await ok('apply -f -', deployment('sample:1'))).toBe('deployment.apps/web created\n');
    expect(await ok('apply -f -', deployment('sample:1'))).toBe('deployment.apps/web unchanged\n');
    expect(await ok('apply -f -', deployment('sample:2'))).toBe('deployment.apps/web configured\n');
    expect(await ok('get deploy web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('sample:2');
  });

  it('prints the columns of wide tables', async () => {
    const [header = '', row = ''] = (await ok('get deploy -o wide')).split('\n');
    expect(header.split(/\s+/)).toEqual([
      ...['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE', 'CONTAINERS', 'IMAGES', 'SELECTOR'],
    ]);
    expect(row).toMatch(/^web +0\/2 +0 +0 +\S+ +web +sample:2 +app=web$/);
  });

  it('says which field is unknown, which stands twice, and which value is wrong', async () => {
    const unknown = await kubectl('apply -f -', deployment('sample:2', '      nodeNam: x\n'));
    expect(unknown.stderr).toContain('strict decoding error: unknown field "spec.template.spec.nodeNam"');
    const twice = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
    const raw = await kubectl('create --raw /api/v1/namespaces/default/configmaps?fieldValidation=Strict -f -', twice);
    expect(raw.stderr).toContain('strict decoding error: duplicate field "data.a"');
    const invalid = await kubectl('patch deploy web --type=merge -p {"spec":{"replicas":-1}}');
    expect(invalid.stderr).toMatch(/The Deployment "web" is invalid: spec\.replicas: Invalid value: -1/);
  });

  it('says which kind is not served, and takes lists', async () => {
    const stranger = { apiVersion: 'apps/v1', kind: 'Gizmo', metadata: { name: 'x' } };
    expect((await kubectl('apply -f -', JSON.stringify(stranger))).stderr).toContain(
      'no matches for kind "Gizmo" in version "apps/v1"',
    );
    const items = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'listed' } }];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    expect(await ok('apply -f -', list)).toBe('configmap/listed created\n');
  });

  it('checks the objects of a list by their fields', async () => {
    const items = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'made' }, data: { a: 'b' } }];
    const list = { apiVersion: 'v1', kind: 'List', items };
    expect(await ok('create -f -', JSON.stringify(list))).toBe('configmap/made created\n');
    const wrong = { ...list, items: [{ ...items[0], dataa: {} }] };
    expect((await kubectl('create -f -', JSON.stringify(wrong))).stderr).toContain('unknown field "dataa"');
  });

  it('explains fields from OpenAPI v2', async () => {
    const said = await ok('explain --output=plaintext-openapiv2 pods.spec.containers.resources');
    expect(said).toMatch(/RESOURCE: +resources <Object>/);
    expect(said).toMatch(/limits\s+<map\[string\]string>/);
  });

  it.skipIf(elderPath === undefined)(
    'serves kubectl 1.27, which applies by OpenAPI v2 and knows no protobuf',
    async () => {
      const kubeconfig = await bed.server.kubeconfig({ name: 'elder', groups: ['system:masters'] });
      const run = createKubectl(elderPath ?? '', kubeconfig, path.join(bed.server.directory, 'cache-elder'));
      const apply = (image: string) =>
        run(['apply', '-f', '-'], { input: deployment(image).replaceAll('web', 'elder') });
      expect((await apply('sample:1')).stdout).toBe('deployment.apps/elder created\n');
      expect((await apply('sample:2')).stdout).toBe('deployment.apps/elder configured\n');
      expect((await run(['create', 'configmap', 'elder', '--from-literal=a=b'])).stdout).toBe(
        'configmap/elder created\n',
      );
      expect((await run(['explain', 'deployment.spec.replicas'])).stdout).toContain('<integer>');
    },
  );

  it('applies on the server and tells of conflicts', async () => {
    const other = deployment('sample:3');
    const refused = await kubectl('apply --server-side --field-manager=other -f -', other);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('conflict with "kubectl-client-side-apply" using apps/v1');
    const forced = await ok('apply --server-side --field-manager=other --force-conflicts -f -', other);
    expect(forced).toBe('deployment.apps/web serverside-applied\n');
  });

  it('scales, labels, annotates and patches', async () => {
    expect(await ok('scale deploy/web --current-replicas=2 --replicas=5')).toBe('deployment.apps/web scaled\n');
    expect(await ok('label deploy web tier=front')).toBe('deployment.apps/web labeled\n');
    expect(await ok('annotate deploy web note=x')).toBe('deployment.apps/web annotated\n');
    expect(await ok('get deploy -l tier=front -o name')).toBe('deployment.apps/web\n');
    expect(await ok('get deploy web --subresource=scale')).toMatch(/^NAME +DESIRED +AVAILABLE +AGE\nweb +5 +0 +\S+\n$/);
    const json = '[{"op":"replace","path":"/spec/replicas","value":3}]';
    expect(await ok(`patch deploy web --type=json -p ${json}`)).toBe('deployment.apps/web patched\n');
    expect(await ok('get deploy web -o jsonpath={.spec.replicas}')).toBe('3');
  });

  it('persists nothing in a dry run', async () => {
    expect(await ok('delete deploy web --dry-run=server')).toContain('deleted (server dry run)');
    expect(await ok('get deploy web -o name')).toBe('deployment.apps/web\n');
  });

  it('waits by watching until a condition holds', async () => {
    await ok('run waited --image=sample:1');
    const waiting = ok('wait --for=condition=Ready pod/waited --timeout=15s');
    const client = await bed.server.client({ name: 'node', groups: ['system:masters'] });
    const key = { namespace: 'default', name: 'waited' };
    const body = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    await client.patch(PODS, key, { type: 'merge', body }, { subresource: 'status' });
    expect(await waiting).toBe('pod/waited condition met\n');
  });

  it('deletes and waits until it is gone', async () => {
    expect(await ok('delete deploy web --timeout=15s')).toBe('deployment.apps "web" deleted\n');
    const { stderr } = await kubectl('get deploy web');
    expect(stderr).toBe('Error from server (NotFound): deployments.apps "web" not found\n');
  });

  it('shows viewers everything but secrets, and lets them change nothing', async () => {
    const kubeconfig = await bed.server.kubeconfig({ name: 'vera', groups: ['plumbline:viewers'] });
    const run = createKubectl(kubectlPath ?? '', kubeconfig, path.join(bed.server.directory, 'cache'));
    expect((await run(['get', 'pods', '-A'])).code).toBe(0);
    expect((await run(['get', 'secrets'])).stderr).toContain('User "vera" cannot list resource "secrets"');
    expect((await run(['delete', 'ns', 'default'])).stderr).toContain(
      'User "vera" cannot delete resource "namespaces"',
    );
  });
});
