/** Source: kubernetes test/e2e/apps/deployment.go (v1.32). Pods of an image that is not there stay pending, as the nodes pretend. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEPLOYMENTS, type Deployment, PODS, REPLICA_SETS, type ReplicaSet } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import type { Resource } from '../support/resource.ts';
import { soon } from '../support/soon.ts';

const AGNHOST = 'agnhost:2.53';
const HTTPD = 'httpd:2.4.38';
const MISSING = 'webserver:404';

let bed: ConformanceBed;
/** Pods of this image take their time to go. */
let lingering: string | undefined;
beforeAll(async () => {
  bed = await startConformanceBed({
    outcome({ spec }) {
      const images = spec.containers.map(({ image }) => image);
      if (images.includes(MISSING)) return 'pending';
      return lingering !== undefined && images.includes(lingering) ? 'lingering' : 'ready';
    },
  });
});
afterAll(() => bed.close());

type Labels = Readonly<Record<string, string>>;

const template = (labels: Labels, image: string) => ({
  metadata: { labels },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image }] },
});
const workload = (name: string, labels: Labels, image: string, spec: object = {}) => ({
  metadata: { name, labels },
  spec: { replicas: 1, selector: { matchLabels: labels }, template: template(labels, image), ...spec },
});
const imageOf = ({ spec }: Deployment | ReplicaSet) => spec.template?.spec?.containers[0]?.image;

async function within(base: string) {
  const namespace = await bed.namespace(base);
  return {
    namespace,
    deployments: bed.of(DEPLOYMENTS, namespace),
    replicaSets: bed.of(REPLICA_SETS, namespace),
    pods: bed.of(PODS, namespace),
  };
}

const setImage = (deployments: Resource<Deployment>, name: string, image: string) =>
  deployments.patch(name, 'strategic', { spec: { template: { spec: { containers: [{ name: 'c', image }] } } } });

/** Waits until a rollout is done: its replicas are all new and available, and nothing else is left. */
const complete = (deployments: Resource<Deployment>, name: string) =>
  soon(`${name} is complete`, async () => {
    const { metadata, spec, status = {} } = await deployments.get(name);
    const { observedGeneration = 0, updatedReplicas, replicas, availableReplicas } = status;
    const all = [updatedReplicas, replicas, availableReplicas].every((count) => count === spec.replicas);
    return all && observedGeneration >= (metadata.generation ?? 0);
  });
const REVISION = 'deployment.kubernetes.io/revision';
const revisionAndImage = (deployments: Resource<Deployment>, name: string, revision: string, image: string) =>
  soon(`${name} is at revision ${revision}`, async () => {
    const found = await deployments.get(name);
    return found.metadata.annotations?.[REVISION] === revision && imageOf(found) === image;
  });

/** A ReplicaSet with a running pod that no Deployment knows. */
async function runOld(replicaSets: Resource<ReplicaSet>, name: string, labels: Labels, annotations: Labels = {}) {
  const { metadata, spec } = workload(name, labels, HTTPD);
  await replicaSets.create({ metadata: { ...metadata, annotations }, spec });
  await soon(`${name} has its pod`, async () => (await replicaSets.get(name)).status?.readyReplicas === 1);
}

