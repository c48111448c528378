import { conditionAt, fields, textAt } from './fields.ts';
import { degraded, type HealthRule, healthy, progressing } from './health.ts';

/** Reasons for which no scaling can happen. Source: gitops-engine pkg/health/health_hpa.go. */
const FAILURES = new Set([
  'FailedGetScale',
  'FailedUpdateScale',
  'FailedGetResourceMetric',
  'FailedGetObjectMetric',
  'FailedGetPodsMetric',
  'FailedGetExternalMetric',
  'FailedComputeMetricsReplicas',
  'InvalidSelector',
]);

export const autoscalerHealth: HealthRule = ({ status }) => {
  const seen = fields(status);
  const conditions = ['AbleToScale', 'ScalingActive', 'ScalingLimited'].map((type) => conditionAt(seen, type));
  const failed = conditions.find(
    (condition) => condition !== undefined && FAILURES.has(textAt(condition, 'reason') ?? ''),
  );
  if (failed !== undefined) return degraded(textAt(failed, 'message') ?? textAt(failed, 'reason') ?? 'Cannot scale');
  return conditions.some((condition) => condition?.['status'] === 'True')
    ? healthy
    : progressing('Waits for its first look at the target');
};
