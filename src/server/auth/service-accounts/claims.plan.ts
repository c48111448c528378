import type { Json } from '#api';
import type { UserInfo } from '../authorization.types.ts';
import { serviceAccountGroups, serviceAccountUser } from '../groups.plan.ts';

interface Named {
  readonly name: string;
  readonly uid: string;
}

/** What a token of a service account says. Times in seconds. Source: kubernetes pkg/serviceaccount/claims.go (v1.32). */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly nbf: number;
  readonly iat: number;
  readonly jti: string;
  readonly 'kubernetes.io': {
    readonly namespace: string;
    readonly serviceaccount: Named;
    readonly pod?: Named;
    readonly node?: Named;
    readonly secret?: Named;
  };
}

/** Reads a token's payload; undefined for what none of ours would say. */
export function planClaims(payload: Json): Claims | undefined {
  if (!isRecord(payload)) return undefined;
  const { iss, sub, aud, exp, nbf, iat, jti, 'kubernetes.io': own } = payload;
  if (![iss, sub, jti].every(isText) || ![exp, nbf, iat].every(isNumber)) return undefined;
  if (!Array.isArray(aud) || !aud.every(isText) || !isRecord(own)) return undefined;
  const { namespace, serviceaccount, pod, node, secret } = own;
  if (!isText(namespace) || !isNamed(serviceaccount)) return undefined;
  if (![pod, node, secret].every((each) => each === undefined || isNamed(each))) return undefined;
  return payload as unknown as Claims;
}

export interface ClaimsCheck {
  readonly claims: Claims;
  readonly issuer: string;
  /** One of them must be among the token's; answered are those that are. */
  readonly audiences: readonly string[];
  readonly nowMs: number;
}

/** Whether a token is good at a moment for one of the audiences, and for which. Signature and bound objects are looked at elsewhere. */
export function planAudiences({ claims, issuer, audiences, nowMs }: ClaimsCheck): readonly string[] {
  const { iss, exp, nbf, aud } = claims;
  const nowSeconds = nowMs / 1_000;
  if (iss !== issuer || exp <= nowSeconds || nbf > nowSeconds + CLOCK_LEEWAY_SECONDS) return [];
  return audiences.filter((audience) => aud.includes(audience));
}

/** Our own clock gave the token: it may have been set back a little since. */
const CLOCK_LEEWAY_SECONDS = 60;

/** The user whom a token speaks for. */
export function planTokenUser({ jti, 'kubernetes.io': own }: Claims): UserInfo {
  const { namespace, serviceaccount, pod, node } = own;
  const extra = {
    'authentication.kubernetes.io/credential-id': [`JTI=${jti}`],
    ...(pod === undefined
      ? {}
      : {
          'authentication.kubernetes.io/pod-name': [pod.name],
          'authentication.kubernetes.io/pod-uid': [pod.uid],
        }),
    ...(node === undefined ? {} : { 'authentication.kubernetes.io/node-name': [node.name] }),
  };
  return {
    name: serviceAccountUser(namespace, serviceaccount.name),
    groups: serviceAccountGroups(namespace),
    uid: serviceaccount.uid,
    extra,
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isRecord = (value: unknown): value is Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNamed = (value: unknown): value is Named => isRecord(value) && isText(value['name']) && isText(value['uid']);
