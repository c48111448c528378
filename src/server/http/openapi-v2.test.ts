import { describe, expect, it } from 'vitest';
import { CONFIG_MAPS, DEPLOYMENTS, PODS } from '#api';
import { createOpenApiV2 } from './openapi-v2.ts';

const VERBS = ['create', 'get', 'patch'];
const resources = [PODS, CONFIG_MAPS, DEPLOYMENTS].map((type) => ({ type, verbs: VERBS }));
const definitions = {
  type: {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
  verbs: VERBS,
};

describe('src/server/http/openapi-v2', () => {
  it('defines every kind, and names paths where custom resources can be looked up', async () => {
    const without = JSON.parse((await createOpenApiV2(resources)).json);
    expect(without.paths).toEqual({});
    expect(Object.keys(without.definitions)).toEqual(
      expect.arrayContaining(['io.k8s.api.core.v1.Pod', 'io.k8s.api.apps.v1.Deployment']),
    );
    const whole = await createOpenApiV2([...resources, definitions]);
    const { paths } = JSON.parse(whole.json);
    expect(Object.keys(paths)).toContain('/api/v1/namespaces/{namespace}/pods/{name}');
    const protobuf = Buffer.from(whole.protobuf).toString('latin1');
    for (const path of Object.keys(paths)) expect(protobuf).toContain(path);
  });

  it('lets others go first between group versions', async () => {
    let turns = 0;
    let isDone = false;
    const count = () => {
      turns += 1;
      if (!isDone) setImmediate(count);
    };
    setImmediate(count);
    await createOpenApiV2(resources);
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(4); // before and within each of two
  });
});
