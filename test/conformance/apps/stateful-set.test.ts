/** Source: kubernetes test/e2e/apps/statefulset.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PODS, type Pod, SERVICES, STATEFUL_SETS, type StatefulSet } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { Refusal } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

const HTTPD = 'httpd:2.4.38';
const NEW_HTTPD = 'httpd:2.4.39';
const HASH_LABEL = 'controller-revision-hash';
const HOST_PORT = 21_017;

/** Namespaces and names of pods whose probe fails. */
const broken = new Set<string>();
/** Whether a pod that no set has holds the port of the node. */
let portIsTaken = false;

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({
    outcome: ({ metadata, spec }) => {
      const isOfSet = metadata.ownerReferences !== undefined;
      const asksForPort = spec.containers.some(({ ports }) => ports?.some(({ hostPort }) => hostPort === HOST_PORT));
      // As a kubelet refuses a pod that its node has no room for.
      if (isOfSet && asksForPort && portIsTaken) return 'failed';
      return broken.has(`${metadata.namespace}/${metadata.name}`) ? 'running' : 'ready';
    },
  });
});
afterAll(() => bed.close());

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
const imageOf = ({ spec }: Pod) => spec.containers[0]?.image;
const hashOf = ({ metadata }: Pod) => metadata.labels?.[HASH_LABEL];

/** Where a set scales down meanwhile. */
function goneIsFine(error: unknown): void {
  if (!(error instanceof Refusal) || error.status.code !== 404) throw error;
}

async function within(name: string) {
  const namespace = await bed.namespace('statefulset');
  const [sets, pods, services] = [
    bed.of(STATEFUL_SETS, namespace),
    bed.of(PODS, namespace),
    bed.of(SERVICES, namespace),
  ];
  const labels = { foo: 'bar', baz: 'blah', namespace };
  const labelSelector = `namespace=${namespace}`;
  await services.create({
    metadata: { name: 'test' },
    spec: { selector: labels, clusterIP: 'None', ports: [{ port: 80, name: 'http', protocol: 'TCP' }] },
  });
  const listed = async () =>
    (await pods.list({ labelSelector })).items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const setProbes = async (names: readonly string[], isBroken: boolean) => {
    for (const each of names) {
      if (isBroken) broken.add(`${namespace}/${each}`);
      else broken.delete(`${namespace}/${each}`);
    }
    // Its node looks at a pod that changes.
    for (const { metadata } of await listed()) {
      const annotations = { probe: isBroken ? 'broken' : 'restored' };
      await pods.patch(metadata.name, 'merge', { metadata: { annotations } }).catch(goneIsFine);
    }
  };
  const every = (count: number) => Array.from({ length: count }, (_, ordinal) => `${name}-${ordinal}`);
  return {
    sets,
    pods,
    namespace,
    labels,
    labelSelector,
    listed,
    create: (spec: object = {}, container: object = {}, podSpec: object = {}, metadata: object = {}) =>
      sets.create({
        metadata: { name, ...metadata },
        spec: {
          serviceName: 'test',
          replicas: 1,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [{ name: 'webserver', image: HTTPD, ...container }], ...podSpec },
          },
          ...spec,
        },
      }),
    breakProbes: (names: readonly string[]) => setProbes(names, true),
    restoreProbes: (names: readonly string[]) => setProbes(names, false),
    every,
    scale: (replicas: number) => sets.patch(name, 'merge', { spec: { replicas } }),
    setImage: (image: string, spec: object = {}) =>
      sets.patch(name, 'strategic', {
        spec: { ...spec, template: { spec: { containers: [{ name: 'webserver', image }] } } },
      }),
    ready: (count: number): Promise<readonly Pod[]> =>
      soon(`${count} pods run and are ready`, async () => {
        const now = await listed();
        return now.length === count && now.every(isReady) && now;
      }),
    notReady: (count: number) =>
      soon(`${count} pods run and are not ready`, async () => {
        const now = await listed();
        return now.length === count && now.every((pod) => !isReady(pod) && pod.status?.phase === 'Running');
      }),
    /** Waits until the controller has seen what is declared, and says this. */
    status: (what: string, holds: (status: NonNullable<StatefulSet['status']>) => boolean): Promise<StatefulSet> =>
      soon(what, async () => {
        const found = await sets.get(name);
        const { status, metadata } = found;
        return status !== undefined && status.observedGeneration === metadata.generation && holds(status) && found;
      }),
    /** Pods in the order in which a watch tells that they come, or go. */
    async follow() {
      const { resourceVersion } = (await pods.list({ labelSelector })).metadata;
      const watch = await pods.watch({ resourceVersion, labelSelector });
      return async (type: 'ADDED' | 'DELETED', count: number) => {
        const seen = () => watch.seen.filter((event) => event.type === type).map(({ object }) => object.metadata.name);
        await soon(`${count} are ${type}`, () => seen().length === count);
        watch.stop();
        return seen();
      };
    },
  };
}

