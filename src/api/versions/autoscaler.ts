/**
 * HorizontalPodAutoscalers of autoscaling/v1 and v2. What v1 has no field for travels in its annotations and comes back
 * from there. Source: kubernetes pkg/apis/autoscaling/v1/conversion.go (v1.32).
 */
import type { KubeObject } from '../meta/object.ts';
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './autoscaler-metrics.ts';

/** Source: pkg/apis/autoscaling/annotations.go. */
const PREFIX = 'autoscaling.alpha.kubernetes.io/';
const METRICS = `${PREFIX}metrics`;
const CURRENT_METRICS = `${PREFIX}current-metrics`;
const CONDITIONS = `${PREFIX}conditions`;
const BEHAVIOR = `${PREFIX}behavior`;
const TRAVELLING = new Set([METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR]);

export function autoscalerToV2(object: KubeObject): KubeObject {
  const { metadata, spec, status, ...rest } = object;
  const annotations = isJsonObject(metadata?.annotations) ? metadata.annotations : {};
  const read = (name: string) => parsed(annotations[name]);
  return {
    ...rest,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(metadata, (name) => !TRAVELLING.has(name)),
    ...present('spec', isJsonObject(spec) ? specToV2(spec, read) : spec),
    ...present('status', isJsonObject(status) ? statusToV2(status, read) : status),
  };
}

export function autoscalerFromV2(object: KubeObject): KubeObject {
  const { metadata, spec, status, ...rest } = object;
  const { metrics, behavior, ...plainSpec } = isJsonObject(spec) ? spec : {};
  const { currentMetrics, conditions, ...plainStatus } = isJsonObject(status) ? status : {};
  const all = objectsOf(metrics);
  const others = all.filter((metric) => cpuTarget(metric) === undefined).map(metricToV1);
  const target = all.map(cpuTarget).find((each) => each !== undefined);
  const current = objectsOf(currentMetrics);
  const utilization = current.map(cpuNow).findLast((each) => each !== undefined);
  const travelling = {
    ...written(METRICS, others),
    ...written(CURRENT_METRICS, current.map(metricStatusToV1)),
    ...written(CONDITIONS, objectsOf(conditions)),
    ...(isJsonObject(behavior) ? { [BEHAVIOR]: JSON.stringify(behavior) } : {}),
  };
  const annotations = { ...metadata.annotations, ...travelling };
  return {
    ...rest,
    apiVersion: 'autoscaling/v1',
    metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations },
    spec: { ...plainSpec, ...present('targetCPUUtilizationPercentage', target) },
    status: {
      currentReplicas: 0,
      desiredReplicas: 0,
      ...plainStatus,
      ...present('currentCPUUtilizationPercentage', utilization),
    },
  };
}

type Read = (name: string) => unknown;

function specToV2({ targetCPUUtilizationPercentage: percent, ...spec }: JsonObject, read: Read): JsonObject {
  const target = { type: 'Utilization', averageUtilization: percent };
  const cpu = percent === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', target } }];
  const metrics = [...objectsOf(read(METRICS)).map(metricFromV1), ...cpu];
  const behavior = read(BEHAVIOR);
  return {
    ...spec,
    ...(metrics.length === 0 ? {} : { metrics }),
    ...(isJsonObject(behavior) ? { behavior } : {}),
  };
}

function statusToV2({ currentCPUUtilizationPercentage: percent, ...status }: JsonObject, read: Read): JsonObject {
  const current = { averageUtilization: percent };
  const cpu = percent === undefined ? [] : [{ type: 'Resource', resource: { name: 'cpu', current } }];
  // The annotation knows more than the field: the raw value too.
  const told = objectsOf(read(CURRENT_METRICS)).map(metricStatusFromV1);
  const currentMetrics = told.length > 0 ? told : cpu;
  const conditions = objectsOf(read(CONDITIONS));
  return {
    ...status,
    ...(currentMetrics.length === 0 ? {} : { currentMetrics }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

function cpuTarget(metric: JsonObject): unknown {
  const { resource, type } = metric;
  if (type !== 'Resource' || !isJsonObject(resource) || resource['name'] !== 'cpu') return undefined;
  return isJsonObject(resource['target']) ? resource['target']['averageUtilization'] : undefined;
}

function cpuNow(metric: JsonObject): unknown {
  const { resource, type } = metric;
  if (type !== 'Resource' || !isJsonObject(resource) || resource['name'] !== 'cpu') return undefined;
  return isJsonObject(resource['current']) ? resource['current']['averageUtilization'] : undefined;
}

function withAnnotations(metadata: KubeObject['metadata'], keeps: (name: string) => boolean): KubeObject['metadata'] {
  if (!isJsonObject(metadata) || !isJsonObject(metadata['annotations'])) return metadata;
  const { annotations, ...rest } = metadata;
  const kept = Object.entries(annotations).filter(([name]) => keeps(name));
  return (kept.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(kept) }) as KubeObject['metadata'];
}

function objectsOf(list: unknown): JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function present(name: string, value: unknown): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

function written(name: string, list: readonly unknown[]): Record<string, string> {
  return list.length === 0 ? {} : { [name]: JSON.stringify(list) };
}

/** What a person wrote by hand may be anything: what is no JSON says nothing, as in Kubernetes. */
function parsed(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
