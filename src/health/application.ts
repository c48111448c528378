import type { HealthStatus } from '#api';
import { conditionAt, fields, textAt } from './fields.ts';
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

/** It is well when all its Applications are as it says. How they are themselves, they say. */
export const applicationSetHealth: HealthRule = ({ status }) => {
  const failed = conditionAt(fields(status), 'ErrorOccurred') ?? {};
  if (textAt(failed, 'status') === 'True') {
    return { status: 'Degraded', message: textAt(failed, 'message') ?? 'An error occurred' };
  }
  const upToDate = conditionAt(fields(status), 'ResourcesUpToDate') ?? {};
  if (textAt(upToDate, 'status') === 'True') return { status: 'Healthy' };
  return progressing(textAt(upToDate, 'message') ?? 'Waits for its first generation');
};
