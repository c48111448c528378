import { conditionAt, fields, textAt } from './fields.ts';
import { degraded, type HealthRule, healthy, progressing, suspended } from './health.ts';

/** Source: gitops-engine pkg/health/health_job.go; only `Complete` is success, so that a resumed Job is not called done. */
export const jobHealth: HealthRule = ({ status }) => {
  const seen = fields(status);
  const holds = (type: string) => conditionAt(seen, type)?.['status'] === 'True';
  if (holds('Failed')) return degraded(textAt(conditionAt(seen, 'Failed') ?? {}, 'message') ?? 'The job failed');
  if (holds('Suspended')) return suspended('The job is suspended');
  return holds('Complete') ? healthy : progressing('The job runs');
};
