import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  JOBS,
  type KubeObject,
  NAMESPACES,
  PODS,
  type ResourceType,
} from '#api';
import type { Client } from '#client';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const namespace = 'workloads';
let product: Product;
let client: Client;

/** Uses all that it may of a processor while the file is there. */
const BURNS = `const fs = require('fs'); process.on('SIGTERM', () => process.exit(0));
setInterval(() => { const end = Date.now() + 90; while (fs.existsSync('/load/on') && Date.now() < end); }, 100);`;
const SERVES = `process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);`;

const container = (script: string, more: object = {}) => ({
  name: 'main',
  image: 'plumbline.local/sample:1',
  command: ['/usr/local/bin/node', '-e', script],
  ...more,
});
const template = (name: string, spec: object) => ({ metadata: { labels: { app: name } }, spec });
const object = (type: ResourceType, name: string, spec: object): KubeObject => ({
  apiVersion: `${type.group}/${type.version}`,
  kind: type.kind,
  metadata: { name, namespace },
  spec,
});
const create = (type: ResourceType, name: string, spec: object) => client.create(type, object(type, name, spec));
const selecting = (name: string) => ({ selector: { matchLabels: { app: name } } });
const once = (script: string) => template('once', { restartPolicy: 'Never', containers: [container(script)] });

beforeAll(async () => {
  product = await startProduct();
  client = await product.client();
  await product.untilTrue('web'); // The demo's image is there by then.
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const load = { volumeMounts: [{ name: 'load', mountPath: '/load' }] };
  const resources = { requests: { cpu: '100m' }, limits: { cpu: '300m' } };
  const volumes = [{ name: 'load', emptyDir: {} }];
  await create(DEPLOYMENTS, 'burner', {
    replicas: 1,
    ...selecting('burner'),
    template: template('burner', { volumes, containers: [container(BURNS, { ...load, resources })] }),
  });
  await create(DAEMON_SETS, 'everywhere', {
    ...selecting('everywhere'),
    template: template('everywhere', { containers: [container(SERVES)] }),
  });
  await create(CRON_JOBS, 'tick', {
    schedule: '@every 5s',
    jobTemplate: { spec: { template: once(`console.log('tick')`) } },
  });
  await create(JOBS, 'indexed', {
    completions: 3,
    parallelism: 2,
    completionMode: 'Indexed',
    template: once(`console.log('index ' + process.env.JOB_COMPLETION_INDEX)`),
  });
});
afterAll(() => product?.close());

const kubectl = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await product.kubectl('-n', namespace, ...args);
  expect(code, stderr).toBe(0);
  return stdout;
};
const shows = (what: string, args: readonly string[], pattern: RegExp) =>
  until(what, async () => {
    const text = await kubectl(...args);
    return pattern.test(text) && text;
  });
const inBurner = (script: string) =>
  kubectl('exec', 'deploy/burner', '--', '/usr/local/bin/node', '-e', `require('fs').${script}`);

describe('workloads on a real node', () => {
  it('runs a pod of a DaemonSet on the node', async () => {
    await shows('it is ready', ['get', 'ds', 'everywhere'], /everywhere +1 +1 +1 +1 +1 +<none>/);
    expect(await kubectl('rollout', 'status', 'ds/everywhere')).toContain('successfully rolled out');
  });

  it('runs each index of an Indexed Job once', async () => {
    await shows('it is complete', ['get', 'job', 'indexed'], /indexed +Complete +3\/3/);
    const logs = await kubectl('logs', '-l', 'batch.kubernetes.io/job-name=indexed', '--tail=-1');
    expect(logs.trim().split('\n').sort()).toEqual(['index 0', 'index 1', 'index 2']);
  });

  it('starts the Jobs of a CronJob, and one more by hand', async () => {
    const shown = await shows('a start', ['get', 'cj', 'tick'], /tick +@every 5s +<none> +False +\d +\d+s/);
    expect(shown).toContain('LAST SCHEDULE');
    await shows('its Job is complete', ['get', 'jobs'], /tick-\d+ +Complete +1\/1/);
    expect(await kubectl('describe', 'cj', 'tick')).toMatch(/SuccessfulCreate .*Created job tick-\d+/);
    await kubectl('create', 'job', 'by-hand', '--from=cronjob/tick');
    await shows('it is complete', ['get', 'job', 'by-hand'], /by-hand +Complete +1\/1/);
    expect(await kubectl('logs', 'job/by-hand')).toBe('tick\n');
  });

  it('scales a Deployment out under load, and back, as kubectl shows it', async () => {
    await kubectl('rollout', 'status', 'deploy/burner', '--timeout=60s');
    await inBurner(`writeFileSync('/load/on', '')`);
    await create(HORIZONTAL_POD_AUTOSCALERS, 'burner', {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'burner' },
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    });
    await shows('three replicas', ['get', 'deploy', 'burner'], /burner +3\/3/);
    expect(await kubectl('get', 'hpa', 'burner')).toMatch(/Deployment\/burner +cpu: \d+%\/50% +1 +3 /);
    const busy = await client.list(PODS, { namespace, labelSelector: 'app=burner' });
    expect(busy.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)).toHaveLength(3);
    // The others do nothing; only this one has the file, so it alone says how much is asked for.
    const [loaded] = [...busy.items].sort((a, b) =>
      a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp),
    );
    await kubectl(
      ...['exec', loaded?.metadata.name ?? '', '--', '/usr/local/bin/node', '-e', `require('fs').rmSync('/load/on')`],
    );
    await shows('one replica', ['get', 'deploy', 'burner'], /burner +1\/1/);
    const told = await kubectl('describe', 'hpa', 'burner');
    expect(told).toMatch(/ScalingActive +True +ValidMetricFound/);
    expect(told).toMatch(
      /SuccessfulRescale .*New size: 3; reason: cpu resource utilization \(percentage of request\) above target/,
    );
    expect(told).toMatch(/SuccessfulRescale .*New size: 1; reason: All metrics below target/);
  });
});
