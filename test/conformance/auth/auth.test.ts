/** Source: kubernetes test/e2e/auth: service_accounts.go, subjectreviews.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONFIG_MAPS, PODS, SERVICE_ACCOUNTS } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { accepted } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

it('[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]', async () => {
  const namespace = await bed.namespace('svcaccounts');
  const accounts = bed.of(SERVICE_ACCOUNTS, namespace);
  const labelSelector = 'testserviceaccount-static=true';
  const name = 'testserviceaccount';
  const watch = await accounts.watch({ labelSelector });
  await accounts.create({ metadata: { name, labels: { 'testserviceaccount-static': 'true' } } });
  await watch.next('ADDED', ({ metadata }) => metadata.name === name);
  await accounts.patch(name, 'strategic', { automountServiceAccountToken: false });
  await watch.next('MODIFIED', ({ automountServiceAccountToken }) => automountServiceAccountToken === false);
  const { items } = await bed.of(SERVICE_ACCOUNTS).list({ labelSelector });
  expect(items).toMatchObject([{ metadata: { name, namespace }, automountServiceAccountToken: false }]);
  await accounts.deleteCollection({ labelSelector });
  await watch.next('DELETED', ({ metadata }) => metadata.name === name);
  watch.stop();
});

it('[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]', async () => {
  const accounts = bed.of(SERVICE_ACCOUNTS, await bed.namespace('svcaccounts'));
  const name = 'e2e-sa';
  const made = await accounts.create({ metadata: { name }, automountServiceAccountToken: false });
  expect(made.automountServiceAccountToken).toBe(false);
  const updated = await accounts.change(name, (account) => {
    account.automountServiceAccountToken = true;
  });
  expect(updated.automountServiceAccountToken).toBe(true);
});

it('[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace [Conformance]', async () => {
  const configMaps = bed.of(CONFIG_MAPS, await bed.namespace('svcaccounts'));
  const name = 'kube-root-ca.crt';
  const first = await soon('there is the certificate', () => configMaps.find(name));
  expect(first.data).toEqual({ 'ca.crt': bed.server.ca });
  await configMaps.delete(name);
  await soon('it is made anew', async () => {
    const again = await configMaps.find(name);
    return again !== undefined && again.metadata.uid !== first.metadata.uid;
  });
  await configMaps.update({ metadata: { name }, data: { 'ca.crt': '' } });
  await soon(
    'what was changed is put right',
    async () => (await configMaps.get(name)).data?.['ca.crt'] === bed.server.ca,
  );
});

it('[sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]', async () => {
  const namespace = await bed.namespace('svcaccounts');
  const accounts = bed.of(SERVICE_ACCOUNTS, namespace);
  await accounts.create({ metadata: { name: 'mount' }, automountServiceAccountToken: true });
  await accounts.create({ metadata: { name: 'nomount' }, automountServiceAccountToken: false });
  // What the account says, what the pod says, and who wins.
  const cases = [
    ['default', undefined, true],
    ['mount', undefined, true],
    ['nomount', undefined, false],
    ['default', true, true],
    ['mount', true, true],
    ['nomount', true, true],
    ['default', false, false],
    ['mount', false, false],
    ['nomount', false, false],
  ] as const;
  for (const [at, [serviceAccountName, automount, mounted]] of cases.entries()) {
    const { spec } = await bed.of(PODS, namespace).create({
      metadata: { name: `pod-service-account-${at}` },
      spec: {
        containers: [{ name: 'token-test', image: 'agnhost:2.53' }],
        restartPolicy: 'Never',
        serviceAccountName,
        ...(automount === undefined ? {} : { automountServiceAccountToken: automount }),
      },
    });
    const paths = (spec.containers[0]?.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    expect(paths.includes('/var/run/secrets/kubernetes.io/serviceaccount'), `${serviceAccountName}, ${automount}`).toBe(
      mounted,
    );
  }
});

interface Review {
  readonly status: { readonly allowed: boolean };
}

it('[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]', async () => {
  const namespace = await bed.namespace('subjectreview');
  const account = await bed.of(SERVICE_ACCOUNTS, namespace).create({ metadata: { name: 'e2e' } });
  const user = `system:serviceaccount:${namespace}:e2e`;
  const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  const { uid } = account.metadata;
  const review = async (path: string, kind: string, who: string): Promise<boolean> => {
    const resourceAttributes = { verb: 'list', resource: 'configmaps', namespace, version: 'v1' };
    const spec = { resourceAttributes, user: who, groups, uid };
    const answer = await bed.https.send({
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${path}`,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind, metadata: { namespace }, spec }),
    });
    return accepted<Review>(answer).status.allowed;
  };
  const impersonated = async () => {
    const { status } = await bed.https.send({
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      headers: { 'impersonate-user': user, 'impersonate-uid': uid, 'impersonate-group': groups },
    });
    expect([200, 403]).toContain(status);
    return status === 200;
  };

  const allowed = await review('subjectaccessreviews', 'SubjectAccessReview', user);
  expect(await impersonated()).toBe(allowed);
  const local = `namespaces/${namespace}/localsubjectaccessreviews`;
  expect(await review(local, 'LocalSubjectAccessReview', user)).toBe(allowed);
  // What the official test leaves to chance: that the answer is not the same for everybody.
  expect(allowed).toBe(false);
  await bed.https.send({
    method: 'POST',
    path: `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      metadata: { name: 'view' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'e2e', namespace }],
    }),
  });
  expect(await review('subjectaccessreviews', 'SubjectAccessReview', user)).toBe(true);
  expect(await review(local, 'LocalSubjectAccessReview', user)).toBe(true);
  expect(await impersonated()).toBe(true);
});
