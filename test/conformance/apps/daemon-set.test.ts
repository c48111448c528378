/** Source: kubernetes test/e2e/apps/daemon_set.go and controller_revision.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CONTROLLER_REVISIONS, type ControllerRevision, DAEMON_SETS, NODES, PODS, type Pod } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { soon } from '../support/soon.ts';

const HTTPD = 'httpd:2.4.38';
const AGNHOST = 'agnhost:2.53';
const MISSING = 'foo:non-existent';
const NAME_LABEL = 'daemonset-name';
const COLOR_LABEL = 'daemonset-color';
const HASH_LABEL = 'controller-revision-hash';

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({
    outcome: ({ spec }) => (spec.containers.some(({ image }) => image === MISSING) ? 'pending' : 'ready'),
  });
});
afterAll(() => bed.close());

async function within(name: string) {
  const namespace = await bed.namespace('daemonsets');
  const [sets, pods, revisions] = [
    bed.of(DAEMON_SETS, namespace),
    bed.of(PODS, namespace),
    bed.of(CONTROLLER_REVISIONS, namespace),
  ];
  const labels = { [NAME_LABEL]: name };
  const labelSelector = `${NAME_LABEL}=${name}`;
  const running = async () =>
    (await pods.list({ labelSelector })).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return {
    name,
    sets,
    pods,
    revisions,
    labels,
    labelSelector,
    running,
    create: (spec: object = {}, podSpec: object = {}) =>
      sets.create({
        metadata: { name, labels },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'app', image: HTTPD }], ...podSpec },
          },
          ...spec,
        },
      }),
    setImage: (image: string) =>
      sets.patch(name, 'strategic', { spec: { template: { spec: { containers: [{ name: 'app', image }] } } } }),
    /** Waits until exactly these nodes have one available pod each. */
    onNodes: (nodes: readonly string[]) =>
      soon(`its pods run on ${nodes.join(', ') || 'no node'}`, async () => {
        const found = (await running()).filter(isReady).map(({ spec }) => spec.nodeName ?? '');
        return JSON.stringify(found.sort()) === JSON.stringify([...nodes].sort());
      }),
    status: () =>
      soon('its status says so', async () => {
        const { desiredNumberScheduled, currentNumberScheduled, numberReady } = (await sets.get(name)).status ?? {};
        return desiredNumberScheduled === currentNumberScheduled && desiredNumberScheduled === numberReady;
      }),
    history: (count: number): Promise<readonly ControllerRevision[]> =>
      soon(`it has ${count} revisions`, async () => {
        const { items } = await revisions.list({ labelSelector });
        return items.length === count && items.toSorted((a, b) => a.revision - b.revision);
      }),
  };
}

const isReady = ({ status }: Pod) =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
const imageOf = ({ spec }: Pod) => spec.containers[0]?.image;
const uidsOf = (pods: readonly Pod[]) => pods.map(({ metadata }) => metadata.uid);

it('[sig-apps] Daemon set [Serial] should run and stop simple daemon [Conformance]', async () => {
  const daemon = await within('daemon-set');
  await daemon.create();
  await daemon.onNodes(bed.nodes);
  await daemon.status();
  const [first] = await daemon.running();
  await daemon.pods.delete(first?.metadata.name ?? '');
  await soon('the pod is revived', async () => {
    const now = await daemon.running();
    return now.length === bed.nodes.length && !uidsOf(now).includes(first?.metadata.uid ?? '');
  });
  await daemon.onNodes(bed.nodes);
});

it('[sig-apps] Daemon set [Serial] should run and stop complex daemon [Conformance]', async () => {
  const daemon = await within('complex-daemon');
  const [node = ''] = bed.nodes;
  const paint = (color: string | null) =>
    bed.of(NODES).patch(node, 'merge', { metadata: { labels: { [COLOR_LABEL]: color } } });
  try {
    await daemon.create({}, { nodeSelector: { [COLOR_LABEL]: 'blue' } });
    await daemon.onNodes([]);
    await paint('blue');
    await daemon.onNodes([node]);
    await daemon.status();
    await paint('green');
    await daemon.onNodes([]);
    await daemon.sets.patch(daemon.name, 'strategic', {
      spec: {
        template: { spec: { nodeSelector: { [COLOR_LABEL]: 'green' } } },
        updateStrategy: { type: 'RollingUpdate' },
      },
    });
    await daemon.onNodes([node]);
    await daemon.status();
  } finally {
    await paint(null);
  }
});

it('[sig-apps] Daemon set [Serial] should retry creating failed daemon pods [Conformance]', async () => {
  const daemon = await within('failing-daemon');
  await daemon.create();
  await daemon.onNodes(bed.nodes);
  await daemon.status();
  const [first] = await daemon.running();
  const { name = '', uid = '' } = first?.metadata ?? {};
  await daemon.pods.patch(name, 'merge', { status: { phase: 'Failed' } }, 'status');
  await soon('the failed pod is deleted, and another takes its place', async () => {
    const now = await daemon.running();
    return now.length === bed.nodes.length && !uidsOf(now).includes(uid);
  });
  await daemon.onNodes(bed.nodes);
});

