import { conditionAt, fields, isStale, numberAt, textAt } from './fields.ts';
import { degraded, type HealthRule, healthy, progressing } from './health.ts';

/** Source: gitops-engine pkg/health/health_replicaset.go. Serves ReplicationController too. */
export const replicaSetHealth: HealthRule = ({ metadata, spec, status }) => {
  const seen = fields(status);
  if (isStale(metadata.generation, seen)) return progressing('Waiting for the controller to see the new spec');
  const failure = conditionAt(seen, 'ReplicaFailure');
  if (failure?.['status'] === 'True') return degraded(textAt(failure, 'message') ?? 'Pods could not be created');
  const replicas = numberAt(fields(spec), 'replicas') ?? 1;
  const available = numberAt(seen, 'availableReplicas') ?? 0;
  return available < replicas ? progressing(`${available} of ${replicas} replicas are available`) : healthy;
};
