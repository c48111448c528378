import type { Clock, Timer } from '#base';
import type { Runtime } from '#runtime';
import { isTerminating } from '../pod/containers.plan.ts';
import type { ContainerSpec, Pod, Probe, ProbeView, RuntimeContainer } from '../pod/pod.types.ts';
import { ask } from './ask.ts';
import {
  initialState,
  isWorthTelling,
  judge,
  nextDelayMs,
  type ProbeKind,
  type ProbeSchedule,
  type ProbeState,
  scheduleOf,
} from './probe.plan.ts';

export interface ProberDeps {
  readonly runtime: Pick<Runtime, 'exec'>;
  readonly clock: Clock;
  /** The range of the addresses of all pods. */
  readonly clusterCidr: string;
  /** A verdict changed: the pod is to be looked at. */
  readonly onChange: (podUid: string) => void;
  /** A probe failed, as people should hear. */
  readonly onFailure: (podUid: string, container: string, kind: ProbeKind, message: string) => void;
}

/** Probes that wait for an answer at the same time; the others wait for their turn. */
const MAX_ASKING = 64;

interface OneProbe {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly schedule: ProbeSchedule;
  state: ProbeState;
  timer: Timer | undefined;
  asking: boolean;
}

interface Probed {
  readonly containerId: string;
  readonly probes: ReadonlyMap<ProbeKind, OneProbe>;
  pod: Pod;
  spec: ContainerSpec;
  podIP: string | undefined;
  ended: boolean;
}

/** Probes running containers by their specs, and knows what came of it. */
export class Prober {
  readonly #deps: ProberDeps;
  readonly #probed = new Map<string, Probed>();
  #asking = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(deps: ProberDeps) {
    this.#deps = deps;
  }

  /**
   * Probes this running container from now on; told again, only what changed is taken over. `knownReady`: an earlier
   * run of the agent left it ready, so it stays ready until a probe says otherwise.
   */
  follow(
    pod: Pod,
    spec: ContainerSpec,
    container: RuntimeContainer,
    { podIP, knownReady }: { readonly podIP: string | undefined; readonly knownReady: boolean },
  ): void {
    const known = this.#probed.get(container.id);
    if (known !== undefined) {
      known.pod = pod;
      known.spec = spec;
      known.podIP = podIP;
      return;
    }
    const probes = new Map<ProbeKind, OneProbe>();
    for (const kind of ['startup', 'readiness', 'liveness'] as const) {
      const probe = spec[`${kind}Probe`];
      if (!probe) continue;
      const state = initialState(knownReady || kind === 'liveness' ? 'success' : 'unknown');
      const schedule = scheduleOf(kind, probe);
      // Liveness is presumed, not proven.
      const everSucceeded = knownReady;
      probes.set(kind, { kind, probe, schedule, state: { ...state, everSucceeded }, timer: undefined, asking: false });
    }
    const probed: Probed = { containerId: container.id, probes, pod, spec, podIP, ended: false };
    this.#probed.set(container.id, probed);
    const age = this.#deps.clock.nowMs() - (container.startedAtMs ?? this.#deps.clock.nowMs());
    for (const one of probes.values()) {
      if (one.kind === 'startup' || isStarted(probed)) this.#schedule(probed, one, one.schedule.initialDelayMs - age);
    }
  }

  /** What the probes say; of containers that are not followed nothing. */
  view(containerId: string): ProbeView | undefined {
    const probed = this.#probed.get(containerId);
    if (probed === undefined) return undefined;
    const started = isStarted(probed);
    const ready = started && (probed.probes.get('readiness')?.state.verdict ?? 'success') === 'success';
    const failure = failureOf(probed);
    return { started, ready, ...(failure === undefined ? {} : { failure }) };
  }

  /** Ends the probing of a container. */
  forget(containerId: string): void {
    const probed = this.#probed.get(containerId);
    if (probed === undefined) return;
    probed.ended = true;
    for (const { timer } of probed.probes.values()) timer?.cancel();
    this.#probed.delete(containerId);
  }

  close(): void {
    for (const id of [...this.#probed.keys()]) this.forget(id);
  }

  #schedule(probed: Probed, one: OneProbe, delayMs: number): void {
    one.timer?.cancel();
    one.timer = this.#deps.clock.after(Math.max(0, delayMs), () => void this.#turn(probed, one));
  }

  async #turn(probed: Probed, one: OneProbe): Promise<void> {
    if (probed.ended || one.asking) return;
    // One that is leaving may fail its probes: it is not restarted any more. Source: prober_manager.go (v1.32).
    if (one.kind !== 'readiness' && isTerminating(probed.pod)) return;
    one.asking = true;
    await this.#enter();
    const outcome = await ask({
      runtime: this.#deps.runtime,
      clock: this.#deps.clock,
      pod: probed.pod,
      spec: probed.spec,
      probe: one.probe,
      containerId: probed.containerId,
      podIP: probed.podIP,
      timeoutMs: one.schedule.timeoutMs,
      clusterCidr: this.#deps.clusterCidr,
    });
    this.#leave();
    one.asking = false;
    if (probed.ended) return;

    const before = one.state;
    one.state = judge(before, outcome, one.schedule, this.#deps.clock.nowMs());
    const { uid } = probed.pod.metadata;
    if (isWorthTelling(before, one.state)) this.#deps.onFailure(uid, probed.spec.name, one.kind, outcome.message);
    if (before.verdict !== one.state.verdict) {
      if (one.kind === 'startup' && one.state.verdict === 'success') this.#begin(probed);
      this.#deps.onChange(uid);
    }
    // A startup probe has done its work; what a container is restarted for is not asked again.
    if (one.kind === 'startup' && one.state.verdict === 'success') return;
    if (one.kind !== 'readiness' && one.state.verdict === 'failure') return;
    this.#schedule(probed, one, nextDelayMs(one.state, one.schedule));
  }

  /** Started: the other probes begin. */
  #begin(probed: Probed): void {
    for (const one of probed.probes.values()) {
      if (one.kind !== 'startup') this.#schedule(probed, one, one.schedule.initialDelayMs);
    }
  }

  async #enter(): Promise<void> {
    if (this.#asking < MAX_ASKING) {
      this.#asking += 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#asking -= 1;
    else next();
  }
}

function isStarted({ probes }: Probed): boolean {
  return (probes.get('startup')?.state.verdict ?? 'success') === 'success';
}

function failureOf({ probes, spec }: Probed): ProbeView['failure'] {
  for (const kind of ['startup', 'liveness'] as const) {
    const one = probes.get(kind);
    if (one?.state.verdict !== 'failure') continue;
    const message = `Container ${spec.name} failed ${kind} probe`;
    const grace = one.probe.terminationGracePeriodSeconds;
    return { message, ...(grace === undefined ? {} : { graceSeconds: grace }) };
  }
  return undefined;
}