it('[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]', async () => {
  const { deployments, replicaSets, pods } = await within('deployment');
  const labels = { name: 'sample-pod' };
  const revision = '3546343826724305832';
  await runOld(replicaSets, 'test-rolling-update-controller', { ...labels, pod: 'httpd' }, { [REVISION]: revision });
  const name = 'test-rolling-update-deployment';
  await deployments.create(workload(name, labels, AGNHOST));
  await revisionAndImage(deployments, name, '3546343826724305833', AGNHOST);
  await complete(deployments, name);
  const { items } = await replicaSets.list();
  const old = items.find((set) => imageOf(set) === HTTPD);
  expect(items).toHaveLength(2);
  expect(old).toMatchObject({ metadata: { name: 'test-rolling-update-controller' }, spec: { replicas: 0 } });
  expect(old?.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', name, controller: true }]);
  await soon('the old pod is gone', async () =>
    (await pods.list()).items.every(({ spec }) => spec.containers[0]?.image === AGNHOST),
  );
});

it('[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones [Conformance]', async () => {
  const { deployments, replicaSets, pods } = await within('deployment');
  const name = 'test-recreate-deployment';
  const { metadata, spec } = workload(name, { name: 'sample-pod-3' }, AGNHOST, { strategy: { type: 'Recreate' } });
  const unhurried = { ...spec.template, spec: { ...spec.template.spec, terminationGracePeriodSeconds: 30 } };
  await deployments.create({ metadata, spec: { ...spec, template: unhurried } });
  await revisionAndImage(deployments, name, '1', AGNHOST);
  await complete(deployments, name);
  const [old] = (await pods.list()).items;
  const { resourceVersion } = (await pods.list()).metadata;
  const watch = await pods.watch({ resourceVersion });
  // The old pod goes slowly enough to see that nothing new comes beside it.
  lingering = AGNHOST;
  try {
    await setImage(deployments, name, HTTPD);
    await soon('the old pod counts no more', async () => {
      const { metadata: meta, status = {} } = await deployments.get(name);
      return status.observedGeneration === meta.generation && (status.replicas ?? 0) === 0;
    });
    expect((await replicaSets.list()).items.map(imageOf)).toEqual([AGNHOST]);
  } finally {
    lingering = undefined;
  }
  await pods.patch(old?.metadata.name ?? '', 'merge', { metadata: { annotations: { looked: 'at' } } });
  await revisionAndImage(deployments, name, '2', HTTPD);
  await complete(deployments, name);
  const told = watch.seen.map(({ type, object }) => `${type} ${object.spec.containers[0]?.image}`);
  expect(told.indexOf(`DELETED ${AGNHOST}`)).toBeGreaterThanOrEqual(0);
  expect(told.indexOf(`ADDED ${HTTPD}`)).toBeGreaterThan(told.lastIndexOf(`DELETED ${AGNHOST}`));
  watch.stop();
});

it('[sig-apps] Deployment deployment should delete old replica sets [Conformance]', async () => {
  const { deployments, replicaSets, pods } = await within('deployment');
  const labels = { name: 'cleanup-pod' };
  await runOld(replicaSets, 'test-cleanup-controller', { ...labels, pod: 'httpd' });
  const { resourceVersion } = (await pods.list()).metadata;
  const watch = await pods.watch({ resourceVersion });
  const name = 'test-cleanup-deployment';
  await deployments.create(workload(name, labels, AGNHOST, { revisionHistoryLimit: 0 }));
  await soon('the old ReplicaSet is gone', async () => {
    const { items } = await replicaSets.list();
    return items.length === 1 && items.every((set) => imageOf(set) === AGNHOST);
  });
  await complete(deployments, name);
  const made = watch.seen.filter(({ type }) => type === 'ADDED');
  expect(made.map(({ object }) => object.spec.containers[0]?.image)).toEqual([AGNHOST]);
  watch.stop();
});

it('[sig-apps] Deployment deployment should support rollover [Conformance]', async () => {
  const { deployments, replicaSets } = await within('deployment');
  const labels = { name: 'rollover-pod' };
  await runOld(replicaSets, 'test-rollover-controller', { ...labels, pod: 'httpd' });
  const name = 'test-rollover-deployment';
  const rollingUpdate = { maxUnavailable: 0, maxSurge: 1 };
  const strategy = { type: 'RollingUpdate', rollingUpdate };
  await deployments.create(workload(name, labels, MISSING, { strategy, minReadySeconds: 1 }));
  const first = await soon('the rollout has begun', async () => {
    const { items } = await replicaSets.list();
    return items.find((set) => imageOf(set) === MISSING && set.status?.replicas === 1);
  });
  await setImage(deployments, name, AGNHOST);
  await revisionAndImage(deployments, name, '2', AGNHOST);
  await complete(deployments, name);
  const { items } = await replicaSets.list();
  const left = Object.fromEntries(items.map((set) => [imageOf(set), set.spec.replicas]));
  expect(left).toEqual({ [HTTPD]: 0, [MISSING]: 0, [AGNHOST]: 1 });
  expect(items.find((set) => imageOf(set) === MISSING)?.metadata.uid).toBe(first.metadata.uid);
});

it('[sig-apps] Deployment deployment should support proportional scaling [Conformance]', async () => {
  const { deployments, replicaSets } = await within('deployment');
  const name = 'webserver-deployment';
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } };
  await deployments.create(workload(name, { name: 'httpd' }, HTTPD, { replicas: 10, strategy }));
  await complete(deployments, name);
  const sizes = (wanted: Readonly<Record<string, number>>) =>
    soon(`the ReplicaSets are ${JSON.stringify(wanted)}`, async () => {
      const { items } = await replicaSets.list();
      return items.length === 2 && items.every((set) => set.spec.replicas === wanted[imageOf(set) ?? '']);
    });
  await setImage(deployments, name, MISSING);
  await sizes({ [HTTPD]: 8, [MISSING]: 5 });
  await soon('eight are available', async () => (await deployments.get(name)).status?.availableReplicas === 8);
  await deployments.patch(name, 'merge', { spec: { replicas: 30 } });
  await sizes({ [HTTPD]: 20, [MISSING]: 13 });
});

