import { NODES, PODS, type Pod, REPLICA_SETS, type ResourceType, type StoredObject } from '#api';
import type { Client } from '#client';
import type { TreeFile } from '#git';
import { currentActor } from './actor.ts';
import type { Step } from './script.ts';
import type { Sabotage } from './simulation.ts';
import type { Workload } from './workloads.ts';

/** A bug that is put in on purpose, and the promise that it breaks. */
export interface SeededBug {
  readonly promise: string;
  readonly what: string;
  readonly sabotage: Sabotage;
  /** The shortest way to see it, on three nodes. */
  readonly trace: readonly Step[];
}

const WEB = { kind: 'Deployment', image: 'good:1', replicas: 4, surge: 1, unavailable: 1, cpu: 100 } as const;
const REST: Step = { do: 'rest' };
const WAIT: Step = { do: 'wait', ms: 5_000 };

const commit = (more: Partial<Extract<Workload, { kind: 'Deployment' }>> = {}): Step => {
  return { do: 'commit', set: { web: { ...WEB, ...more } } };
};

/** Wrong in ways that have happened to real clusters. Each must be found. */
export const SEEDED_BUGS: readonly SeededBug[] = [
  {
    promise: 'P05',
    what: 'a file of an older commit is read with a newer one',
    trace: [
      commit(),
      REST,
      commit({ image: 'good:2' }),
      REST,
      { do: 'commit', set: { ant: { kind: 'DaemonSet', image: 'good:3', unavailable: 1 } } },
      WAIT,
    ],
    sabotage: { mirror: mixing() },
  },
  {
    promise: 'P07',
    trace: [commit(), REST, { do: 'commit', remove: ['web'] }, REST],
    what: 'the garbage collector believes that a dependent is gone before it is',
    sabotage: {
      controllers: (client) => ({
        ...client,
        delete: async (resource, key, options) =>
          is('garbage-collection', resource, REPLICA_SETS) ? undefined : client.delete(resource, key, options),
      }),
    },
  },
  {
    promise: 'P08',
    trace: [{ do: 'disturb', how: 'lateEvents', at: 'control plane', count: 400, ms: 50 }, commit(), WAIT, REST],
    what: 'a controller does not wait until it sees its own writes',
    sabotage: {
      controllers: (client) => ({
        ...client,
        create: async (resource, object, options) => forgetful(await client.create(resource, object, options)),
        patch: async (resource, key, patch, options) => forgetful(await client.patch(resource, key, patch, options)),
      }),
    },
  },
  {
    promise: 'P09',
    trace: [commit(), REST, commit({ image: 'good:2' }), REST],
    what: 'a rollout takes all old pods at once',
    sabotage: {
      controllers: (client) => ({
        ...client,
        patch: async (resource, key, patch, options) => {
          const { body } = patch;
          const replicas = (body as { spec?: { replicas?: number } }).spec?.replicas;
          if (!is('deployment', resource, REPLICA_SETS) || replicas === undefined) {
            return client.patch(resource, key, patch, options);
          }
          const set = await client.get(REPLICA_SETS, key);
          const fewer = replicas < (set?.spec.replicas ?? 0);
          const all = { ...(body as object), spec: { ...(body as { spec: object }).spec, replicas: 0 } };
          return client.patch(resource, key, fewer ? { ...patch, body: all } : patch, options);
        },
      }),
    },
  },
  {
    promise: 'P10',
    trace: [commit({ budget: 4 }), REST, { do: 'drain', node: 0 }, { do: 'drain', node: 1 }],
    what: 'a drain deletes pods instead of asking for their eviction',
    sabotage: {
      drain: async (client: Client, pod: Pod) => void (await client.delete(PODS, pod.metadata)),
    },
  },
  {
    promise: 'P11',
    what: 'pods of lost nodes are taken for gone',
    trace: [
      { do: 'commit', set: { db: { kind: 'StatefulSet', image: 'good:1', replicas: 3, policy: 'Parallel' } } },
      REST,
      { do: 'cut', node: 0 },
      { do: 'wait', ms: 420_000 },
    ],
    sabotage: {
      controllers: (client) => ({
        ...client,
        delete: (resource, key, options) =>
          client.delete(
            resource,
            key,
            is('eviction', resource, PODS) ? { ...options, gracePeriodSeconds: 0 } : options,
          ),
      }),
    },
  },
  {
    promise: 'P12',
    trace: [
      { do: 'cut', node: 0 },
      { do: 'cut', node: 1 },
      { do: 'wait', ms: 120_000 },
    ],
    what: 'nodes that fall silent lose their pods at once',
    sabotage: {
      controllers: (client) => ({
        ...client,
        patch: async (resource, key, patch, options) => {
          const { body } = patch;
          const taints = (body as { spec?: { taints?: { key: string; effect: string }[] } }).spec?.taints;
          const silent = taints?.find(({ key: name }) => name === 'node.kubernetes.io/unreachable');
          if (!is('node-lifecycle', resource, NODES) || silent === undefined) {
            return client.patch(resource, key, patch, options);
          }
          const rest = (taints ?? []).filter(({ effect }) => effect !== 'NoExecute');
          const spec = { taints: [...rest, { ...silent, effect: 'NoExecute' }] };
          return client.patch(resource, key, { ...patch, body: { ...(body as object), spec } }, options);
        },
      }),
    },
  },
  {
    promise: 'P13',
    trace: [
      commit(),
      REST,
      ...[0, 1, 2].map((node): Step => ({ do: 'cut', node })),
      ...[0, 1, 2, 3, 4].map((pick): Step => ({ do: 'kill pod', pick })),
      ...[0, 1, 2].map((node): Step => ({ do: 'mend', node })),
      REST,
    ],
    what: 'an agent that lost its watch goes on from now, not from where it was',
    sabotage: {
      agent: (client) => {
        let watches = 0;
        return {
          ...client,
          watch: <T extends StoredObject>(resource: ResourceType<T>, options: Parameters<Client['watch']>[1]) => {
            if ((resource as ResourceType) !== (PODS as ResourceType)) return client.watch(resource, options);
            watches += 1;
            return watches === 1 ? client.watch(resource, options) : watchFromNow(client, resource, options);
          },
        };
      },
    },
  },
  {
    promise: 'P16',
    what: 'a tree that was read in part is taken for the whole',
    trace: [commit(), REST, { do: 'commit', set: { api: WEB } }, WAIT],
    sabotage: {
      mirror: (mirror) => ({
        ...mirror,
        listTree: async (id, path) => {
          const tree = await mirror.listTree(id, path);
          return tree === undefined || tree.files.length < 3 ? tree : { ...tree, files: tree.files.slice(0, -1) };
        },
      }),
    },
  },
  {
    promise: 'Room',
    trace: [commit({ cpu: 1_100 }), REST],
    what: 'the scheduler binds every pod to the same node',
    sabotage: {
      controllers: (client) => ({
        ...client,
        update: async (resource, object, options) => {
          const target = { apiVersion: 'v1', kind: 'Node', name: 'node-0' };
          return client.update(resource, object.kind === 'Binding' ? { ...object, target } : object, options);
        },
      }),
    },
  },
];

