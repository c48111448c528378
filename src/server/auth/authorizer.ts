import {
  ApiError,
  isApiError,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  PODS,
  type Pod,
  type StatusDetails,
} from '#api';
import type { Clock, Log } from '#base';
import { createCertificateAdmission } from '../certificates/certificate-admission.ts';
import type { AdmissionChain } from '../registry/admission-chain.ts';
import type { Api, RequestContext, UserInfo } from '../registry/api.ts';
import { rowOf } from '../registry/mirror.ts';
import { createApplyAdmission } from './apply-admission.ts';
import { planAuthorization } from './authorization.plan.ts';
import type {
  Attributes,
  AuthorizationPlan,
  Authorize,
  ResourceAttributes,
  RoleSource,
} from './authorization.types.ts';
import { GROUP_MASTERS, nodeNameOf } from './groups.plan.ts';
import { ensureBootstrapRoles } from './rbac/bootstrap.ts';
import { createRoleAdmission } from './rbac/role-admission.ts';
import { RoleIndex } from './rbac/role-index.ts';

/** Who may do what, by roles, for nodes, and for administrators. */
export interface Authorization {
  readonly authorize: Authorize;
  /** The same as an answer, with what decided. */
  decide(user: UserInfo, attributes: Attributes): Promise<AuthorizationPlan>;
  readonly roles: RoleSource;
  close(): void;
}

export interface AuthorizationDeps {
  readonly api: Pick<Api, 'create' | 'get' | 'list' | 'row' | 'rows' | 'update' | 'watch'>;
  /** Gets the rules against giving away more than one holds; the one the API was made with. */
  readonly admission: AdmissionChain;
  readonly clock: Clock;
  readonly log: Log;
}

/** Resources whose access by a node depends on the pods bound to it. */
const BY_PODS = new Set([
  'pods',
  'secrets',
  'configmaps',
  'serviceaccounts',
  'persistentvolumeclaims',
  'persistentvolumes',
]);

const CONTEXT: RequestContext = {
  user: { name: 'system:plumbline:authorizer', groups: [GROUP_MASTERS] },
  defaultManager: 'plumbline-authorizer',
};

/** Makes the roles that must exist, and resolves when all roles and bindings are known; follows them until `close`. */
export async function startAuthorization({ api, admission, clock, log }: AuthorizationDeps): Promise<Authorization> {
  const roles = new RoleIndex({ api, context: CONTEXT, clock, log });
  const closing = new AbortController();
  await ensureBootstrapRoles(api, CONTEXT);
  await roles.start(closing.signal);

  async function podsOf(node: string): Promise<readonly Pod[]> {
    const row = rowOf(api, PODS);
    const { items } = await api.list({ context: CONTEXT, row, namespace: '', fieldSelector: `spec.nodeName=${node}` });
    return items as readonly Pod[];
  }

  async function volumeNamed({ resource, name }: ResourceAttributes): Promise<PersistentVolume | undefined> {
    if (resource !== PERSISTENT_VOLUMES.plural || name === undefined) return undefined;
    try {
      const row = rowOf(api, PERSISTENT_VOLUMES);
      return (await api.get({ context: CONTEXT, row, namespace: '', name })) as PersistentVolume;
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  /** What is gone is gone for a node too: "forbidden" would make the agent try again and again. */
  async function throwIfGone({ group, resource, namespace, name }: ResourceAttributes): Promise<void> {
    if (group !== '' || name === undefined) return;
    if (resource === PERSISTENT_VOLUMES.plural) {
      await api.get({ context: CONTEXT, row: rowOf(api, PERSISTENT_VOLUMES), namespace: '', name });
    }
    if (resource !== 'pods' || namespace === '') return;
    await api.get({ context: CONTEXT, row: rowOf(api, PODS), namespace, name });
  }

  async function decide(user: UserInfo, attributes: Attributes): Promise<AuthorizationPlan> {
    const node = nodeNameOf(user);
    if (node === undefined || !dependsOnPods(attributes)) {
      return planAuthorization({ user, attributes, nodePods: [], roles });
    }
    const [nodePods, nodeVolume] = [await podsOf(node), await volumeNamed(attributes)];
    return planAuthorization({ user, attributes, nodePods, nodeVolume, roles });
  }

  async function authorize(user: UserInfo, attributes: Attributes): Promise<void> {
    const plan = await decide(user, attributes);
    if (plan.allowed) return;
    const byPods = 'resource' in attributes && BY_PODS.has(attributes.resource);
    if (byPods && nodeNameOf(user) !== undefined) await throwIfGone(attributes);
    log.info({ user: user.name, attributes, reason: plan.reason || 'no rule allows it' }, 'request refused');
    throw forbidden(user, attributes, plan.reason);
  }

  admission.add(createApplyAdmission(authorize));
  admission.add(createRoleAdmission({ roles, decide }));
  admission.add(createCertificateAdmission({ decide }));
  return { authorize, decide, roles, close: () => closing.abort() };
}

/** Without a name no pod can vouch for the request: no need to look. */
function dependsOnPods(asked: Attributes): asked is ResourceAttributes {
  return 'resource' in asked && BY_PODS.has(asked.resource) && asked.name !== undefined;
}

/** In the words of Kubernetes. Source: apiserver endpoints/handlers/responsewriters/errors.go (words only). */
function forbidden(user: UserInfo, asked: Attributes, reason: string): ApiError {
  const who = `User ${JSON.stringify(user.name)} cannot`;
  const why = reason.startsWith('RBAC: ') ? `: ${reason}` : '';
  if (!('resource' in asked)) {
    return new ApiError('Forbidden', `forbidden: ${who} ${asked.verb} path ${JSON.stringify(asked.path)}${why}`, {});
  }
  const resource = asked.group === '' ? asked.resource : `${asked.resource}.${asked.group}`;
  const target = asked.subresource === undefined ? asked.resource : `${asked.resource}/${asked.subresource}`;
  const named = asked.name === undefined ? resource : `${resource} ${JSON.stringify(asked.name)}`;
  const where = asked.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(asked.namespace)}`;
  const group = JSON.stringify(asked.group);
  const message = `${named} is forbidden: ${who} ${asked.verb} resource ${JSON.stringify(target)} in API group ${group} ${where}${why}`;
  const details: StatusDetails = {
    kind: asked.resource,
    ...(asked.group === '' ? {} : { group: asked.group }),
    ...(asked.name === undefined ? {} : { name: asked.name }),
  };
  return new ApiError('Forbidden', message, details);
}
