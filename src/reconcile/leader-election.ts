import { isApiError, type KubeObject, LEASES, type Lease } from '#api';
import { type Clock, formatMicroTime, type Log, sleep } from '#base';
import type { Client } from '#client';
import { type LeaseObservation, planLease } from './leader-election.plan.ts';

export interface LeaderElectionOptions {
  readonly namespace: string;
  /** How long others wait after the last renewal before they take over. */
  readonly leaseMs: number;
  /** A leader that could not renew for so long stops leading; less than `leaseMs`, so that two never lead at once. */
  readonly renewDeadlineMs: number;
  /** Between attempts to take or renew. */
  readonly retryMs: number;
}

/** Source: component-base config/v1alpha1/defaults.go, RecommendedDefaultLeaderElectionConfiguration (v0.32). */
export const leaderElectionDefaults: LeaderElectionOptions = {
  namespace: 'kube-system',
  leaseMs: 15_000,
  renewDeadlineMs: 10_000,
  retryMs: 2_000,
};

export interface LeaderElectionDeps {
  readonly client: Pick<Client, 'get' | 'create' | 'update'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Candidacy extends LeaderElectionDeps {
  readonly name: string;
  readonly identity: string;
  readonly options: LeaderElectionOptions;
}

/**
 * Runs `lead` while this process holds the lease; its signal aborts when the lease is lost, and the process stands again
 * once `lead` has returned. Gives the lease back at the end. Ends with the signal, or with the error of `lead`.
 */
export async function runAsLeader(
  deps: LeaderElectionDeps,
  candidate: { readonly name: string; readonly identity: string } & Partial<LeaderElectionOptions>,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { name, identity, ...chosen } = candidate;
  const options = { ...leaderElectionDefaults, ...chosen };
  const candidacy: Candidacy = { ...deps, log: deps.log.child({ lease: name }), name, identity, options };
  while (!signal.aborted) {
    const lease = await acquire(candidacy, signal);
    if (lease === undefined) return;
    candidacy.log.info({ identity }, 'leading');
    await leadWhileHeld(candidacy, lease, lead, signal);
    candidacy.log.info({ identity }, 'leading no more');
  }
}

/** Resolves with the lease once it is ours; undefined when the signal aborted before. */
async function acquire(candidacy: Candidacy, signal: AbortSignal): Promise<Lease | undefined> {
  const { clock, options } = candidacy;
  let observed: LeaseObservation = { lease: undefined, changedAtMs: 0 };
  while (!signal.aborted) {
    observed = (await observe(candidacy, observed)) ?? observed;
    const taken = await take(candidacy, observed);
    if (taken !== undefined) return taken;
    await sleep(clock, options.retryMs, signal).catch(() => undefined); // Aborted: the loop sees it.
  }
  return undefined;
}

async function observe(candidacy: Candidacy, before: LeaseObservation): Promise<LeaseObservation | undefined> {
  const { client, clock, log, name, options } = candidacy;
  try {
    const lease = await client.get(LEASES, { namespace: options.namespace, name });
    const changed = lease?.metadata.resourceVersion !== before.lease?.metadata.resourceVersion;
    return { lease, changedAtMs: changed ? clock.monotonicMs() : before.changedAtMs };
  } catch (error) {
    log.warn({ err: error }, 'the lease could not be read');
    return undefined;
  }
}

/** The lease as written; undefined when another holds it or was quicker. */
async function take(candidacy: Candidacy, observed: LeaseObservation): Promise<Lease | undefined> {
  const { client, clock, log, identity } = candidacy;
  const { action } = planLease({ observed, identity, nowMs: clock.monotonicMs() });
  if (action === 'wait') return undefined;
  try {
    return action === 'create'
      ? await client.create(LEASES, leaseOf(candidacy, undefined))
      : await client.update(LEASES, leaseOf(candidacy, observed.lease));
  } catch (error) {
    if (!isApiError(error, 'Conflict', 'AlreadyExists')) log.warn({ err: error }, 'the lease could not be written');
    return undefined;
  }
}

async function leadWhileHeld(
  candidacy: Candidacy,
  taken: Lease,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const leading = new AbortController();
  const stop = () => leading.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const renewing = renew(candidacy, taken, leading);
  try {
    await lead(leading.signal);
  } finally {
    leading.abort();
    signal.removeEventListener('abort', stop);
    const held = await renewing;
    if (held !== undefined) await release(candidacy, held);
  }
}

/** Renews until told to stop, or aborts `leading` when that failed for too long. Answers the lease while it is ours. */
async function renew(candidacy: Candidacy, taken: Lease, leading: AbortController): Promise<Lease | undefined> {
  const { client, clock, log, options, identity } = candidacy;
  let held = taken;
  let renewedMs = clock.monotonicMs();
  for (;;) {
    await sleep(clock, options.retryMs, leading.signal).catch(() => undefined); // Aborted: seen on the next line.
    if (leading.signal.aborted) return held;
    try {
      held = await client.update(LEASES, leaseOf(candidacy, held));
      renewedMs = clock.monotonicMs();
    } catch (error) {
      const now = isApiError(error, 'Conflict')
        ? (await observe(candidacy, { lease: held, changedAtMs: 0 }))?.lease
        : held;
      const lost = now?.spec?.holderIdentity !== identity;
      if (now !== undefined && !lost) held = now;
      if (lost || clock.monotonicMs() - renewedMs >= options.renewDeadlineMs) {
        log.error({ err: error }, 'the lease is lost');
        leading.abort(error);
        return undefined;
      }
      log.warn({ err: error }, 'the lease could not be renewed');
    }
  }
}

async function release(candidacy: Candidacy, held: Lease): Promise<void> {
  try {
    await candidacy.client.update(LEASES, { ...held, spec: { ...held.spec, holderIdentity: '' } });
  } catch (error) {
    // Others take over when it runs out.
    candidacy.log.debug({ err: error }, 'the lease could not be given back');
  }
}

function leaseOf({ clock, identity, name, options }: Candidacy, before: Lease | undefined): KubeObject {
  const now = formatMicroTime(clock.nowMs());
  const ours = before?.spec?.holderIdentity === identity;
  const transitions = before?.spec?.leaseTransitions ?? 0;
  const kept = before?.metadata ?? { name, namespace: options.namespace };
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: kept,
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(options.leaseMs / 1_000),
      acquireTime: ours ? before?.spec?.acquireTime : now,
      renewTime: now,
      leaseTransitions: before === undefined || ours ? transitions : transitions + 1,
    },
  };
}
