/**
 * Metrics of autoscalers, between their form in v2 and the flat one in which they travel in annotations of v1.
 * Source: kubernetes pkg/apis/autoscaling/v1/conversion.go (v1.32).
 */
import { isJsonObject, type JsonObject } from '../schema/json.ts';

/** Field of the metric's type → its flat form. */
const TO_V1: Readonly<Record<string, (source: JsonObject) => JsonObject>> = {
  object: ({ describedObject, metric, target }) => {
    const { value, averageValue } = partOf(target);
    return tidy({
      target: describedObject,
      ...flatMetric(metric, 'selector'),
      targetValue: value ?? '0',
      averageValue,
    });
  },
  pods: ({ metric, target }) =>
    tidy({ ...flatMetric(metric, 'selector'), targetAverageValue: partOf(target)['averageValue'] ?? '0' }),
  resource: ({ name, target }) => tidy({ name, ...flatTarget(target) }),
  containerResource: ({ name, container, target }) => tidy({ name, container, ...flatTarget(target) }),
  external: ({ metric, target }) => {
    const { value, averageValue } = partOf(target);
    return tidy({ ...flatMetric(metric, 'metricSelector'), targetValue: value, targetAverageValue: averageValue });
  },
};

const FROM_V1: Readonly<Record<string, (source: JsonObject) => JsonObject>> = {
  object: ({ target, metricName, selector, targetValue, averageValue }) =>
    tidy({
      describedObject: target,
      metric: tidy({ name: metricName, selector }),
      target: valueTarget(targetValue, averageValue),
    }),
  pods: ({ metricName, selector, targetAverageValue }) => ({
    metric: tidy({ name: metricName, selector }),
    target: tidy({ type: 'AverageValue', averageValue: targetAverageValue }),
  }),
  resource: ({ name, ...source }) => tidy({ name, target: shareTarget(source) }),
  containerResource: ({ name, container, ...source }) => tidy({ name, container, target: shareTarget(source) }),
  external: ({ metricName, metricSelector, targetValue, targetAverageValue }) => ({
    metric: tidy({ name: metricName, selector: metricSelector }),
    target: valueTarget(targetValue, targetAverageValue),
  }),
};

const STATUS_TO_V1: Readonly<Record<string, (source: JsonObject) => JsonObject>> = {
  object: ({ describedObject, metric, current }) => {
    const { value, averageValue } = partOf(current);
    return tidy({
      target: describedObject,
      ...flatMetric(metric, 'selector'),
      currentValue: value ?? '0',
      averageValue,
    });
  },
  pods: ({ metric, current }) =>
    tidy({ ...flatMetric(metric, 'selector'), currentAverageValue: partOf(current)['averageValue'] ?? '0' }),
  resource: ({ name, current }) => tidy({ name, ...flatCurrent(current) }),
  containerResource: ({ name, container, current }) => tidy({ name, container, ...flatCurrent(current) }),
  external: ({ metric, current }) => {
    const { value, averageValue } = partOf(current);
    return tidy({
      ...flatMetric(metric, 'metricSelector'),
      currentValue: value ?? '0',
      currentAverageValue: averageValue,
    });
  },
};

const STATUS_FROM_V1: Readonly<Record<string, (source: JsonObject) => JsonObject>> = {
  object: ({ target, metricName, selector, currentValue, averageValue }) =>
    tidy({
      describedObject: target,
      metric: tidy({ name: metricName, selector }),
      current: tidy({ value: currentValue, averageValue }),
    }),
  pods: ({ metricName, selector, currentAverageValue }) => ({
    metric: tidy({ name: metricName, selector }),
    current: tidy({ averageValue: currentAverageValue }),
  }),
  resource: ({ name, ...source }) => tidy({ name, current: shareCurrent(source) }),
  containerResource: ({ name, container, ...source }) => tidy({ name, container, current: shareCurrent(source) }),
  external: ({ metricName, metricSelector, currentValue, currentAverageValue }) => ({
    metric: tidy({ name: metricName, selector: metricSelector }),
    current: tidy({ value: currentValue, averageValue: currentAverageValue }),
  }),
};

export const metricToV1 = (metric: JsonObject) => changed(metric, TO_V1);
export const metricFromV1 = (metric: JsonObject) => changed(metric, FROM_V1);
export const metricStatusToV1 = (metric: JsonObject) => changed(metric, STATUS_TO_V1);
export const metricStatusFromV1 = (metric: JsonObject) => changed(metric, STATUS_FROM_V1);

/** The metric with the part that its type names in the other form; anything else stays for validation to judge. */
function changed(metric: JsonObject, forms: Readonly<Record<string, (source: JsonObject) => JsonObject>>): JsonObject {
  const entries = Object.entries(metric).map(([name, value]) => {
    const form = Object.hasOwn(forms, name) ? forms[name] : undefined;
    return [name, form !== undefined && isJsonObject(value) ? form(value) : value] as const;
  });
  return Object.fromEntries(entries);
}

function flatMetric(metric: unknown, selectorName: string): JsonObject {
  const { name, selector } = partOf(metric);
  return { metricName: name, [selectorName]: selector };
}

function flatTarget(target: unknown): JsonObject {
  const { averageUtilization, averageValue } = partOf(target);
  return { targetAverageUtilization: averageUtilization, targetAverageValue: averageValue };
}

function shareTarget({
  targetAverageUtilization: utilization,
  targetAverageValue: averageValue,
}: JsonObject): JsonObject {
  const type = utilization === undefined ? 'AverageValue' : 'Utilization';
  return tidy({ type, averageUtilization: utilization, averageValue });
}

function valueTarget(value: unknown, averageValue: unknown): JsonObject {
  return averageValue === undefined ? tidy({ type: 'Value', value }) : { type: 'AverageValue', averageValue };
}

function flatCurrent(current: unknown): JsonObject {
  const { averageUtilization, averageValue } = partOf(current);
  return { currentAverageUtilization: averageUtilization, currentAverageValue: averageValue ?? '0' };
}

function shareCurrent({ currentAverageUtilization, currentAverageValue }: JsonObject): JsonObject {
  return tidy({ averageUtilization: currentAverageUtilization, averageValue: currentAverageValue });
}

function partOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** Without what is not there. */
function tidy(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
