import { fields, textAt } from './fields.ts';
import { degraded, type HealthRule, healthy, suspended } from './health.ts';

/**
 * Source: argo-cd resource_customizations/batch/CronJob/health.lua; one that no controller has looked at yet is healthy
 * too: it waits for its time, and nothing waits for it.
 */
export const cronJobHealth: HealthRule = ({ spec, status }) => {
  if (fields(spec)['suspend'] === true) return suspended('The CronJob is suspended');
  const seen = fields(status);
  const scheduled = textAt(seen, 'lastScheduleTime');
  const succeeded = textAt(seen, 'lastSuccessfulTime');
  const active = seen['active'];
  if (scheduled === undefined || succeeded === undefined || (Array.isArray(active) && active.length > 0))
    return healthy;
  const failed = Date.parse(succeeded) < Date.parse(scheduled);
  return failed ? degraded('The last Job did not succeed') : healthy;
};
