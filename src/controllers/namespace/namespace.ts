import {
  CONFIG_MAPS,
  type ConfigMap,
  EVENTS,
  isApiError,
  type KubeObject,
  NAMESPACES,
  type Namespace,
  type ResourceType,
  SERVICE_ACCOUNTS,
  type ServiceAccount,
  type StoredObject,
} from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, Expectations, type Informer, type KeySource, keysFrom } from '#reconcile';
import type { OwnableKinds } from '../shared/all-kinds.ts';
import { writeStatus } from '../shared/write-status.ts';
import { deletionSteps, type Remaining, terminatingStatus } from './namespace.plan.ts';

export interface NamespaceDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly namespaces: Informer<Namespace>;
  readonly serviceAccounts: Informer<ServiceAccount>;
  readonly configMaps: Informer<ConfigMap>;
  /** Every kind whose last object may be what a namespace waits for. */
  readonly contents: OwnableKinds;
}

export interface NamespaceOptions {
  /** The cluster's CA in PEM, for pods to check the API by; without it no namespace gets a copy. */
  readonly caCertificate?: string;
  /** Objects of a namespace that are deleted at a time. */
  readonly batch: number;
  /** When a namespace that waits for something is looked at again, should no event say that it went. */
  readonly lookAgainMs: number;
}

export const namespaceDefaults: NamespaceOptions = { batch: 16, lookAgainMs: 5_000 };

const CA_NAME = 'kube-root-ca.crt';
const SERVICE_ACCOUNT = 'default';

/**
 * Gives every namespace what pods expect of it, and empties one that is deleted: what makes objects first, then the
 * objects, and at last takes the finalizer off. Sole writer of a namespace's conditions.
 */
