import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  EVENTS,
  isApiError,
  type KubeObject,
  LEASES,
  NAMESPACES,
  PODS,
  type Pod,
  PRIORITY_CLASSES,
  type ResourceType,
  SERVICES,
  type Service,
  type StatusReason,
  type StoredObject,
} from '#api';
import { silentLog } from '#base';
import { createMemoryStore, type Store } from '#store';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import type { Api, RequestContext, ResourceRow, WatchFrame, WatchRequest } from './api.ts';
import { type ApiOptions, createApi } from './create-api.ts';
import { apiLimits } from './limits.ts';

const context: RequestContext = { user: { name: 'alice', groups: [] }, defaultManager: 'test' };
const never = new AbortController().signal;

const configMap = (name: string, more: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  ...more,
});
const pod = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'sample:1' }], ...spec },
});
const service = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});

describe('src/server/registry/create-api.ts', () => {
  let clock: FakeClock;
  let store: Store;
  let api: Api;

  beforeEach(async () => {
    clock = new FakeClock();
    store = createMemoryStore({ clock });
    api = await createApi({ store, clock, log: silentLog });
  });
  afterEach(async () => {
    await api.close();
    await store.close();
  });

  async function restart(options: Partial<ApiOptions> = {}): Promise<void> {
    await api.close();
    api = await createApi({ store, clock, log: silentLog }, options);
  }

  const rowOf = ({ group, version, plural }: ResourceType) => api.row(group, version, plural) as ResourceRow;
  const at = (type: ResourceType, namespace = type.namespaced ? 'default' : '') => ({
    context,
    row: rowOf(type),
    namespace,
  });
  const create = async (type: ResourceType, object: KubeObject, namespace?: string, more: object = {}) =>
    (await api.create({ ...at(type, namespace), object, ...more })).object;
  const get = (type: ResourceType, name: string, namespace?: string) => api.get({ ...at(type, namespace), name });
  const merge = async (type: ResourceType, name: string, patch: object, more: object = {}) =>
    (await api.patch({ ...at(type), name, patchType: 'merge', patch: patch as never, ...more })).object;
  const makeNamespace = (name: string) =>
    create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const namesOf = (items: readonly StoredObject[]) =>
    items.map(({ metadata: { namespace, name } }) => `${namespace}/${name}`);

  async function refusal(work: Promise<unknown>, reason: StatusReason): Promise<string> {
    const error: unknown = await work.then(
      (answer) => new Error(`was let pass: ${JSON.stringify(answer)}`),
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ reason });
    return (error as Error).message;
  }

  /** The frames of a watch that have come when nothing moves any more. */
  async function frames(request: Partial<WatchRequest> & { type?: ResourceType }, during?: () => Promise<unknown>) {
    const { type = CONFIG_MAPS, ...more } = request;
    const controller = new AbortController();
    const seen: WatchFrame[] = [];
    let failure: unknown;
    const reading = (async () => {
      for await (const frame of api.watch({ ...at(type, ''), signal: controller.signal, ...more })) seen.push(frame);
    })().catch((error: unknown) => {
      failure = error;
    });
    await settle();
    await during?.();
    await settle();
    controller.abort();
    await reading;
    if (failure !== undefined) throw failure;
    return seen;
  }
  const said = (seen: readonly WatchFrame[]) =>
    seen.map((frame) => (frame.type === 'BOOKMARK' ? 'BOOKMARK' : `${frame.type} ${frame.object.metadata.name}`));

  describe('start', () => {
    it('makes the namespaces that always exist', async () => {
      const { items } = await api.list(at(NAMESPACES));
      expect(items.map((each) => each.metadata.name)).toEqual([
        'argocd',
        'default',
        'kube-node-lease',
        'kube-public',
        'kube-system',
      ]);
    });

    it('finds everything again after a restart, and writes nothing of its own', async () => {
      const made = await create(CONFIG_MAPS, configMap('a', { data: { a: '1' } }));
      const revision = await store.revision();
      await restart();
      expect(await get(CONFIG_MAPS, 'a')).toEqual(made);
      expect(await store.revision()).toBe(revision);
    });

    it('tells watchers of versions before it that they are too old', async () => {
      const { metadata } = await create(CONFIG_MAPS, configMap('a'));
      await create(CONFIG_MAPS, configMap('b'));
      await restart();
      await refusal(frames({ resourceVersion: metadata.resourceVersion }), 'Expired');
    });
  });

  describe('create', () => {
    it('takes nothing from the writer that is the server’s to say', async () => {
      const metadata = {
        name: 'a',
        uid: 'mine',
        generation: 7,
        creationTimestamp: '2001-01-01T00:00:00Z',
        deletionTimestamp: '2001-01-01T00:00:00Z',
        selfLink: '/x',
      };
      const made = await create(PODS, { ...pod('a'), metadata, status: { phase: 'Running', podIP: '1.2.3.4' } });
      expect(made.metadata.uid).not.toBe('mine');
      expect(made.metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z');
      expect(made.metadata).not.toHaveProperty('deletionTimestamp');
      expect(made.metadata).not.toHaveProperty('selfLink');
      expect(made['status']).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    });

    it('ranks a pod by its class, and keeps the rank whatever an update leaves out', async () => {
      const metadata = { name: 'high' };
      await create(PRIORITY_CLASSES, {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata,
        value: 1000,
      });
      const object = pod('a', { priorityClassName: 'high' });
      const made = (await create(PODS, object)) as Pod;
      expect(made.spec.priority).toBe(1000);
      const { priority: _, preemptionPolicy: __, ...spec } = made.spec;
      const replaced = await api.update({ ...at(PODS), name: 'a', object: { ...object, spec } });
      expect(replaced.object).toMatchObject({ spec: { priority: 1000, preemptionPolicy: 'PreemptLowerPriority' } });
      const unknown = create(PODS, pod('b', { priorityClassName: 'none' }));
      expect(await refusal(unknown, 'Forbidden')).toContain('no PriorityClass with name none was found');
      const system = await create(PODS, pod('c', { priorityClassName: 'system-node-critical' }));
      expect(system).toMatchObject({ spec: { priority: 2_000_001_000 } });
    });

    it('says of a gated pod that gates hold it', async () => {
      const { status } = (await create(PODS, pod('a', { schedulingGates: [{ name: 'x' }] }))) as Pod;
      expect(status?.conditions).toEqual([
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ]);
      const both = create(PODS, pod('b', { schedulingGates: [{ name: 'x' }], nodeName: 'n' }));
      expect(await refusal(both, 'Invalid')).toContain('cannot be set until all schedulingGates have been cleared');
    });

    it('warns of what a pod cannot have, in whatever makes it, once', async () => {
      const volumes = [{ name: 'data', flexVolume: { driver: 'example.com/disk' } }];
      const why = 'volumes of this kind are not supported (volume "data"); the pod will not be scheduled';
      const made = await api.create({ ...at(PODS), object: pod('a', { volumes }) });
      expect(made.warnings).toEqual([`spec.volumes[0].flexVolume: ${why}`]);
      const deployment = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { ...(pod('a', { volumes })['spec'] as object) } },
        },
      };
      const path = 'spec.template.spec.volumes[0].flexVolume';
      expect((await api.create({ ...at(DEPLOYMENTS), object: deployment })).warnings).toEqual([`${path}: ${why}`]);
      const change = (patch: object) =>
        api.patch({ ...at(DEPLOYMENTS), name: 'web', patchType: 'merge', patch: patch as never });
      expect((await change({ spec: { replicas: 2 } })).warnings).toEqual([]);
      const spec = { template: { spec: { runtimeClassName: 'gvisor' } } };
      expect((await change({ spec })).warnings).toHaveLength(2);
    });

    it('keeps the object it was given as it was', async () => {
      const object = pod('a');
      const before = JSON.stringify(object);
      await create(PODS, object);
      expect(JSON.stringify(object)).toBe(before);
    });

    it.each<[string, KubeObject, object, string]>([
      [
        'another kind',
        { ...configMap('a'), kind: 'Secret' },
        {},
        'the kind in the data (Secret) does not match the expected kind (ConfigMap)',
      ],
      [
        'another version',
        { ...configMap('a'), apiVersion: 'v2' },
        {},
        'the API version in the data (v2) does not match the expected API version (v1)',
      ],
      [
        'a version of its own',
        { ...configMap('a'), metadata: { name: 'a', resourceVersion: '5' } },
        {},
        'resourceVersion should not be set on objects to be created',
      ],
      [
        'another namespace',
        { ...configMap('a'), metadata: { name: 'a', namespace: 'other' } },
        {},
        'the namespace of the provided object does not match the namespace sent on the request',
      ],
      ['no namespace', configMap('a'), { namespace: '' }, 'an empty namespace may not be set during creation'],
      [
        'doubled fields',
        configMap('a'),
        { fieldValidation: 'Strict', duplicateFields: ['data.a'] },
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"',
      ],
    ])('refuses %s', async (_, object, more, message) => {
      expect(await refusal(create(CONFIG_MAPS, object, undefined, more), 'BadRequest')).toBe(message);
    });

    it.each<[string, object]>([
      ['spec', { spec: 'x' }],
      ['containers', { spec: { containers: 5 } }],
      ['labels', { metadata: { name: 'a', labels: { a: 1 } } }],
      ['finalizers', { metadata: { name: 'a', finalizers: 'x' } }],
      ['a name', { metadata: { name: 5 } }],
    ])('refuses %s of a wrong type, on create, update, patch and apply alike', async (_, more) => {
      await create(PODS, pod('a'));
      const object = { ...pod('a'), ...more } as KubeObject;
      const fieldManager = 'x';
      const patch = object as never;
      for (const refused of [
        create(PODS, object),
        api.update({ ...at(PODS), name: 'a', object }),
        api.patch({ ...at(PODS), name: 'a', patchType: 'merge', patch }),
        api.patch({ ...at(PODS), name: 'a', patchType: 'apply', patch, fieldManager }),
      ]) {
        const error: unknown = await refused.catch((thrown: unknown) => thrown);
        expect(isApiError(error, 'Invalid', 'BadRequest')).toBe(true);
      }
    });

    it('owns what the creator asked for, and not what the server filled in', async () => {
      const { metadata } = await create(PODS, pod('a'));
      const [owner, ...others] = metadata.managedFields ?? [];
      expect(others).toEqual([]);
      expect(owner).toMatchObject({ manager: 'test', operation: 'Update', user: 'alice' });
      expect(owner?.fieldsV1).toHaveProperty(['f:spec', 'f:restartPolicy']);
      for (const path of [['f:status'], ['f:spec', 'f:serviceAccountName'], ['f:metadata', 'f:uid']])
        expect(owner?.fieldsV1).not.toHaveProperty(path);
    });

    it('needs a name', async () => {
      expect(await refusal(create(CONFIG_MAPS, configMap('')), 'Invalid')).toContain(
        'name or generateName is required',
      );
    });

    it('warns of what it drops, unless told to ignore it', async () => {
      const object = configMap('a', { datum: {} });
      const request = { ...at(CONFIG_MAPS), object, duplicateFields: ['data'], dryRun: true };
      expect((await api.create(request)).warnings).toEqual(['unknown field "datum"', 'duplicate field "data"']);
      expect((await api.create({ ...request, fieldValidation: 'Ignore' })).warnings).toEqual([]);
    });

    it('refuses an object that is too large', async () => {
      const args = ['x'.repeat(apiLimits.objectBytes)];
      const object = pod('a', { containers: [{ name: 'main', image: 'sample:1', args }] });
      await refusal(create(PODS, object), 'RequestEntityTooLarge');
      await refusal(create(PODS, object, undefined, { dryRun: true }), 'RequestEntityTooLarge');
    });

    it('tries another name when the generated one is taken', async () => {
      await api.close();
      // Repeats itself after one name, so that the first two creations draw the same.
      let draws = 0;
      const random = () => {
        draws += 1;
        return draws <= 100 ? 0.5 : 0.25;
      };
      api = await createApi({ store, clock, log: silentLog, random });
      draws = 0;
      const object = { ...configMap(''), metadata: { generateName: 'a-' } };
      const first = await create(CONFIG_MAPS, object);
      const second = await create(CONFIG_MAPS, object);
      expect(first.metadata.name).toBe('a-hhhhh'.replaceAll('h', first.metadata.name.at(-1) ?? ''));
      expect(second.metadata.name).not.toBe(first.metadata.name);
    });

    it('never leaves an object in a namespace that went at the same moment', async () => {
      await makeNamespace('web');
      const [created] = await Promise.allSettled([
        Promise.all(['a', 'b', 'c', 'd'].map((name) => create(CONFIG_MAPS, configMap(name), 'web'))),
        api.delete({ ...at(NAMESPACES), name: 'web' }),
      ]);
      const { items } = await api.list(at(CONFIG_MAPS, 'web'));
      if (created.status === 'rejected') expect(created.reason).toMatchObject({ reason: 'Forbidden' });
      for (const { metadata } of items) {
        const gone = await get(NAMESPACES, 'web');
        expect(Number(metadata.resourceVersion)).toBeLessThan(Number(gone.metadata.resourceVersion));
      }
    });

    it('makes one of many that want the same name', async () => {
      const tries = Array.from({ length: 8 }, () => create(CONFIG_MAPS, configMap('one')));
      const settled = await Promise.allSettled(tries);
      expect(settled.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
      for (const each of settled)
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ reason: 'AlreadyExists' });
    });
  });

  describe('list', () => {
    beforeEach(async () => {
      await makeNamespace('a');
      await makeNamespace('a-b');
      for (const namespace of ['a', 'a-b'])
        for (const name of ['y', 'x']) await create(CONFIG_MAPS, configMap(name), namespace);
    });
    const list = (more: object = {}) => api.list({ ...at(CONFIG_MAPS, ''), ...more });

    it('is in the order of the store’s keys', async () => {
      expect(namesOf((await list()).items)).toEqual(['a-b/x', 'a-b/y', 'a/x', 'a/y']);
      expect(namesOf((await list({ namespace: 'a' })).items)).toEqual(['a/x', 'a/y']);
      expect(namesOf((await list({ namespace: 'nowhere' })).items)).toEqual([]);
    });

    it('says how many follow, but not with selectors', async () => {
      const first = await list({ limit: 1 });
      expect([namesOf(first.items), first.remainingItemCount]).toEqual([['a-b/x'], 3]);
      const second = await list({ limit: 1, continue: first.continue });
      expect([namesOf(second.items), second.remainingItemCount]).toEqual([['a-b/y'], 2]);
      const last = await list({ limit: 500, continue: second.continue });
      expect([namesOf(last.items), last.continue, last.remainingItemCount]).toEqual([
        ['a/x', 'a/y'],
        undefined,
        undefined,
      ]);
      const selected = await list({ limit: 1, fieldSelector: 'metadata.name=x' });
      expect([namesOf(selected.items), selected.remainingItemCount]).toEqual([['a-b/x'], undefined]);
      const rest = await list({ limit: 2, fieldSelector: 'metadata.name=x', continue: selected.continue });
      expect([namesOf(rest.items), rest.continue]).toEqual([['a/x'], undefined]);
    });

    it('goes on as of the first page', async () => {
      const first = await list({ limit: 1 });
      await create(CONFIG_MAPS, configMap('a'), 'a');
      await api.delete({ ...at(CONFIG_MAPS, 'a'), name: 'x' });
      const rest = await list({ limit: 10, continue: first.continue });
      expect(namesOf(rest.items)).toEqual(['a-b/y', 'a/x', 'a/y']);
      expect(rest.resourceVersion).toBe(first.resourceVersion);
    });

    it('refuses tokens it did not give, or gave for another list', async () => {
      const { continue: token = '' } = await list({ limit: 1 });
      const forged = `${token.startsWith('AA') ? 'BB' : 'AA'}${token.slice(2)}`;
      for (const more of [
        { continue: forged },
        { continue: token, namespace: 'a' },
        { continue: token, labelSelector: 'a' },
      ]) {
        expect(await refusal(list(more), 'BadRequest')).toContain('belongs to a list of another resource');
      }
      const body = (text: string) => Buffer.from(`12345678${text}`).toString('base64url');
      const garbage = [
        'x',
        'AAAA',
        token.slice(0, 14),
        `${token}AA`,
        ...['{}', '[1]', '[-2,"a"]', '[1,"\\x"]'].map(body),
      ];
      for (const text of garbage)
        expect([text, await refusal(list({ continue: text }), 'BadRequest')]).toEqual([
          text,
          'continue key is not valid',
        ]);
    });

    it('goes on after a restart', async () => {
      const { continue: token = '' } = await list({ limit: 1 });
      await restart();
      expect(namesOf((await list({ continue: token })).items)).toEqual(['a-b/y', 'a/x', 'a/y']);
    });

    it('says Expired when the first page’s moment is forgotten, and how to have the rest as it is now', async () => {
      const first = await list({ limit: 1 });
      await create(CONFIG_MAPS, configMap('z'), 'a');
      await store.compact(await store.revision());
      await refusal(list({ resourceVersion: first.resourceVersion, resourceVersionMatch: 'Exact' }), 'Expired');
      const error = await list({ continue: first.continue }).catch((thrown: unknown) => thrown);
      if (!isApiError(error, 'Expired')) throw error;
      expect(error.message).toContain('too old to display a consistent list');
      const rest = await list({ limit: 2, continue: error.toStatus().metadata.continue });
      expect(namesOf(rest.items)).toEqual(['a-b/y', 'a/x']);
      // From here on the pages are of one moment again.
      await create(CONFIG_MAPS, configMap('late'), 'a');
      expect(namesOf((await list({ continue: rest.continue })).items)).toEqual(['a/y', 'a/z']);
    });

    it('answers the version it is asked for', async () => {
      const before = await list();
      await create(CONFIG_MAPS, configMap('z'), 'a');
      const exactly = { resourceVersion: before.resourceVersion, resourceVersionMatch: 'Exact' };
      expect(namesOf((await list(exactly)).items)).toEqual(namesOf(before.items));
      expect((await list({ ...exactly, fieldSelector: 'metadata.name=y' })).items).toHaveLength(2);
      for (const newer of [{ resourceVersion: '0' }, { resourceVersion: before.resourceVersion }, {}])
        expect((await list(newer)).items).toHaveLength(5);
    });

    it('does not wait for ever for a version from the future', async () => {
      const future = String((await store.revision()) + 1);
      const refused = refusal(list({ resourceVersion: future }), 'Timeout');
      await clock.advance(apiLimits.futureVersionMs);
      expect(await refused).toContain(`Too large resource version: ${future}`);
    });

    it.each<[object, StatusReason]>([
      [{ resourceVersion: 'abc' }, 'BadRequest'],
      [{ resourceVersion: '-1' }, 'BadRequest'],
      [{ resourceVersionMatch: 'Exact' }, 'Invalid'],
      [{ resourceVersion: '0', resourceVersionMatch: 'Exact' }, 'Invalid'],
      [{ resourceVersion: '5', resourceVersionMatch: 'Sometimes' }, 'Invalid'],
      [{ labelSelector: 'a in (' }, 'BadRequest'],
      [{ fieldSelector: 'x' }, 'BadRequest'],
      [{ sendInitialEvents: true }, 'Invalid'],
      [{ sendInitialEvents: false, resourceVersion: '0', resourceVersionMatch: 'NotOlderThan' }, 'Invalid'],
    ])('refuses %j', async (more, reason) => {
      await refusal(list(more), reason);
    });
  });

  describe('watch', () => {
    it('begins with what there is, unless a version is named', async () => {
      await create(CONFIG_MAPS, configMap('a'));
      const later = () => create(CONFIG_MAPS, configMap('b'));
      expect(said(await frames({}, later))).toEqual(['ADDED a', 'ADDED b']);
      expect(said(await frames({ resourceVersion: '0', fieldSelector: 'metadata.name=a' }))).toEqual(['ADDED a']);
      const { resourceVersion } = await get(CONFIG_MAPS, 'a').then(({ metadata }) => metadata);
      expect(said(await frames({ resourceVersion }))).toEqual(['ADDED b']);
    });

    it('says where the beginning ends when asked to', async () => {
      await create(CONFIG_MAPS, configMap('a'));
      const request = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowBookmarks: true };
      const seen = await frames(request, () => create(CONFIG_MAPS, configMap('b')));
      expect(said(seen)).toEqual(['ADDED a', 'BOOKMARK', 'ADDED b']);
      expect(seen[1]).toMatchObject({ initialEventsEnd: true });
      expect(said(await frames({ ...request, sendInitialEvents: false }))).toEqual([]);
      const { resourceVersion } = (await get(CONFIG_MAPS, 'a')).metadata;
      expect(said(await frames({ ...request, sendInitialEvents: false, resourceVersion }))).toEqual(['ADDED b']);
      expect(said(await frames({ ...request, resourceVersion }))).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK']);
    });

    it('ends after its time with a bookmark of how far it came', async () => {
      const request = { ...at(CONFIG_MAPS), signal: never, timeoutMs: 5_000, allowBookmarks: true };
      const seen: WatchFrame[] = [];
      const reading = (async () => {
        for await (const frame of api.watch(request)) seen.push(frame);
      })();
      await create(CONFIG_MAPS, configMap('a'));
      await create(PODS, pod('b'));
      await clock.advance(5_000);
      await reading;
      expect(said(seen)).toEqual(['ADDED a', 'BOOKMARK']);
      expect(seen[1]).toMatchObject({ resourceVersion: String(await store.revision()) });
    });

    it('shows a node only its own pods, from binding to removal', async () => {
      await create(PODS, pod('a'));
      const seen = await frames({ type: PODS, fieldSelector: 'spec.nodeName=n1' }, async () => {
        await create(PODS, pod('b', { nodeName: 'n2' }));
        const object = {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: 'a' },
          target: { kind: 'Node', name: 'n1' },
        };
        await api.create({ ...at(PODS), subresource: 'binding', name: 'a', object });
        await merge(PODS, 'a', { status: { phase: 'Running' } }, { subresource: 'status' });
        await api.delete({ ...at(PODS), name: 'a' });
        await api.delete({ ...at(PODS), name: 'a', gracePeriodSeconds: 0 });
      });
      expect(said(seen)).toEqual(['ADDED a', 'MODIFIED a', 'MODIFIED a', 'DELETED a']);
    });

    it.each<[Partial<WatchRequest>, StatusReason]>([
      [{ resourceVersion: 'abc' }, 'BadRequest'],
      [{ resourceVersion: '1' }, 'Expired'],
      [{ fieldSelector: 'spec.color=red' }, 'BadRequest'],
      [{ labelSelector: '==' }, 'BadRequest'],
      [{ sendInitialEvents: true }, 'Invalid'],
      [{ sendInitialEvents: true, resourceVersionMatch: 'Exact' }, 'Invalid'],
      [{ resourceVersionMatch: 'NotOlderThan' }, 'Invalid'],
    ])('refuses %j', async (request, reason) => {
      await refusal(frames(request), reason);
    });
  });

  describe('update and patch', () => {
    it('refuses a body that names another object', async () => {
      const { metadata } = await create(CONFIG_MAPS, configMap('a'));
      const update = (more: object) =>
        api.update({
          ...at(CONFIG_MAPS),
          name: 'a',
          object: { ...configMap('a'), metadata: { name: 'a', ...more } },
        });
      expect(await refusal(update({ name: 'b' }), 'BadRequest')).toBe(
        'the name of the object (b) does not match the name on the URL (a)',
      );
      expect(await refusal(merge(CONFIG_MAPS, 'a', { metadata: { name: 'b' } }), 'BadRequest')).toBe(
        'the name of the object (b) does not match the name on the URL (a)',
      );
      expect(await refusal(update({ uid: 'other' }), 'Conflict')).toContain(`UID in object meta: ${metadata.uid}`);
    });

    it('keeps what only the server may say', async () => {
      const { metadata } = await create(DEPLOYMENTS, deployment('a'));
      const changed = await merge(DEPLOYMENTS, 'a', {
        metadata: {
          generation: 99,
          creationTimestamp: '2001-01-01T00:00:00Z',
          deletionTimestamp: '2001-01-01T00:00:00Z',
        },
        spec: { replicas: 3 },
      });
      const { resourceVersion: _, managedFields: __, ...before } = metadata;
      expect(changed.metadata).toMatchObject({ ...before, generation: 2 });
      expect(changed.metadata).not.toHaveProperty('deletionTimestamp');
    });

    it('writes nothing that changes nothing', async () => {
      await create(DEPLOYMENTS, deployment('a'));
      const revision = await store.revision();
      await clock.advance(60_000);
      await merge(DEPLOYMENTS, 'a', { spec: { replicas: 1 } });
      await merge(DEPLOYMENTS, 'a', { status: { replicas: 9 } });
      await merge(DEPLOYMENTS, 'a', { spec: { replicas: 9 } }, { subresource: 'status' });
      expect(await store.revision()).toBe(revision);
    });

    it('keeps nothing empty in metadata, however it was emptied', async () => {
      const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'o' };
      const full = { labels: { a: 'b' }, annotations: { a: 'b' }, finalizers: ['x.io/y'], ownerReferences: [owner] };
      const empty = { labels: { a: null }, annotations: { a: null }, finalizers: [], ownerReferences: [] };
      const names = Object.keys(full);
      await create(CONFIG_MAPS, { ...configMap('a'), metadata: { name: 'a', ...full } });
      const { metadata } = await merge(CONFIG_MAPS, 'a', { metadata: empty });
      expect(Object.keys(metadata).filter((name) => names.includes(name))).toEqual([]);
      expect(JSON.stringify(metadata.managedFields ?? [])).not.toContain('f:finalizers');
      const none = { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] };
      const made = await create(CONFIG_MAPS, { ...configMap('b'), metadata: { name: 'b', ...none } });
      expect(Object.keys(made.metadata).filter((name) => names.includes(name))).toEqual([]);
      const revision = await store.revision();
      await merge(CONFIG_MAPS, 'b', { metadata: none });
      expect(await store.revision()).toBe(revision);
    });

    it('lets /status change labels and annotations, and nothing else of the object', async () => {
      await create(DEPLOYMENTS, deployment('a'));
      const patch = { metadata: { labels: { a: 'b' }, finalizers: ['example.com/x'] }, status: { replicas: 1 } };
      const { metadata } = await merge(DEPLOYMENTS, 'a', patch, { subresource: 'status' });
      expect(metadata.labels).toEqual({ a: 'b' });
      expect(metadata).not.toHaveProperty('finalizers');
    });

    it('answers a Scale to whoever scales', async () => {
      await create(DEPLOYMENTS, deployment('a'));
      const scale = await api.get({ ...at(DEPLOYMENTS), name: 'a', subresource: 'scale' });
      expect(scale).toMatchObject({
        kind: 'Scale',
        spec: { replicas: 1 },
        status: { replicas: 0, selector: 'app=a' },
      });
      const object = { ...scale, spec: { replicas: 4 } };
      const answer = await api.update({ ...at(DEPLOYMENTS), name: 'a', subresource: 'scale', object });
      expect(answer.object).toMatchObject({ kind: 'Scale', spec: { replicas: 4 } });
      await refusal(api.update({ ...at(DEPLOYMENTS), name: 'a', subresource: 'scale', object }), 'Conflict');
      expect((await get(DEPLOYMENTS, 'a')).metadata.generation).toBe(2);
    });

    it('applies a Scale, owns the number it wants, and tells who else does', async () => {
      await create(DEPLOYMENTS, deployment('a'));
      const scale = (replicas: unknown, more: object = {}) =>
        api.patch({
          ...at(DEPLOYMENTS),
          name: 'a',
          patchType: 'apply',
          subresource: 'scale',
          fieldManager: 'scaler',
          patch: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas } } as never,
          ...more,
        });
      expect(await refusal(scale(4), 'Conflict')).toBe(
        'Apply failed with 1 conflict: conflict with "test" using apps/v1: .spec.replicas',
      );
      expect((await scale(4, { force: true, dryRun: true })).object).toMatchObject({ spec: { replicas: 4 } });
      const { object, created } = await scale(4, { force: true });
      expect([object, created]).toMatchObject([{ kind: 'Scale', spec: { replicas: 4 } }, false]);
      const { metadata, spec } = await get(DEPLOYMENTS, 'a');
      expect(spec).toMatchObject({ replicas: 4, selector: { matchLabels: { app: 'a' } } });
      expect(metadata.managedFields?.find(({ manager }) => manager === 'scaler')).toMatchObject({
        operation: 'Apply',
        subresource: 'scale',
        apiVersion: 'apps/v1',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      });
      expect((await scale(4)).object.metadata.resourceVersion).toBe(metadata.resourceVersion);
      await refusal(scale('many'), 'Invalid');
      const stale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { resourceVersion: '1' }, spec: {} };
      await refusal(scale(5, { patch: stale }), 'Conflict');
      await refusal(scale(5, { patch: { ...stale, kind: 'Deployment' } }), 'BadRequest');
      await refusal(scale(5, { name: 'none', patch: { ...stale, metadata: {} } }), 'NotFound');
    });

    it('persists nothing in a dry run, and still checks everything', async () => {
      await create(DEPLOYMENTS, deployment('a'));
      const revision = await store.revision();
      const answer = await merge(DEPLOYMENTS, 'a', { spec: { replicas: 3 } }, { dryRun: true });
      expect(answer).toMatchObject({ metadata: { generation: 2 }, spec: { replicas: 3 } });
      await refusal(merge(DEPLOYMENTS, 'a', { spec: { replicas: -1 } }, { dryRun: true }), 'Invalid');
      expect(await store.revision()).toBe(revision);
    });

    it.each(['json', 'merge', 'strategic', 'apply'] as const)('refuses a %s patch that is none', async (patchType) => {
      await create(CONFIG_MAPS, configMap('a'));
      const request = { ...at(CONFIG_MAPS), name: 'a', patchType, fieldManager: 'x' };
      await refusal(api.patch({ ...request, patch: patchType === 'json' ? {} : [] }), 'BadRequest');
      await refusal(api.patch({ ...request, patch: 'text' }), 'BadRequest');
    });

    it('says so when a JSON patch does not fit', async () => {
      await create(CONFIG_MAPS, configMap('a'));
      const patch = [{ op: 'test', path: '/data/a', value: '1' }];
      const message = await refusal(api.patch({ ...at(CONFIG_MAPS), name: 'a', patchType: 'json', patch }), 'Invalid');
      expect(message).toBe('the server rejected our request due to an error in our request');
    });

    it('lets nobody hold a going object back', async () => {
      await create(CONFIG_MAPS, { ...configMap('a'), metadata: { name: 'a', finalizers: ['example.com/a'] } });
      await api.delete({ ...at(CONFIG_MAPS), name: 'a' });
      const patch = { metadata: { finalizers: ['example.com/a', 'example.com/b'] } };
      expect(await refusal(merge(CONFIG_MAPS, 'a', patch), 'Invalid')).toContain('no new finalizers can be added');
      await merge(CONFIG_MAPS, 'a', { metadata: { finalizers: [] } });
      await refusal(get(CONFIG_MAPS, 'a'), 'NotFound');
    });

    it('shows every answered write to the next read, however many write at once', async () => {
      await create(CONFIG_MAPS, configMap('a', { data: {} }));
      await Promise.all(
        Array.from({ length: 6 }, async (_, index) => {
          const written = await merge(CONFIG_MAPS, 'a', { data: { [`k${index}`]: '1' } });
          const read = await get(CONFIG_MAPS, 'a');
          expect(Number(read.metadata.resourceVersion)).toBeGreaterThanOrEqual(
            Number(written.metadata.resourceVersion),
          );
          expect(read['data']).toHaveProperty(`k${index}`);
        }),
      );
    });
  });

  describe('apply', () => {
    const apply = async (object: object, fieldManager = 'git', more: object = {}) => {
      const patch = { apiVersion: 'v1', kind: 'ConfigMap', ...object } as never;
      return api.patch({ ...at(CONFIG_MAPS), name: 'a', patchType: 'apply', patch, fieldManager, ...more });
    };
    const ownersOf = ({ metadata }: StoredObject) => (metadata.managedFields ?? []).map(({ manager }) => manager);

    it('creates under the name of the path, and says so', async () => {
      const answer = await apply({ data: { a: '1' } });
      expect([answer.created, answer.object.metadata.name]).toEqual([true, 'a']);
      expect((await apply({ data: { a: '2' } })).created).toBe(false);
    });

    it('removes what the manager owned alone and leaves out, and keeps what is shared', async () => {
      await apply({ data: { a: '1', b: '1', c: '1' } });
      await apply({ data: { b: '1' } }, 'other');
      const { object } = await apply({ data: { a: '1' } });
      expect(object['data']).toEqual({ a: '1', b: '1' });
    });

    it('gives up ownership without changing a value', async () => {
      await apply({ data: { a: '1' } });
      await apply({ data: { a: '1' } }, 'other');
      const { object } = await apply({});
      expect([object['data'], ownersOf(object)]).toEqual([{ a: '1' }, ['other']]);
    });

    it('holds to the version or the identity it names', async () => {
      const { object } = await apply({ data: { a: '1' } });
      await refusal(apply({ metadata: { resourceVersion: '1' }, data: { a: '2' } }), 'Conflict');
      await refusal(apply({ metadata: { uid: 'another' }, data: { a: '2' } }), 'Conflict');
      const { resourceVersion, uid } = object.metadata;
      await apply({ metadata: { resourceVersion, uid }, data: { a: '2' } });
      await api.delete({ ...at(CONFIG_MAPS), name: 'a' });
      await refusal(apply({ metadata: { uid }, data: { a: '2' } }), 'Conflict');
    });

    it('needs a manager, a kind and the path’s name', async () => {
      expect(await refusal(apply({}, ''), 'Invalid')).toContain(
        'fieldManager: Required value: is required for apply patch',
      );
      await refusal(apply({}, 'x'.repeat(129)), 'Invalid');
      await refusal(apply({ kind: '' }), 'BadRequest');
      await refusal(apply({ metadata: { name: 'b' } }), 'BadRequest');
    });

    it('changes nothing but the status through /status', async () => {
      await create(DEPLOYMENTS, deployment('a'));
      const patch = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        spec: { replicas: 9 },
        status: { replicas: 1 },
      } as never;
      const request = {
        ...at(DEPLOYMENTS),
        patchType: 'apply',
        patch,
        fieldManager: 'git',
        subresource: 'status',
      } as const;
      const { object } = await api.patch({ ...request, name: 'a' });
      expect(object).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1 } });
      await refusal(api.patch({ ...request, name: 'b' }), 'NotFound');
    });

    it('creates once, however many apply at once', async () => {
      const answers = await Promise.all(['x', 'y', 'z'].map((manager) => apply({ data: { [manager]: '1' } }, manager)));
      expect(answers.filter(({ created }) => created)).toHaveLength(1);
      const object = await get(CONFIG_MAPS, 'a');
      expect([object['data'], ownersOf(object).sort()]).toEqual([{ x: '1', y: '1', z: '1' }, ['x', 'y', 'z']]);
    });
  });

  describe('services', () => {
    const specOf = (object: StoredObject) => (object as Service).spec;

    it('gives a new Service an address of its own', async () => {
      const made = await Promise.all(Array.from({ length: 20 }, (_, index) => create(SERVICES, service(`s${index}`))));
      const ips = made.map((each) => specOf(each).clusterIP ?? '');
      expect(new Set(ips).size).toBe(20);
      for (const ip of ips) expect(ip).toMatch(/^10\.96\.\d+\.\d+$/);
      expect(specOf(made[0] as StoredObject).clusterIPs).toEqual([ips[0]]);
    });

    it.each<[string, object, string]>([
      [
        'is beyond the range',
        { clusterIP: '10.97.0.1' },
        'spec.clusterIPs: Invalid value: ["10.97.0.1"]: failed to allocate IP 10.97.0.1: the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
      ],
      ['is taken', { clusterIP: '10.96.0.10' }, 'failed to allocate IP 10.96.0.10: provided IP is already allocated'],
      [
        'is a port beyond the range',
        { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] },
        'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      ],
      [
        'is a port that is taken',
        {
          type: 'NodePort',
          ports: [{ port: 81 }, { port: 80, nodePort: 30_080 }].map((port, index) => ({
            name: `p${index}`,
            ...port,
          })),
        },
        'spec.ports[1].nodePort: Invalid value: 30080: provided port is already allocated',
      ],
    ])('refuses what %s', async (_, spec, message) => {
      const ports = [{ port: 80, nodePort: 30_080 }];
      await create(SERVICES, service('dns', { clusterIP: '10.96.0.10', type: 'NodePort', ports }));
      expect(await refusal(create(SERVICES, service('other', spec)), 'Invalid')).toContain(message);
    });

    it('gives back what a deleted Service held', async () => {
      const spec = { type: 'NodePort', clusterIP: '10.96.0.10', ports: [{ port: 80, nodePort: 30_080 }] };
      await create(SERVICES, service('a', spec));
      await api.delete({ ...at(SERVICES), name: 'a' });
      await create(SERVICES, service('b', spec));
    });

    it('holds nothing for a Service that was not made', async () => {
      await create(SERVICES, service('a'));
      const { items: before } = await allocations();
      await refusal(create(SERVICES, service('a', { type: 'NodePort' })), 'AlreadyExists');
      await create(SERVICES, service('b', { type: 'NodePort' }), undefined, { dryRun: true });
      expect((await allocations()).items).toEqual(before);
    });

    it('keeps address and ports over updates that leave them out', async () => {
      const ports = [{ port: 80 }];
      const made = await create(SERVICES, service('a', { type: 'NodePort', ports }));
      const answer = await api.update({
        ...at(SERVICES),
        name: 'a',
        object: service('a', { type: 'NodePort', ports }),
      });
      expect(answer.object.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    });

    it('takes and gives back with the type', async () => {
      await create(SERVICES, service('a'));
      expect((await allocations()).items).toHaveLength(1);
      const exposed = await merge(SERVICES, 'a', { spec: { type: 'NodePort' } });
      const nodePort = specOf(exposed).ports?.[0]?.nodePort ?? 0;
      expect(nodePort).toBeGreaterThanOrEqual(30_000);
      expect((await allocations()).items).toHaveLength(2);
      const hidden = await merge(SERVICES, 'a', { spec: { type: 'ClusterIP' } });
      expect(specOf(hidden).ports?.[0]).not.toHaveProperty('nodePort');
      expect((await allocations()).items).toHaveLength(1);
      const external = { type: 'ExternalName', externalName: 'example.com' };
      expect(specOf(await merge(SERVICES, 'a', { spec: external }))).not.toHaveProperty('clusterIP');
      expect((await allocations()).items).toHaveLength(0);
    });

    it('finds the last free port, and says so when there is none', async () => {
      await restart({ nodePorts: { from: 30_000, to: 30_004 } });
      const make = (name: string) => create(SERVICES, service(name, { type: 'NodePort' }));
      const made = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(make));
      const taken = made.map((each) => specOf(each).ports?.[0]?.nodePort).sort();
      expect(taken).toEqual([30_000, 30_001, 30_002, 30_003, 30_004]);
      expect(await refusal(make('f'), 'InternalError')).toContain('range is full');
    });

    it('gives a headless Service no address', async () => {
      const made = await create(SERVICES, service('a', { clusterIP: 'None' }));
      expect(specOf(made)).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
      expect((await allocations()).items).toHaveLength(0);
    });

    async function allocations() {
      const listed = await store.list({ prefix: '/allocations/' });
      if (!listed.ok) throw new Error('compacted');
      return listed;
    }
  });

  describe('delete', () => {
    it.each(['default', 'kube-system', 'kube-public'])('never deletes the namespace %s', async (name) => {
      const message = await refusal(api.delete({ ...at(NAMESPACES), name }), 'Forbidden');
      expect(message).toBe(`namespaces "${name}" is forbidden: this namespace may not be deleted`);
    });

    it('deletes what a selector chooses', async () => {
      for (const [name, tier] of [
        ['a', 'x'],
        ['b', 'x'],
        ['c', 'y'],
      ] as const)
        await create(CONFIG_MAPS, { ...configMap(name), metadata: { name, labels: { tier } } });
      const deleted = await api.deleteCollection({ ...at(CONFIG_MAPS), labelSelector: 'tier=x' });
      expect(namesOf(deleted).sort()).toEqual(['default/a', 'default/b']);
      expect(namesOf((await api.list(at(CONFIG_MAPS))).items)).toEqual(['default/c']);
      await refusal(api.deleteCollection(at(NAMESPACES)), 'MethodNotAllowed');
    });

    it('removes an object once, whoever asks', async () => {
      await create(CONFIG_MAPS, configMap('a'));
      const settled = await Promise.allSettled([1, 2, 3].map(() => api.delete({ ...at(CONFIG_MAPS), name: 'a' })));
      const refused = settled.filter((each) => each.status === 'rejected');
      expect(refused).toHaveLength(2);
      for (const { reason } of refused) expect(isApiError(reason, 'NotFound')).toBe(true);
    });

    it('removes no version but the one that is named', async () => {
      const { metadata } = await create(CONFIG_MAPS, configMap('a'));
      await merge(CONFIG_MAPS, 'a', { data: { a: '1' } });
      const preconditions = { resourceVersion: metadata.resourceVersion };
      const said = await refusal(api.delete({ ...at(CONFIG_MAPS), name: 'a', preconditions }), 'Conflict');
      const { resourceVersion } = (await get(CONFIG_MAPS, 'a')).metadata;
      expect(said).toContain(
        `Precondition failed: ResourceVersion in precondition: ${metadata.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
      );
      await api.delete({ ...at(CONFIG_MAPS), name: 'a', preconditions: { resourceVersion } });
      await refusal(get(CONFIG_MAPS, 'a'), 'NotFound');
    });

    it('says in a dry run that a pod would linger, and marks nothing', async () => {
      const made = await create(PODS, pod('a', { nodeName: 'n1' }));
      const answer = await api.delete({ ...at(PODS), name: 'a', dryRun: true });
      expect(answer).toMatchObject({ lingers: true, object: { metadata: { deletionGracePeriodSeconds: 30 } } });
      expect(await get(PODS, 'a')).toEqual(made);
    });

    it('removes a pod only when its finalizers and its node have let it go', async () => {
      await create(PODS, { ...pod('a', { nodeName: 'n1' }), metadata: { name: 'a', finalizers: ['example.com/a'] } });
      await api.delete({ ...at(PODS), name: 'a' });
      await merge(PODS, 'a', { metadata: { finalizers: null } });
      expect((await get(PODS, 'a')).metadata.deletionGracePeriodSeconds).toBe(30);
      const gone = await api.delete({ ...at(PODS), name: 'a', gracePeriodSeconds: 0 });
      expect(gone.lingers).toBe(false);
      await refusal(get(PODS, 'a'), 'NotFound');
    });
  });

  it('replays to the list, whatever many do at once', async () => {
    const step = fc.record({
      verb: fc.constantFrom('create', 'merge', 'apply', 'delete' as const),
      name: fc.constantFrom('a', 'b', 'c'),
      value: fc.constantFrom('1', '2'),
    });
    const act = async ({ verb, name, value }: { verb: string; name: string; value: string }) => {
      const patch = { ...configMap(name), data: { [verb]: value } } as never;
      const target = { ...at(CONFIG_MAPS), name };
      if (verb === 'create') await create(CONFIG_MAPS, configMap(name, { data: { a: value } }));
      else if (verb === 'merge') await api.patch({ ...target, patchType: 'merge', patch });
      else if (verb === 'apply')
        await api.patch({ ...target, patchType: 'apply', patch, fieldManager: value, force: true });
      else await api.delete(target);
    };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 5 }), async (rounds) => {
        const { items, resourceVersion } = await api.list(at(CONFIG_MAPS));
        const state = new Map(items.map((each) => [each.metadata.name, each]));
        const seen = await frames({ resourceVersion, namespace: 'default' }, async () => {
          for (const round of rounds) {
            const settled = await Promise.allSettled(round.map(act));
            for (const each of settled)
              if (each.status === 'rejected') expect(isApiError(each.reason, 'NotFound', 'AlreadyExists')).toBe(true);
          }
        });
        let last = Number(resourceVersion);
        for (const frame of seen) {
          if (frame.type === 'BOOKMARK') continue;
          const { name, resourceVersion: version } = frame.object.metadata;
          expect(Number(version)).toBeGreaterThan(last);
          expect(state.has(name)).toBe(frame.type !== 'ADDED');
          last = Number(version);
          if (frame.type === 'DELETED') state.delete(name);
          else state.set(name, frame.object);
        }
        const after = await api.list(at(CONFIG_MAPS));
        expect([...state.keys()].sort().map((name) => state.get(name))).toEqual(after.items);
      }),
      { numRuns: 30 },
    );
  });

  describe('housekeeping', () => {
    const event = (name: string, lastTimestamp: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: 'default' },
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'a' },
      reason: 'Started',
      type: 'Normal',
      lastTimestamp,
    });

    it('forgets Events an hour after they were last seen', async () => {
      await create(EVENTS, event('old', '2026-01-01T00:00:00Z'));
      await clock.advance(1_800_000);
      await create(EVENTS, event('new', '2026-01-01T00:30:00Z'));
      await clock.advance(1_860_000);
      await settle();
      expect(namesOf((await api.list(at(EVENTS))).items)).toEqual(['default/new']);
    });

    it('forgets revisions that are old enough, and keeps the rest', async () => {
      await restart({ housekeeping: { everyMs: 60_000, keepMs: 600_000, keepRevisions: 3, eventTtlMs: 3_600_000 } });
      await create(LEASES, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'a' } });
      const beginning = await api.list(at(LEASES));
      const exactly = { resourceVersion: beginning.resourceVersion, resourceVersionMatch: 'Exact' };
      for (let minute = 0; minute < 9; minute += 1) {
        await merge(LEASES, 'a', { spec: { leaseDurationSeconds: minute + 1 } });
        await clock.advance(60_000);
        await settle();
      }
      expect((await api.list({ ...at(LEASES), ...exactly })).items).toHaveLength(1);
      await clock.advance(240_000);
      await settle();
      await refusal(api.list({ ...at(LEASES), ...exactly }), 'Expired');
      const recent = { resourceVersion: String((await store.revision()) - 2), resourceVersionMatch: 'Exact' };
      expect((await api.list({ ...at(LEASES), ...recent })).items).toHaveLength(1);
    });
  });
});

function deployment(name: string): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'sample:1' }] } },
    },
  };
}
