import { setImmediate } from 'node:timers/promises';
import {
  isApiError,
  type Json,
  type KubeObject,
  type Namespace,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  type PodDisruptionBudget,
  type ReplicaSet,
  type ReplicationController,
  type Service,
  type StatefulSet,
  type StorageClass,
} from '#api';
import { type BackoffOptions, backoffMs, type Clock, errorCode, type Log, type Timer } from '#base';
import type { Client } from '#client';
import { type Change, type EventRecorder, type Informer, keyOf } from '#reconcile';
import {
  type ClusterEvent,
  mayHelp,
  NodeTable,
  nomineeOf,
  type PlannedBinding,
  type PlannedFailure,
  planSchedule,
  seeGone,
  seeNamespace,
  seeNode,
  seeNominee,
  seePlaced,
} from '#scheduler';
import { PendingPods } from './pending-pods.ts';
import { PodPeers } from './pod-peers.ts';
import { PodVolumes } from './pod-volumes.ts';
import { evict } from './preemption.ts';
import { asksAnew, planRefusal, standingOf } from './scheduling.plan.ts';

export interface SchedulingDeps {
  readonly client: Pick<Client, 'update' | 'patch' | 'delete'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  /** For their labels, by which affinity may choose. */
  readonly namespaces: Informer<Namespace>;
  /** Which pods may go for more important ones. */
  readonly budgets: Informer<PodDisruptionBudget>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly storageClasses: Informer<StorageClass>;
  /** For their selectors: the pods of each belong together, and are spread. */
  readonly services: Informer<Service>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly replicationControllers: Informer<ReplicationController>;
  readonly statefulSets: Informer<StatefulSet>;
}

export interface SchedulingOptions {
  /** Pods of other schedulers are left alone. */
  readonly schedulerName: string;
  /** Pods planned at a time. A plan of so many takes some ms, in which nothing else runs. */
  readonly batch: number;
  /** Bindings on their way at the same time. */
  readonly bindsInFlight: number;
  /** After a write that failed. */
  readonly backoff: BackoffOptions;
  /** Between two tries of a pod that is refused. Source: kubernetes pkg/scheduler/apis/config/v1, podInitialBackoffSeconds and podMaxBackoffSeconds (v1.32). */
  readonly refusalBackoff: BackoffOptions;
  /** Refused pods are tried again after so long even if nothing changed, ms. Source: pkg/scheduler/internal/queue, flush (v1.32). */
  readonly flushMs: number;
}

export const schedulingDefaults: SchedulingOptions = {
  schedulerName: 'default-scheduler',
  batch: 500,
  bindsInFlight: 64,
  backoff: { initialMs: 100, maxMs: 10_000 },
  refusalBackoff: { initialMs: 1_000, maxMs: 10_000 },
  flushMs: 300_000,
};

const FIELD_MANAGER = 'plumbline-scheduler';

export interface Scheduling {
  /** Gives nodes to pods until the signal aborts, then waits for the bindings under way. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Gives every pod that waits a node, within a turn of the event loop after it came. A planned pod counts on its node at
 * once, before it is bound, so that the next plan knows; when the binding fails it counts no more. The one actor that
 * works on all pods together instead of key by key: pods compete for the same room.
 */
export function createScheduling(deps: SchedulingDeps, options: SchedulingOptions = schedulingDefaults): Scheduling {
  return { run: (signal) => new SchedulingLoop(deps, options).run(signal) };
}

class SchedulingLoop {
  readonly #deps: SchedulingDeps;
  readonly #options: SchedulingOptions;
  readonly #table = new NodeTable();
  readonly #pending: PendingPods;
  /** Uids of pods that were given a node and are not seen on it yet. */
  readonly #assumed = new Set<string>();
  /** Bindings in a row that failed, by uid. */
  readonly #failures = new Map<string, number>();
  /** Uids of pods that were told to go and may not show it yet. */
  readonly #leaving = new Set<string>();
  /** What was last told of a refused pod, by uid: its own copy may not show it yet. */
  readonly #told = new Map<string, string>();
  readonly #toBind: PlannedBinding[] = [];
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #volumes: PodVolumes;
  readonly #peers: PodPeers;
  /** Ends the waits for volumes of pods that were given a node, by uid. */
  readonly #waits = new Map<string, AbortController>();
  /** When the next of those that back off is tried again. */
  #release: { readonly dueMs: number; readonly timer: Timer } | undefined;
  #binding = 0;
  #wake: () => void = () => undefined;

