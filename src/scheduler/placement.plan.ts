import type {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  Service,
  StatefulSet,
  StorageClass,
} from '#api';
import { claimsOf, isVolumeOfClaim, storageClassOf } from '#api';
import { demandOf } from './demand.ts';
import { explain } from './explain.ts';
import type { VolumeNeed } from './filters/filter.ts';
import { NodeTable, nomineeOf } from './node-table.ts';
import type { Peers } from './relations/default-spread.ts';
import { peersOf } from './relations/peers.ts';
import { Relations } from './relations/relations.ts';
import { type PodVolumeNeeds, planSchedule } from './schedule.plan.ts';
import { holdsVolumes, planVolumeNeeds } from './volumes/pod-volumes.plan.ts';

export interface PlacementSnapshot {
  readonly pod: Pod;
  readonly nodes: readonly Node[];
  /** All pods, this one or not. */
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  readonly budgets?: readonly PodDisruptionBudget[];
  /** What the pod's claims are judged by. Its claims count for nothing when absent. */
  readonly storage?: PlacementStorage;
  /** By what pods belong together, and are spread. None when absent. */
  readonly owners?: PlacementOwners;
}

export interface PlacementStorage {
  readonly claims: readonly PersistentVolumeClaim[];
  readonly volumes: readonly PersistentVolume[];
  readonly storageClasses: readonly StorageClass[];
}

/** Those of the pod's namespace, or all. */
export interface PlacementOwners {
  readonly services: readonly Service[];
  readonly replicaSets: readonly ReplicaSet[];
  readonly replicationControllers: readonly ReplicationController[];
  readonly statefulSets: readonly StatefulSet[];
}

/** What one node says to a pod. */
export interface NodeAnswer {
  readonly node: string;
  /** Why it does not take the pod, in Kubernetes' words; none when it does. */
  readonly reasons: readonly string[];
  /** It could take the pod if others left it. */
  readonly ifOthersLeft: boolean;
}

export interface PlacementPlan {
  /** Where the pod is or would go; undefined when no node takes it. */
  readonly node?: string;
  /** Pods that would be evicted for it there. */
  readonly victims: readonly Pod[];
  /** In Kubernetes' words where the pod has no place. */
  readonly reason: string;
  /** By name. None of a pod that has its node already. */
  readonly answers: readonly NodeAnswer[];
}

/** What the scheduler would say of one pod, alone, node by node: for people. Costs a walk over all pods. */
export function planPlacement(snapshot: PlacementSnapshot): PlacementPlan {
  const { pod, nodes, pods, namespaces, budgets = [] } = snapshot;
  const { uid } = pod.metadata;
  if (pod.spec.nodeName) {
    return { node: pod.spec.nodeName, victims: [], reason: `It is on node ${pod.spec.nodeName}.`, answers: [] };
  }
  const table = new NodeTable();
  for (const node of nodes) table.setNode(node);
  for (const { metadata } of namespaces) table.setNamespace(metadata.name, metadata.labels ?? {});
  for (const other of pods) {
    const phase = other.status?.phase;
    if (phase === 'Succeeded' || phase === 'Failed') continue;
    if (other.spec.nodeName) table.place(other.metadata.uid, other, other.spec.nodeName);
    else table.nominate(other.metadata.uid, nomineeOf(other));
  }
  table.nominate(uid, nomineeOf(pod));
  const needs = needsOf(snapshot);
  const { bindings, failures } = planSchedule({
    table,
    pods: [pod],
    budgets,
    volumes: { needsOf: () => needs, placed: () => undefined },
    ...(snapshot.owners === undefined ? {} : { peers: peersAmong(snapshot.owners) }),
  });
  const [failure] = failures;
  const answers = failure?.verdicts.length
    ? failure.verdicts
    : verdictsOf(pod, table, 'needs' in needs ? needs.needs : []);
  const refusals = new Map(answers.map((answer) => [answer.node, answer]));
  const reason = failure?.message ?? `It fits on node ${bindings[0]?.node}.`;
  const node = bindings[0]?.node ?? failure?.nominated;
  return {
    ...(node === undefined ? {} : { node }),
    victims: failure?.victims ?? [],
    reason,
    answers: nodes
      .map(({ metadata: { name } }) => {
        const refusal = refusals.get(name);
        return { node: name, reasons: refusal?.reasons ?? [], ifOthersLeft: refusal?.resolvable ?? false };
      })
      .sort((left, right) => (left.node < right.node ? -1 : 1)),
  };
}

function verdictsOf(pod: Pod, table: NodeTable, volumes: readonly VolumeNeed[]) {
  const relations = new Relations(pod, table, []);
  const fit = { mask: table.maskFor(pod.spec, volumes), usage: table.usage, demand: demandOf(pod), relations };
  return explain(table, fit).verdicts;
}

function needsOf({ pod, nodes, pods, storage }: PlacementSnapshot): PodVolumeNeeds {
  if (storage === undefined) return { needs: [] };
  const { namespace, uid } = pod.metadata;
  const claims = byName(storage.claims.filter(({ metadata }) => metadata.namespace === namespace));
  const volumes = byName(storage.volumes);
  const classes = byName(storage.storageClasses);
  return planVolumeNeeds(pod, {
    claim: (name) => claims.get(name),
    volume: (name) => volumes.get(name),
    storageClass: (name) => classes.get(name),
    candidates: (claim) =>
      storage.volumes.filter(
        (volume) => storageClassOf(volume) === storageClassOf(claim) || isVolumeOfClaim(volume, claim),
      ),
    nodes: nodes.map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} })),
    isTaken: ({ metadata: { name } }) =>
      pods.some(
        (other) =>
          other.metadata.uid !== uid &&
          other.metadata.namespace === namespace &&
          holdsVolumes(other, false) &&
          claimsOf(other).some(({ claim }) => claim === name),
      ),
  });
}

function byName<T extends { readonly metadata: { readonly name: string } }>(objects: readonly T[]) {
  return new Map(objects.map((object) => [object.metadata.name, object]));
}

function peersAmong(owners: PlacementOwners): Peers {
  const isNamed = (namespace: string, name: string) => (owner: Pick<ReplicaSet, 'metadata'>) =>
    owner.metadata.namespace === namespace && owner.metadata.name === name;
  return {
    selectorOf: (pod) =>
      peersOf(pod, {
        services: ({ metadata: { namespace } }) =>
          owners.services.filter(({ metadata }) => metadata.namespace === namespace),
        selectorOfOwner(kind, namespace, name) {
          if (kind === 'ReplicaSet') return owners.replicaSets.find(isNamed(namespace, name))?.spec?.selector;
          if (kind === 'StatefulSet') return owners.statefulSets.find(isNamed(namespace, name))?.spec?.selector;
          const selector = owners.replicationControllers.find(isNamed(namespace, name))?.spec?.selector;
          return selector === undefined ? undefined : { matchLabels: selector };
        },
      }),
  };
}
