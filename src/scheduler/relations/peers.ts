import { hasLabels, type LabelSelectorObject, type Pod, type Service } from '#api';

/** What a pod's peers are known by. */
export interface PeerSources {
  /** Services of the namespace, at least all that select the pod. */
  services(pod: Pod): readonly Service[];
  /** The selector of the pod's controller; undefined when there is none, or none of these kinds. */
  selectorOfOwner(kind: PeerKind, namespace: string, name: string): LabelSelectorObject | undefined;
}

/** Kinds of controllers whose pods belong together. */
export type PeerKind = 'ReplicaSet' | 'ReplicationController' | 'StatefulSet';

const KINDS: Readonly<Record<PeerKind, string>> = {
  ReplicaSet: 'apps/v1',
  ReplicationController: 'v1',
  StatefulSet: 'apps/v1',
};

/**
 * The pods that a pod belongs together with: those that all of its Services and its controller select, which have the
 * pod's own labels and so never contradict each other. Undefined when it has neither.
 * Source: kubernetes pkg/scheduler/framework/plugins/helper/spread.go, DefaultSelector (v1.32).
 */
export function peersOf(pod: Pod, sources: PeerSources): LabelSelectorObject | undefined {
  const { namespace = '', labels = {}, ownerReferences = [] } = pod.metadata;
  const selectors: LabelSelectorObject[] = sources.services(pod).flatMap(({ spec }) => {
    const matchLabels = spec?.selector ?? {};
    return Object.keys(matchLabels).length > 0 && hasLabels(labels, matchLabels) ? [{ matchLabels }] : [];
  });
  const owner = ownerReferences.find(({ controller }) => controller === true);
  if (owner !== undefined && isPeerKind(owner.kind) && KINDS[owner.kind] === owner.apiVersion) {
    const selector = sources.selectorOfOwner(owner.kind, namespace, owner.name);
    if (selector !== undefined) selectors.push(selector);
  }
  const merged = {
    matchLabels: Object.assign({}, ...selectors.map(({ matchLabels }) => matchLabels)),
    matchExpressions: selectors.flatMap(({ matchExpressions = [] }) => matchExpressions),
  };
  const isEmpty = Object.keys(merged.matchLabels).length === 0 && merged.matchExpressions.length === 0;
  return isEmpty ? undefined : merged;
}

const isPeerKind = (kind: string): kind is PeerKind => Object.hasOwn(KINDS, kind);
