import { formatObjectKey, groupOf, type Pod, type UiPod } from '#api';

type Controlled = Pick<Pod, 'metadata'>;

/** Finds the object that controls another; undefined when it is not known. */
export type OwnerLookup = (namespace: string, kind: string, name: string) => Controlled | undefined;

/** Longest chain of owners that is followed: Pod → ReplicaSet → Deployment needs two. */
const MAX_OWNERS = 5;

/** The object at the top of a pod's owners, as `apps/Deployment/web/site`; the pod itself when nothing controls it. */
export function planTopOwner(pod: Pod, lookup: OwnerLookup): string {
  const namespace = pod.metadata.namespace ?? '';
  let key = formatObjectKey({ group: '', kind: 'Pod', namespace, name: pod.metadata.name });
  let current: Controlled | undefined = pod;
  for (let step = 0; step < MAX_OWNERS && current !== undefined; step += 1) {
    const owner = current.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner === undefined) break;
    key = formatObjectKey({ group: groupOf(owner.apiVersion), kind: owner.kind, namespace, name: owner.name });
    current = lookup(namespace, owner.kind, owner.name);
  }
  return key;
}

export function planPod(pod: Pod, owner: string): UiPod {
  const { metadata, spec, status = {} } = pod;
  const containers = status.containerStatuses ?? [];
  const message = planMessage(pod);
  const node = spec.nodeName;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    phase: metadata.deletionTimestamp === undefined ? (status.phase ?? 'Pending') : 'Terminating',
    ready: status.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') ?? false,
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    ...(node === undefined || node === '' ? {} : { node }),
    ...(status.podIP === undefined || status.podIP === '' ? {} : { ip: status.podIP }),
    ...(message === undefined ? {} : { message }),
    containers: (spec.containers ?? []).map(({ name }) => name),
    createdAt: metadata.creationTimestamp,
    owner,
  };
}

/** Why it is not running: what its first waiting or failed container says, else why it is not scheduled. */
function planMessage({ status = {} }: Pod): string | undefined {
  for (const { state = {}, lastState = {} } of [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
  ]) {
    const said =
      state.waiting ?? (state.running === undefined ? (state.terminated ?? lastState.terminated) : undefined);
    const words = [said?.reason, said?.message].filter((word) => word !== undefined && word !== '');
    if (words.length > 0 && said?.reason !== 'Completed') return words.join(': ');
  }
  const waiting = status.conditions?.find(({ type, status: state }) => type === 'PodScheduled' && state === 'False');
  return waiting?.message ?? status.message;
}
