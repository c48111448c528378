import type { Json, KubeObject, ObjectList, ObjectMeta, ResourceType, StoredObject } from '#api';
import { ApiError, apiVersionOf, PODS, SERVICE_ACCOUNTS } from '#api';
import { type Clock, PlumblineError, systemClock } from '#base';
import type {
  Client,
  ListOptions,
  NamespacedName,
  PatchType,
  SubresourceOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { type Answer, type Call, type ConnectionOptions, createConnection, parseOrText } from './http/connection.ts';
import { isRecord, refusal } from './http/errors.ts';
import { httpClientLimits } from './http/limits.ts';
import { readLines } from './http/lines.ts';
import { collectionPath, objectPath, queryString } from './http/paths.ts';
import { issuedToken, tokenRequest } from './token-request.ts';

export interface HttpClientOptions extends Omit<ConnectionOptions, 'clock' | 'token'> {
  /** A bearer token, or where to get one: asked for each request, so that it may be renewed. */
  readonly token?: string | (() => string | Promise<string>);
  /** Field manager of writes that name none; the User-Agent up to `/` when absent. */
  readonly fieldManager?: string;
  readonly clock?: Clock;
}

/** A list as the server lays it out for people. Source: apimachinery meta/v1 types.go, Table. */
export interface ServerTable {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority?: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object?: { readonly metadata: ObjectMeta } }[];
}

/** A client that holds connections. */
export interface HttpClient extends Client {
  /** Objects as rows of cells, with the server's own columns. */
  table(resource: ResourceType, options?: ListOptions): Promise<ServerTable>;
  /** Reads a path of the server that is no resource, such as `/version`. */
  read<T>(path: string): Promise<T>;
  /** Calls a path of the server that is no resource, and answers the parsed body. */
  post<T>(path: string, body: Json): Promise<T>;
  close(): void;
}

const PATCH_CONTENT_TYPES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/** A `Client` for any Kubernetes API server over HTTPS, ours or another. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { token, clock = systemClock, fieldManager = options.userAgent.split('/', 1)[0], ...rest } = options;
  const connection = createConnection({
    ...rest,
    clock,
    ...(token === undefined ? {} : { token: typeof token === 'string' ? () => token : token }),
  });

  /** The object an answer holds; refusals throw. */
  async function send<T extends StoredObject>(resource: ResourceType<T>, call: Call): Promise<T> {
    return identified(resource, accepted(await connection.call(call)));
  }

  function writeQuery({ fieldManager: manager = fieldManager, dryRun, fieldValidation }: WriteOptions) {
    return { fieldManager: manager, fieldValidation, ...(dryRun === true ? { dryRun: 'All' } : {}) };
  }

  return {
    async get(resource, key, { signal, subresource } = {}) {
      const target = objectPath(resource, key, subresource);
      const answer = await connection.call({ method: 'GET', target, ...withSignal(signal) });
      return isAbsent(answer, key.name) ? undefined : identified(resource, accepted(answer));
    },

    async list<T extends StoredObject>(
      resource: ResourceType<T>,
      listOptions: ListOptions = {},
    ): Promise<ObjectList<T>> {
      return listOf(resource, accepted(await connection.call(listCall(resource, listOptions))));
    },

    async *watch<T extends StoredObject>(
      resource: ResourceType<T>,
      { namespace, labelSelector, fieldSelector, resourceVersion, signal }: WatchOptions,
    ): AsyncGenerator<WatchEvent<T>> {
      const query = queryString({
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion,
        timeoutSeconds: httpClientLimits.watchSeconds,
        labelSelector,
        fieldSelector,
      });
      const call: Call = { method: 'GET', target: collectionPath(resource, namespace) + query, ...withSignal(signal) };
      try {
        const bytes = connection.stream(call, httpClientLimits.watchIdleMs);
        for await (const line of readLines(bytes, httpClientLimits.lineBytes)) yield watchEvent(resource, line);
      } catch (error) {
        if (signal?.aborted !== true) throw error;
      }
    },

    async create(resource, object, writeOptions = {}) {
      const { namespace } = object.metadata;
      if (resource.namespaced && (namespace ?? '') === '') throw missingNamespace(resource, object);
      const target = collectionPath(resource, namespace) + queryString(writeQuery(writeOptions));
      return send(resource, {
        method: 'POST',
        target,
        body: JSON.stringify(object),
        ...withSignal(writeOptions.signal),
      });
    },

    async update(resource, object, updateOptions = {}) {
      const { subresource, signal } = updateOptions;
      const target = objectPath(resource, keyOf(object), subresource) + queryString(writeQuery(updateOptions));
      const method = subresource === 'binding' ? 'POST' : 'PUT';
      return send(resource, { method, target, body: JSON.stringify(object), ...withSignal(signal) });
    },

    async patch<T extends StoredObject>(
      resource: ResourceType<T>,
      key: NamespacedName,
      { type, body }: { readonly type: PatchType; readonly body: Json },
      patchOptions: SubresourceOptions = {},
    ): Promise<T> {
      const target = objectPath(resource, key, patchOptions.subresource) + queryString(writeQuery(patchOptions));
      const contentType = PATCH_CONTENT_TYPES[type];
      const call: Call = { method: 'PATCH', target, contentType, body: JSON.stringify(body) };
      return send(resource, { ...call, ...withSignal(patchOptions.signal) });
    },

    async apply(resource, object, applyOptions) {
      const { subresource, force = false, signal } = applyOptions;
      const query = queryString({ ...writeQuery(applyOptions), force });
      const target = objectPath(resource, keyOf(object), subresource) + query;
      const contentType = 'application/apply-patch+yaml'; // JSON is YAML
      return send(resource, {
        method: 'PATCH',
        target,
        contentType,
        body: JSON.stringify(object),
        ...withSignal(signal),
      });
    },

    async delete(resource, key, deleteOptions = {}) {
      const { propagationPolicy, gracePeriodSeconds, preconditions, dryRun, signal } = deleteOptions;
      const body = JSON.stringify({
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy,
        gracePeriodSeconds,
        preconditions,
        ...(dryRun === true ? { dryRun: ['All'] } : {}),
      });
      const answer = await connection.call({
        method: 'DELETE',
        target: objectPath(resource, key),
        body,
        ...withSignal(signal),
      });
      if (isAbsent(answer, key.name)) return undefined;
      const deleted = accepted(answer);
      return isRecord(deleted) && deleted['kind'] === 'Status' ? undefined : identified(resource, deleted);
    },

    async requestToken(account, spec, { signal } = {}) {
      const target = objectPath(SERVICE_ACCOUNTS, account, 'token');
      const body = JSON.stringify(tokenRequest(account, spec));
      const answer = accepted(await connection.call({ method: 'POST', target, body, ...withSignal(signal) }));
      return issuedToken(answer as KubeObject);
    },

    async *logs(pod, { signal, ...logOptions } = {}) {
      const target = objectPath(PODS, pod, 'log') + queryString(logOptions);
      try {
        yield* connection.stream({ method: 'GET', target, ...withSignal(signal) }, undefined);
      } catch (error) {
        if (signal?.aborted !== true) throw error;
      }
    },

    async table(resource, listOptions = {}) {
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const body = accepted(await connection.call({ ...listCall(resource, listOptions), accept }));
      if (!isRecord(body) || !Array.isArray(body['columnDefinitions'])) throw unreadable('a table');
      return { columnDefinitions: body['columnDefinitions'], rows: Array.isArray(body['rows']) ? body['rows'] : [] };
    },

    async read<T>(path: string): Promise<T> {
      return accepted(await connection.call({ method: 'GET', target: path })) as T;
    },

    async post<T>(path: string, body: Json): Promise<T> {
      return accepted(await connection.call({ method: 'POST', target: path, body: JSON.stringify(body) })) as T;
    },

    close: () => connection.close(),
  };
}

