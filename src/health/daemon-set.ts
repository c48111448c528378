import { fields, isStale, numberAt } from './fields.ts';
import { type HealthRule, healthy, progressing } from './health.ts';

/** Source: gitops-engine pkg/health/health_daemonset.go. */
export const daemonSetHealth: HealthRule = ({ metadata, spec, status }) => {
  const seen = fields(status);
  if (isStale(metadata.generation, seen)) return progressing('Waiting for the controller to see the new spec');
  if (fields(fields(spec)['updateStrategy'])['type'] === 'OnDelete') return healthy;
  const desired = numberAt(seen, 'desiredNumberScheduled') ?? 0;
  const updated = numberAt(seen, 'updatedNumberScheduled') ?? 0;
  const available = numberAt(seen, 'numberAvailable') ?? 0;
  if (updated < desired) return progressing(`${updated} of ${desired} pods are updated`);
  return available < desired ? progressing(`${available} of ${desired} pods are available`) : healthy;
};
