import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { createKubectl, findKubectl, type KubectlResult } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';

const kubectlPath = findKubectl('1.32');
const title = `src/server/auth with kubectl 1.32${kubectlPath === undefined ? ' (skipped: there is no kubectl)' : ''}`;

type Kubectl = (args: string, input?: string) => Promise<KubectlResult>;

describe.skipIf(kubectlPath === undefined)(title, () => {
  let server: ApiServer;
  let admin: Kubectl;
  let bea: Kubectl;

  async function kubectlOf(name: string, ...groups: string[]): Promise<Kubectl> {
    const run = createKubectl(
      kubectlPath ?? '',
      await server.kubeconfig({ name, groups }),
      path.join(server.directory, `cache-${name}`),
    );
    return (args, input) => run(args.split(' '), { timeoutMs: 30_000, ...(input === undefined ? {} : { input }) });
  }

  beforeAll(async () => {
    server = await startApiServer();
    admin = await kubectlOf('admin', 'system:masters');
    bea = await kubectlOf('bea', 'team');
    await ok(admin, 'create namespace team');
    await ok(admin, 'create rolebinding bea --clusterrole=admin --user=bea -n team');
  });
  afterAll(() => server.close());

  async function ok(kubectl: Kubectl, args: string, input?: string): Promise<string> {
    const { stdout, stderr, code } = await kubectl(args, input);
    expect([stderr, code], `kubectl ${args}`).toEqual(['', 0]);
    return stdout;
  }

  it('lets a user into his namespace only, and refuses in the words of Kubernetes', async () => {
    expect(await ok(bea, 'create configmap a -n team')).toBe('configmap/a created\n');
    const { stderr, code } = await bea('get pods -n default');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'Error from server (Forbidden): pods is forbidden: User "bea" cannot list resource "pods" in API group "" in the namespace "default"\n',
    );
    expect((await bea('get nodes')).stderr).toContain(
      'cannot list resource "nodes" in API group "" at the cluster scope',
    );
  });

  it('answers what one may do', async () => {
    expect((await bea('auth can-i list pods -n team')).stdout).toBe('yes\n');
    expect(await bea('auth can-i list pods -n default')).toMatchObject({ stdout: 'no\n', code: 1 });
    expect((await bea('auth can-i get /version')).stdout).toBe('yes\n');
    expect((await admin('auth can-i * *')).stdout).toContain('yes\n');
    const list = await ok(bea, 'auth can-i --list -n team');
    expect(list).toMatch(/^deployments\.apps +\[\] +\[\] +\[.*\bcreate\b.*\]$/m);
    expect(list).toMatch(/^ +\[\/version\] +\[\] +\[get\]$/m);
    expect(list).not.toMatch(/^nodes /m);
  });

  it('acts as another for who may', async () => {
    const carl = await ok(admin, 'auth whoami --as=carl --as-group=x');
    expect(carl).toMatch(/Username +carl\nGroups +\[x system:authenticated\]/);
    const { stderr } = await bea('create configmap x -n team --as=carl --validate=false');
    expect(stderr).toContain('users "carl" is forbidden: User "bea" cannot impersonate resource "users"');
    // `admin` of a namespace may act as its service accounts.
    const { stdout } = await bea('auth whoami --as=system:serviceaccount:team:default');
    expect(stdout).toContain('system:serviceaccounts:team');
  });

  it('tells who one is', async () => {
    expect(await ok(bea, 'auth whoami')).toMatch(/Username +bea\nGroups +\[team system:authenticated\]/);
  });

  it('tells an administrator what another may do, and nobody else', async () => {
    const review = (kind: string, namespace = '') =>
      JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind,
        ...(namespace === '' ? {} : { metadata: { namespace } }),
        spec: { user: 'bea', resourceAttributes: { verb: 'list', resource: 'pods', namespace: 'team' } },
      });
    // kubectl itself looks a kind without PATCH up among the custom ones, which only some may list.
    const asked = 'create --validate=false -f - -o jsonpath={.status.allowed}';
    expect(await ok(admin, asked, review('SubjectAccessReview'))).toBe('true');
    expect((await bea(asked, review('SubjectAccessReview'))).stderr).toContain(
      'cannot create resource "subjectaccessreviews"',
    );
    expect(await ok(bea, asked, review('LocalSubjectAccessReview', 'team'))).toBe('true');
    const elsewhere = review('LocalSubjectAccessReview', 'default');
    expect((await admin(asked, elsewhere)).stderr).toContain('spec.resourceAttributes.namespace must match namespace');
  });

  it('lets nobody give away more than he holds', async () => {
    expect(await ok(bea, 'create role reader --verb=get --resource=pods -n team')).toContain('created');
    const { stderr } = await bea('create role nodes --verb=get --resource=nodes -n team');
    expect(stderr).toContain(
      'roles.rbac.authorization.k8s.io "nodes" is forbidden: user "bea" (groups=["team" "system:authenticated"])',
    );
    expect(stderr).toContain('not currently held:\n{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}');
    expect((await bea('create rolebinding all --clusterrole=cluster-admin --user=bea -n team')).stderr).toContain(
      'is attempting to grant RBAC permissions not currently held',
    );
    const patch =
      'patch role reader -n team --type=json -p [{"op":"add","path":"/rules/0/resources/-","value":"nodes"}]';
    expect((await bea(patch)).stderr).toContain('is forbidden');
    await ok(
      admin,
      'create role binder --verb=bind --resource=clusterroles.rbac.authorization.k8s.io --resource-name=cluster-admin -n team',
    );
    await ok(admin, 'create rolebinding binder --role=binder --user=bea -n team');
    expect(await ok(bea, 'create rolebinding all --clusterrole=cluster-admin --user=carl -n team')).toContain(
      'created',
    );
  });

  it('lets nobody create by apply who may only patch', async () => {
    await ok(admin, 'create role patcher --verb=get,patch --resource=configmaps -n default');
    await ok(admin, 'create rolebinding patcher --role=patcher --user=bea -n default');
    const object = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'by-apply' } });
    const { stderr } = await bea('apply --server-side -n default -f -', object);
    expect(stderr).toContain(
      'User "bea" cannot create resource "configmaps" in API group "" in the namespace "default"',
    );
  });

  it('reconciles roles', async () => {
    const role = (verb: string) =>
      JSON.stringify({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'reconciled', namespace: 'team' },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: [verb] }],
      });
    expect(await admin('auth reconcile -f -', role('get'))).toMatchObject({ code: 0 });
    expect(await admin('auth reconcile -f -', role('list'))).toMatchObject({ code: 0 });
    const verbs = await ok(admin, 'get role reconciled -n team -o jsonpath={.rules[*].verbs[*]}');
    expect(verbs.split(' ').sort()).toEqual(['get', 'list']);
  });

  it('forgets a right with its binding', async () => {
    await ok(admin, 'create clusterrolebinding carl --clusterrole=view --group=carls');
    const carl = await kubectlOf('carl', 'carls');
    expect((await carl('get pods -A')).code).toBe(0);
    await ok(admin, 'delete clusterrolebinding carl');
    await until('the right is gone', async () => (await carl('get pods -A')).code === 1);
  });
});
