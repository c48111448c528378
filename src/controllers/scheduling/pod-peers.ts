import type { LabelSelectorObject, Pod, ReplicaSet, ReplicationController, Service, StatefulSet } from '#api';
import type { Informer } from '#reconcile';
import { type PeerKind, type Peers, peersOf } from '#scheduler';

export interface PodPeersDeps {
  readonly services: Informer<Service>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly replicationControllers: Informer<ReplicationController>;
  readonly statefulSets: Informer<StatefulSet>;
}

/** Services by one of the labels that they select: a pod asks for its own labels, not for all Services. */
const BY_LABEL = 'scheduling/selected-label';

/** Which pods belong together, as Services and controllers are known here. */
export class PodPeers implements Peers {
  readonly #deps: PodPeersDeps;

  constructor(deps: PodPeersDeps) {
    this.#deps = deps;
    deps.services.addIndex(BY_LABEL, ({ metadata: { namespace = '' }, spec }) => {
      const [label] = Object.entries(spec?.selector ?? {});
      return label === undefined ? [] : [placeOf(namespace, ...label)];
    });
  }

  selectorOf(pod: Pod): LabelSelectorObject | undefined {
    const { services } = this.#deps;
    return peersOf(pod, {
      services: ({ metadata: { namespace = '', labels = {} } }) =>
        Object.entries(labels).flatMap((label) => services.byIndex(BY_LABEL, placeOf(namespace, ...label))),
      selectorOfOwner: (kind, namespace, name) => this.#selectorOfOwner(kind, `${namespace}/${name}`),
    });
  }

  #selectorOfOwner(kind: PeerKind, key: string): LabelSelectorObject | undefined {
    const { replicaSets, replicationControllers, statefulSets } = this.#deps;
    if (kind === 'ReplicaSet') return replicaSets.get(key)?.spec?.selector;
    if (kind === 'StatefulSet') return statefulSets.get(key)?.spec?.selector;
    const matchLabels = replicationControllers.get(key)?.spec?.selector;
    return matchLabels === undefined ? undefined : { matchLabels };
  }
}

const placeOf = (namespace: string, key: string, value: string) => `${namespace}/${key}=${value}`;