interface Scale {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly replicas: number };
}

/** What both official tests of scale subresources do. */
async function expectScalable<T extends Deployment | ReplicaSet>(resource: Resource<T>, name: string) {
  const scale = (await resource.get(name, 'scale')) as unknown as Scale;
  expect(scale.spec.replicas).toBe(1);
  const updated = (await resource.update(
    { ...scale, kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 2 } },
    'scale',
  )) as unknown as Scale;
  expect(updated.spec.replicas).toBe(2);
  expect((await resource.get(name)).spec.replicas).toBe(2);
  await resource.patch(name, 'merge', { spec: { replicas: 4 } }, 'scale');
  expect((await resource.get(name)).spec.replicas).toBe(4);
  await soon('there are four', async () => (await resource.get(name)).status?.replicas === 4);
}

it('[sig-apps] Deployment Deployment should have a working scale subresource [Conformance]', async () => {
  const { deployments } = await within('deployment');
  await deployments.create(workload('test-new-deployment', { name: 'sample-pod' }, HTTPD));
  await complete(deployments, 'test-new-deployment');
  await expectScalable(deployments, 'test-new-deployment');
});

it('[sig-apps] ReplicaSet Replicaset should have a working scale subresource [Conformance]', async () => {
  const { replicaSets } = await within('replicaset');
  await runOld(replicaSets, 'test-rs', { app: 'test-rs' });
  await expectScalable(replicaSets, 'test-rs');
});

/** What both official tests of status endpoints do: what somebody else writes into the status is kept. */
async function expectStatusKept<T extends Deployment | ReplicaSet>(resource: Resource<T>, name: string) {
  const { resourceVersion } = (await resource.list()).metadata;
  const watch = await resource.watch({ resourceVersion });
  expect(await resource.get(name, 'status')).toMatchObject({ metadata: { name }, status: { replicas: 1 } });
  const updated = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' } as const;
  await resource.change(
    name,
    ({ status }) => {
      if (status !== undefined) status.conditions = [...(status.conditions ?? []), updated] as never;
    },
    'status',
  );
  await watch.next('MODIFIED', ({ status }) => (status?.conditions ?? []).some(({ type }) => type === 'StatusUpdate'));
  const conditions = [{ type: 'StatusPatched', status: 'True' }];
  const patched = await resource.patch(name, 'merge', { status: { conditions } }, 'status');
  expect(patched.status?.conditions).toMatchObject(conditions);
  await watch.next('MODIFIED', ({ status }) => (status?.conditions ?? []).some(({ type }) => type === 'StatusPatched'));
  watch.stop();
}

it('[sig-apps] Deployment should validate Deployment Status endpoints [Conformance]', async () => {
  const { deployments } = await within('deployment');
  await deployments.create(workload('test-deployment', { e2e: 'testing' }, HTTPD));
  await complete(deployments, 'test-deployment');
  await expectStatusKept(deployments, 'test-deployment');
});

it('[sig-apps] ReplicaSet should validate Replicaset Status endpoints [Conformance]', async () => {
  const { replicaSets } = await within('replicaset');
  await runOld(replicaSets, 'test-rs', { app: 'test-rs' });
  await expectStatusKept(replicaSets, 'test-rs');
});

