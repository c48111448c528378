import { setMaxListeners } from 'node:events';
import type { ResourceType, StoredObject } from '#api';
import { createInformer, type Informer, type InformerDeps, type InformerOptions } from './informer.ts';

/** One informer per kind, shared by everyone in the process. */
export interface Informers {
  /** The same informer for the same kind. Ask for all before `run`. */
  of<T extends StoredObject>(resource: ResourceType<T>): Informer<T>;
  /** Runs all of them until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when every first list has come. */
  synced(signal?: AbortSignal): Promise<void>;
}

export function createInformers(
  deps: InformerDeps,
  options: Pick<InformerOptions<StoredObject>, 'namespace' | 'pageSize'> = {},
): Informers {
  const byKind = new Map<string, Informer>();
  return {
    of<T extends StoredObject>(resource: ResourceType<T>): Informer<T> {
      const kind = `${resource.group}/${resource.kind}`;
      const existing = byKind.get(kind) ?? createInformer<StoredObject>(deps, resource as ResourceType, options);
      byKind.set(kind, existing);
      return existing as unknown as Informer<T>;
    },
    async run(signal) {
      setMaxListeners(0, signal); // As many as there are kinds and workers; each is taken off again.
      await Promise.all([...byKind.values()].map((informer) => informer.run(signal)));
    },
    async synced(signal) {
      await Promise.all([...byKind.values()].map((informer) => informer.until(() => informer.synced, signal)));
    },
  };
}
