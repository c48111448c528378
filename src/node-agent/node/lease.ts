import { isApiError, LEASES } from '#api';
import { type Clock, formatMicroTime, type Log, sleep } from '#base';
import type { Client } from '#client';
import { FIELD_MANAGER } from '../pod/status-writer.ts';

export interface LeaseDeps {
  readonly client: Pick<Client, 'get' | 'create' | 'patch'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  /** How often the lease is renewed, in ms. */
  readonly renewMs: number;
  /** How long others may believe it after the last renewal, in seconds. */
  readonly durationSeconds: number;
}

/** Where nodes say that they live. Source: core/v1 NamespaceNodeLease. */
const NAMESPACE = 'kube-node-lease';

/** Renews the node's Lease until the signal aborts. It is the node's heartbeat: the Node itself is written rarely. */
export async function keepLease(deps: LeaseDeps, signal: AbortSignal): Promise<void> {
  const { clock, log, renewMs, nodeName } = deps;
  let isMade = false;
  while (!signal.aborted) {
    try {
      if (!isMade) await make(deps, signal);
      else await renew(deps, signal);
      isMade = true;
    } catch (error) {
      if (signal.aborted) return;
      if (isApiError(error, 'NotFound')) isMade = false;
      log.warn({ err: error, node: nodeName }, 'the node lease cannot be renewed');
    }
    await sleep(clock, renewMs, signal).catch(() => undefined);
  }
}

function spec({ nodeName, clock, durationSeconds }: LeaseDeps) {
  return {
    holderIdentity: nodeName,
    leaseDurationSeconds: durationSeconds,
    renewTime: formatMicroTime(clock.nowMs()),
  };
}

async function make(deps: LeaseDeps, signal: AbortSignal): Promise<void> {
  const { client, nodeName } = deps;
  const metadata = { name: nodeName, namespace: NAMESPACE };
  if ((await client.get(LEASES, metadata, { signal })) !== undefined) return await renew(deps, signal);
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: spec(deps) };
  await client.create(LEASES, lease, { fieldManager: FIELD_MANAGER, signal });
}

async function renew(deps: LeaseDeps, signal: AbortSignal): Promise<void> {
  const key = { name: deps.nodeName, namespace: NAMESPACE };
  const patch = { type: 'merge', body: { spec: spec(deps) } } as const;
  await deps.client.patch(LEASES, key, patch, { fieldManager: FIELD_MANAGER, signal });
}