it('[sig-apps] Deployment should run the lifecycle of a Deployment [Conformance]', async () => {
  const { namespace, deployments } = await within('deployment');
  const name = 'test-deployment';
  const labelSelector = 'test-deployment-static=true';
  const labels = { 'test-deployment-static': 'true' };
  const { resourceVersion } = (await bed.of(DEPLOYMENTS).list({ labelSelector })).metadata;
  const watch = await deployments.watch({ resourceVersion, labelSelector });
  await deployments.create(workload(name, labels, AGNHOST, { replicas: 2 }));
  await watch.next('ADDED', ({ metadata }) => metadata.name === name);
  await watch.next('MODIFIED', ({ status }) => status?.readyReplicas === 2);

  const patch = {
    metadata: { labels: { 'test-deployment': 'patched' } },
    spec: { replicas: 1, template: { spec: { containers: [{ name: 'c', image: HTTPD }] } } },
  };
  await deployments.patch(name, 'strategic', patch);
  await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.['test-deployment'] === 'patched');
  await watch.next(
    'MODIFIED',
    ({ status }) => status?.availableReplicas === 1 && status.updatedReplicas === 1 && status.replicas === 1,
  );
  const { items } = await bed.of(DEPLOYMENTS).list({ labelSelector });
  expect(items).toMatchObject([
    { metadata: { name, namespace, labels: patch.metadata.labels }, spec: { replicas: 1 } },
  ]);

  const before = await deployments.get(name, 'status');
  await deployments.update({ ...before, status: { ...before.status, readyReplicas: 1 } }, 'status');
  await deployments.patch(name, 'merge', { status: { readyReplicas: 0 } }, 'status');
  await soon(
    'the controller puts the status right',
    async () => (await deployments.get(name, 'status')).status?.readyReplicas === 1,
  );
  await deployments.deleteCollection({ labelSelector }, { propagationPolicy: 'Background' });
  await watch.next('DELETED', ({ metadata }) => metadata.name === name);
  watch.stop();
});

it('[sig-apps] ReplicaSet Replace and Patch tests [Conformance]', async () => {
  const { replicaSets, pods } = await within('replicaset');
  const name = 'test-rs';
  const labels = { 'sample-pod': '' };
  await runOld(replicaSets, name, labels);
  const watch = await replicaSets.watch({ resourceVersion: (await replicaSets.list()).metadata.resourceVersion });
  await replicaSets.change(name, ({ spec }) => {
    spec.replicas = 2;
  });
  await watch.next('MODIFIED', ({ status }) => status?.readyReplicas === 2);
  const image = 'pause:3.10';
  const patch = {
    metadata: { labels: { 'test-rs': 'patched' } },
    spec: { replicas: 3, template: { spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image }] } } },
  };
  await replicaSets.patch(name, 'strategic', patch);
  const patched = await watch.next('MODIFIED', ({ status }) => status?.readyReplicas === 3);
  expect(patched).toMatchObject({ ...patch, metadata: { labels: { ...labels, ...patch.metadata.labels } } });
  watch.stop();
  const images = (await pods.list()).items.map(({ spec }) => spec.containers[0]?.image).sort();
  expect(images).toEqual([HTTPD, HTTPD, image].sort());
});

it('[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets [Conformance]', async () => {
  const { namespace, replicaSets } = await within('replicaset');
  const labels = { 'e2e-rs': namespace };
  const labelSelector = `e2e-rs=${namespace}`;
  await replicaSets.create(workload('test-rs', labels, HTTPD, { replicas: 3 }));
  await soon('its pods are ready', async () => (await replicaSets.get('test-rs')).status?.readyReplicas === 3);
  expect((await bed.of(REPLICA_SETS).list({ labelSelector })).items).toHaveLength(1);
  await replicaSets.deleteCollection({ labelSelector });
  expect((await replicaSets.list({ labelSelector })).items).toEqual([]);
});

it('[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]', async () => {
  const { replicaSets, pods } = await within('replicaset');
  const name = 'pod-adoption-release';
  const labels = { name };
  const pod = await pods.create({ metadata: { name, labels }, spec: template(labels, HTTPD).spec });
  const { metadata } = await replicaSets.create(workload(name, labels, HTTPD));
  const ownersOf = async () => (await pods.get(name)).metadata.ownerReferences ?? [];
  await soon('the pod is adopted', async () =>
    (await ownersOf()).some(({ uid, controller }) => uid === metadata.uid && controller),
  );
  expect((await pods.get(name)).metadata.uid).toBe(pod.metadata.uid);
  await pods.patch(name, 'merge', { metadata: { labels: { name: 'not-matching-name' } } });
  await soon('the pod is let go', async () => (await ownersOf()).length === 0);
  await soon(
    'another one is made',
    async () => (await pods.list({ labelSelector: `name=${name}` })).items.length === 1,
  );
});
