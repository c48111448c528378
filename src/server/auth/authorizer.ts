import { ApiError, PODS, type Pod, type StatusDetails } from '#api';
import type { Log } from '#base';
import type { Api, RequestContext, ResourceRow, UserInfo } from '../registry/api.ts';
import { planAuthorization } from './authorization.plan.ts';
import type { Attributes, ResourceAttributes } from './authorization.types.ts';
import { GROUP_MASTERS, nodeNameOf } from './groups.plan.ts';

/** Throws `Forbidden` unless the user may do it. */
export type Authorize = (user: UserInfo, attributes: Attributes) => Promise<void>;

export interface AuthorizerDeps {
  /** The node authorizer looks up pods by it. */
  readonly api: Pick<Api, 'get' | 'list' | 'row'>;
  readonly log: Log;
}

/** Resources whose access by a node depends on the pods bound to it. */
const BY_PODS = new Set(['pods', 'secrets', 'configmaps', 'serviceaccounts']);

const CONTEXT: RequestContext = {
  user: { name: 'system:plumbline:authorizer', groups: [GROUP_MASTERS] },
  defaultManager: 'plumbline-authorizer',
};

export function createAuthorizer({ api, log }: AuthorizerDeps): Authorize {
  async function podsOf(node: string): Promise<readonly Pod[]> {
    const row = rowOfPods(api);
    const { items } = await api.list({ context: CONTEXT, row, namespace: '', fieldSelector: `spec.nodeName=${node}` });
    return items as readonly Pod[];
  }

  /** A pod that is gone is gone for its node too: "forbidden" would make the agent try again and again. */
  async function throwIfGone({ group, resource, namespace, name }: ResourceAttributes): Promise<void> {
    if (group !== '' || resource !== 'pods' || name === undefined || namespace === '') return;
    await api.get({ context: CONTEXT, row: rowOfPods(api), namespace, name });
  }

  return async (user, attributes) => {
    const node = nodeNameOf(user);
    const byPods = node !== undefined && 'resource' in attributes && BY_PODS.has(attributes.resource);
    const nodePods = byPods && asksForOne(attributes) ? await podsOf(node) : [];
    const plan = planAuthorization({ user, attributes, nodePods });
    if (plan.allowed) return;
    if (byPods) await throwIfGone(attributes);
    log.info({ user: user.name, attributes, reason: plan.reason }, 'request refused');
    throw forbidden(user, attributes);
  };
}

function rowOfPods(api: Pick<Api, 'row'>): ResourceRow {
  const row = api.row(PODS.group, PODS.version, PODS.plural);
  if (row === undefined) throw new ApiError('InternalError', 'pods are not served');
  return row;
}

/** Without a name no pod can vouch for the request: no need to look. */
function asksForOne({ name }: ResourceAttributes): boolean {
  return name !== undefined;
}

/** In the words of Kubernetes. Source: apiserver endpoints/handlers/responsewriters/errors.go (words only). */
function forbidden(user: UserInfo, asked: Attributes): ApiError {
  const who = `User ${JSON.stringify(user.name)} cannot`;
  if (!('resource' in asked)) {
    return new ApiError('Forbidden', `forbidden: ${who} ${asked.verb} path ${JSON.stringify(asked.path)}`);
  }
  const resource = asked.group === '' ? asked.resource : `${asked.resource}.${asked.group}`;
  const target = asked.subresource === undefined ? asked.resource : `${asked.resource}/${asked.subresource}`;
  const named = asked.name === undefined ? resource : `${resource} ${JSON.stringify(asked.name)}`;
  const where = asked.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(asked.namespace)}`;
  const group = JSON.stringify(asked.group);
  const message = `${named} is forbidden: ${who} ${asked.verb} resource ${JSON.stringify(target)} in API group ${group} ${where}`;
  const details: StatusDetails = {
    kind: asked.resource,
    ...(asked.group === '' ? {} : { group: asked.group }),
    ...(asked.name === undefined ? {} : { name: asked.name }),
  };
  return new ApiError('Forbidden', message, details);
}
