import type { HealthStatus } from '#api';
import { fields, textAt } from './fields.ts';
import { type HealthRule, progressing } from './health.ts';

const KNOWN: readonly string[] = [
  'Healthy',
  'Progressing',
  'Degraded',
  'Suspended',
  'Missing',
  'Unknown',
] satisfies HealthStatus[];

/** An Application inside another Application is as healthy as it says. */
export const applicationHealth: HealthRule = ({ status }) => {
  const health = fields(fields(status)['health']);
  const said = textAt(health, 'status');
  if (said === undefined || !KNOWN.includes(said)) return progressing('Waits for its first sync');
  const message = textAt(health, 'message');
  return { status: said as HealthStatus, ...(message === undefined ? {} : { message }) };
};
