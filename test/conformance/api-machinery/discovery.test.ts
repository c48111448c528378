/** Source: kubernetes test/e2e/apimachinery: aggregated_discovery.go, discovery.go, server_version.go, table_conversion.go, field_validation.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEPLOYMENTS } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { type GroupVersions, type ResourceNames, readJson } from '../support/discovery.ts';
import type { Status } from '../support/resource.ts';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
});
afterAll(() => bed.close());

/** A resource that each group version must have, as the official tests list them. */
const EXPECTED = [
  ['', 'v1', 'namespaces'],
  ['admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'],
  ['apiextensions.k8s.io', 'v1', 'customresourcedefinitions'],
  ['apiregistration.k8s.io', 'v1', 'apiservices'],
  ['apps', 'v1', 'deployments'],
  ['authentication.k8s.io', 'v1', 'tokenreviews'],
  ['authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'],
  ['autoscaling', 'v1', 'horizontalpodautoscalers'],
  ['autoscaling', 'v2', 'horizontalpodautoscalers'],
  ['batch', 'v1', 'jobs'],
  ['certificates.k8s.io', 'v1', 'certificatesigningrequests'],
  ['coordination.k8s.io', 'v1', 'leases'],
  ['discovery.k8s.io', 'v1', 'endpointslices'],
  ['events.k8s.io', 'v1', 'events'],
  ['networking.k8s.io', 'v1', 'ingresses'],
  ['node.k8s.io', 'v1', 'runtimeclasses'],
  ['policy', 'v1', 'poddisruptionbudgets'],
  ['scheduling.k8s.io', 'v1', 'priorityclasses'],
  ['storage.k8s.io', 'v1', 'csinodes'],
] as const;

interface DiscoveryList {
  readonly kind: string;
  readonly apiVersion: string;
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly {
      readonly version: string;
      readonly freshness: string;
      readonly resources: readonly { readonly resource: string }[];
    }[];
  }[];
}

/** `group/version/resource` of all that a list tells. */
const told = ({ items }: DiscoveryList) =>
  items.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }) =>
      resources.map(({ resource }) => `${metadata.name ?? ''}/${version}/${resource}`),
    ),
  );
const wanted = (isLegacy: boolean) =>
  EXPECTED.filter(([group]) => (group === '') === isLegacy).map((parts) => parts.join('/'));

it('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]', async () => {
  const headers = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' };
  for (const [path, isLegacy] of [
    ['/apis', false],
    ['/api', true],
  ] as const) {
    const list = await readJson<DiscoveryList>(bed.https, path, headers);
    expect(list).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
    expect(told(list)).toEqual(expect.arrayContaining(wanted(isLegacy)));
  }
});

it('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]', async () => {
  // What client-go asks for, in its order; the content type of the answer tells it which form it got.
  const forms = ['v2', 'v2beta1'].map(
    (version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
  );
  const headers = { accept: [...forms, 'application/json'].join(',') };
  for (const [path, isLegacy] of [
    ['/apis', false],
    ['/api', true],
  ] as const) {
    const answer = await bed.https.send({ path, headers });
    const parameters = (answer.headers['content-type'] ?? '').replaceAll('"', '').split(/;\s*/);
    expect(parameters).toEqual(
      expect.arrayContaining(['application/json', 'g=apidiscovery.k8s.io', 'v=v2', 'as=APIGroupDiscoveryList']),
    );
    const list = JSON.parse(answer.text) as DiscoveryList;
    expect(told(list)).toEqual(expect.arrayContaining(wanted(isLegacy)));
    // client-go reads no resources of a version that is not current.
    const freshness = list.items.flatMap(({ versions }) => versions.map((version) => version.freshness));
    expect(new Set(freshness)).toEqual(new Set(['Current']));
  }
});

it('[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]', async () => {
  for (const [group, version, resource] of EXPECTED) {
    const groupVersion = group === '' ? version : `${group}/${version}`;
    const list = await readJson<ResourceNames>(bed.https, group === '' ? `/api/${version}` : `/apis/${groupVersion}`);
    expect(list.groupVersion).toBe(groupVersion);
    expect(list.resources.map(({ name }) => name)).toContain(resource);
  }
});

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
