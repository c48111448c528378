/** Keeps the number of a ReplicaSet's active pods at `spec.replicas`. Sole writer of ReplicaSet status. */
import { REPLICA_SETS, type ReplicaSet } from '#api';
import type { Controller, Informer, KeySource } from '#reconcile';
import { createReplicasController, type ReplicasDeps, type ReplicatedKind, replicasSources } from './replicas.ts';

export interface ReplicaSetDeps extends Omit<ReplicasDeps<ReplicaSet>, 'owners'> {
  readonly replicaSets: Informer<ReplicaSet>;
}

const REPLICA_SET: ReplicatedKind<ReplicaSet> = {
  name: 'replica-set',
  resource: REPLICA_SETS,
  selectorOf: ({ spec }) => spec.selector,
};

export function createReplicaSetController({ replicaSets, ...deps }: ReplicaSetDeps): Controller {
  return createReplicasController(REPLICA_SET, { ...deps, owners: replicaSets });
}

export function replicaSetSources({ replicaSets, pods }: Pick<ReplicaSetDeps, 'replicaSets' | 'pods'>): KeySource[] {
  return replicasSources(REPLICA_SET, { owners: replicaSets, pods });
}