function listCall(resource: ResourceType, options: ListOptions): Call {
  const { namespace, labelSelector, fieldSelector, limit, continue: token, signal } = options;
  const query = queryString({ labelSelector, fieldSelector, limit, continue: token });
  return { method: 'GET', target: collectionPath(resource, namespace) + query, ...withSignal(signal) };
}

/** The parsed body of a good answer; a refusal throws. */
function accepted({ status, text }: Answer): unknown {
  const body = parseOrText(text);
  if (status < 200 || status > 299) throw refusal(status, body);
  if (typeof body === 'string') throw unreadable('JSON');
  return body;
}

/** A 404 that names the object; any other 404 means that the resource itself is not there. */
function isAbsent({ status, text }: Answer, name: string): boolean {
  if (status !== 404) return false;
  const { reason, details } = refusal(status, parseOrText(text));
  return reason === 'NotFound' && details?.name === name;
}

function identified<T extends StoredObject>(resource: ResourceType<T>, body: unknown): T {
  if (!isRecord(body) || !isRecord(body['metadata'])) throw unreadable('an object');
  if (typeof body['kind'] === 'string' && typeof body['apiVersion'] === 'string') return body as unknown as T;
  return { ...body, apiVersion: apiVersionOf(resource), kind: resource.kind } as unknown as T; // items of typed lists say neither
}

function listOf<T extends StoredObject>(resource: ResourceType<T>, body: unknown): ObjectList<T> {
  if (!isRecord(body) || !isRecord(body['metadata'])) throw unreadable('a list');
  const { resourceVersion, continue: next, remainingItemCount } = body['metadata'];
  const items = Array.isArray(body['items']) ? body['items'] : [];
  return {
    items: items.map((item) => identified(resource, item)),
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : '',
    ...(typeof next === 'string' && next !== '' ? { continue: next } : {}),
    ...(typeof remainingItemCount === 'number' ? { remainingItemCount } : {}),
  };
}

function watchEvent<T extends StoredObject>(resource: ResourceType<T>, line: string): WatchEvent<T> {
  const event = parseOrText(line);
  if (!isRecord(event) || !isRecord(event['object'])) throw unreadable('a watch event');
  const { type, object } = event;
  if (type === 'ERROR') throw refusal(410, object);
  if (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED')
    return { type, object: identified(resource, object) };
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {};
  if (type === 'BOOKMARK' && typeof metadata['resourceVersion'] === 'string') {
    return { type, resourceVersion: metadata['resourceVersion'] };
  }
  throw unreadable('a watch event');
}

function keyOf({ metadata: { namespace, name } }: KubeObject): NamespacedName {
  if (name === undefined || name === '') throw new ApiError('BadRequest', 'metadata.name is missing');
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

function missingNamespace({ plural }: ResourceType, { metadata }: KubeObject): ApiError {
  return new ApiError('BadRequest', `${plural} ${JSON.stringify(metadata.name ?? '')}: the namespace is missing`);
}

function unreadable(expected: string): PlumblineError {
  return new PlumblineError(`the server's answer is not ${expected}`, { code: 'AnswerUnreadable', retryable: true });
}

function withSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