export function createNamespaceController(deps: NamespaceDeps, options = namespaceDefaults): Controller {
  const { client, clock, namespaces, serviceAccounts, configMaps } = deps;
  const expectations = new Expectations(clock);

  return {
    name: 'namespace',
    async reconcile(name, signal) {
      await expectations.settled(name, signal);
      const namespace = namespaces.get(name);
      if (namespace === undefined) return {};
      if (namespace.metadata.deletionTimestamp !== undefined) return await empty(namespace, signal);
      await ensure(name, serviceAccounts, serviceAccount(name));
      if (options.caCertificate !== undefined) await ensure(name, configMaps, caConfigMap(name, options.caCertificate));
      return {};
    },
  };

  async function ensure<T extends StoredObject>(
    name: string,
    informer: Informer<T>,
    wanted: KubeObject,
  ): Promise<void> {
    const existing = informer.get(`${name}/${wanted.metadata.name}`);
    if (existing !== undefined) {
      if (wanted.kind !== 'ConfigMap' || (existing as unknown as ConfigMap).data?.['ca.crt'] === dataOf(wanted)) return;
      const body = { data: { 'ca.crt': dataOf(wanted) ?? '' } };
      expectations.wrote(
        name,
        informer,
        await client.patch(informer.resource, existing.metadata, { type: 'merge', body }),
      );
      return;
    }
    try {
      expectations.wrote(name, informer, await client.create(informer.resource, wanted));
    } catch (error) {
      // Somebody else made it, or the namespace is going.
      if (!isApiError(error, 'AlreadyExists', 'Forbidden', 'NotFound')) throw error;
    }
  }

  async function empty(namespace: Namespace, signal: AbortSignal) {
    const { name } = namespace.metadata;
    for (const step of deletionSteps([...deps.contents.resources, EVENTS])) {
      const remaining = await deleteAll(name, step, signal);
      if (remaining.counts.size === 0) continue;
      const status = terminatingStatus(namespace, remaining, clock.nowMs());
      const written = await writeStatus(client, NAMESPACES, namespace, { status });
      if (written !== undefined) expectations.wrote(name, namespaces, written);
      return { requeueAfterMs: options.lookAgainMs };
    }
    await finalize(namespace);
    return {};
  }

  /** Deletes everything of these kinds, and answers what stays for the time being. */
  async function deleteAll(
    namespace: string,
    resources: readonly ResourceType[],
    signal: AbortSignal,
  ): Promise<Remaining> {
    const counts = new Map<string, number>();
    const finalizers = new Map<string, number>();
    for (const resource of resources) {
      const items = await listed(resource, namespace);
      for (let from = 0; from < items.length; from += options.batch) {
        signal.throwIfAborted();
        const batch = items.slice(from, from + options.batch);
        const lingering = await Promise.all(batch.map((object) => deleteOne(resource, object)));
        for (const object of lingering) {
          if (object === undefined) continue;
          addOne(counts, resource.plural);
          for (const finalizer of object.metadata.finalizers ?? []) addOne(finalizers, finalizer);
        }
      }
    }
    return { counts, finalizers };
  }

  /** A custom kind may have gone since it was named. */
  async function listed(resource: ResourceType, namespace: string): Promise<readonly StoredObject[]> {
    try {
      return (await client.list(resource, { namespace })).items;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return [];
      throw error;
    }
  }

  async function deleteOne(resource: ResourceType, object: StoredObject): Promise<StoredObject | undefined> {
    if (object.metadata.deletionTimestamp !== undefined) return object;
    const options = { propagationPolicy: 'Background', preconditions: { uid: object.metadata.uid } } as const;
    try {
      return await client.delete(resource, object.metadata, options);
    } catch (error) {
      if (isApiError(error, 'Conflict')) return object; // Another one took its name: the next pass sees to it.
      throw error;
    }
  }

  async function finalize(namespace: Namespace): Promise<void> {
    const live = await client.get(NAMESPACES, namespace.metadata);
    if (live === undefined || live.metadata.uid !== namespace.metadata.uid) return;
    const finalizers = (live.spec?.finalizers ?? []).filter((finalizer) => finalizer !== 'kubernetes');
    const object = { ...live, spec: { ...live.spec, finalizers } };
    try {
      await client.update(NAMESPACES, object, { subresource: 'finalize' });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }
}

/** A namespace is looked at when it changes, when what it must have goes, and while it goes with everything that goes. */
export function namespaceSources({
  namespaces,
  contents,
}: Pick<NamespaceDeps, 'namespaces' | 'contents'>): KeySource[] {
  const isGoing = (name: string) => namespaces.get(name)?.metadata.deletionTimestamp !== undefined;
  const ofContent = ({ kind, metadata }: StoredObject): Iterable<string> => {
    const { namespace = '', name } = metadata;
    const needed =
      (kind === 'ServiceAccount' && name === SERVICE_ACCOUNT) || (kind === 'ConfigMap' && name === CA_NAME);
    return namespace !== '' && (needed || isGoing(namespace)) ? [namespace] : [];
  };
  const sourceOf = (informer: Informer<StoredObject>) => keysFrom(informer, { toKeys: ofContent });
  return [
    keysFrom(namespaces),
    {
      subscribe(enqueue) {
        const stops = contents.informers.map((informer) => sourceOf(informer).subscribe(enqueue));
        stops.push(contents.onAdded((informer) => stops.push(sourceOf(informer).subscribe(enqueue))));
        return () => {
          for (const stop of stops) stop();
        };
      },
      *keys() {
        for (const informer of contents.informers) yield* sourceOf(informer).keys();
      },
    },
  ];
}

function serviceAccount(namespace: string): KubeObject {
  return { apiVersion: 'v1', kind: SERVICE_ACCOUNTS.kind, metadata: { name: SERVICE_ACCOUNT, namespace } };
}

function caConfigMap(namespace: string, certificate: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: CONFIG_MAPS.kind,
    metadata: { name: CA_NAME, namespace },
    data: { 'ca.crt': certificate },
  };
}

function dataOf(configMap: KubeObject): string | undefined {
  return (configMap['data'] as Readonly<Record<string, string>> | undefined)?.['ca.crt'];
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