/** Serves, once three commits were read, every path as it first was. */
function mixing(): NonNullable<Sabotage['mirror']> {
  return (mirror) => {
    const first = new Map<string, TreeFile>();
    const seen = new Set<string>();
    return {
      ...mirror,
      listTree: async (id, path) => {
        const tree = await mirror.listTree(id, path);
        if (tree === undefined) return undefined;
        seen.add(id);
        for (const file of tree.files) if (!first.has(file.path)) first.set(file.path, file);
        return seen.size < 4 ? tree : { ...tree, files: tree.files.map((file) => first.get(file.path) ?? file) };
      },
    };
  };
}

/** The answer to a write, as if it had been seen long ago. */
function forgetful<T extends StoredObject>(written: T): T {
  if (currentActor().loop !== 'replica-set') return written;
  return { ...written, metadata: { ...written.metadata, resourceVersion: '1' } };
}

async function* watchFromNow<T extends StoredObject>(
  client: Client,
  resource: ResourceType<T>,
  options: Parameters<Client['watch']>[1],
) {
  const { resourceVersion } = await client.list(resource, { fieldSelector: options.fieldSelector ?? '' });
  yield* client.watch(resource, { ...options, resourceVersion });
}

function is(loop: string, resource: ResourceType, wanted: ResourceType): boolean {
  return currentActor().loop === loop && resource.kind === wanted.kind;
}
