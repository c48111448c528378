/** Rules of HorizontalPodAutoscalers. Source: kubernetes pkg/apis/autoscaling/validation/validation.go (v1.32). */
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscalerSpec,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from 'kubernetes-types/autoscaling/v2.js';
import type { HorizontalPodAutoscaler } from '../kinds/types.ts';
import { parseQuantity } from '../values/quantity.ts';
import {
  checked,
  type Issues,
  itemsOf,
  type Loose,
  notNegativeNumber,
  oneOf,
  requiredText,
  setFields,
} from './checks.ts';
import { forbidden, invalid, required, unsupported } from './issues.ts';
import { dns1123Label, pathSegment } from './names.ts';

/** In seconds. Source: validation.go, MaxPeriodSeconds, MaxStabilizationWindowSeconds. */
const MAX_PERIOD = 1800;
const MAX_WINDOW = 3600;

export function* validateAutoscaler({ spec = {} }: Loose<HorizontalPodAutoscaler>): Issues {
  yield* validateReplicas(spec);
  yield* validateReference(spec.scaleTargetRef ?? {}, 'spec.scaleTargetRef');
  yield* itemsOf('spec.metrics', spec.metrics, validateMetric);
  yield* validateRules(spec.behavior?.scaleUp, 'spec.behavior.scaleUp');
  yield* validateRules(spec.behavior?.scaleDown, 'spec.behavior.scaleDown');
}

export function* validateAutoscalerStatus({ status }: Loose<HorizontalPodAutoscaler>): Issues {
  yield* notNegativeNumber('status.currentReplicas', status?.currentReplicas);
  yield* notNegativeNumber('status.desiredReplicas', status?.desiredReplicas);
}

