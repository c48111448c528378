import type { KubeObject, Pod } from '#api';
import { type Clock, type Log, sleep } from '#base';
import type { EventRecorder } from '#reconcile';
import type { Runtime } from '#runtime';
import type { PodVerdict } from '../pod/pod.types.ts';
import type { NodeSettings } from '../settings/settings.plan.ts';
import { type PodUse, planEviction, type RankedPod } from './eviction.plan.ts';
import type { MachineView } from './machine.ts';
import { diskPartsOf, diskUse, isDiskResource, type PodUseDeps, runningUse } from './pod-use.ts';
import { NO_MEMORY, type PressureMemory, type PressurePlan, planPressure } from './pressure.plan.ts';
import { hasStorageLimit, planStorageLimit } from './storage-limit.plan.ts';
import { factsOf, isMet, type PressureType, type Threshold } from './threshold.plan.ts';

export interface PressureManagerDeps extends PodUseDeps {
  readonly runtime: Pick<Runtime, 'stats' | 'diskUsage'>;
  readonly machine: () => Promise<MachineView>;
  readonly settings: Pick<NodeSettings, 'thresholds' | 'pressureTransitionMs' | 'maxPodGraceSeconds'>;
  readonly pods: {
    /** Pods that run, or may come to. */
    active(): readonly Pod[];
    /** Nothing of it runs here or takes room, but for its records. */
    isReleased(uid: string): boolean;
    end(uid: string, verdict: PodVerdict): boolean;
  };
  /** What frees disk without a pod's end: records of dead containers, then images. */
  readonly reclaim: readonly (() => Promise<unknown>)[];
  readonly recorder: EventRecorder;
  readonly node: KubeObject;
  /** Told when the node comes under pressure, or out of it. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Time between two looks, in ms. Source: kubelet.go, evictionMonitoringPeriod (v1.32). */
const LOOK_MS = 10_000;
/** How long an evicted pod is waited for, and how often it is looked for, in ms. Source: kubelet eviction_manager.go (v1.32). */
const CLEANUP_MS = 30_000;
const CLEANUP_LOOK_MS = 1_000;

/** Words of events for each kind of pressure. Source: kubelet nodestatus/setters.go (v1.32). */
const EVENTS: Readonly<Record<PressureType, readonly [begins: string, ends: string]>> = {
  MemoryPressure: ['NodeHasInsufficientMemory', 'NodeHasSufficientMemory'],
  DiskPressure: ['NodeHasDiskPressure', 'NodeHasNoDiskPressure'],
  PIDPressure: ['NodeHasInsufficientPID', 'NodeHasSufficientPID'],
};

/** Keeps the machine alive: says what it runs short of, frees what nobody needs, and ends pods, one at a time, while that is not enough. */
export class PressureManager {
  readonly #deps: PressureManagerDeps;
  #memory: PressureMemory = NO_MEMORY;
  #pressure: ReadonlySet<PressureType> = new Set();

  constructor(deps: PressureManagerDeps) {
    this.#deps = deps;
  }

