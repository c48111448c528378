/** Source: kubernetes test/e2e/apimachinery: discovery.go, server_version.go, table_conversion.go, field_validation.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEPLOYMENTS } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { type GroupVersions, readJson } from '../support/discovery.ts';
import type { Status } from '../support/resource.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

it('[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]', async () => {
  const { groups } = await readJson<{ groups: readonly GroupVersions[] }>(bed.https, '/apis/');
  expect(groups.length).toBeGreaterThan(0);
  for (const { name } of groups) {
    const { versions, preferredVersion } = await readJson<GroupVersions>(bed.https, `/apis/${name}/`);
    expect(versions.map(({ groupVersion }) => groupVersion)).toContain(preferredVersion.groupVersion);
  }
});

it('[sig-api-machinery] server version should find the server version [Conformance]', async () => {
  const version = await readJson<{ major: string; minor: string }>(bed.https, '/version');
  expect(version.major).toMatch(/^\d+$/);
  expect(version.minor).toMatch(/^\d+\+?$/);
  expect(Number(version.major)).toBeGreaterThan(0);
  expect(Number.parseInt(version.minor, 10)).toBeGreaterThan(0);
});

it('[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]', async () => {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
  };
  const answer = await bed.https.send({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    headers: { 'content-type': 'application/json', accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    body: JSON.stringify(review),
  });
  expect(answer.status).toBe(406);
  expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', code: 406, reason: 'NotAcceptable' });
});

/** Sends a Deployment as text, so that a key may stand twice. */
async function deploy(metadata: string, spec: string): Promise<Status> {
  const namespace = await bed.namespace('field-validation');
  const container = '{"name":"nginx","image":"nginx:latest"}';
  const template = `{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[${container}]}}`;
  const { text } = await bed.https.send({
    method: 'POST',
    path: `/apis/apps/v1/namespaces/${namespace}/deployments?fieldManager=field_validation_mgr&fieldValidation=Strict`,
    headers: { 'content-type': 'application/json' },
    body: `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"my-dep","labels":{"app":"nginx"}${metadata}},
      "spec":{${spec}"selector":{"matchLabels":{"app":"nginx"}},"template":${template}}}`,
  });
  expect((await bed.of(DEPLOYMENTS, namespace).list()).items).toEqual([]);
  return JSON.parse(text) as Status;
}

it('[sig-api-machinery] FieldValidation should detect unknown and duplicate fields of a typed object [Conformance]', async () => {
  const { message } = await deploy('', '"unknownField":"foo","replicas":2,"replicas":3,');
  expect(message).toContain(
    'strict decoding error: unknown field "spec.unknownField", duplicate field "spec.replicas"',
  );
});

it('[sig-api-machinery] FieldValidation should detect unknown metadata fields of a typed object [Conformance]', async () => {
  const { message } = await deploy(',"unknownMeta":"foo"', '');
  expect(message).toContain('strict decoding error: unknown field "metadata.unknownMeta"');
});
