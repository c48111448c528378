import { NODE_LOCAL_FINALIZER, type PersistentVolume, type Pod, planPodReferences, VOLUME_NODE_LABEL } from '#api';
import type { AuthorizationInput, AuthorizationPlan, ResourceAttributes } from './authorization.types.ts';
import { GROUP_MASTERS, nodeNameOf } from './groups.plan.ts';
import { planRbac } from './rbac/grants.plan.ts';

const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'update', 'patch'];

/**
 * Decides whether a user may do something: `system:masters` always, a node what its own pods need, everyone else what
 * a role allows. What nothing allows is refused.
 */
export function planAuthorization({
  user,
  attributes,
  nodePods,
  nodeVolume,
  roles,
}: AuthorizationInput): AuthorizationPlan {
  if (user.groups.includes(GROUP_MASTERS)) return allow('system:masters may do everything');
  const node = nodeNameOf(user);
  const own = node === undefined ? deny('') : planForNode(node, attributes, { pods: nodePods, volume: nodeVolume });
  if (own.allowed) return own;
  const byRole = planRbac(user, attributes, roles);
  return byRole.allowed || byRole.reason !== '' ? byRole : own;
}

/** What there is of a node that its requests may concern. */
interface NodeBelongings {
  readonly pods: readonly Pod[];
  readonly volume: PersistentVolume | undefined;
}

function planForNode(
  node: string,
  attributes: AuthorizationInput['attributes'],
  belongings: NodeBelongings,
): AuthorizationPlan {
  if ('resource' in attributes) return planNode(node, attributes, belongings);
  return attributes.path.startsWith(`/plumbline/v1/nodes/${node}/`) ? allow("a node's own tunnel") : deny('');
}

/** A stolen node is one node: it reads what its own pods need, and writes only what it is itself or runs itself. */
function planNode(node: string, asked: ResourceAttributes, { pods, volume }: NodeBelongings): AuthorizationPlan {
  const { verb, namespace, resource } = asked;
  const name = asked.name ?? asked.newName;
  const what = `${asked.group}/${asked.resource}${asked.subresource === undefined ? '' : `/${asked.subresource}`}`;
  const either = (verbs: readonly string[]) => verbs.includes(verb);
  const when = (condition: boolean, reason: string) => (condition ? allow(reason) : deny(`not ${reason}`));
  switch (what) {
    case '/nodes':
      return when(either([...READ, ...WRITE]) && name === node, 'its own Node');
    case '/nodes/status':
      return when(either(['get', 'update', 'patch']) && name === node, "its own Node's status");
    case 'coordination.k8s.io/leases': {
      const verbs = [...READ, ...WRITE, 'delete'];
      return when(either(verbs) && namespace === 'kube-node-lease' && name === node, 'its own Lease');
    }
    case '/pods':
      if (either(['list', 'watch'])) return when(asked.nodeName === node, 'limited to spec.nodeName of itself');
      return when(either(['get', 'delete']) && isBound(pods, namespace, name), 'a pod bound to it');
    case '/pods/status':
      return when(either(['get', 'update', 'patch']) && isBound(pods, namespace, name), 'a pod bound to it');
    case '/pods/eviction':
      return when(verb === 'create' && isBound(pods, namespace, name), 'a pod bound to it');
    case '/persistentvolumeclaims':
      return when(verb === 'get' && isReferenced(pods, resource, namespace, name), 'named by a pod bound to it');
    case '/persistentvolumes': {
      const isItsOwn = volume?.metadata.labels?.[VOLUME_NODE_LABEL] === node;
      if (either(['list', 'watch']))
        return when(asked.volumeNode === node, `limited to the label ${VOLUME_NODE_LABEL} of itself`);
      if (verb === 'get') return when(isItsOwn || isMounted(pods, volume), 'of itself or of a pod bound to it');
      const isHeld = volume?.metadata.finalizers?.includes(NODE_LOCAL_FINALIZER) ?? false;
      return when(verb === 'patch' && isItsOwn && isHeld, 'a volume whose folder it is to delete');
    }
    case '/secrets':
    case '/configmaps':
    case '/serviceaccounts':
      return when(either(READ) && isReferenced(pods, resource, namespace, name), 'named by a pod bound to it');
    case '/serviceaccounts/token':
      // For which pod, the request itself says: looked at when the token is made.
      return when(verb === 'create' && isReferenced(pods, resource, namespace, name), 'of a pod bound to it');
    case '/services':
    case '/namespaces':
    case 'discovery.k8s.io/endpointslices':
      return when(either(READ), 'read by every node');
    case '/events':
      return when(either(['create', 'patch', 'update']), 'events are reported by every node');
    default:
      return deny('no rule allows it to a node');
  }
}

function isBound(pods: readonly Pod[], namespace: string, name: string | undefined): boolean {
  return pods.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
}

/** Whether one of the pods mounts the claim that the volume names. */
function isMounted(pods: readonly Pod[], volume: PersistentVolume | undefined): boolean {
  const { name, namespace = '' } = volume?.spec?.claimRef ?? {};
  return isReferenced(pods, 'persistentvolumeclaims', namespace, name);
}

function isReferenced(pods: readonly Pod[], resource: string, namespace: string, name: string | undefined): boolean {
  if (name === undefined) return false;
  return pods.some((pod) => {
    if (pod.metadata.namespace !== namespace) return false;
    return planPodReferences(pod).get(resource)?.has(name) ?? false;
  });
}

function allow(reason: string): AuthorizationPlan {
  return { allowed: true, reason };
}

function deny(reason: string): AuthorizationPlan {
  return { allowed: false, reason };
}
