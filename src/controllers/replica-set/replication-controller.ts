/**
 * Keeps the number of a ReplicationController's active pods at `spec.replicas`. Sole writer of its status. It is the
 * elder of the ReplicaSet and differs by its selector alone, as in Kubernetes.
 * Source: kubernetes pkg/controller/replication/replication_controller.go (v1.32).
 */
import { REPLICATION_CONTROLLERS, type ReplicationController } from '#api';
import type { Controller, Informer, KeySource } from '#reconcile';
import { createReplicasController, type ReplicasDeps, type ReplicatedKind, replicasSources } from './replicas.ts';

export interface ReplicationControllerDeps extends Omit<ReplicasDeps<ReplicationController>, 'owners'> {
  readonly replicationControllers: Informer<ReplicationController>;
}

const REPLICATION_CONTROLLER: ReplicatedKind<ReplicationController> = {
  name: 'replication-controller',
  resource: REPLICATION_CONTROLLERS,
  selectorOf: ({ spec }) => ({ matchLabels: spec.selector ?? {} }),
};

export function createReplicationControllerController({
  replicationControllers,
  ...deps
}: ReplicationControllerDeps): Controller {
  return createReplicasController(REPLICATION_CONTROLLER, { ...deps, owners: replicationControllers });
}

export function replicationControllerSources({
  replicationControllers,
  pods,
}: Pick<ReplicationControllerDeps, 'replicationControllers' | 'pods'>): KeySource[] {
  return replicasSources(REPLICATION_CONTROLLER, { owners: replicationControllers, pods });
}
