import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CONFIG_MAPS,
  type ConfigMap,
  DEPLOYMENTS,
  type Deployment,
  isApiError,
  type KubeObject,
  NAMESPACES,
  PODS,
  type Pod,
  SECRETS,
  SERVICE_ACCOUNTS,
  type StatusReason,
  type StoredObject,
} from '#api';
import type { Client, WatchEvent } from './client.ts';

/** A client of a server that is empty but for the namespaces it makes itself. */
export interface ClientHarness {
  /** Its user is `alice`; writes that name no manager are `contract`'s. */
  readonly client: Client;
  close(): Promise<void>;
}

const DEADLINE_MS = 5_000;
let names = 0;
const unique = (base: string) => {
  names += 1;
  return `${base}-${names}`;
};

const configMap = (
  name: string,
  data: Record<string, string> = {},
  labels: Record<string, string> = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
  data,
});

const pod = (name: string, spec: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'sample:1' }], ...spec },
});

const deployment = (name: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'sample:1' }] } },
  },
});

/** Reads events until `count` of objects have come; bookmarks do not count. */
async function take<T extends StoredObject>(events: AsyncIterable<WatchEvent<T>>, count: number) {
  const taken: { type: string; object: T }[] = [];
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`only ${taken.length} of ${count} events came`)), DEADLINE_MS).unref();
  });
  const reading = (async () => {
    if (count > 0) {
      for await (const event of events) {
        if (event.type !== 'BOOKMARK') taken.push(event);
        if (taken.length === count) break;
      }
    }
    return taken;
  })();
  return Promise.race([reading, late]);
}

