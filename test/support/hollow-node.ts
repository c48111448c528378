import { LEASES, NODES, PODS, type Pod } from '#api';
import { type Clock, formatMicroTime, formatTime, silentLog, sleep } from '#base';
import type { Client } from '#client';
import { createInformer } from '#reconcile';
import { nodeObject } from './cluster.ts';

export interface HollowNodeOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly name: string;
  /** How a pod turns out; ready at once when absent. */
  readonly outcome?: (pod: Pod) => HollowOutcome;
  /** Between renewals of the lease; none when absent. */
  readonly beatMs?: number;
}

/** `ready`: it serves; `running`: it runs and is not ready; `failed`: it has ended; `pending`: nothing happens yet. */
export type HollowOutcome = 'ready' | 'running' | 'failed' | 'pending';

export interface HollowNode {
  readonly name: string;
  /** Looks at every pod again: to be called when `outcome` would answer otherwise. */
  refresh(): void;
  /** Runs until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Given out so far, by all nodes: no two pods have the same. */
let addresses = 0;

/** A node agent that only pretends: pods bound to it get an address and turn out as told, and going ones go at once. */
export function createHollowNode({
  client,
  clock,
  name,
  outcome = () => 'ready',
  beatMs,
}: HollowNodeOptions): HollowNode {
  const pods = createInformer({ client, clock, log: silentLog }, PODS, { fieldSelector: `spec.nodeName=${name}` });
  let work: Promise<void> = Promise.resolve();

  pods.onChange(({ current }) => {
    if (current !== undefined) enqueue(current);
  });

  function enqueue(pod: Pod): void {
    work = work.then(() => treat(pod)).catch(() => undefined); // It changed meanwhile: its next event comes.
  }

  async function treat({ metadata }: Pod): Promise<void> {
    const pod = await client.get(PODS, metadata);
    if (pod === undefined || pod.metadata.uid !== metadata.uid) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      await client.delete(PODS, metadata, { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } });
      return;
    }
    const wanted = outcome(pod);
    if (wanted === 'pending' || stateOf(pod) === wanted) return;
    addresses += 1;
    const podIP = pod.status?.podIP ?? `10.99.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`;
    const body = { status: { ...statusOf(pod, wanted), podIP, podIPs: [{ ip: podIP }] } };
    await client.patch(PODS, metadata, { type: 'strategic', body }, { subresource: 'status' });
  }

  function statusOf(pod: Pod, wanted: HollowOutcome) {
    const now = formatTime(clock.nowMs());
    const ready = wanted === 'ready';
    const condition = { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: now };
    const containerStatuses = pod.spec.containers.map((container) => ({
      name: container.name,
      image: container.image ?? '',
      imageID: '',
      ready,
      restartCount: 0,
      state: wanted === 'failed' ? { terminated: { exitCode: 1 } } : { running: { startedAt: now } },
    }));
    return {
      phase: wanted === 'failed' ? 'Failed' : 'Running',
      startTime: now,
      conditions: [condition],
      containerStatuses,
    };
  }

  async function beat(signal: AbortSignal): Promise<void> {
    const key = { namespace: 'kube-node-lease', name };
    while (beatMs !== undefined && !signal.aborted) {
      const renewTime = formatMicroTime(clock.nowMs());
      const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
      const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key, spec };
      if ((await client.get(LEASES, key)) === undefined) await client.create(LEASES, lease);
      else await client.patch(LEASES, key, { type: 'merge', body: { spec } });
      await sleep(clock, beatMs, signal).catch(() => undefined); // Aborted: the loop sees it.
    }
  }

  return {
    name,
    refresh() {
      for (const pod of pods.list()) enqueue(pod);
    },
    async run(signal) {
      if ((await client.get(NODES, { name })) === undefined) await client.create(NODES, nodeObject(name));
      await Promise.all([pods.run(signal), beat(signal)]);
      await work;
    },
  };
}

/** How a pod turned out so far. */
function stateOf({ status }: Pod): HollowOutcome {
  if (status?.phase === 'Failed') return 'failed';
  if (status?.phase !== 'Running') return 'pending';
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ? 'ready' : 'running';
}
