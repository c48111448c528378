/** Defaults of LimitRanges. Source: Kubernetes v1.32, pkg/apis/core/v1/defaults.go, SetDefaults_LimitRangeItem. */
import { getField, type JsonObject, setField } from '../schema/json.ts';
import { ensurePart, partOf, partsOf } from './fields.ts';

/** The most a container may have is its limit unless another is named, and its limit or else the least what it requests. */
export function defaultLimitRange(limitRange: JsonObject): void {
  for (const limit of partsOf(partOf(limitRange, 'spec'), 'limits')) {
    if (limit['type'] !== 'Container') continue;
    fill(limit, 'default', partOf(limit, 'max'));
    fill(limit, 'defaultRequest', partOf(limit, 'default'));
    fill(limit, 'defaultRequest', partOf(limit, 'min'));
  }
}

/** Takes over what is not named yet. */
function fill(limit: JsonObject, name: string, from: JsonObject | undefined): void {
  if (from === undefined || Object.keys(from).length === 0) return;
  const amounts = ensurePart(limit, name);
  if (amounts === undefined) return;
  for (const key of Object.keys(from)) {
    if (getField(amounts, key) === undefined) setField(amounts, key, from[key]);
  }
}
