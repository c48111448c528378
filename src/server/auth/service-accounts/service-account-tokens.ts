import { randomUUID } from 'node:crypto';
import {
  type ApiError,
  isApiError,
  type KubeObject,
  NODES,
  PODS,
  type Pod,
  type ResourceType,
  SECRETS,
  SERVICE_ACCOUNTS,
  type StoredObject,
  TOKEN_REQUESTS,
} from '#api';
import { type Clock, formatTime } from '#base';
import type { Api, RequestContext } from '../../registry/api.ts';
import { badRequest, conflict, forbidden, invalid } from '../../registry/errors.ts';
import { rowOf } from '../../registry/mirror.ts';
import type { UserInfo } from '../authorization.types.ts';
import { GROUP_MASTERS, nodeNameOf } from '../groups.plan.ts';
import { type Claims, planAudiences, planClaims, planTokenUser } from './claims.plan.ts';
import type { SigningKey } from './signing-key.ts';
import { signWebToken, verifyWebToken } from './web-token.ts';

/** Named limits of tokens. Source: kubernetes pkg/apis/authentication/validation (v1.32) for the shortest. */
export const serviceAccountTokenLimits = {
  defaultSeconds: 3_600,
  shortestSeconds: 600,
  /** Longer ones are cut to this, as with kube-apiserver's --service-account-max-token-expiration. */
  longestSeconds: 24 * 3_600,
  audiences: 16,
} as const;

/** Who gives the tokens, and for whom they are when nobody else is named. Source: kubeadm's --service-account-issuer. */
export const SERVICE_ACCOUNT_ISSUER = 'https://kubernetes.default.svc.cluster.local';