  constructor(deps: SchedulingDeps, options: SchedulingOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#pending = new PendingPods(options.refusalBackoff);
    this.#peers = new PodPeers(deps);
    this.#volumes = new PodVolumes({ ...deps, isAssumed: (uid) => this.#assumed.has(uid) });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { nodes, pods, namespaces, budgets, claims, volumes, storageClasses } = this.#deps;
    const { services, replicaSets, replicationControllers, statefulSets } = this.#deps;
    const workloads = [services, replicaSets, replicationControllers, statefulSets];
    for (const informer of [nodes, pods, namespaces, budgets, claims, volumes, storageClasses, ...workloads]) {
      await informer.until(() => informer.synced, signal).catch(() => undefined); // Aborted: seen below.
    }
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    const stop = [
      nodes.onChange((change) => this.#seeNode(change)),
      namespaces.onChange(({ key, current }) => this.#seeNamespace(key, current)),
      pods.onChange((change) => this.#seePod(change)),
      ...[claims, volumes, storageClasses].map((kind) => kind.onChange(() => this.#retry({ change: 'volume' }))),
      this.#flushRegularly(),
      () => this.#release?.timer.cancel(),
    ];
    for (const namespace of namespaces.list()) this.#seeNamespace(namespace.metadata.name, namespace);
    for (const node of nodes.list()) this.#table.setNode(node);
    for (const pod of pods.list()) this.#seePod({ key: keyOf(pod), previous: undefined, current: pod });
    while (!signal.aborted) {
      if (this.#pending.ready === 0) await this.#idle();
      if (!signal.aborted) this.#plan();
      // A pod that comes alone is not kept waiting; of many, those that come in the same turn are planned together.
      await setImmediate();
    }
    for (const each of stop) each();
    this.#toBind.length = 0;
    for (const wait of this.#waits.values()) wait.abort();
    await Promise.all(this.#underWay);
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #seeNode({ key, current }: Change<Node>): void {
    this.#retryOn(seeNode(this.#table, key, current));
  }

  #seeNamespace(name: string, namespace: Namespace | undefined): void {
    const labels = namespace === undefined ? undefined : (namespace.metadata.labels ?? {});
    this.#retryOn(seeNamespace(this.#table, name, labels));
  }

  #seePod({ previous, current }: Change<Pod>): void {
    if (previous !== undefined && previous.metadata.uid !== current?.metadata.uid) this.#forget(previous);
    if (current === undefined) return;
    const { uid } = current.metadata;
    switch (standingOf(current, this.#options.schedulerName)) {
      case 'occupies':
        this.#settled(uid);
        this.#retryOn(seePlaced(this.#table, uid, current, current.spec.nodeName ?? ''));
        return;
      case 'waits':
        if (this.#assumed.has(uid)) return;
        this.#seeNomination(previous, current);
        this.#pending.put(current, previous !== undefined && asksAnew(previous, current));
        if (this.#pending.ready > 0) this.#wake();
        return;
      case 'none':
        this.#forget(current);
    }
  }

  /** What somebody else says of it counts; an echo of what was so before we changed it does not. */
  #seeNomination(previous: Pod | undefined, current: Pod): void {
    const nominee = nomineeOf(current);
    if (previous !== undefined && nomineeOf(previous)?.node === nominee?.node) return;
    this.#retryOn(seeNominee(this.#table, current.metadata.uid, nominee));
  }

  /** The pod needs neither a node nor room on one any more. */
  #forget({ metadata: { uid } }: Pod): void {
    this.#settled(uid);
    this.#leaving.delete(uid);
    this.#retryOn(seeGone(this.#table, uid));
  }

  #settled(uid: string): void {
    this.#pending.forget(uid);
    this.#assumed.delete(uid);
    this.#failures.delete(uid);
    this.#told.delete(uid);
    this.#waits.get(uid)?.abort();
    this.#retryOn(seeNominee(this.#table, uid, undefined));
  }

  #retryOn(events: readonly ClusterEvent[]): void {
    for (const event of events) this.#retry(event);
  }

  /** Tries those again that the event may help; all when there is none. */
  #retry(event?: ClusterEvent): void {
    const isHelped = (pod: Pod, retryOn: PlannedFailure['retryOn']) =>
      event === undefined || mayHelp(event, { pod, retryOn }, this.#table);
    const dueMs = this.#pending.retry(isHelped, this.#deps.clock.monotonicMs());
    if (this.#pending.ready > 0) this.#wake();
    if (dueMs !== undefined) this.#releaseAt(dueMs);
  }

  /** Those that back off until then are tried again. */
  #releaseAt(dueMs: number): void {
    const { clock } = this.#deps;
    if (this.#release !== undefined) {
      if (this.#release.dueMs <= dueMs) return;
      this.#release.timer.cancel();
    }
    const timer = clock.after(dueMs - clock.monotonicMs(), () => {
      this.#release = undefined;
      const nextMs = this.#pending.release(clock.monotonicMs());
      if (this.#pending.ready > 0) this.#wake();
      if (nextMs !== undefined) this.#releaseAt(nextMs);
    });
    this.#release = { dueMs, timer };
  }

  #flushRegularly(): () => void {
    const { clock } = this.#deps;
    const again = () => {
      this.#retry();
      timer = clock.after(this.#options.flushMs, again);
    };
    let timer = clock.after(this.#options.flushMs, again);
    return () => timer.cancel();
  }

  #plan(): void {
    this.#volumes.beginPlan();
    const { bindings, failures, displaced, postponed } = planSchedule({
      table: this.#table,
      pods: this.#pending.take(this.#options.batch),
      budgets: this.#deps.budgets.list(),
      leaving: this.#leaving,
      volumes: this.#volumes,
      peers: this.#peers,
    });
    let promisesEnd = false;
    for (const binding of bindings) {
      const { uid } = binding.pod.metadata;
      this.#assumed.add(uid);
      if (this.#table.nominate(uid, undefined)) promisesEnd = true;
      this.#table.place(uid, binding.pod, binding.node);
      if (this.#volumes.mustBind(binding.pod)) this.#follow(this.#bindVolumes(binding));
      else this.#toBind.push(binding);
    }
    for (const failure of failures) {
      this.#pending.refuse(failure.pod, failure, this.#deps.clock.monotonicMs());
      this.#refuse(failure);
    }
    for (const pod of displaced) {
      this.#table.nominate(pod.metadata.uid, undefined);
      this.#follow(this.#writeStatus(pod, { nominatedNodeName: null }));
    }
    for (const pod of postponed) this.#pending.put(pod, true);
    if (promisesEnd) this.#retry({ change: 'pod' });
    // Whoever was refused before another of the batch was placed may want to be beside it.
    if (bindings.length > 0) this.#retry({ change: 'placed' });
    this.#pump();
  }

  #pump(): void {
    while (this.#binding < this.#options.bindsInFlight) {
      const binding = this.#toBind.shift();
      if (binding === undefined) return;
      this.#binding += 1;
      this.#follow(
        this.#bind(binding).finally(() => {
          this.#binding -= 1;
          this.#pump();
        }),
      );
    }
  }

  #follow(work: Promise<unknown>): void {
    const followed: Promise<unknown> = work.finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
  }

  /** First the volumes, which may take minutes: it holds nobody up. Never rejects. */
  async #bindVolumes(binding: PlannedBinding): Promise<void> {
    const { pod, node } = binding;
    const { uid } = pod.metadata;
    const wait = new AbortController();
    this.#waits.set(uid, wait);
    try {
      await this.#volumes.bind(pod, node, wait.signal);
    } catch (error) {
      if (!wait.signal.aborted) this.#bindFailed(pod, node, error);
      return;
    } finally {
      this.#waits.delete(uid);
    }
    this.#toBind.push(binding);
    this.#pump();
  }

  /** Never rejects. */
  async #bind({ pod, node }: PlannedBinding): Promise<void> {
    const { client, events } = this.#deps;
    try {
      await client.update(PODS, bindingOf(pod, node), { subresource: 'binding', fieldManager: FIELD_MANAGER });
    } catch (error) {
      this.#bindFailed(pod, node, error);
      return;
    }
    const message = `Successfully assigned ${keyOf(pod)} to ${node}`;
    events.record(pod, { type: 'Normal', reason: 'Scheduled', message });
  }

  #bindFailed(pod: Pod, node: string, error: unknown): void {
    const { log } = this.#deps;
    const { uid } = pod.metadata;
    // Seen on a node or gone meanwhile: what was seen counts.
    if (!this.#assumed.delete(uid)) return;
    this.#retryOn(seeGone(this.#table, uid));
    const delayMs = this.#tryLater(pod);
    const facts = { key: keyOf(pod), node, code: errorCode(error), delayMs };
    if (isApiError(error, 'Conflict', 'NotFound')) log.debug(facts, 'a pod moved on before it was bound');
    else log.warn({ ...facts, err: error }, 'a pod could not be bound, it is tried again');
  }

  /** The delay, in ms, after which it is tried again what could not be written for the pod. */
  #tryLater(pod: Pod): number {
    const { uid } = pod.metadata;
    const failures = (this.#failures.get(uid) ?? 0) + 1;
    this.#failures.set(uid, failures);
    const delayMs = backoffMs(failures, this.#options.backoff);
    this.#deps.clock.after(delayMs, () => this.#reconsider(pod));
    return delayMs;
  }

  #reconsider(pod: Pod): void {
    const current = this.#waiting(pod);
    if (current === undefined || this.#assumed.has(pod.metadata.uid)) return;
    this.#pending.put(current, true);
    this.#wake();
  }

  /** The pod as it is by now, if it still wants a node. */
  #waiting({ metadata }: Pod): Pod | undefined {
    const current = this.#deps.pods.get(keyOf({ metadata }));
    if (current?.metadata.uid !== metadata.uid) return undefined;
    return standingOf(current, this.#options.schedulerName) === 'waits' ? current : undefined;
  }

  /** Tells people, once for each new reason, and makes room where others are to go. */
  #refuse(failure: PlannedFailure): void {
    const { pod, message, nominated, victims } = failure;
    const { uid } = pod.metadata;
    const ended = this.#table.nominate(uid, nominated === undefined ? undefined : { pod, node: nominated });
    if (ended && nominated === undefined) this.#retry({ change: 'pod' });
    for (const { metadata } of victims) this.#leaving.add(metadata.uid);
    const told = JSON.stringify([message, nominated ?? '']);
    const isNew = this.#told.get(uid) !== told;
    this.#told.set(uid, told);
    if (isNew || victims.length > 0) this.#follow(this.#carryOut(failure));
  }

  /** The promise comes first: whoever is gone by then, nobody goes for. Never rejects. */
  async #carryOut(failure: PlannedFailure): Promise<void> {
    const { pod, nominated = '', victims } = failure;
    const { events, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const condition = planRefusal(pod, failure.message, nowMs);
    const isPromised = (pod.status?.nominatedNodeName ?? '') === nominated;
    if (condition !== undefined) {
      events.record(pod, { type: 'Warning', reason: 'FailedScheduling', message: failure.message });
    }
    const status = {
      ...(condition === undefined ? {} : { conditions: [condition as unknown as Json] }),
      ...(isPromised ? {} : { nominatedNodeName: nominated === '' ? null : nominated }),
    };
    const written = Object.keys(status).length === 0 || (await this.#writeStatus(pod, status));
    const evicted = await Promise.all(
      victims.map(
        async (victim) =>
          written && (await evict(this.#deps, { victim, preemptor: pod, node: nominated, nowMs }, FIELD_MANAGER)),
      ),
    );
    const left = victims.filter((_, index) => evicted[index] !== true);
    for (const { metadata } of left) this.#leaving.delete(metadata.uid);
    // Of a pod that is gone meanwhile nothing is kept: nobody would ever forget it.
    if ((!written || left.length > 0) && this.#waiting(pod) !== undefined) this.#tryLater(pod);
  }

  /** False when it could not be written, or the pod is gone. Never rejects. */
  async #writeStatus(pod: Pod, status: { readonly [field: string]: Json }): Promise<boolean> {
    const { client, log } = this.#deps;
    // The uid: another pod of the same name is not meant.
    const body = { metadata: { uid: pod.metadata.uid }, status };
    try {
      const options = { subresource: 'status', fieldManager: FIELD_MANAGER } as const;
      await client.patch(PODS, pod.metadata, { type: 'strategic', body }, options);
      return true;
    } catch (error) {
      this.#told.delete(pod.metadata.uid);
      if (!isApiError(error, 'NotFound', 'Conflict')) {
        log.warn({ key: keyOf(pod), err: error }, 'why a pod has no node could not be written');
      }
      return false;
    }
  }
}

function bindingOf({ metadata: { name, namespace, uid } }: Pod, node: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, uid, ...(namespace === undefined ? {} : { namespace }) },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  };
}
