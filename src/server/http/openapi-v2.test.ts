import { describe, expect, it } from 'vitest';
import { CONFIG_MAPS, DEPLOYMENTS, PODS } from '#api';
import { createOpenApiV2 } from './openapi-v2.ts';

const VERBS = ['create', 'get', 'patch'];
const resources = [PODS, CONFIG_MAPS, DEPLOYMENTS].map((type) => ({ type, verbs: VERBS }));
const versions = [resources.filter(({ type }) => type.group === ''), resources.filter(({ type }) => type.group !== '')];
const make = createOpenApiV2();

describe('src/server/http/openapi-v2', () => {
  it('defines every kind, and names every path', async () => {
    const whole = await make(versions);
    const { paths, definitions } = JSON.parse(whole.json);
    expect(Object.keys(definitions)).toEqual(
      expect.arrayContaining(['io.k8s.api.core.v1.Pod', 'io.k8s.api.apps.v1.Deployment']),
    );
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
    await createOpenApiV2()(versions);
    isDone = true;
    expect(turns).toBeGreaterThanOrEqual(4); // before and within each of two
  });
});
