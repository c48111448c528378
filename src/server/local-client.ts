import { setMaxListeners } from 'node:events';
import { ApiError, isApiError, type Json, type KubeObject, type ResourceType, type StoredObject } from '#api';
import {
  type ApplyOptions,
  type Client,
  type DeleteOptions,
  type GetOptions,
  issuedToken,
  type ListOptions,
  type NamespacedName,
  type PatchType,
  type SubresourceOptions,
  tokenRequest,
  type WatchEvent,
  type WatchOptions,
  type WriteOptions,
} from '#client';
import type { ServiceAccountTokens } from './auth/service-accounts/service-account-tokens.ts';
import type { OpenPodLog } from './nodes/pod-logs.ts';
import type { Api, PatchRequest, RequestContext, ResourceRow, UserInfo } from './registry/api.ts';

export interface LocalClientOptions {
  readonly user: UserInfo;
  /** `name/version`; the name is the field manager of writes that give none. */
  readonly userAgent: string;
  /** Bytes of a pod's log; without it `logs` is refused. */
  readonly logs?: OpenPodLog;
  /** Without it no token is given. */
  readonly tokens?: Pick<ServiceAccountTokens, 'issue'>;
}

/**
 * The client of components that live in the server's process: the same admission as over HTTP, and no bytes in between.
 * Objects that come back are frozen and shared with everyone else.
 */
export function createLocalClient(api: Api, { user, userAgent, logs, tokens }: LocalClientOptions): Client {
  const context: RequestContext = { user, defaultManager: userAgent.split('/', 1)[0] ?? userAgent };

  function at(resource: ResourceType, namespace: string | undefined) {
    return { context, row: rowOf(api, resource), namespace: resource.namespaced ? (namespace ?? '') : '' };
  }

  return {
    async get<T extends StoredObject>(
      resource: ResourceType<T>,
      { namespace, name }: NamespacedName,
      { subresource }: GetOptions = {},
    ): Promise<T | undefined> {
      const request = { ...at(resource, namespace), name };
      if (subresource === undefined) return found(api.get(request) as Promise<T>);
      if (request.row.subresources?.[subresource] === undefined) throw notServed();
      return found(api.get({ ...request, subresource }) as Promise<T>);
    },

    async list<T extends StoredObject>(resource: ResourceType<T>, options: ListOptions = {}) {
      const { namespace, signal: _, ...selection } = options;
      const answer = await api.list({ ...at(resource, namespace), ...selection });
      return { ...answer, items: answer.items as readonly T[] };
    },

    watch<T extends StoredObject>(
      resource: ResourceType<T>,
      { namespace, signal = new AbortController().signal, ...selection }: WatchOptions,
    ): AsyncIterable<WatchEvent<T>> {
      // One signal often stands for a whole component with all its watches: that is no leak.
      setMaxListeners(0, signal);
      const request = { ...at(resource, namespace), ...selection, allowBookmarks: true, signal };
      return api.watch(request) as AsyncIterable<WatchEvent<T>>;
    },

    async create<T extends StoredObject>(
      resource: ResourceType<T>,
      object: KubeObject,
      { signal: _, ...options }: WriteOptions = {},
    ): Promise<T> {
      return (await api.create({ ...at(resource, object.metadata.namespace), ...options, object })).object as T;
    },

    async update<T extends StoredObject>(
      resource: ResourceType<T>,
      object: KubeObject,
      { signal: _, subresource, ...options }: SubresourceOptions = {},
    ): Promise<T> {
      const { name = '', namespace } = object.metadata;
      const request = { ...at(resource, namespace), ...options, name, object };
      // A Binding is made, never changed: the one subresource that is created.
      if (subresource === 'binding') return (await api.create({ ...request, subresource })).object as T;
      return (await api.update({ ...request, ...(subresource === undefined ? {} : { subresource }) })).object as T;
    },

    async patch<T extends StoredObject>(
      resource: ResourceType<T>,
      { namespace, name }: NamespacedName,
      { type, body }: { readonly type: PatchType; readonly body: Json },
      { signal: _, subresource, ...options }: SubresourceOptions = {},
    ): Promise<T> {
      const request = { ...at(resource, namespace), ...options, name, patchType: type, patch: body };
      return (await api.patch({ ...request, ...patchable(subresource) })).object as T;
    },

    async apply<T extends StoredObject>(
      resource: ResourceType<T>,
      object: KubeObject,
      { signal: _, subresource, ...options }: ApplyOptions,
    ): Promise<T> {
      const { name = '', namespace } = object.metadata;
      const patch = object as unknown as Json;
      const request = { ...at(resource, namespace), ...options, name, patchType: 'apply' as const, patch };
      return (await api.patch({ ...request, ...patchable(subresource) })).object as T;
    },

    async delete<T extends StoredObject>(
      resource: ResourceType<T>,
      { namespace, name }: NamespacedName,
      { signal: _, ...options }: DeleteOptions = {},
    ): Promise<T | undefined> {
      const answer = await found(api.delete({ ...at(resource, namespace), ...options, name }));
      return answer?.lingers ? (answer.object as T) : undefined;
    },

    async requestToken(account, spec) {
      if (tokens === undefined) throw new ApiError('MethodNotAllowed', 'tokens are not given here');
      const { namespace = '', name } = account;
      return issuedToken(await tokens.issue(context, namespace, name, tokenRequest(account, spec)));
    },

    async *logs(pod, { signal, ...options } = {}) {
      if (logs === undefined) throw new ApiError('MethodNotAllowed', 'logs are not served here');
      yield* await logs(context, pod, options, signal);
    },
  };
}

function rowOf(api: Api, { group, version, plural }: ResourceType): ResourceRow {
  const row = api.row(group, version, plural);
  if (row !== undefined) return row;
  throw notServed();
}

function notServed(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource', {});
}

function patchable(subresource: SubresourceOptions['subresource']): Pick<PatchRequest, 'subresource'> {
  if (subresource === undefined) return {};
  if (subresource === 'status' || subresource === 'scale') return { subresource };
  throw new ApiError('MethodNotAllowed', `the server does not allow this method on ${subresource}`, {});
}

/** Absence as undefined. */
async function found<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}
