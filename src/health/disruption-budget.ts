import { conditionAt, fields, textAt } from './fields.ts';
import { degraded, type HealthRule, healthy } from './health.ts';

/**
 * Source: argo-cd resource_customizations/policy/PodDisruptionBudget/health.lua; one that nobody has looked at yet is
 * healthy: it only limits what others do, so there is nothing to wait for.
 */
export const disruptionBudgetHealth: HealthRule = ({ status }) => {
  const allowed = conditionAt(fields(status), 'DisruptionAllowed');
  const reason = textAt(allowed ?? {}, 'reason') ?? '';
  // Too few pods is what a budget is for; anything else means that it cannot be kept.
  if (allowed?.['status'] !== 'False' || reason === 'InsufficientPods') return healthy;
  return degraded(textAt(allowed, 'message') ?? `The budget cannot be kept: ${reason}`);
};
