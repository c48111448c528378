/** What each metric of an autoscaler asks for. Source of words: kubernetes pkg/controller/podautoscaler/horizontal.go (v1.32). */
import { formatQuantity, type MetricSpec, type MetricStatus, type MetricTarget, quantityToMillis } from '#api';
import {
  type Failed,
  type Measured,
  type Proposal,
  planAverage,
  planUtilization,
  type UsageQuestion,
} from './usage.plan.ts';

export type MetricQuestion = Omit<UsageQuestion, keyof Measured>;

export type MetricVerdict = Wanted | Unknown;

/** What it asks for. */
export interface Wanted {
  readonly replicas: number;
  /** In the words of an event. */
  readonly name: string;
  readonly status: MetricStatus;
}

/** It could not be read. */
export interface Unknown {
  /** Of the condition ScalingActive. */
  readonly reason: string;
  readonly error: string;
  /** In front of the error, where all that failed is told together. */
  readonly what: string;
}

export function planMetric(metric: MetricSpec, question: MetricQuestion, namespace: string): MetricVerdict {
  const { resource, containerResource } = metric;
  if (metric.type === 'Resource' && resource !== undefined) {
    const verdict = planUsage({ resource: resource.name }, resource.target, question);
    if ('error' in verdict) {
      const what = `failed to get ${resource.name} resource metric value`;
      return { reason: 'FailedGetResourceMetric', error: verdict.error, what };
    }
    const { name, replicas, current } = verdict;
    return { replicas, name, status: { type: metric.type, resource: { name: resource.name, current } } };
  }
  if (metric.type === 'ContainerResource' && containerResource !== undefined) {
    const { name: of, container, target } = containerResource;
    const verdict = planUsage({ resource: of, container }, target, question);
    if ('error' in verdict) {
      const what = `failed to get ${of} container metric value`;
      return { reason: 'FailedGetContainerResourceMetric', error: verdict.error, what };
    }
    const { name, replicas, current } = verdict;
    return { replicas, name, status: { type: metric.type, containerResource: { name: of, container, current } } };
  }
  return planForeign(metric, namespace);
}

type Usage = Pick<Wanted, 'replicas' | 'name'> & { readonly current: NonNullable<MetricStatus['resource']>['current'] };

function planUsage(measured: Measured, target: MetricTarget, rest: MetricQuestion): Usage | Failed {
  const { resource, container } = measured;
  const question = { ...rest, ...measured };
  const { averageValue, averageUtilization } = target;
  if (averageValue !== undefined) {
    const proposal = planAverage(question, quantityToMillis(averageValue));
    if ('error' in proposal) return { error: `failed to get ${resource} usage: ${proposal.error}` };
    return { replicas: proposal.replicas, name: `${resource} resource`, current: { averageValue: average(proposal) } };
  }
  if (averageUtilization === undefined) {
    const missing = 'neither an average utilization target nor an average value (usage) target was set';
    return { error: `invalid resource metric source: ${missing}` };
  }
  const proposal = planUtilization(question, averageUtilization);
  if ('error' in proposal) return { error: `failed to get ${resource} utilization: ${proposal.error}` };
  const kind = container === undefined ? 'resource' : 'container resource';
  const utilization = proposal.utilization === undefined ? {} : { averageUtilization: proposal.utilization };
  return {
    replicas: proposal.replicas,
    name: `${resource} ${kind} utilization (percentage of request)`,
    current: { ...utilization, averageValue: average(proposal) },
  };
}

function average({ averageMillis }: Proposal): string {
  return formatQuantity({ nanos: BigInt(averageMillis) * 1_000_000n, format: 'DecimalSI' });
}

/** Metrics of APIs that are not here. */
function planForeign({ type, pods, object, external }: MetricSpec, namespace: string): Unknown {
  const absent = (api: string) =>
    `unable to fetch metrics from ${api} metrics API: no ${api} metrics API (${api}.metrics.k8s.io) registered`;
  if (type === 'Pods' && pods !== undefined) {
    const error = `unable to get metric ${pods.metric.name}: ${absent('custom')}`;
    return { reason: 'FailedGetPodsMetric', error, what: 'failed to get pods metric value' };
  }
  if (type === 'Object' && object !== undefined) {
    const { kind, name } = object.describedObject;
    const error = `unable to get metric ${object.metric.name}: ${kind} on ${namespace} ${name}/${absent('custom')}`;
    return { reason: 'FailedGetObjectMetric', error, what: 'failed to get object metric value' };
  }
  if (type === 'External' && external !== undefined) {
    const { name } = external.metric;
    const error = `unable to get external metric ${namespace}/${name}: ${absent('external')}`;
    return { reason: 'FailedGetExternalMetric', error, what: `failed to get ${name} external metric value` };
  }
  const error = `unknown metric source type ${JSON.stringify(type)}`;
  return { reason: 'InvalidMetricSourceType', error, what: 'failed to get metric value' };
}