  get pressure(): ReadonlySet<PressureType> {
    return this.#pressure;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      const evicted = await this.look().catch((error: unknown) => {
        log.warn({ err: error }, 'what this machine is short of cannot be looked at');
        return [];
      });
      if (evicted.length > 0) await this.#untilGone(evicted, signal);
      else await sleep(clock, LOOK_MS, signal).catch(() => undefined);
    }
  }

  /** Looks once. Answers the uids of pods that were ended. */
  async look(): Promise<readonly string[]> {
    const { machine, settings, clock, pods } = this.#deps;
    const view = await machine();
    const plan = planPressure({
      memory: this.#memory,
      thresholds: settings.thresholds,
      observations: view.observations,
      nowMs: clock.monotonicMs(),
      transitionMs: settings.pressureTransitionMs,
    });
    this.#take(plan);
    const active = pods.active();
    const outgrown = await this.#endOutgrown(active);
    if (outgrown.length > 0 || plan.act === undefined) return outgrown;
    return await this.#relieve(plan.act, view, active);
  }

  #take({ memory, pressure }: PressurePlan): void {
    const { recorder, node, onChange } = this.#deps;
    const before = this.#pressure;
    this.#memory = memory;
    this.#pressure = pressure;
    let changed = false;
    for (const [type, [begins, ends]] of Object.entries(EVENTS) as [PressureType, readonly [string, string]][]) {
      if (before.has(type) === pressure.has(type)) continue;
      changed = true;
      const reason = pressure.has(type) ? begins : ends;
      const message = `Node ${node.metadata.name ?? ''} status is now: ${reason}`;
      recorder.record(node, { type: 'Normal', reason, message });
    }
    if (changed) onChange();
  }

  /** Pods that hold more of the disk than they may. */
  async #endOutgrown(active: readonly Pod[]): Promise<readonly string[]> {
    const limited = active.filter(hasStorageLimit);
    if (limited.length === 0) return [];
    const uses = await diskUse(this.#deps, limited);
    return limited.flatMap((pod) => {
      const use = uses.get(pod.metadata.uid);
      const verdict = use === undefined ? undefined : planStorageLimit(pod, use);
      return verdict !== undefined && this.#end(pod, verdict) ? [pod.metadata.uid] : [];
    });
  }

  async #relieve(threshold: Threshold, view: MachineView, active: readonly Pod[]): Promise<readonly string[]> {
    const { recorder, node, settings, log } = this.#deps;
    const { resource } = factsOf(threshold.signal);
    const message = `Attempting to reclaim ${resource}`;
    recorder.record(node, { type: 'Warning', reason: 'EvictionThresholdMet', message });
    log.warn({ signal: threshold.signal, resource }, 'this machine is short of something');
    const now = await this.#reclaim(threshold, view);
    if (now === undefined) return [];
    const pods = await this.#ranked(threshold, now, active);
    const { evict, reason } = planEviction({
      pods,
      threshold,
      observations: now.observations,
      maxGraceSeconds: settings.maxPodGraceSeconds,
    });
    log.warn({ reason }, evict === undefined ? 'no pod may be evicted' : 'a pod is evicted');
    return evict !== undefined && this.#end(evict.pod, evict.verdict) ? [evict.pod.metadata.uid] : [];
  }

  /** Frees what nobody needs; undefined when that was enough, otherwise how things stand now. */
  async #reclaim({ signal, ...threshold }: Threshold, view: MachineView): Promise<MachineView | undefined> {
    const { reclaim, machine, log } = this.#deps;
    const helps = isDiskResource(factsOf(signal).resource) && (signal.startsWith('imagefs.') || !view.hasImageFs);
    if (!helps) return view;
    for (const free of reclaim) {
      await free().catch((error: unknown) => log.warn({ err: error }, 'what nobody needs cannot be freed'));
    }
    const now = await machine();
    return isMet({ signal, ...threshold }, now.observations, true) ? now : undefined;
  }

  async #ranked(threshold: Threshold, view: MachineView, pods: readonly Pod[]): Promise<readonly RankedPod[]> {
    const { signal } = threshold;
    const uses: ReadonlyMap<string, PodUse> = isDiskResource(factsOf(signal).resource)
      ? await diskUse(this.#deps, pods, diskPartsOf(signal, view.hasImageFs))
      : await runningUse(this.#deps);
    return pods.map((pod) => ({ pod, use: uses.get(pod.metadata.uid) }));
  }

  #end(pod: Pod, verdict: PodVerdict): boolean {
    const { pods, log } = this.#deps;
    const { namespace, name, uid } = pod.metadata;
    log.warn({ pod: name, namespace, uid, why: verdict.message }, 'a pod is ended by its node');
    return pods.end(uid, verdict);
  }

  /** What it held comes back only when it is down and its volumes are gone; records go with the next look, before another pod. */
  async #untilGone(uids: readonly string[], signal: AbortSignal): Promise<void> {
    const { clock, pods } = this.#deps;
    const deadlineMs = clock.monotonicMs() + CLEANUP_MS;
    while (!signal.aborted && clock.monotonicMs() < deadlineMs && !uids.every((uid) => pods.isReleased(uid))) {
      await sleep(clock, CLEANUP_LOOK_MS, signal).catch(() => undefined);
    }
  }
}
