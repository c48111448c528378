import type { Pod, ReplicaSet, ResourceStatus } from '#api';

/** A container that will not run by waiting, or a pod that no node takes: what to tell of it, and what to do. */
export interface PodTrouble {
  /** The object of Git that the pods belong to, as `Deployment/demo/web`. */
  readonly owner: string;
  /** One of the pods; the others say the same. */
  readonly pod: string;
  readonly namespace: string;
  readonly pods: number;
  /** Absent where the pod has no node. */
  readonly container?: string;
  readonly reason: string;
  readonly message: string;
  readonly hint: string;
}

type Hint = (pod: string, namespace: string) => string;

const IMAGE: Hint = () =>
  'Is the name right, and may this node pull it? A private registry needs imagePullSecrets, or docker login on the node.';
const DESCRIBE: Hint = (pod, namespace) => `plumb describe pod ${pod} -n ${namespace} tells more.`;

/** What a container waits for that does not come by waiting. Source: kubelet, images/types.go and kuberuntime_container.go (v1.32). */
const HINTS: ReadonlyMap<string, Hint> = new Map([
  ['ErrImagePull', IMAGE],
  ['ImagePullBackOff', IMAGE],
  ['InvalidImageName', () => 'Correct the image in Git.'],
  ['ErrImageNeverPull', () => 'imagePullPolicy is Never: load the image on the node, or change the policy in Git.'],
  ['CrashLoopBackOff', (pod, namespace) => `plumb logs ${pod} -n ${namespace} -p tells why it ended.`],
  ['CreateContainerConfigError', () => 'Add what it names (a ConfigMap, a Secret, or a key of one) to Git.'],
  ['CreateContainerError', DESCRIBE],
  ['RunContainerError', DESCRIBE],
]);

/** `Deployment/demo/web` */
export const ownerKey = ({ kind, namespace, name }: Pick<ResourceStatus, 'kind' | 'namespace' | 'name'>) =>
  `${kind}/${namespace}/${name}`;

/**
 * Containers and pods in trouble, told once for each owner, container and reason. Pods of a Deployment belong to it through their
 * ReplicaSet; pods without a controller belong to themselves.
 */
export function planPodTroubles(pods: readonly Pod[], replicaSets: readonly ReplicaSet[]): readonly PodTrouble[] {
  const deployments = new Map(
    replicaSets.flatMap(({ metadata }) => {
      const owner = controllerOf(metadata.ownerReferences);
      return owner === undefined ? [] : [[metadata.uid, owner] as const];
    }),
  );
  const troubles = new Map<string, PodTrouble>();
  for (const { metadata, status } of pods) {
    const { name: pod, namespace = '', deletionTimestamp } = metadata;
    if (deletionTimestamp !== undefined) continue;
    const direct = controllerOf(metadata.ownerReferences);
    const top = (direct && deployments.get(direct.uid)) ?? direct ?? { kind: 'Pod', name: pod };
    const owner = ownerKey({ kind: top.kind, namespace, name: top.name });
    const add = (trouble: Omit<PodTrouble, 'owner' | 'pod' | 'namespace' | 'pods'>, about: string) => {
      const key = JSON.stringify([owner, trouble.container ?? '', about]);
      const before = troubles.get(key);
      troubles.set(
        key,
        before === undefined ? { owner, pod, namespace, pods: 1, ...trouble } : { ...before, pods: before.pods + 1 },
      );
    };
    const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
    if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
      const hint = `plumb explain ${pod} -n ${namespace} tells why, node by node.`;
      add({ reason: 'Unschedulable', message: scheduled.message ?? '', hint }, 'Unschedulable');
    }
    for (const { name, state } of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
      const { reason = '', message = '' } = state?.waiting ?? {};
      const hint = HINTS.get(reason);
      if (hint === undefined) continue;
      // A failed pull is told as either, in turn.
      const about = hint === IMAGE ? 'image' : reason;
      add({ container: name, reason, message, hint: hint(pod, namespace) }, about);
    }
  }
  return [...troubles.values()];
}

const controllerOf = (references: Pod['metadata']['ownerReferences']) =>
  references?.find(({ controller }) => controller === true);
