import { METRICS, NODE_METRICS, NODES, notFound, PODS, type StoredObject } from '#api';
import { deepFreeze, errorCode } from '#base';
import type { NodeFigures } from '../nodes/node-figures.plan.ts';
import type { Api, GetRequest, ListAnswer, ListRequest, ReadRequest, ResourceRow } from '../registry/api.ts';
import { createFiguresCache, type FiguresCacheDeps } from './figures-cache.ts';
import { planNodeMetrics, planPodMetrics } from './metrics.plan.ts';

/**
 * The API with metrics.k8s.io: what there is stands in the nodes and pods of the API beneath, with its selectors; what it
 * uses is asked of the nodes. Nothing of it is written anywhere.
 */
export function withMetrics(api: Api, deps: FiguresCacheDeps): Api {
  const figures = createFiguresCache(deps);
  /** Answers that could not be told: said once each, however many pods they are about. */
  const broken = new WeakSet<NodeFigures>();

  function beneath<T extends ReadRequest>(request: T): T {
    const of = request.row.type === NODE_METRICS ? NODES : PODS;
    const row = api.row(of.group, of.version, of.plural);
    if (row === undefined) throw new Error(`${of.plural} are not served`);
    return { ...request, row };
  }

  async function metricsOf(row: ResourceRow, object: StoredObject): Promise<StoredObject | undefined> {
    const isNode = row.type === NODE_METRICS;
    const node = isNode ? object.metadata.name : nodeNameOf(object);
    const told = node === '' ? undefined : await figures.of(node);
    if (told === undefined) return undefined;
    try {
      const made = isNode ? planNodeMetrics(object, told) : planPodMetrics(object, told);
      // As in Kubernetes it has no uid and no version: it was never stored.
      return made === undefined ? undefined : deepFreeze(made as unknown as StoredObject);
    } catch (error) {
      // One node's figures are nobody else's trouble: the others are told.
      if (!broken.has(told)) deps.log.error({ node, code: errorCode(error), err: error }, 'figures cannot be told');
      broken.add(told);
      return undefined;
    }
  }

  async function get(request: GetRequest): Promise<StoredObject> {
    const object = await api.get(beneath(request));
    const metrics = await metricsOf(request.row, object);
    if (metrics !== undefined) return metrics;
    // Source: metrics-server pkg/api, its words for what has no figures (yet).
    const { namespace } = object.metadata;
    const { group } = request.row.type;
    if (namespace === undefined) throw notFound(group, 'nodemetrics', request.name);
    throw notFound(group, 'podmetrics', `${namespace}/${request.name}`);
  }

  async function list({ limit: _, continue: _token, ...request }: ListRequest): Promise<ListAnswer> {
    const { items, resourceVersion } = await api.list(beneath(request));
    const made = await Promise.all(items.map((object) => metricsOf(request.row, object)));
    return { items: made.filter((metrics) => metrics !== undefined), resourceVersion };
  }

  return {
    ...api,
    get rows() {
      return api.rows;
    },
    get: (request) => (isMetrics(request.row) ? get(request) : api.get(request)),
    list: (request) => (isMetrics(request.row) ? list(request) : api.list(request)),
  };
}

function isMetrics({ type }: ResourceRow): boolean {
  return METRICS.includes(type);
}

function nodeNameOf({ spec }: StoredObject): string {
  const { nodeName = '' } = (spec ?? {}) as { readonly nodeName?: string };
  return nodeName;
}