function* validateReplicas({ minReplicas, maxReplicas }: Loose<HorizontalPodAutoscalerSpec>): Issues {
  if (minReplicas !== undefined && minReplicas < 1) {
    yield invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1');
  }
  if (maxReplicas === undefined) return;
  if (maxReplicas < 1) yield invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0');
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    yield invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`');
  }
}

function* validateReference({ kind, name }: Loose<CrossVersionObjectReference>, path: string): Issues {
  yield* requiredText(`${path}.kind`, kind, pathSegment);
  yield* requiredText(`${path}.name`, name, pathSegment);
}

const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
type Source = (typeof SOURCES)[number];

/** Type → the field that describes it. */
const FIELD_OF_TYPE: ReadonlyMap<string, Source> = new Map([
  ['ContainerResource', 'containerResource'],
  ['External', 'external'],
  ['Object', 'object'],
  ['Pods', 'pods'],
  ['Resource', 'resource'],
]);

function* validateMetric(metric: Loose<MetricSpec>, path: string): Issues {
  const { type = '' } = metric;
  const field = FIELD_OF_TYPE.get(type);
  if (type === '') yield required(`${path}.type`, 'must specify a metric source type');
  if (field === undefined) yield unsupported(`${path}.type`, type, [...FIELD_OF_TYPE.keys()]);
  const [first, ...more] = setFields(metric, SOURCES);
  if (first !== undefined) yield* validateSource(metric, path);
  if (field !== undefined && metric[field] === undefined) {
    yield required(`${path}.${field}`, 'must populate information for the given metric source');
  }
  if (first === undefined || more.length === 0) return;
  for (const name of [first, ...more]) {
    if (name !== field) yield forbidden(`${path}.${name}`, 'must populate the given metric source only');
  }
}

/** The first source that is there: two are a fault of their own. */
function* validateSource(metric: Loose<MetricSpec>, path: string): Issues {
  const { object, external, pods, resource, containerResource } = metric;
  if (object !== undefined) {
    yield* validateReference(object.describedObject ?? {}, `${path}.object.describedObject`);
    yield* validateMeasured(object, `${path}.object`);
    yield* requireOne(object.target, `${path}.object.target`, 'must set either a target value or averageValue');
  } else if (external !== undefined) {
    yield* validateMeasured(external, `${path}.external`);
    const at = `${path}.external.target`;
    yield* requireOne(external.target, at, 'must set either a target value for metric or a per-pod target');
    if (external.target?.value !== undefined && external.target.averageValue !== undefined) {
      yield forbidden(`${at}.value`, 'may not set both a target value for metric and a per-pod target');
    }
  } else if (pods !== undefined) {
    yield* validateMeasured(pods, `${path}.pods`);
    if (pods.target?.averageValue === undefined) {
      yield required(`${path}.pods.target.averageValue`, 'must specify a positive target averageValue');
    }
  } else if (resource !== undefined) yield* validateShare(resource, `${path}.resource`);
  else if (containerResource !== undefined) {
    const at = `${path}.containerResource`;
    if (!containerResource.container) yield required(`${at}.container`, 'must specify a container');
    else yield* checked(`${at}.container`, containerResource.container, dns1123Label);
    yield* validateShare(containerResource, at);
  }
}

interface Measured {
  readonly metric?: Loose<MetricIdentifier> | undefined;
  readonly target?: Loose<MetricTarget> | undefined;
}

function* validateMeasured({ metric, target = {} }: Measured, path: string): Issues {
  const name = metric?.name;
  if (!name) yield required(`${path}.metric.name`, 'must specify a metric name');
  else yield* checked(`${path}.metric.name`, name, pathSegment);
  yield* validateTarget(target, `${path}.target`);
}

function* requireOne(target: Loose<MetricTarget> | undefined, path: string, detail: string): Issues {
  if (target?.value === undefined && target?.averageValue === undefined) yield required(`${path}.averageValue`, detail);
}

/** Of a resource of the pods: a share of what they ask for, or a raw value. */
function* validateShare(
  { name, target = {} }: { readonly name?: string | undefined; readonly target?: Loose<MetricTarget> | undefined },
  path: string,
): Issues {
  if (!name) yield required(`${path}.name`, 'must specify a resource name');
  yield* validateTarget(target, `${path}.target`);
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    yield required(`${path}.target.averageUtilization`, 'must set either a target raw value or a target utilization');
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    yield forbidden(`${path}.target.averageValue`, 'may not set both a target raw value and a target utilization');
  }
}

function* validateTarget(target: Loose<MetricTarget>, path: string): Issues {
  const { type, averageUtilization } = target;
  if (!type) yield required(`${path}.type`, 'must specify a metric target type');
  if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') {
    yield invalid(`${path}.type`, type ?? '', 'must be either Utilization, Value, or AverageValue');
  }
  for (const field of ['value', 'averageValue'] as const) {
    yield* checked(`${path}.${field}`, target[field], (amount) =>
      (parseQuantity(amount)?.nanos ?? 0n) > 0n ? undefined : 'must be positive',
    );
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    yield invalid(`${path}.averageUtilization`, averageUtilization, 'must be greater than 0');
  }
}

function* validateRules(rules: Loose<HPAScalingRules> | undefined, path: string): Issues {
  if (rules === undefined) return;
  yield* checked(`${path}.stabilizationWindowSeconds`, rules.stabilizationWindowSeconds, (seconds) => {
    if (seconds < 0) return 'must be greater than or equal to zero';
    return seconds > MAX_WINDOW ? `must be less than or equal to ${MAX_WINDOW}` : undefined;
  });
  yield* oneOf(`${path}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']);
  const { policies = [] } = rules;
  if (policies.length === 0) yield required(`${path}.policies`, 'must specify at least one Policy');
  yield* itemsOf(`${path}.policies`, policies, function* ({ type, value = 0, periodSeconds = 0 }, at): Issues {
    if (type !== 'Pods' && type !== 'Percent') yield unsupported(`${at}.type`, type ?? '', ['Percent', 'Pods']);
    if (value <= 0) yield invalid(`${at}.value`, value, 'must be greater than zero');
    if (periodSeconds <= 0) yield invalid(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero');
    if (periodSeconds > MAX_PERIOD) {
      yield invalid(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${MAX_PERIOD}`);
    }
  });
}
