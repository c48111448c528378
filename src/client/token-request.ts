import { apiVersionOf, type KubeObject, TOKEN_REQUESTS } from '#api';
import { PlumblineError } from '#base';
import type { IssuedToken, NamespacedName, TokenSpec } from './client.ts';

/** The object by which a token is asked for. */
export function tokenRequest({ namespace = '' }: NamespacedName, spec: TokenSpec): KubeObject {
  const { audiences = [], expirationSeconds, boundTo } = spec;
  return {
    apiVersion: apiVersionOf(TOKEN_REQUESTS),
    kind: TOKEN_REQUESTS.kind,
    metadata: { namespace },
    spec: {
      audiences,
      ...(expirationSeconds === undefined ? {} : { expirationSeconds }),
      ...(boundTo === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', ...boundTo } }),
    },
  };
}

/** The token in the answer. Nothing of the answer is quoted when it cannot be read. */
export function issuedToken(answer: KubeObject): IssuedToken {
  const { token } = (answer['status'] ?? {}) as { readonly token?: unknown };
  const { expirationSeconds } = (answer['spec'] ?? {}) as { readonly expirationSeconds?: unknown };
  if (typeof token === 'string' && typeof expirationSeconds === 'number') {
    return { token, lifetimeSeconds: expirationSeconds };
  }
  throw new PlumblineError("the server's answer is not a token", { code: 'AnswerUnreadable', retryable: true });
}
