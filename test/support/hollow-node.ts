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

/**
 * `ready`: it serves; `running`: it runs and is not ready; `failed`: it has ended; `pending`: nothing happens yet;
 * `lingering`: it serves, and takes its time to end when it is told to go.
 */
export type HollowOutcome = 'ready' | 'running' | 'failed' | 'pending' | 'lingering' | HollowExit;

/** What a status can say. */
type Told = Exclude<HollowOutcome, 'pending' | 'lingering'>;

/** All containers end with this code, once; where the pod's restart policy says so they are started again instead. */
export interface HollowExit {
  readonly exitCode: number;
}

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
      if (outcome(pod) === 'lingering') return;
      // Whoever holds it back learns that it has ended.
      if ((pod.metadata.finalizers ?? []).length > 0 && !isFinished(pod)) await tell(pod, { exitCode: 137 });
      await client.delete(PODS, metadata, { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } });
      return;
    }
    if (isFinished(pod)) return;
    const answer = outcome(pod);
    const wanted = answer === 'lingering' ? 'ready' : answer;
    if (wanted === 'pending' || stateOf(pod) === wanted) return;
    await tell(pod, wanted);
  }

  async function tell(pod: Pod, wanted: Told): Promise<void> {
    addresses += 1;
    const podIP = pod.status?.podIP ?? `10.99.${Math.floor(addresses / 250)}.${(addresses % 250) + 1}`;
    const body = { status: { ...statusOf(pod, wanted), podIP, podIPs: [{ ip: podIP }] } };
    await client.patch(PODS, pod.metadata, { type: 'strategic', body }, { subresource: 'status' });
  }

  function statusOf(pod: Pod, wanted: Told) {
    const now = formatTime(clock.nowMs());
    const ready = wanted === 'ready';
    const condition = { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: now };
    const exitCode = typeof wanted === 'object' ? wanted.exitCode : wanted === 'failed' ? 1 : undefined;
    const again = typeof wanted === 'object' && isStartedAgain(pod, wanted);
    const ended = exitCode === undefined ? {} : { terminated: { exitCode, startedAt: now, finishedAt: now } };
    const running = { running: { startedAt: now } };
    const before = new Map((pod.status?.containerStatuses ?? []).map((each) => [each.name, each.restartCount]));
    const containerStatuses = pod.spec.containers.map((container) => ({
      name: container.name,
      image: container.image ?? '',
      imageID: '',
      ready,
      restartCount: (before.get(container.name) ?? 0) + (again ? 1 : 0),
      state: exitCode === undefined || again ? running : ended,
      ...(again ? { lastState: ended } : {}),
    }));
    return {
      phase: exitCode === undefined || again ? 'Running' : exitCode === 0 ? 'Succeeded' : 'Failed',
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

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** A pod that goes starts nothing any more. */
function isStartedAgain({ metadata, spec: { restartPolicy = 'Always' } }: Pod, { exitCode }: HollowExit): boolean {
  if (metadata.deletionTimestamp !== undefined || restartPolicy === 'Never') return false;
  return restartPolicy === 'Always' || exitCode !== 0;
}

/** How a pod turned out so far. */
function stateOf({ status }: Pod): HollowOutcome {
  if (status?.phase === 'Failed') return 'failed';
  if (status?.phase !== 'Running') return 'pending';
  return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ? 'ready' : 'running';
}