it('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow] [Conformance]', async () => {
  const set = await within('ss');
  const comings = await set.follow();
  await set.create();
  await set.ready(1);
  await set.breakProbes(set.every(1));
  await set.notReady(1);
  await set.status('none is ready', ({ readyReplicas = 0 }) => readyReplicas === 0);
  await set.scale(3);
  await set.status('it has seen that there should be three', ({ replicas }) => replicas === 1);
  expect(await set.listed()).toHaveLength(1);
  await set.restoreProbes(set.every(1));
  await set.ready(3);
  expect(await comings('ADDED', 3)).toEqual(set.every(3));

  const goings = await set.follow();
  await set.breakProbes(set.every(3));
  await set.status('none is ready', ({ readyReplicas = 0 }) => readyReplicas === 0);
  await set.notReady(3);
  await set.scale(0);
  await set.status('it has seen that there should be none', ({ replicas }) => replicas === 3);
  expect(await set.listed()).toHaveLength(3);
  await set.restoreProbes(set.every(3));
  expect(await goings('DELETED', 3)).toEqual(set.every(3).reverse());
  await set.status('none is left', ({ replicas }) => replicas === 0);
});

it('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling should run to completion even with unhealthy pods [Slow] [Conformance]', async () => {
  const set = await within('ss');
  await set.create({ podManagementPolicy: 'Parallel' });
  await set.ready(1);
  await set.breakProbes(set.every(3));
  await set.notReady(1);
  await set.status('none is ready', ({ readyReplicas = 0 }) => readyReplicas === 0);
  await set.scale(3);
  await set.notReady(3);
  await set.restoreProbes(set.every(3));
  await set.ready(3);
  await set.breakProbes(set.every(3));
  await set.status('none is ready', ({ readyReplicas = 0 }) => readyReplicas === 0);
  await set.notReady(3);
  await set.scale(0);
  await set.status('none is left', ({ replicas }) => replicas === 0);
  expect(await set.listed()).toEqual([]);
});

it('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate evicted statefulset [Conformance]', async () => {
  const set = await within('ss');
  const [nodeName = ''] = bed.nodes;
  const ports = [{ containerPort: HOST_PORT, hostPort: HOST_PORT, name: 'conflict' }];
  portIsTaken = true;
  await set.pods.create({
    metadata: { name: 'test-pod' },
    spec: { nodeName, containers: [{ name: 'webserver', image: HTTPD, ports }] },
  });
  await soon('the pod that has the port runs', async () => isReady(await set.pods.get('test-pod')));
  const { resourceVersion } = (await set.pods.list()).metadata;
  const watch = await set.pods.watch({ resourceVersion, labelSelector: set.labelSelector });
  await set.create({}, { ports }, { nodeName });
  const first = await watch.next('ADDED');
  expect(first.metadata.name).toBe('ss-0');
  await watch.next('MODIFIED', (pod) => pod.status?.phase === 'Failed');
  const gone = await watch.next('DELETED');
  expect(gone.metadata.uid).toBe(first.metadata.uid);
  await set.pods.delete('test-pod');
  portIsTaken = false;
  const again = await soon('it is made again, and runs', async () => {
    const pod = await set.pods.find('ss-0');
    return pod?.status?.phase === 'Running' && pod;
  });
  expect(again.metadata.uid).not.toBe(first.metadata.uid);
  watch.stop();
});

it('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a working scale subresource [Conformance]', async () => {
  const set = await within('ss');
  await set.create();
  await set.ready(1);
  type Scale = StatefulSet & { readonly spec: { replicas: number } };
  const scale = (await set.sets.get('ss', 'scale')) as unknown as Scale;
  expect([scale.kind, scale.spec.replicas, scale.status?.replicas]).toEqual(['Scale', 1, 1]);
  const updated = await set.sets.update({ ...scale, spec: { replicas: 2 } }, 'scale');
  expect(updated.spec.replicas).toBe(2);
  expect((await set.sets.get('ss')).spec.replicas).toBe(2);
  await set.sets.patch('ss', 'merge', { spec: { replicas: 4 } }, 'scale');
  expect((await set.sets.get('ss')).spec.replicas).toBe(4);
  await set.ready(4);
});

it('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets [Conformance]', async () => {
  const set = await within('test-ss');
  await set.create();
  await set.ready(1);
  await set.sets.patch('test-ss', 'strategic', {
    metadata: { labels: { 'test-ss': 'patched' } },
    spec: {
      replicas: 2,
      template: {
        spec: { terminationGracePeriodSeconds: 10, containers: [{ name: 'webserver', image: NEW_HTTPD }] },
      },
    },
  });
  const patched = await set.sets.get('test-ss');
  expect(patched.metadata.labels?.['test-ss']).toBe('patched');
  expect(patched.spec.replicas).toBe(2);
  expect(patched.spec.template.spec).toMatchObject({
    terminationGracePeriodSeconds: 10,
    containers: [{ image: NEW_HTTPD }],
  });
  await soon('both pods are as patched', async () => {
    const now = await set.listed();
    return now.length === 2 && now.every((pod) => imageOf(pod) === NEW_HTTPD && isReady(pod));
  });
  const labelSelector = 'test-ss=patched';
  expect((await bed.of(STATEFUL_SETS).list({ labelSelector })).items).toHaveLength(1);
  await set.sets.deleteCollection({ labelSelector }, { gracePeriodSeconds: 0 });
  expect((await bed.of(STATEFUL_SETS).list({ labelSelector })).items).toEqual([]);
});

