import { ApiError } from '#api';
import type { ResourceRow } from '../registry/api.ts';
import { planDiscoveryFormat } from './accept.plan.ts';
import { sendValue } from './answers.ts';
import { type CachedDocument, cachedDocument, sendDocument } from './cached-document.ts';
import {
  planAggregatedDiscovery,
  planCoreVersions,
  planGroup,
  planGroupList,
  planResourceList,
} from './discovery.plan.ts';
import type { Exchange } from './exchange.ts';
import type { RequestPath } from './request-path.plan.ts';
import { unknownResource } from './resource-call.ts';

type DiscoveryPath = Exclude<RequestPath, { type: 'resource' }>;

export type DiscoveryHandler = (exchange: Exchange, path: DiscoveryPath) => unknown;

/** Tells clients what there is, in both of Kubernetes' forms. */
export function createDiscoveryHandler(api: { readonly rows: readonly ResourceRow[] }): DiscoveryHandler {
  const aggregated = new Map<string, { readonly rows: readonly ResourceRow[]; readonly document: CachedDocument }>();

  function aggregatedDocument(core: boolean, version: string): CachedDocument {
    const key = `${core}/${version}`;
    const { rows } = api;
    const known = aggregated.get(key);
    if (known?.rows === rows) return known.document;
    const document = cachedDocument(planAggregatedDiscovery(rows, core, version));
    aggregated.set(key, { rows, document });
    return document;
  }

  function legacyDocument({ request }: Exchange, path: DiscoveryPath): object | undefined {
    const { rows } = api;
    if (path.type === 'group') return planGroup(rows, path.group);
    if (path.type === 'resources') return planResourceList(rows, path.group, path.version);
    return path.legacy ? planCoreVersions(rows, request.headers.host ?? '') : planGroupList(rows);
  }

  return (exchange, path) => {
    const { request, reply } = exchange;
    const format = planDiscoveryFormat(request.headers.accept);
    if (format === undefined) {
      throw new ApiError('NotAcceptable', 'only the following media types are accepted: application/json');
    }
    if (path.type === 'versions' && format.as === 'aggregated') {
      const contentType = `application/json;g=apidiscovery.k8s.io;v=${format.version};as=APIGroupDiscoveryList`;
      return sendDocument(request, reply, aggregatedDocument(path.legacy, format.version), contentType);
    }
    const document = legacyDocument(exchange, path);
    if (document === undefined) throw unknownResource();
    return sendValue(reply, 200, document);
  };
}
