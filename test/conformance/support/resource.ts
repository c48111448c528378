import { EventEmitter, once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { ManagedFieldsEntry, ResourceType, StoredObject } from '#api';
import type { Answer, Https } from './http.ts';

/** What a refusal says. Source: apimachinery meta/v1 types.go, Status (v0.32). */
export interface Status {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: { readonly kind?: string; readonly name?: string; readonly causes?: readonly object[] };
}

/** An answer outside 200 to 299. */
export class Refusal extends Error {
  readonly status: Status;
  constructor(status: Status) {
    super(`${status.code} ${status.reason ?? ''}: ${status.message}`);
    this.status = status;
  }
}

export type Query = Readonly<Record<string, string | number | boolean>>;

/** What is sent: not checked here, since the server is what is tested. */
export type Body = Readonly<Record<string, unknown>>;

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const PATCH_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

export interface List<T> {
  readonly kind: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly T[];
}

export interface Seen<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

export interface Watching<T> {
  /** All that came so far. */
  readonly seen: readonly Seen<T>[];
  /** Waits for the first event, not asked for before, that is of the type and passes; those before it are passed over. */
  next(type: Seen<T>['type'] | 'ANY', passes?: (object: T) => boolean): Promise<T>;
  stop(): void;
}

/** One resource, in one namespace or none, by its verbs. Every refusal throws `Refusal`. */
export interface Resource<T> {
  get(name: string, subresource?: string): Promise<T>;
  /** Undefined where it is not found. */
  find(name: string): Promise<T | undefined>;
  list(query?: Query): Promise<List<T>>;
  create(object: Body, query?: Query): Promise<T>;
  /** POST of a subresource. */
  post(name: string, subresource: string, object: Body): Promise<T>;
  update(object: Body, subresource?: string): Promise<T>;
  patch(name: string, type: PatchType, patch: unknown, subresource?: string, query?: Query): Promise<T>;
  delete(name: string, options?: Body): Promise<Body>;
  deleteCollection(query?: Query, options?: Body): Promise<void>;
  watch(query?: Query): Promise<Watching<T>>;
  /** Reads, changes a copy, writes, and begins again where somebody else wrote meanwhile. */
  change(name: string, alter: (object: T) => void, subresource?: string): Promise<T>;
}

function queryOf(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) parameters.set(key, String(value));
  return parameters.size === 0 ? '' : `?${parameters}`;
}

/** The parsed body of a good answer. */
export function accepted<T>({ status, text: said }: Answer): T {
  const body: unknown = JSON.parse(said);
  if (status < 200 || status > 299) throw new Refusal(body as Status);
  return body as T;
}

/** What a call was refused with; fails when it was not. */
export async function refused(call: Promise<unknown>): Promise<Status> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Refusal) return error.status;
    throw error;
  }
  throw new Error('this should have been refused');
}

export function resourceOf<T extends StoredObject>(
  https: Https,
  { group, version, plural, namespaced, kind }: ResourceType<T>,
  namespace = '',
): Resource<T> {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespaced && namespace !== '' ? `/namespaces/${namespace}` : '';
  const collection = `${root}${within}/${plural}`;
  const typed = { apiVersion: group === '' ? version : `${group}/${version}`, kind };
  const pathOf = (name: string, subresource = '') =>
    `${collection}/${name}${subresource === '' ? '' : `/${subresource}`}`;
  const json = { 'content-type': 'application/json' };
  const write = async <R>(method: string, path: string, body: unknown, headers: Record<string, string> = json) =>
    accepted<R>(await https.send({ method, path, headers, body: JSON.stringify(body) }));

  const resource: Resource<T> = {
    get: async (name, subresource) => accepted(await https.send({ path: pathOf(name, subresource) })),
    async find(name) {
      const answer = await https.send({ path: pathOf(name) });
      return answer.status === 404 ? undefined : accepted(answer);
    },
    list: async (query = {}) => accepted(await https.send({ path: collection + queryOf(query) })),
    create: (object, query = {}) => write('POST', collection + queryOf(query), { ...typed, ...object }),
    post: (name, subresource, object) => write('POST', pathOf(name, subresource), object),
    update: (object, subresource) =>
      write('PUT', pathOf((object as unknown as T).metadata.name, subresource), { ...typed, ...object }),
    patch: (name, type, patch, subresource, query = {}) =>
      write('PATCH', pathOf(name, subresource) + queryOf(query), patch, { 'content-type': PATCH_TYPES[type] }),
    delete: (name, options = {}) => write('DELETE', pathOf(name), options),
    deleteCollection: async (query = {}, options = {}) => {
      await write('DELETE', collection + queryOf(query), options);
    },
    watch: (query = {}) => watching(https, collection + queryOf({ ...query, watch: true })),
    async change(name, alter, subresource) {
      for (;;) {
        const object = await resource.get(name);
        alter(object);
        try {
          return await resource.update(object, subresource);
        } catch (error) {
          if (!(error instanceof Refusal) || error.status.reason !== 'Conflict') throw error;
        }
      }
    },
  };
  return resource;
}

/** How long a watch may take to tell what was done. */
const TELL_MS = 20_000;

async function watching<T>(https: Https, path: string): Promise<Watching<T>> {
  const { message, end } = await https.open({ path });
  if (message.statusCode !== 200) accepted({ status: message.statusCode ?? 0, headers: {}, text: await text(message) });
  const seen: Seen<T>[] = [];
  const news = new EventEmitter();
  let asked = 0;
  let rest = '';
  message.setEncoding('utf8').on('data', (piece: string) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) seen.push(JSON.parse(line) as Seen<T>);
    news.emit('event');
  });
  message.on('error', () => undefined); // left by us: what was waited for does not come, and that is told
  return {
    seen,
    async next(type, passes = () => true) {
      const late = AbortSignal.timeout(TELL_MS);
      for (;;) {
        const from = asked;
        while (asked < seen.length) {
          const event = seen[asked];
          asked += 1;
          if (event !== undefined && (type === 'ANY' || event.type === type) && passes(event.object))
            return event.object;
        }
        await once(news, 'event', { signal: late }).catch(() => {
          const passed = seen.slice(from).map((event) => event.type);
          throw new Error(`${path} tells of no ${type} that passes; of ${passed.join(', ') || 'nothing'}`);
        });
      }
    },
    stop: end,
  };
}

/** An object without what every write changes: to compare what was meant to stay. */
export function steady<T extends StoredObject>(object: T): Body {
  const {
    resourceVersion: _,
    managedFields: __,
    ...metadata
  } = object.metadata as T['metadata'] & {
    managedFields?: ManagedFieldsEntry[];
  };
  return { ...object, metadata };
}
