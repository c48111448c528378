import type { KubeObject, PolicyRule } from '#api';
import type { RequestContext, ResourceRow } from '../registry/api.ts';
import { badRequest, invalid } from '../registry/errors.ts';
import type { Attributes, UserInfo } from './authorization.types.ts';
import type { Authorization } from './authorizer.ts';
import { asAuthenticated, GROUP_MASTERS, nodeNameOf } from './groups.plan.ts';
import { grantsOf } from './rbac/grants.plan.ts';
import { SERVICE_ACCOUNT_ISSUER, type TokenAnswer } from './service-accounts/service-account-tokens.ts';

/** A question to the server, decoded and of a right structure. */
export interface ReviewRequest {
  readonly context: RequestContext;
  readonly row: ResourceRow;
  /** '' outside of namespaces. */
  readonly namespace: string;
  readonly object: KubeObject;
}

/** Answers a question by its kind: the object that was sent, with a status. */
export type AnswerReview = (request: ReviewRequest) => Promise<KubeObject>;

/** Who bears a token, and for which of the audiences it is good; undefined for nobody. */
export type AuthenticateFor = (token: string, audiences: readonly string[]) => Promise<TokenAnswer | undefined>;

interface AccessSpec {
  readonly resourceAttributes?: {
    readonly namespace?: string;
    readonly verb?: string;
    readonly group?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly name?: string;
  };
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string };
  readonly user?: string;
  readonly groups?: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Source: kubernetes pkg/registry/authorization and pkg/registry/authentication/selfsubjectreview (v1.32). */
export function createReviews(
  authorization: Pick<Authorization, 'decide' | 'roles'>,
  authenticate: AuthenticateFor,
): AnswerReview {
  async function access(user: UserInfo, spec: AccessSpec): Promise<object> {
    const { allowed, reason } = await authorization.decide(user, attributesOf(spec));
    return { allowed, ...(reason === '' ? {} : { reason }) };
  }

  const answers: Readonly<Record<string, (request: ReviewRequest) => Promise<object> | object>> = {
    SelfSubjectReview: ({ context: { user } }) => ({ userInfo: userInfoOf(user) }),
    TokenReview: async ({ object }) => {
      const { token = '', audiences = [] } = specOf<{ token?: string; audiences?: readonly string[] }>(object);
      if (token === '') throw badRequest('token is required for TokenReview in authentication');
      const answer = await authenticate(token, audiences.length === 0 ? [SERVICE_ACCOUNT_ISSUER] : audiences);
      if (answer === undefined) return { user: {}, error: 'the token is unknown, has ended, or is for others' };
      return { authenticated: true, user: userInfoOf(asAuthenticated(answer.user)), audiences: answer.audiences };
    },
    SelfSubjectAccessReview: ({ context, row, object }) => {
      const spec = specOf<AccessSpec>(object);
      assertOneQuestion(row, spec);
      return access(context.user, spec);
    },
    SubjectAccessReview: ({ row, object }) => accessOfOther(row, specOf<AccessSpec>(object)),
    LocalSubjectAccessReview: ({ row, object, namespace }) => {
      const spec = specOf<AccessSpec>(object);
      const { nonResourceAttributes, resourceAttributes } = spec;
      if (nonResourceAttributes !== undefined) {
        throw wrong(row, 'spec.nonResourceAttributes', 'disallowed on this kind of request');
      }
      if (resourceAttributes?.namespace !== namespace) {
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
      }
      return accessOfOther(row, spec);
    },
    SelfSubjectRulesReview: ({ context: { user }, object }) => {
      const { namespace = '' } = specOf<{ namespace?: string }>(object);
      if (namespace === '') throw badRequest('no namespace on request');
      return rulesReview(user, namespace);
    },
  };

  function accessOfOther(row: ResourceRow, spec: AccessSpec): Promise<object> {
    assertOneQuestion(row, spec);
    const { user = '', groups = [], uid, extra } = spec;
    if (user === '' && groups.length === 0)
      throw wrong(row, 'spec.user', 'at least one of user or group must be specified');
    const more = { ...(uid === undefined ? {} : { uid }), ...(extra === undefined ? {} : { extra }) };
    return access({ name: user, groups, ...more }, spec);
  }

  /** A node's rights depend on its pods: no list of rules tells them, and the answer says so. */
  function rulesReview(user: UserInfo, namespace: string): object {
    const rules: PolicyRule[] = [];
    const problems: string[] = [];
    if (user.groups.includes(GROUP_MASTERS)) {
      rules.push({ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }, { nonResourceURLs: ['*'], verbs: ['*'] });
    }
    for (const grant of grantsOf(user, namespace, authorization.roles)) {
      rules.push(...grant.rules);
      if (grant.problem !== undefined) problems.push(grant.problem);
    }
    const isNode = nodeNameOf(user) !== undefined;
    if (isNode) problems.push('what a node may do depends on its pods');
    return {
      resourceRules: rules.filter(({ nonResourceURLs = [] }) => nonResourceURLs.length === 0),
      nonResourceRules: rules.filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0),
      incomplete: isNode,
      ...(problems.length === 0 ? {} : { evaluationError: problems.join(', ') }),
    };
  }

  return async (request) => {
    const { row, object } = request;
    const answer = answers[row.type.kind];
    if (answer === undefined) throw new RangeError(`nobody answers a ${row.type.kind}`);
    return { ...object, status: await answer(request) };
  };
}

/** A user as reviews tell him. */
export function userInfoOf({ name, uid, groups, extra }: UserInfo): object {
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(extra === undefined ? {} : { extra }),
  };
}

const specOf = <T extends object>(object: KubeObject): T => (object['spec'] ?? {}) as T;

function attributesOf({ resourceAttributes, nonResourceAttributes }: AccessSpec): Attributes {
  if (resourceAttributes === undefined) {
    const { path = '', verb = '' } = nonResourceAttributes ?? {};
    return { verb, path };
  }
  const { namespace = '', verb = '', group = '', resource = '', subresource, name } = resourceAttributes;
  return {
    verb,
    group,
    resource,
    namespace,
    ...(subresource ? { subresource } : {}),
    ...(name ? { name } : {}),
  };
}

/** Source: kubernetes pkg/apis/authorization/validation (v1.32). */
function assertOneQuestion(row: ResourceRow, { resourceAttributes, nonResourceAttributes }: AccessSpec): void {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const said = 'cannot be specified in combination with resourceAttributes';
    throw wrong(row, 'spec.nonResourceAttributes', said);
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const said = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw wrong(row, 'spec.resourceAttributes', said);
  }
}

function wrong({ type }: ResourceRow, path: string, why: string) {
  return invalid(type, '', [{ reason: 'FieldValueInvalid', path, message: `Invalid value: ${why}` }]);
}
