import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAEMON_SETS, DEPLOYMENTS, type KubeObject, PODS, type Pod, STATEFUL_SETS } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { createHollowNode, type HollowNode } from '../../test/support/hollow-node.ts';
import { findKubectl } from '../../test/support/kubectl.ts';
import { type KubectlBed, startKubectlBed } from '../../test/support/kubectl-bed.ts';
import { until } from '../../test/support/until.ts';
import { createControllers } from './create-controllers.ts';
import { isActive } from './shared/pods.plan.ts';

const kubectlPath = findKubectl('1.32');
const title = `src/controllers rollouts with kubectl 1.32${kubectlPath === undefined ? ' (skipped: there is no kubectl)' : ''}`;
const namespace = 'default';

/** A workload of three pods, as a person writes it. */
function workload({ kind }: { readonly kind: string }, name: string, spec: object = {}): string {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'sample:1' }] } };
  const object: KubeObject = {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, annotations: { 'kubernetes.io/change-cause': 'first' } },
    spec: {
      ...(kind === 'DaemonSet' ? {} : { replicas: 3 }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: { matchLabels: labels },
      template,
      ...spec,
    },
  };
  return JSON.stringify(object);
}

describe.skipIf(kubectlPath === undefined)(title, { timeout: 180_000 }, () => {
  let bed: KubectlBed;
  let client: Client;
  let nodes: readonly HollowNode[];
  let running: Promise<unknown>;
  const stopping = new AbortController();
  /** The image whose pods do not become ready. */
  let sick: string | undefined;
  beforeAll(async () => {
    bed = await startKubectlBed(kubectlPath);
    client = await bed.server.client({ name: 'controllers', groups: ['system:masters'] });
    const deps = { client, clock: systemClock };
    const outcome = ({ spec }: Pod) => (spec.containers[0]?.image === sick ? 'running' : 'ready');
    nodes = ['n1', 'n2', 'n3'].map((name) => createHollowNode({ ...deps, name, outcome, beatMs: 5_000 }));
    const controllers = createControllers({ ...deps, log: silentLog });
    running = Promise.all([controllers.run(stopping.signal), ...nodes.map((node) => node.run(stopping.signal))]);
    await until('the controllers run', () => controllers.synced);
  }, 60_000);
  afterAll(async () => {
    stopping.abort();
    await running;
    await bed.close();
  });

  const heal = () => {
    sick = undefined;
    for (const node of nodes) node.refresh();
  };
  const podsOf = async (app: string) =>
    (await client.list(PODS, { namespace, labelSelector: `app=${app}` })).items.filter(isActive);
  const images = async (app: string) => (await podsOf(app)).map(({ spec }) => spec.containers[0]?.image).sort();
  const three = (image: string) => [image, image, image];
  const create = (manifest: string) => bed.ok('create -f -', manifest);
  const finished = (what: string) => bed.ok(`rollout status ${what} --timeout=60s`);
  /** A new image, by its number, and why. */
  const setImage = async (what: string, version: number) => {
    await bed.ok(`set image ${what} main=sample:${version}`);
    await bed.ok(`annotate ${what} --overwrite kubernetes.io/change-cause=to-${version}`);
  };
  /** `revision cause` of each line. */
  const history = async (what: string) =>
    (await bed.ok(`rollout history ${what}`))
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line) => line.replace(/\s+/g, ' ').trim());
  /** The words of a command that must fail. */
  const refused = async (args: string) => {
    const { code, stdout, stderr } = await bed.kubectl(args);
    expect(code, args).toBe(1);
    return stdout + stderr;
  };

  it('rolls a Deployment out, tells its history, undoes, pauses, resumes and restarts', async () => {
    const what = 'deployment/web';
    await create(workload(DEPLOYMENTS, 'web'));
    expect(await finished(what)).toMatch(/deployment "web" successfully rolled out\n$/);
    await setImage(what, 2);
    await finished(what);
    expect(await images('web')).toEqual(three('sample:2'));
    expect(await history(what)).toEqual(['1 first', '2 to-2']);
    expect(await bed.ok(`rollout history ${what} --revision=1`)).toMatch(/Image:\s+sample:1\n/);

    expect(await bed.ok(`rollout undo ${what}`)).toBe('deployment.apps/web rolled back\n');
    await finished(what);
    expect(await images('web')).toEqual(three('sample:1'));
    expect(await history(what)).toEqual(['2 to-2', '3 first']);
    await setImage(what, 3);
    await finished(what);
    expect(await bed.ok(`rollout undo ${what} --to-revision=2`)).toBe('deployment.apps/web rolled back\n');
    await finished(what);
    expect(await images('web')).toEqual(three('sample:2'));
    expect((await history(what)).map((line) => line.split(' ')[0])).toEqual(['3', '4', '5']);
    expect(await refused(`rollout undo ${what} --to-revision=99`)).toContain('unable to find specified revision 99');
    expect(await bed.ok(`rollout undo ${what} --to-revision=5`)).toContain('skipped rollback');

    await bed.ok(`rollout pause ${what}`);
    await setImage(what, 4);
    expect(await refused(`rollout status ${what} --timeout=1s`)).toContain('0 out of 3 new replicas have been updated');
    expect(await images('web')).toEqual(three('sample:2'));
    expect(await refused(`rollout undo ${what}`)).toContain('cannot rollback a paused deployment');
    expect(await refused(`rollout restart ${what}`)).toContain("can't restart paused deployment");
    await bed.ok(`rollout resume ${what}`);
    await finished(what);
    expect(await images('web')).toEqual(three('sample:4'));

    const before = new Set((await podsOf('web')).map(({ metadata }) => metadata.uid));
    expect(await bed.ok(`rollout restart ${what}`)).toBe('deployment.apps/web restarted\n');
    await finished(what);
    const after = await podsOf('web');
    expect(after.filter(({ metadata }) => before.has(metadata.uid))).toEqual([]);
    expect(after[0]?.metadata.annotations).toHaveProperty('kubectl.kubernetes.io/restartedAt');
  });

  it('says that a Deployment exceeded its progress deadline, and goes back', async () => {
    const what = 'deployment/slow';
    await create(workload(DEPLOYMENTS, 'slow', { progressDeadlineSeconds: 2 }));
    await finished(what);
    sick = 'sample:9';
    await setImage(what, 9);
    expect(await refused(`rollout status ${what} --timeout=60s`)).toContain(
      'deployment "slow" exceeded its progress deadline',
    );
    expect((await images('slow')).filter((image) => image === 'sample:1')).toHaveLength(3);
    await bed.ok(`rollout undo ${what}`);
    await finished(what);
    heal();
    expect(await images('slow')).toEqual(three('sample:1'));
  });

  it.each([
    {
      type: STATEFUL_SETS,
      name: 'db',
      word: 'statefulset',
      done: 'partitioned roll out complete: 3 new pods have been updated',
    },
    { type: DAEMON_SETS, name: 'agent', word: 'daemonset', done: 'daemon set "agent" successfully rolled out' },
  ])('rolls a $type.kind out, tells its history, undoes and restarts', async ({ type, name, word, done }) => {
    const what = `${word}/${name}`;
    await create(workload(type, name));
    await until('three pods are there', async () => (await podsOf(name)).length === 3, 60_000);
    await finished(what);
    await setImage(what, 2);
    expect(await finished(what)).toContain(done);
    expect(await images(name)).toEqual(three('sample:2'));
    expect((await history(what)).map((line) => line.split(' ')[0])).toEqual(['1', '2']);
    expect(await bed.ok(`rollout history ${what} --revision=1`)).toMatch(/Image:\s+sample:1\n/);

    expect(await bed.ok(`rollout undo ${what}`)).toBe(`${word}.apps/${name} rolled back\n`);
    await finished(what);
    expect(await images(name)).toEqual(three('sample:1'));
    expect((await history(what)).map((line) => line.split(' ')[0])).toEqual(['2', '3']);
    await setImage(what, 3);
    await finished(what);
    expect(await bed.ok(`rollout undo ${what} --to-revision=2`)).toBe(`${word}.apps/${name} rolled back\n`);
    await finished(what);
    expect(await images(name)).toEqual(three('sample:2'));
    expect(await refused(`rollout undo ${what} --to-revision=99`)).toContain('unable to find specified revision 99');
    expect(await refused(`rollout pause ${what}`)).toContain('pausing is not supported');

    const before = new Set((await podsOf(name)).map(({ metadata }) => metadata.uid));
    expect(await bed.ok(`rollout restart ${what}`)).toBe(`${word}.apps/${name} restarted\n`);
    await finished(what);
    expect((await podsOf(name)).filter(({ metadata }) => before.has(metadata.uid))).toEqual([]);
  });

  it('tells how far a StatefulSet is rolled out down to its partition, and nothing where a person ends its pods', async () => {
    const rolling = (partition: number) => ({ type: 'RollingUpdate', rollingUpdate: { partition } });
    await create(workload(STATEFUL_SETS, 'parts', { updateStrategy: rolling(2), podManagementPolicy: 'Parallel' }));
    await finished('statefulset/parts');
    await setImage('statefulset/parts', 2);
    expect(await finished('statefulset/parts')).toContain(
      'partitioned roll out complete: 1 new pods have been updated',
    );
    expect(await images('parts')).toEqual(['sample:1', 'sample:1', 'sample:2']);
    await create(workload(STATEFUL_SETS, 'hands', { updateStrategy: { type: 'OnDelete' } }));
    expect(await refused('rollout status statefulset/hands')).toContain(
      'rollout status is only available for RollingUpdate strategy type',
    );
  });
});
