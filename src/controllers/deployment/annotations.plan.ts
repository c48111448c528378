/** What a Deployment and its ReplicaSets note on themselves. Source: kubernetes pkg/controller/deployment/util (v1.32). */
import type { Deployment, ReplicaSet } from '#api';
import type { Bounds } from './rolling.plan.ts';

export const REVISION = 'deployment.kubernetes.io/revision';
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a Deployment that are its own and not its ReplicaSets'. */
const NOT_INHERITED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAX,
]);

/** Characters of the list of former revisions. */
const MAX_HISTORY = 2_000;

export type Annotations = Readonly<Record<string, string>>;

/** Revisions have 64 bits with a sign, as in Go: more than a number here holds. */
const MAX_REVISION = 2n ** 63n - 1n;

/** 0 where there is none, or what is no revision. */
export function revisionOf({ metadata }: ReplicaSet | Deployment): bigint {
  const text = metadata.annotations?.[REVISION] ?? '';
  const revision = /^\d{1,19}$/.test(text) ? BigInt(text) : 0n;
  return revision > MAX_REVISION ? 0n : revision;
}

/** `spec.replicas` of the Deployment when the set was last scaled; undefined when it does not say. */
export function desiredOf(replicaSet: ReplicaSet): number | undefined {
  return numberAt(replicaSet, DESIRED);
}

export function maxOf(replicaSet: ReplicaSet): number | undefined {
  return numberAt(replicaSet, MAX);
}

/** What a set notes when it is scaled. */
export function scaleAnnotations({ replicas, maxSurge }: Bounds): Annotations {
  return { [DESIRED]: String(replicas), [MAX]: String(replicas + maxSurge) };
}

/** What the new set notes: the Deployment's annotations and its revision; a set that comes back keeps its former ones. */
export function newAnnotations(deployment: Deployment, before: ReplicaSet | undefined, revision: bigint): Annotations {
  const inherited = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !NOT_INHERITED.has(key));
  const own = before?.metadata.annotations ?? {};
  const merged = { ...own, ...Object.fromEntries(inherited) };
  const former = before === undefined ? 0n : revisionOf(before);
  if (former >= revision) return merged;
  const history = former === 0n ? own[REVISION_HISTORY] : historyWith(own[REVISION_HISTORY], former);
  return { ...merged, [REVISION]: String(revision), ...(history === undefined ? {} : { [REVISION_HISTORY]: history }) };
}

function historyWith(history: string | undefined, former: bigint): string {
  let revisions = [...(history === undefined ? [] : history.split(',')), String(former)];
  while (revisions.join().length > MAX_HISTORY) revisions = revisions.slice(1);
  return revisions.join();
}

function numberAt({ metadata }: ReplicaSet, key: string): number | undefined {
  const text = metadata.annotations?.[key];
  const value = Number(text);
  return text === undefined || !Number.isSafeInteger(value) ? undefined : value;
}