it('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform canary updates and phased rolling updates of template modifications [Conformance]', async () => {
  const set = await within('ss2');
  const rolling = (partition: number) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition } } });
  await set.create({ replicas: 3, ...rolling(0) });
  const before = await set.ready(3);
  const { status } = await set.status('one revision is current', (now) => now.currentRevision === now.updateRevision);
  const current = status?.currentRevision ?? '';
  expect(before.map(hashOf)).toEqual([current, current, current]);

  await set.setImage(NEW_HTTPD, rolling(3));
  const updated = await set.status('there is a new revision', (now) => now.updateRevision !== current);
  const update = updated.status?.updateRevision ?? '';
  const at = (partition: number) =>
    [0, 1, 2].map((ordinal) => (ordinal < partition ? [HTTPD, current] : [NEW_HTTPD, update]));
  const found = (pods: readonly Pod[]) => pods.map((pod) => [imageOf(pod), hashOf(pod)]);
  expect(found(await set.ready(3))).toEqual(at(3));

  const rolledTo = (partition: number) =>
    soon(`the pods from ${partition} on are new`, async () => {
      const now = await set.listed();
      const isAsDeclared = JSON.stringify(found(now)) === JSON.stringify(at(partition));
      return now.every(isReady) && isAsDeclared;
    });
  await set.sets.patch('ss2', 'merge', { spec: rolling(2) });
  await rolledTo(2);
  await set.status('one is updated', (now) => now.updatedReplicas === 1 && now.currentRevision === current);

  const uids = async () => (await set.listed()).map(({ metadata }) => metadata.uid);
  const [oldFirst = '', , oldLast = ''] = await uids();
  await set.pods.delete('ss2-0');
  await set.pods.delete('ss2-2');
  await soon('both are others', async () => {
    const now = await uids();
    return now.length === 3 && !now.includes(oldFirst) && !now.includes(oldLast);
  });
  await rolledTo(2);

  for (const partition of [1, 0]) {
    await set.sets.patch('ss2', 'merge', { spec: rolling(partition) });
    await rolledTo(partition);
  }
  await set.status('the new revision is current', (now) => now.currentRevision === update && now.updatedReplicas === 3);
});

it('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform rolling updates and roll backs of template modifications [Conformance]', async () => {
  const set = await within('ss2');
  await set.create({ replicas: 3 });
  const before = await set.ready(3);
  const { status } = await set.status('one revision is current', (now) => now.currentRevision === now.updateRevision);
  const first = status?.currentRevision ?? '';
  expect(before.map(hashOf)).toEqual([first, first, first]);

  const change = async (image: string) => {
    await set.breakProbes(['ss2-1']);
    await soon('the second is not ready', async () => (await set.listed()).filter(isReady).length === 2);
    const goings = await set.follow();
    await set.setImage(image);
    const { status: seen } = await set.status(
      'there are two revisions',
      (now) => now.currentRevision !== now.updateRevision,
    );
    await set.restoreProbes(['ss2-1']);
    const done = await set.status(
      'the new revision is current',
      (now) => now.currentRevision === seen?.updateRevision && now.readyReplicas === 3,
    );
    expect(await goings('DELETED', 3)).toEqual(['ss2-2', 'ss2-1', 'ss2-0']);
    const revision = done.status?.currentRevision;
    expect((await set.ready(3)).map((pod) => [imageOf(pod), hashOf(pod)])).toEqual(Array(3).fill([image, revision]));
    return revision;
  };
  expect(await change(NEW_HTTPD)).not.toBe(first);
  // Back to an earlier template is back to its revision.
  expect(await change(HTTPD)).toBe(first);
});

it('[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints [Conformance]', async () => {
  const set = await within('ss');
  await set.create({}, {}, {}, { labels: { e2e: 'testing' } });
  await set.ready(1);
  await set.status('it is told', ({ readyReplicas }) => readyReplicas === 1);
  expect((await set.sets.get('ss', 'status')).status).toMatchObject({ replicas: 1, readyReplicas: 1 });
  const { resourceVersion } = (await set.sets.list()).metadata;
  const watch = await set.sets.watch({ resourceVersion, labelSelector: 'e2e=testing' });
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  await set.sets.change(
    'ss',
    (found) => {
      Object.assign(found, {
        status: { ...found.status, conditions: [...(found.status?.conditions ?? []), condition] },
      });
    },
    'status',
  );
  const says = (type: string) => (found: StatefulSet) =>
    found.status?.conditions?.some((each) => each.type === type) === true;
  await watch.next('MODIFIED', says('StatusUpdate'));
  await set.sets.patch(
    'ss',
    'merge',
    { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } },
    'status',
  );
  await watch.next('MODIFIED', says('StatusPatched'));
  watch.stop();
});