it('[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]', async () => {
  const daemon = await within('rolling-daemon');
  await daemon.create({ updateStrategy: { type: 'RollingUpdate' } });
  await daemon.onNodes(bed.nodes);
  const [first] = await daemon.history(1);
  expect(first?.revision).toBe(1);
  const hashes = async () => new Set((await daemon.running()).map(({ metadata }) => metadata.labels?.[HASH_LABEL]));
  expect(await hashes()).toEqual(new Set([first?.metadata.labels?.[HASH_LABEL]]));

  await daemon.setImage(AGNHOST);
  await soon('all pods have the new image', async () => {
    const now = await daemon.running();
    expect(now.filter(isReady).length).toBeGreaterThanOrEqual(bed.nodes.length - 1);
    return now.length === bed.nodes.length && now.every((pod) => imageOf(pod) === AGNHOST && isReady(pod));
  });
  await daemon.onNodes(bed.nodes);
  const [, second] = await daemon.history(2);
  expect(second?.revision).toBe(2);
  expect(await hashes()).toEqual(new Set([second?.metadata.labels?.[HASH_LABEL]]));
});

it('[sig-apps] Daemon set [Serial] should rollback without unnecessary restarts [Conformance]', async () => {
  const daemon = await within('rollback-daemon');
  await daemon.create({ updateStrategy: { type: 'RollingUpdate' } });
  await daemon.onNodes(bed.nodes);
  await daemon.setImage(MISSING);
  await soon('the rollout is under way', async () =>
    (await daemon.running()).some((pod) => imageOf(pod) === MISSING && pod.spec.nodeName !== undefined),
  );
  const midway = await daemon.running();
  const old = midway.filter((pod) => imageOf(pod) === HTTPD);
  expect([old.length, midway.length - old.length]).toEqual([bed.nodes.length - 1, 1]);
  await daemon.setImage(HTTPD);
  await soon('it is rolled back', async () => {
    const now = await daemon.running();
    return now.length === bed.nodes.length && now.every((pod) => imageOf(pod) === HTTPD && isReady(pod));
  });
  expect(uidsOf(await daemon.running())).toEqual(expect.arrayContaining(uidsOf(old)));
});

it('[sig-apps] Daemon set [Serial] should list and delete a collection of DaemonSets [Conformance]', async () => {
  const daemon = await within('collected-daemon');
  await daemon.create();
  await daemon.onNodes(bed.nodes);
  const { labelSelector } = daemon;
  expect((await bed.of(DAEMON_SETS).list({ labelSelector })).items).toHaveLength(1);
  await daemon.sets.deleteCollection({ labelSelector });
  expect((await bed.of(DAEMON_SETS).list({ labelSelector })).items).toEqual([]);
});

it('[sig-apps] Daemon set [Serial] should verify changes to a daemon set status [Conformance]', async () => {
  const daemon = await within('told-daemon');
  await daemon.create();
  await daemon.onNodes(bed.nodes);
  const { resourceVersion } = (await daemon.sets.list()).metadata;
  const watch = await daemon.sets.watch({ resourceVersion });
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  await daemon.sets.change(
    daemon.name,
    (set) => {
      Object.assign(set, { status: { ...set.status, conditions: [...(set.status?.conditions ?? []), condition] } });
    },
    'status',
  );
  const says = (type: string) => (set: { readonly status?: { readonly conditions?: readonly { type: string }[] } }) =>
    set.status?.conditions?.some((one) => one.type === type) === true;
  await watch.next('MODIFIED', says('StatusUpdate'));
  const patch = { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } };
  await daemon.sets.patch(daemon.name, 'merge', patch, 'status');
  await watch.next('MODIFIED', says('StatusPatched'));
  watch.stop();
});

it('[sig-apps] ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision [Conformance]', async () => {
  const daemon = await within('revised-daemon');
  const { revisions } = daemon;
  await daemon.create();
  await daemon.onNodes(bed.nodes);
  expect((await daemon.sets.list({ labelSelector: daemon.labelSelector })).items).toHaveLength(1);
  const [initial] = await daemon.history(1);
  if (initial === undefined) throw new Error('there is no revision');
  expect(initial.metadata.ownerReferences).toMatchObject([{ kind: 'DaemonSet', name: daemon.name }]);

  const { name } = initial.metadata;
  const patched = await revisions.patch(name, 'strategic', { metadata: { labels: { [name]: 'patched' } } });
  expect(patched.metadata.labels?.[name]).toBe('patched');

  const { labels = {}, ownerReferences = [] } = initial.metadata;
  const second = await revisions.create({
    metadata: { name: 'made-by-hand', labels, ownerReferences },
    data: initial.data,
    revision: initial.revision + 1,
  });
  await daemon.history(2);
  await revisions.delete(name);
  await daemon.history(1);

  const made = second.metadata.name;
  const updated = await revisions.change(made, ({ metadata }) => {
    metadata.labels = { ...metadata.labels, [made]: 'updated' };
  });
  expect(updated.metadata.labels?.[made]).toBe('updated');

  await daemon.sets.patch(daemon.name, 'strategic', {
    spec: { template: { spec: { terminationGracePeriodSeconds: 2 } }, updateStrategy: { type: 'RollingUpdate' } },
  });
  await daemon.history(2);
  await revisions.deleteCollection({ labelSelector: `${made}=updated` });
  const [last] = await daemon.history(1);
  expect(last?.revision).toBe(3);
});