/** What every client promises, in process and over the wire alike. */
export function describeClient(file: string, start: () => Promise<ClientHarness>): void {
  describe(file, () => {
    let harness: ClientHarness;
    let client: Client;

    beforeAll(async () => {
      harness = await start();
      client = harness.client;
    });
    afterAll(() => harness.close());

    const refusal = async (work: Promise<unknown>, reason: StatusReason) => {
      const error = await work.then(
        (value) => value,
        (thrown: unknown) => thrown,
      );
      expect(isApiError(error, reason), `${JSON.stringify(error)} is not ${reason}`).toBe(true);
      return error as Error;
    };
    const key = (name: string) => ({ namespace: 'default', name });

    describe('create and get', () => {
      it('gives a new object its identity, version and defaults', async () => {
        const made = await client.create(PODS, pod(unique('web')));
        expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
        expect(made.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        expect(made.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
        expect(made.spec.restartPolicy).toBe('Always');
        expect(made.status?.phase).toBe('Pending');
        expect(await client.get(PODS, key(made.metadata.name))).toEqual(made);
      });

      it('answers absence as undefined', async () => {
        expect(await client.get(PODS, key('nobody'))).toBeUndefined();
      });

      it('makes up names on the base it is given', async () => {
        const { metadata, ...rest } = configMap('');
        const object = { ...rest, metadata: { namespace: metadata.namespace ?? '', generateName: 'web-' } };
        const one = await client.create(CONFIG_MAPS, object);
        const two = await client.create(CONFIG_MAPS, object);
        expect(one.metadata.name).toMatch(/^web-[a-z0-9]{5}$/);
        expect(two.metadata.name).not.toBe(one.metadata.name);
      });

      it('refuses a name that is taken', async () => {
        const name = unique('twice');
        await client.create(CONFIG_MAPS, configMap(name));
        const error = await refusal(client.create(CONFIG_MAPS, configMap(name)), 'AlreadyExists');
        expect(error.message).toBe(`configmaps "${name}" already exists`);
      });

      it('refuses a namespace that is not there', async () => {
        const object = { ...configMap('x'), metadata: { name: 'x', namespace: 'nowhere' } };
        const error = await refusal(client.create(CONFIG_MAPS, object), 'NotFound');
        expect(error.message).toBe('namespaces "nowhere" not found');
      });

      it('names every field that is wrong', async () => {
        const error = await refusal(client.create(PODS, pod(unique('bad'), { containers: [] })), 'Invalid');
        expect(error.message).toMatch(/^Pod "bad-\d+" is invalid: spec\.containers: Required value/);
      });

      it('refuses unknown fields when told to be strict, and drops them otherwise', async () => {
        const object = pod(unique('odd'), { nodeNam: 'x' });
        const error = await refusal(client.create(PODS, object, { fieldValidation: 'Strict' }), 'BadRequest');
        expect(error.message).toContain('strict decoding error: unknown field "spec.nodeNam"');
        expect((await client.create(PODS, object)).spec).not.toHaveProperty('nodeNam');
      });

      it('persists nothing in a dry run', async () => {
        const name = unique('dry');
        const answer = await client.create(PODS, pod(name), { dryRun: true });
        expect(answer.spec.restartPolicy).toBe('Always');
        expect(await client.get(PODS, key(name))).toBeUndefined();
      });

      it('keeps secrets given as text', async () => {
        const name = unique('secret');
        const object = {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name, namespace: 'default' },
          stringData: { a: 'b' },
        };
        const made = await client.create(SECRETS, object);
        expect(made.data).toEqual({ a: 'Yg==' });
        expect(made).not.toHaveProperty('stringData');
      });
    });

    describe('list', () => {
      it('selects by label and by field, in the order of names', async () => {
        const group = unique('group');
        for (const [name, tier] of [
          ['c', 'x'],
          ['a', 'x'],
          ['b', 'y'],
        ] as const)
          await client.create(CONFIG_MAPS, configMap(`${group}-${name}`, {}, { group, tier }));
        const select = async (labelSelector: string, fieldSelector?: string) => {
          const options = { labelSelector, ...(fieldSelector === undefined ? {} : { fieldSelector }) };
          const { items } = await client.list(CONFIG_MAPS, { namespace: 'default', ...options });
          return items.map((each) => each.metadata.name.slice(group.length + 1));
        };
        expect(await select(`group=${group}`)).toEqual(['a', 'b', 'c']);
        expect(await select(`group=${group},tier notin (y)`)).toEqual(['a', 'c']);
        expect(await select(`group=${group}`, `metadata.name!=${group}-a`)).toEqual(['b', 'c']);
      });

      it('gives every object once over several pages, as of the first', async () => {
        const group = unique('paged');
        for (const name of ['a', 'b', 'c', 'd', 'e'])
          await client.create(CONFIG_MAPS, configMap(`${group}-${name}`, {}, { group }));
        const labelSelector = `group=${group}`;
        const first = await client.list(CONFIG_MAPS, { labelSelector, limit: 2 });
        await client.delete(CONFIG_MAPS, key(`${group}-d`));
        const read = [...first.items];
        let next = first.continue;
        while (next !== undefined) {
          const page = await client.list(CONFIG_MAPS, { labelSelector, limit: 2, continue: next });
          expect(page.resourceVersion).toBe(first.resourceVersion);
          read.push(...page.items);
          next = page.continue;
        }
        expect(read.map((each) => each.metadata.name)).toEqual(
          ['a', 'b', 'c', 'd', 'e'].map((each) => `${group}-${each}`),
        );
      });

      it('refuses a field it does not know', async () => {
        const error = await refusal(client.list(PODS, { fieldSelector: 'spec.color=red' }), 'BadRequest');
        expect(error.message).toBe('field label not supported: spec.color');
      });
    });

    describe('watch', () => {
      it('gives every change after a list, in order', async () => {
        const name = unique('watched');
        const { resourceVersion } = await client.list(CONFIG_MAPS, { namespace: 'default' });
        await client.create(CONFIG_MAPS, configMap(name));
        await client.patch(CONFIG_MAPS, key(name), { type: 'merge', body: { data: { a: '1' } } });
        await client.delete(CONFIG_MAPS, key(name));
        const events = await take(client.watch(CONFIG_MAPS, { namespace: 'default', resourceVersion }), 3);
        expect(events.map((event) => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
        const versions = events.map((event) => Number(event.object.metadata.resourceVersion));
        expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
      });

      it('shows what enters a selection as ADDED and what leaves it as DELETED', async () => {
        const group = unique('moving');
        const { resourceVersion } = await client.list(CONFIG_MAPS);
        const label = (value: string | null) =>
          client.patch(CONFIG_MAPS, key(group), { type: 'merge', body: { metadata: { labels: { group: value } } } });
        await client.create(CONFIG_MAPS, configMap(group));
        await label(group);
        await label(null);
        const watch = client.watch(CONFIG_MAPS, { labelSelector: `group=${group}`, resourceVersion });
        const events = await take(watch, 2);
        expect(events.map((event) => event.type)).toEqual(['ADDED', 'DELETED']);
      });

      it('ends when its signal aborts', async () => {
        const { resourceVersion } = await client.list(CONFIG_MAPS);
        const controller = new AbortController();
        const reading = take(client.watch(CONFIG_MAPS, { resourceVersion, signal: controller.signal }), 1_000_000);
        setImmediate(() => controller.abort());
        expect(await reading.catch((error: unknown) => [error])).toHaveLength(0);
      });

      it('says Expired for a version that is too old', async () => {
        await refusal(take(client.watch(CONFIG_MAPS, { resourceVersion: '1' }), 1), 'Expired');
      });
    });

    describe('update', () => {
      it('writes the object, and counts its generation', async () => {
        const made = await client.create(DEPLOYMENTS, deployment(unique('web')));
        const changed = await client.update(DEPLOYMENTS, { ...made, spec: { ...made.spec, replicas: 5 } });
        expect(changed.spec.replicas).toBe(5);
        expect(changed.metadata.generation).toBe((made.metadata.generation ?? 0) + 1);
        expect(changed.metadata.uid).toBe(made.metadata.uid);
      });

      it('refuses an object that moved on', async () => {
        const made = await client.create(CONFIG_MAPS, configMap(unique('moved')));
        await client.update(CONFIG_MAPS, { ...made, data: { a: '1' } });
        const error = await refusal(client.update(CONFIG_MAPS, { ...made, data: { a: '2' } }), 'Conflict');
        expect(error.message).toBe(
          `Operation cannot be fulfilled on configmaps "${made.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
        );
      });

      it('overwrites when no version is named', async () => {
        const name = unique('forced');
        await client.create(CONFIG_MAPS, configMap(name, { a: '1' }));
        expect((await client.update(CONFIG_MAPS, configMap(name, { b: '2' }))).data).toEqual({ b: '2' });
      });

      it('writes nothing when nothing changed', async () => {
        const made = await client.create(CONFIG_MAPS, configMap(unique('same'), { a: '1' }));
        const again = await client.update(CONFIG_MAPS, made);
        expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
      });

      it('keeps status and the rest apart', async () => {
        const made = await client.create(DEPLOYMENTS, deployment(unique('apart')));
        const status = { ...made.status, readyReplicas: 2, replicas: 2 };
        const both = { ...made, spec: { ...made.spec, replicas: 9 }, status };
        const byStatus = await client.update(DEPLOYMENTS, both, { subresource: 'status' });
        expect([byStatus.spec.replicas, byStatus.status?.readyReplicas]).toEqual([2, 2]);
        expect(byStatus.metadata.generation).toBe(made.metadata.generation);
        const bySpec = await client.update(DEPLOYMENTS, {
          ...byStatus,
          spec: { ...byStatus.spec, replicas: 3 },
          status: {},
        });
        expect([bySpec.spec.replicas, bySpec.status?.readyReplicas]).toEqual([3, 2]);
      });

      it('says NotFound for what is not there', async () => {
        await refusal(client.update(CONFIG_MAPS, configMap('nobody')), 'NotFound');
      });
    });

    describe('patch', () => {
      it.each([
        ['merge', { data: { a: null, b: '2' } }],
        ['strategic', { data: { a: null, b: '2' } }],
        [
          'json',
          [
            { op: 'remove', path: '/data/a' },
            { op: 'add', path: '/data/b', value: '2' },
          ],
        ],
      ] as const)('changes what a %s patch names', async (type, body) => {
        const { metadata } = await client.create(CONFIG_MAPS, configMap(unique(type), { a: '1', c: '3' }));
        const patched = await client.patch(CONFIG_MAPS, key(metadata.name), { type, body });
        expect(patched.data).toEqual({ b: '2', c: '3' });
      });

      it('merges containers by name in a strategic patch', async () => {
        const { metadata } = await client.create(DEPLOYMENTS, deployment(unique('strategic')));
        const body = {
          spec: { template: { spec: { containers: [{ name: 'main', env: [{ name: 'A', value: '1' }] }] } } },
        };
        const patched = await client.patch(DEPLOYMENTS, key(metadata.name), { type: 'strategic', body });
        expect(patched.spec.template.spec?.containers).toMatchObject([
          { name: 'main', image: 'sample:1', env: [{ name: 'A' }] },
        ]);
      });

      it('refuses a patch for a version that is gone, and tries others again', async () => {
        const { metadata } = await client.create(CONFIG_MAPS, configMap(unique('raced'), { n: '0' }));
        const body = { metadata: { resourceVersion: '1' }, data: { n: '9' } };
        await refusal(client.patch(CONFIG_MAPS, key(metadata.name), { type: 'merge', body }), 'Conflict');
        const keys = Array.from({ length: 8 }, (_, index) => `k${index}`);
        await Promise.all(
          keys.map((each) =>
            client.patch(CONFIG_MAPS, key(metadata.name), { type: 'merge', body: { data: { [each]: '1' } } }),
          ),
        );
        const after = (await client.get(CONFIG_MAPS, key(metadata.name))) as ConfigMap;
        expect(Object.keys(after.data ?? {}).sort()).toEqual([...keys, 'n'].sort());
      });

      it('scales through the scale subresource', async () => {
        const { metadata } = await client.create(DEPLOYMENTS, deployment(unique('scaled')));
        expect(await client.get(DEPLOYMENTS, key(metadata.name), { subresource: 'scale' })).toMatchObject({
          kind: 'Scale',
          metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion },
          spec: { replicas: 2 },
          status: { replicas: 0, selector: `app=${metadata.name}` },
        });
        expect(await client.get(DEPLOYMENTS, key('nobody'), { subresource: 'scale' })).toBeUndefined();
        await client.create(CONFIG_MAPS, configMap(unique('unscalable')));
        await refusal(client.get(CONFIG_MAPS, key('unscalable'), { subresource: 'scale' }), 'NotFound');
        const body = { spec: { replicas: 7 } };
        await client.patch(DEPLOYMENTS, key(metadata.name), { type: 'merge', body }, { subresource: 'scale' });
        expect((await client.get(DEPLOYMENTS, key(metadata.name)))?.spec.replicas).toBe(7);
      });
    });

    describe('apply', () => {
      const apply = (name: string, data: Record<string, string>, fieldManager: string, force = false) =>
        client.apply(
          CONFIG_MAPS,
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: key(name), data },
          { fieldManager, force },
        );

      it('creates what is not there and changes what is', async () => {
        const name = unique('applied');
        expect((await apply(name, { a: '1', b: '1' }, 'git')).data).toEqual({ a: '1', b: '1' });
        expect((await apply(name, { a: '2' }, 'git')).data).toEqual({ a: '2' });
      });

      it('writes nothing when applied twice', async () => {
        const name = unique('again');
        const first = await apply(name, { a: '1' }, 'git');
        const second = await apply(name, { a: '1' }, 'git');
        expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
      });

      it('takes no field of another manager unless forced', async () => {
        const name = unique('contested');
        await apply(name, { a: '1' }, 'git');
        const error = await refusal(apply(name, { a: '2' }, 'kubectl'), 'Conflict');
        expect(error.message).toContain('conflict with "git"');
        const forced = await apply(name, { a: '2' }, 'kubectl', true);
        expect(forced.data).toEqual({ a: '2' });
      });

      it('tells who owns what, and as whom', async () => {
        const name = unique('owned');
        await apply(name, { a: '1' }, 'git');
        const body = { data: { b: '2' } };
        const { metadata } = await client.patch(CONFIG_MAPS, key(name), { type: 'merge', body });
        const owners = metadata.managedFields?.map(({ manager, operation, user }) => ({ manager, operation, user }));
        expect(owners).toEqual([
          { manager: 'git', operation: 'Apply', user: 'alice' },
          { manager: 'contract', operation: 'Update', user: 'alice' },
        ]);
      });
    });

    describe('delete', () => {
      it('answers undefined when the object is gone, or never was', async () => {
        const { metadata } = await client.create(CONFIG_MAPS, configMap(unique('gone')));
        expect(await client.delete(CONFIG_MAPS, key(metadata.name))).toBeUndefined();
        expect(await client.get(CONFIG_MAPS, key(metadata.name))).toBeUndefined();
        expect(await client.delete(CONFIG_MAPS, key(metadata.name))).toBeUndefined();
      });

      it('leaves an object with finalizers until they are taken off', async () => {
        const name = unique('held');
        const object = { ...configMap(name), metadata: { ...key(name), finalizers: ['example.com/hold'] } };
        await client.create(CONFIG_MAPS, object);
        const lingers = await client.delete(CONFIG_MAPS, key(name));
        expect(lingers?.metadata.deletionTimestamp).toBeDefined();
        const body = { metadata: { finalizers: null } };
        await client.patch(CONFIG_MAPS, key(name), { type: 'merge', body });
        expect(await client.get(CONFIG_MAPS, key(name))).toBeUndefined();
      });

      it('leaves a bound pod to its node, until that says it is gone', async () => {
        const name = unique('bound');
        await client.create(PODS, pod(name, { terminationGracePeriodSeconds: 5 }));
        await bind(name, 'node-1');
        const lingers = await client.delete(PODS, key(name));
        expect(lingers?.metadata.deletionGracePeriodSeconds).toBe(5);
        expect(await client.delete(PODS, key(name), { gracePeriodSeconds: 0 })).toBeUndefined();
        expect(await client.get(PODS, key(name))).toBeUndefined();
      });

      it('removes a pod at once that no node has', async () => {
        const name = unique('unbound');
        await client.create(PODS, pod(name));
        expect(await client.delete(PODS, key(name))).toBeUndefined();
        expect(await client.get(PODS, key(name))).toBeUndefined();
      });

      it('refuses when the object is not the one that was meant', async () => {
        const { metadata } = await client.create(CONFIG_MAPS, configMap(unique('other')));
        const error = await refusal(
          client.delete(CONFIG_MAPS, key(metadata.name), { preconditions: { uid: 'another' } }),
          'Conflict',
        );
        expect(error.message).toContain('Precondition failed: UID in precondition: another');
      });

      it('marks dependents’ fate when asked to delete in the foreground', async () => {
        const { metadata } = await client.create(DEPLOYMENTS, deployment(unique('front')));
        const lingers = (await client.delete(DEPLOYMENTS, key(metadata.name), {
          propagationPolicy: 'Foreground',
        })) as Deployment;
        expect(lingers.metadata.finalizers).toEqual(['foregroundDeletion']);
      });

      it('removes nothing in a dry run', async () => {
        const { metadata } = await client.create(CONFIG_MAPS, configMap(unique('spared')));
        await client.delete(CONFIG_MAPS, key(metadata.name), { dryRun: true });
        expect(await client.get(CONFIG_MAPS, key(metadata.name))).toBeDefined();
      });
    });

    describe('subresources', () => {
      it('binds a pod once', async () => {
        const name = unique('scheduled');
        await client.create(PODS, pod(name));
        await bind(name, 'node-1');
        const bound = (await client.get(PODS, key(name))) as Pod;
        expect(bound.spec.nodeName).toBe('node-1');
        expect(bound.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'True' }]);
        const error = await refusal(bind(name, 'node-2'), 'Conflict');
        expect(error.message).toContain(`pod ${name} is already assigned to node "node-1"`);
      });

      it('lets a namespace go when it is finalized', async () => {
        const name = unique('namespace');
        await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
        const going = await client.delete(NAMESPACES, { name });
        expect(going?.status?.phase).toBe('Terminating');
        const inside = { ...configMap('late'), metadata: { name: 'late', namespace: name } };
        const error = await refusal(client.create(CONFIG_MAPS, inside), 'Forbidden');
        expect(error.message).toContain(
          `unable to create new content in namespace ${name} because it is being terminated`,
        );
        const emptied = { ...(going as StoredObject), spec: { finalizers: [] } };
        await client.update(NAMESPACES, emptied, { subresource: 'finalize' });
        expect(await client.get(NAMESPACES, { name })).toBeUndefined();
      });
    });

    describe('tokens', () => {
      const account = async () => {
        const name = unique('bot');
        await client.create(SERVICE_ACCOUNTS, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key(name) });
        return name;
      };
      const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

      it('gives one of an account, for whom and for how long it is asked, bound to a pod', async () => {
        const name = await account();
        const { metadata } = await client.create(PODS, pod(unique('bound'), { serviceAccountName: name }));
        const boundTo = { kind: 'Pod' as const, name: metadata.name, uid: metadata.uid };
        const spec = { audiences: ['vault'], expirationSeconds: 700, boundTo };
        const { token, lifetimeSeconds } = await client.requestToken(key(name), spec);
        expect(lifetimeSeconds).toBe(700);
        const { aud, exp, iat, sub, ...rest } = claimsOf(token);
        expect([aud, exp - iat, sub]).toEqual([['vault'], 700, `system:serviceaccount:default:${name}`]);
        expect(rest['kubernetes.io'].pod).toEqual({ name: metadata.name, uid: metadata.uid });
      });

      it('gives one for the API where nobody else is named', async () => {
        const name = await account();
        const { token, lifetimeSeconds } = await client.requestToken(key(name), {});
        expect(lifetimeSeconds).toBe(3_600);
        expect(claimsOf(token).aud).toEqual(['https://kubernetes.default.svc.cluster.local']);
      });

      it('refuses for an account that is not there', async () => {
        await refusal(client.requestToken(key('nobody'), {}), 'NotFound');
      });
    });

    function bind(name: string, node: string): Promise<StoredObject> {
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: key(name), target };
      return client.update(PODS, binding, { subresource: 'binding' });
    }
  });
}
