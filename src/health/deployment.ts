import { conditionAt, fields, isStale, numberAt, textAt } from './fields.ts';
import { degraded, type HealthRule, healthy, progressing, suspended } from './health.ts';

/** Source: gitops-engine pkg/health/health_deployment.go (rules; words our own where not shown by Argo CD). */
export const deploymentHealth: HealthRule = ({ metadata, spec, status }) => {
  const wanted = fields(spec);
  const seen = fields(status);
  if (wanted['paused'] === true) return suspended('The rollout is paused');
  if (isStale(metadata.generation, seen)) return progressing('Waiting for the controller to see the new spec');
  const condition = conditionAt(seen, 'Progressing');
  if (condition?.['reason'] === 'ProgressDeadlineExceeded') {
    return degraded(textAt(condition, 'message') ?? 'The rollout exceeded its progress deadline');
  }
  const replicas = numberAt(wanted, 'replicas') ?? 1;
  const updated = numberAt(seen, 'updatedReplicas') ?? 0;
  const total = numberAt(seen, 'replicas') ?? 0;
  const available = numberAt(seen, 'availableReplicas') ?? 0;
  if (updated < replicas) return progressing(`${updated} out of ${replicas} new replicas have been updated`);
  if (total > updated) return progressing(`${total - updated} old replicas are pending termination`);
  if (available < updated) return progressing(`${available} of ${updated} updated replicas are available`);
  return healthy;
};
