/**
 * Kinds that are served in several versions. Within the registry an object is always in the version in which it is
 * stored; the other versions exist at its edge only: what comes in is converted when it is decoded, what goes out when
 * it is answered. Owners of fields are noted in the stored version.
 */
import type { KubeObject, ServedVersion, StoredObject } from '#api';
import { deepFreeze } from '#base';
import type { Api, ResourceRow, WatchFrame } from './api.ts';

/** The row of another version of a stored row's kind. */
export function servedRow(stored: ResourceRow, version: ServedVersion): ResourceRow {
  const { type, toStored, fieldSelectors } = version;
  const inStored = (object: StoredObject) => toStored(object) as StoredObject;
  return {
    ...stored,
    type,
    subresources: Object.fromEntries(
      Object.entries(stored.subresources ?? {}).map(([name, subresource]) => {
        const isOwn = subresource.kind === type.kind && subresource.group === type.group;
        return [name, isOwn ? { ...subresource, version: type.version } : subresource];
      }),
    ),
    columns: stored.columns.map((column) => ({
      ...column,
      cell: (object, nowMs) => column.cell(inStored(object), nowMs),
    })),
    ...(fieldSelectors === undefined ? {} : { fieldSelectors: renamedSelectors(stored, fieldSelectors) }),
    version: { ...version, row: stored },
  };
}

/** Selectors look at stored objects, whatever they are called. */
function renamedSelectors(stored: ResourceRow, names: Readonly<Record<string, string>>) {
  const selectors = Object.entries(names).flatMap(([name, storedName]) => {
    const select = stored.fieldSelectors?.[storedName];
    return select === undefined ? [] : [[name, select] as const];
  });
  return Object.fromEntries(selectors);
}

/**
 * The row in whose version requests on this one are carried out: that of the stored version; of a custom resource, the row's
 * own, since each of its versions has a schema of its own and all say the same otherwise.
 */
export function storedRow(row: ResourceRow): ResourceRow {
  return row.version?.row ?? row;
}

/** What a client sent, as it is stored. Its types were checked. */
export function toStored(row: ResourceRow, object: KubeObject): KubeObject {
  return row.version?.toStored(object) ?? object;
}

/** Stored object → the same in another version, per version: whoever encodes by identity finds it again. */
const converted = new WeakMap<ServedVersion['fromStored'], WeakMap<StoredObject, StoredObject>>();

/** A stored object as clients of the row's version see it; itself in the stored version. Frozen like it. */
export function asServed(row: ResourceRow, object: StoredObject): StoredObject {
  const { version, custom } = row;
  // A Scale is none of its objects.
  if (custom !== undefined) return object.kind === row.type.kind ? custom.fromStored(object) : object;
  if (version === undefined) return object;
  const known = converted.get(version.fromStored) ?? new WeakMap<StoredObject, StoredObject>();
  converted.set(version.fromStored, known);
  const before = known.get(object);
  if (before !== undefined) return before;
  const made = deepFreeze(version.fromStored(object) as StoredObject);
  known.set(object, made);
  return made;
}

/** Whether objects are answered in another form than the one in which they are kept. */
function isConverted(row: ResourceRow): boolean {
  return row.version !== undefined || row.custom !== undefined;
}

type Verbs = Pick<Api, 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deleteCollection'>;

/** The verbs, answering in the version that each request asked in. */
export function answeringAsAsked(verbs: Verbs): Verbs {
  return {
    get: async (request) => asServed(request.row, await verbs.get(request)),
    async list(request) {
      const answer = await verbs.list(request);
      if (!isConverted(request.row)) return answer;
      return { ...answer, items: answer.items.map((item) => asServed(request.row, item)) };
    },
    watch: (request) => {
      const frames = verbs.watch(request);
      return !isConverted(request.row) ? frames : servedFrames(request.row, frames);
    },
    create: async (request) => inAnswer(request.row, await verbs.create(request)),
    update: async (request) => inAnswer(request.row, await verbs.update(request)),
    patch: async (request) => inAnswer(request.row, await verbs.patch(request)),
    delete: async (request) => inAnswer(request.row, await verbs.delete(request)),
    async deleteCollection(request) {
      const deleted = await verbs.deleteCollection(request);
      return !isConverted(request.row) ? deleted : deleted.map((object) => asServed(request.row, object));
    },
  };
}

function inAnswer<T extends { readonly object: StoredObject }>(row: ResourceRow, answer: T): T {
  return !isConverted(row) ? answer : { ...answer, object: asServed(row, answer.object) };
}

/** By hand, not by a generator: one that waits for a frame could not be ended before the frame has come. */
function servedFrames(row: ResourceRow, frames: AsyncIterable<WatchFrame>): AsyncIterable<WatchFrame> {
  return {
    [Symbol.asyncIterator]() {
      const inner = frames[Symbol.asyncIterator]();
      return {
        async next() {
          const result = await inner.next();
          if (result.done === true || result.value.type === 'BOOKMARK') return result;
          return { done: false, value: { ...result.value, object: asServed(row, result.value.object) } };
        },
        return: async () => (await inner.return?.()) ?? { done: true, value: undefined },
      };
    },
  };
}
