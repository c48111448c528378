import { fields, isStale, numberAt, textAt } from './fields.ts';
import { type HealthRule, healthy, progressing } from './health.ts';

/** Source: gitops-engine pkg/health/health_statefulset.go; an absent partition counts as 0, so that no rollout is called done halfway. */
export const statefulSetHealth: HealthRule = ({ metadata, spec, status }) => {
  const wanted = fields(spec);
  const seen = fields(status);
  if (isStale(metadata.generation, seen) || (numberAt(seen, 'observedGeneration') ?? 0) === 0) {
    return progressing('Waiting for the controller to see the new spec');
  }
  const replicas = numberAt(wanted, 'replicas') ?? 1;
  const ready = numberAt(seen, 'readyReplicas') ?? 0;
  if (ready < replicas) return progressing(`${ready} of ${replicas} pods are ready`);
  const strategy = fields(wanted['updateStrategy']);
  if (strategy['type'] === 'OnDelete') return healthy;
  const partition = numberAt(fields(strategy['rollingUpdate']), 'partition') ?? 0;
  const updated = numberAt(seen, 'updatedReplicas') ?? 0;
  if (partition > 0) {
    const due = Math.max(0, replicas - partition);
    return updated < due ? progressing(`${updated} of ${due} pods of the partition are updated`) : healthy;
  }
  const current = textAt(seen, 'currentRevision');
  const next = textAt(seen, 'updateRevision');
  return current !== next ? progressing(`${updated} of ${replicas} pods are at revision ${next ?? ''}`) : healthy;
};