/** A token's user, and for which of the audiences asked for it is good. */
export interface TokenAnswer {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

/** Tokens of service accounts: signed, ending, for named audiences, and worthless once what they are bound to is gone. */
export interface ServiceAccountTokens {
  /** Who bears a token of ours that is good for one of the audiences (for this API when absent); undefined for any other. */
  authenticate(token: string, audiences?: readonly string[]): Promise<TokenAnswer | undefined>;
  /** Answers a TokenRequest of a service account, with the token in its status. */
  issue(context: RequestContext, namespace: string, name: string, request: KubeObject): Promise<KubeObject>;
  /** What others need to check tokens by themselves (OpenID Connect discovery 1.0). */
  readonly jwks: object;
  openidConfiguration(serverUrl: string): object;
}

export interface ServiceAccountTokensDeps {
  readonly api: Pick<Api, 'get' | 'row'>;
  readonly key: SigningKey;
  readonly clock: Clock;
}

const CONTEXT: RequestContext = {
  user: { name: 'system:plumbline:tokens', groups: [GROUP_MASTERS] },
  defaultManager: 'plumbline-tokens',
};

interface TokenRequestSpec {
  readonly audiences?: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: {
    readonly kind?: string;
    readonly apiVersion?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

/** Source: kubernetes pkg/registry/core/serviceaccount/storage/token.go and pkg/serviceaccount/claims.go (v1.32). */
export function createServiceAccountTokens({ api, key, clock }: ServiceAccountTokensDeps): ServiceAccountTokens {
  const get = <T extends StoredObject>(type: ResourceType<T>, namespace: string, name: string) =>
    api.get({ context: CONTEXT, row: rowOf(api, type), namespace, name }) as Promise<T>;

  /** Whether the very object is still there, or going for no longer than a pod may take to end. */
  async function stands(type: ResourceType, namespace: string, wanted: { name: string; uid: string } | undefined) {
    if (wanted === undefined) return true;
    try {
      const { metadata } = await get(type, namespace, wanted.name);
      const { uid, deletionTimestamp } = metadata;
      if (uid !== wanted.uid) return false;
      return deletionTimestamp === undefined || Date.parse(deletionTimestamp) + GOING_MS > clock.nowMs();
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false;
      throw error;
    }
  }

  async function boundTo(
    context: RequestContext,
    namespace: string,
    account: string,
    reference: TokenRequestSpec['boundObjectRef'],
  ): Promise<Partial<Claims['kubernetes.io']>> {
    const node = nodeNameOf(context.user);
    if (reference === undefined) {
      if (node === undefined) return {};
      throw forbidden(SERVICE_ACCOUNTS, account, 'node requested token not bound to a pod');
    }
    const { kind = '', name = '', uid } = reference;
    const type = kind === 'Pod' ? PODS : kind === 'Secret' && node === undefined ? SECRETS : undefined;
    if (type === undefined) {
      const message = `Unsupported value: ${JSON.stringify(kind)}: supported values: "Pod", "Secret"`;
      throw wrong(account, 'FieldValueNotSupported', 'spec.boundObjectRef.kind', message);
    }
    const bound = await get<StoredObject>(type, namespace, name);
    if (uid !== undefined && uid !== '' && uid !== bound.metadata.uid) {
      const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
      throw conflict(type, name, why);
    }
    const named = { name, uid: bound.metadata.uid };
    if (kind === 'Secret') return { secret: named };
    const { serviceAccountName = 'default', nodeName } = (bound as Pod).spec;
    if (serviceAccountName !== account) {
      const who = JSON.stringify(account);
      throw badRequest(
        `cannot bind token for serviceaccount ${who} to pod running with different serviceaccount name.`,
      );
    }
    if (node !== undefined && nodeName !== node) {
      throw forbidden(SERVICE_ACCOUNTS, account, 'node requested token bound to a pod scheduled on a different node');
    }
    if (!nodeName) return { pod: named };
    const host = await get(NODES, '', nodeName).catch((error: unknown) => absent(error));
    return { pod: named, ...(host === undefined ? {} : { node: { name: nodeName, uid: host.metadata.uid } }) };
  }

  return {
    jwks: { keys: [key.jwk] },

    openidConfiguration: (serverUrl) => ({
      issuer: SERVICE_ACCOUNT_ISSUER,
      jwks_uri: `${serverUrl}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    }),

    async authenticate(token, audiences = [SERVICE_ACCOUNT_ISSUER]) {
      const payload = verifyWebToken(key, token);
      const claims = payload === undefined ? undefined : planClaims(payload);
      if (claims === undefined) return undefined;
      const good = planAudiences({ claims, issuer: SERVICE_ACCOUNT_ISSUER, audiences, nowMs: clock.nowMs() });
      if (good.length === 0) return undefined;
      const { namespace, serviceaccount, pod, secret } = claims['kubernetes.io'];
      const standing = await Promise.all([
        stands(SERVICE_ACCOUNTS, namespace, serviceaccount),
        stands(PODS, namespace, pod),
        stands(SECRETS, namespace, secret),
      ]);
      return standing.every(Boolean) ? { user: planTokenUser(claims), audiences: good } : undefined;
    },

    async issue(context, namespace, name, request) {
      const spec = (request['spec'] ?? {}) as TokenRequestSpec;
      const account = await get(SERVICE_ACCOUNTS, namespace, name);
      const audiences = (spec.audiences ?? []).length > 0 ? [...(spec.audiences ?? [])] : [SERVICE_ACCOUNT_ISSUER];
      if (audiences.length > serviceAccountTokenLimits.audiences) {
        const most = serviceAccountTokenLimits.audiences;
        throw wrong(
          name,
          'FieldValueTooMany',
          'spec.audiences',
          `Too many: ${audiences.length}: must have at most ${most} items`,
        );
      }
      const seconds = lifetimeOf(name, spec.expirationSeconds);
      const bound = await boundTo(context, namespace, name, spec.boundObjectRef);
      const nowSeconds = Math.floor(clock.nowMs() / 1_000);
      const claims: Claims = {
        aud: audiences,
        exp: nowSeconds + seconds,
        iat: nowSeconds,
        iss: SERVICE_ACCOUNT_ISSUER,
        jti: randomUUID(),
        'kubernetes.io': { namespace, serviceaccount: { name, uid: account.metadata.uid }, ...bound },
        nbf: nowSeconds,
        sub: `system:serviceaccount:${namespace}:${name}`,
      };
      return {
        ...request,
        metadata: { ...request.metadata, name, namespace, creationTimestamp: formatTime(clock.nowMs()) },
        spec: { ...spec, audiences, expirationSeconds: seconds },
        status: { token: signWebToken(key, claims), expirationTimestamp: formatTime(claims.exp * 1_000) },
      };
    },
  };
}

/** What is being deleted counts so long yet, for its last words. Source: kubernetes pkg/serviceaccount/claims.go, gracePeriod. */
const GOING_MS = 60_000;

function absent(error: unknown): undefined {
  if (!isApiError(error, 'NotFound')) throw error;
  return undefined;
}

function lifetimeOf(name: string, seconds: number = serviceAccountTokenLimits.defaultSeconds): number {
  const { shortestSeconds, longestSeconds } = serviceAccountTokenLimits;
  if (seconds < shortestSeconds) {
    const message = `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`;
    throw wrong(name, 'FieldValueInvalid', 'spec.expirationSeconds', message);
  }
  return Math.min(seconds, longestSeconds);
}

function wrong(name: string, reason: string, path: string, message: string): ApiError {
  return invalid(TOKEN_REQUESTS, name, [{ reason, path, message }]);
}
