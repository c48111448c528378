import { ApiError } from '../meta/status.ts';

/** Whether `value` is a whole number or a text such as `25%`. */
export function isIntOrPercent(value: unknown): value is number | string {
  return typeof value === 'string' ? /^\d{1,9}%$/.test(value) : Number.isSafeInteger(value);
}

/**
 * A count out of `total`: a number is itself, `25%` is that share, rounded up or down. Throws `BadRequest` otherwise.
 * Source: apimachinery util/intstr intstr.go, GetScaledValueFromIntOrPercent (v0.32).
 */
export function intOrPercent(value: number | string, total: number, roundUp: boolean): number {
  if (!isIntOrPercent(value)) {
    throw new ApiError('BadRequest', `invalid value ${JSON.stringify(value)}: must be an integer or a percentage`);
  }
  if (typeof value === 'number') return value;
  const share = (Number(value.slice(0, -1)) * total) / 100;
  return roundUp ? Math.ceil(share) : Math.floor(share);
}
