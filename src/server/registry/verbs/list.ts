import { ApiError, type StoredObject } from '#api';
import type { Store } from '#store';
import type { Selection } from '../../watch-cache/selection.ts';
import type { ListAnswer, ListRequest } from '../api.ts';
import { decodeObject } from '../codec.ts';
import { readContinueToken, TooOldToContinueError, writeContinueToken } from '../continue-token.ts';
import { resourcePrefix, storeKey } from '../keys.ts';
import { apiLimits } from '../limits.ts';
import { listVersion } from '../resource-version.ts';
import { compileSelection } from '../selection.ts';
import { storedRow } from '../versions.ts';
import { cacheOf, untilReached, type VerbDeps } from './verb-deps.ts';

/** Source: apiserver storage/etcd3/errors.go (v0.32). */
const TOO_OLD_TO_LIST = 'The resourceVersion for the provided list is too old.';

interface Page {
  readonly items: readonly StoredObject[];
  readonly more: boolean;
  /** How many objects follow; only known without selectors. */
  readonly remaining?: number;
}

/** Lists of any length: from the watch cache, and from the store's history where one moment has to stand still. */
export function createList(deps: VerbDeps) {
  return async function list(request: ListRequest): Promise<ListAnswer> {
    const { row } = request;
    const limit = Math.max(0, Math.trunc(request.limit ?? 0)) || Number.POSITIVE_INFINITY;
    const selection = compileSelection(row, request);
    const version = listVersion(request);
    const prefix = prefixOf(request);
    const scope = scopeOf(request);
    const answer = ({ items, more, remaining }: Page, revision: number): ListAnswer => {
      const last = items.at(-1);
      if (!more || last === undefined) return { items, resourceVersion: String(revision) };
      const storedAs = storedRow(row).type;
      const after = storeKey(storedAs, last.metadata.namespace ?? '', last.metadata.name).slice(prefix.length);
      return {
        items,
        resourceVersion: String(revision),
        continue: writeContinueToken({ revision, after }, scope),
        ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
      };
    };

    if (request.continue) {
      const point = readContinueToken(request.continue, scope);
      const revision = point.revision ?? deps.cache.revision;
      await untilReached(deps, revision);
      const after = prefix + point.after;
      const page = await readStored(deps.store, { prefix, selection, limit, revision, after });
      if (page === undefined) throw new TooOldToContinueError(point, scope);
      return answer(page, revision);
    }
    if (version.at === 'not-older-than' || version.at === 'exactly') await untilReached(deps, version.revision);
    if (version.at === 'exactly') {
      const { revision } = version;
      const page = await readStored(deps.store, { prefix, selection, limit, revision });
      if (page === undefined) throw new ApiError('Expired', TOO_OLD_TO_LIST);
      return answer(page, revision);
    }
    return answer(readCached(deps, request, selection, limit), deps.cache.revision);
  };
}

function readCached(deps: VerbDeps, { row }: ListRequest, selection: Selection, limit: number): Page {
  const cache = cacheOf(deps, row);
  if (selection.everything && Number.isFinite(limit)) {
    const { items, remaining } = cache.page(selection.namespace, limit);
    return { items, remaining, more: remaining > 0 };
  }
  const items = cache.select(selection);
  return items.length <= limit ? { items, more: false } : { items: items.slice(0, limit), more: true };
}

interface StoredRead {
  readonly prefix: string;
  readonly selection: Selection;
  readonly limit: number;
  readonly revision: number;
  readonly after?: string;
}

/** As things stood at `revision`; undefined when that is forgotten. */
async function readStored(store: Store, read: StoredRead): Promise<Page | undefined> {
  const { prefix, selection, limit, revision } = read;
  const items: StoredObject[] = [];
  let after = read.after;
  for (;;) {
    const wanted = selection.everything ? limit - items.length : apiLimits.listChunk;
    const chunk = await store.list({
      prefix,
      revision,
      limit: Math.min(wanted, apiLimits.listChunk),
      ...(after === undefined ? {} : { after }),
    });
    if (!chunk.ok) return undefined;
    for (const [index, value] of chunk.items.entries()) {
      const object = decodeObject(value);
      if (!selection.matches(object)) continue;
      items.push(object);
      if (items.length < limit) continue;
      const more = chunk.more || index < chunk.items.length - 1;
      return selection.everything ? { items, more, remaining: chunk.remaining } : { items, more };
    }
    after = chunk.items.at(-1)?.key;
    if (!chunk.more || after === undefined) return { items, more: false };
  }
}

function prefixOf({ row, namespace }: ListRequest): string {
  return resourcePrefix(storedRow(row).type) + (row.type.namespaced && namespace !== '' ? `${namespace}/` : '');
}

/** A continue token is good for this list only. */
function scopeOf(request: ListRequest): string {
  return JSON.stringify([prefixOf(request), request.labelSelector ?? '', request.fieldSelector ?? '']);
}
