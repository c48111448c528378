import type { Pod } from '#api';

/** One token that a volume of a pod asks for. */
export interface TokenSource {
  /** Whom it is for; '' for the API itself. */
  readonly audience: string;
  readonly expirationSeconds: number;
}

/** What a token is now: there, or not, and why. */
export type TokenState =
  | { readonly state: 'present'; readonly token: string }
  | { readonly state: 'unknown' }
  | { readonly state: 'failed'; readonly message: string };

/** A pod's tokens by `tokenKey`. */
export type Tokens = ReadonlyMap<string, TokenState>;

/** Tokens that one pod may have; more are not fetched, and their volume cannot be made. */
export const MAX_TOKENS = 32;

/** Source: core/v1 defaults.go, SetDefaults_ServiceAccountTokenProjection (v1.32). */
const DEFAULT_SECONDS = 3_600;

type Projection = NonNullable<
  NonNullable<
    NonNullable<NonNullable<Pod['spec']['volumes']>[number]['projected']>['sources']
  >[number]['serviceAccountToken']
>;

export function tokenSourceOf({ audience = '', expirationSeconds = DEFAULT_SECONDS }: Projection): TokenSource {
  return { audience, expirationSeconds };
}

export function tokenKey({ audience, expirationSeconds }: TokenSource): string {
  return `${expirationSeconds} ${audience}`;
}

/** The tokens that a pod's volumes ask for, each once. */
export function tokenSourcesOf({ spec }: Pick<Pod, 'spec'>): readonly TokenSource[] {
  const found = new Map<string, TokenSource>();
  for (const { projected } of spec.volumes ?? []) {
    for (const { serviceAccountToken } of projected?.sources ?? []) {
      if (serviceAccountToken === undefined) continue;
      const source = tokenSourceOf(serviceAccountToken);
      found.set(tokenKey(source), source);
    }
  }
  return [...found.values()].slice(0, MAX_TOKENS);
}

export interface RenewalOptions {
  /** Part of a token's life after which it is renewed. Source: kubelet token_manager.go, requiresRefresh (v1.32). */
  readonly share: number;
  /** It is not used for longer than this, in ms, however long it is good. Source: the same, maxTTL. */
  readonly oldestMs: number;
}

export const renewalDefaults: RenewalOptions = { share: 0.8, oldestMs: 24 * 3_600_000 };

/** Tokens made at the same time are not renewed at the same time: each up to this earlier, in ms. Source: the same, maxJitter. */
const JITTER_MS = 10_000;

/** How long after it was given a token is renewed, in ms. `random` in [0, 1). */
export function renewAfterMs(lifetimeMs: number, random: number, { share, oldestMs }: RenewalOptions): number {
  const latestMs = Math.min(lifetimeMs * share, oldestMs);
  return latestMs - random * Math.min(JITTER_MS, latestMs / 10);
}
