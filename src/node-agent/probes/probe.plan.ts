import type { Probe } from '../pod/pod.types.ts';

export type ProbeKind = 'startup' | 'readiness' | 'liveness';

/** A probe's numbers, in ms. Source of the defaults: kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_Probe (v1.32). */
export interface ProbeSchedule {
  readonly kind: ProbeKind;
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** Asks often until the first success: a container is ready the moment it is, not at the next period. */
  readonly eagerMs: number | undefined;
}

/** First wait of eager asking; it doubles up to the period. A command costs the engine far more than a request. */
const EAGER_MS = 20;
const EAGER_EXEC_MS = 250;

export function scheduleOf(kind: ProbeKind, probe: Probe): ProbeSchedule {
  return {
    kind,
    initialDelayMs: (probe.initialDelaySeconds ?? 0) * 1000,
    periodMs: Math.max(1, probe.periodSeconds ?? 10) * 1000,
    timeoutMs: Math.max(1, probe.timeoutSeconds ?? 1) * 1000,
    successThreshold: Math.max(1, probe.successThreshold ?? 1),
    failureThreshold: Math.max(1, probe.failureThreshold ?? 3),
    eagerMs: kind === 'liveness' ? undefined : probe.exec ? EAGER_EXEC_MS : EAGER_MS,
  };
}

/** What is known after some askings. */
export interface ProbeState {
  readonly verdict: 'unknown' | 'success' | 'failure';
  /** Equal outcomes in a row, as far as they count. */
  readonly inARow: { readonly ok: boolean; readonly count: number };
  readonly everSucceeded: boolean;
  /** Askings before the first success. */
  readonly eager: number;
  /** When a failure last counted: within one period only one does. */
  readonly countedAtMs: number | undefined;
  readonly message: string;
}

/** Before the first asking. `verdict` is known for a container that was adopted. */
export function initialState(verdict: ProbeState['verdict'] = 'unknown'): ProbeState {
  return {
    verdict,
    inARow: { ok: true, count: 0 },
    everSucceeded: verdict === 'success',
    eager: 0,
    countedAtMs: undefined,
    message: '',
  };
}

export interface ProbeOutcome {
  readonly ok: boolean;
  readonly message: string;
  /** Somebody answered, if not as wanted. */
  readonly answered?: boolean;
}

/**
 * The state after one more outcome. The verdict turns only after the threshold of equal outcomes in a row. Failures of
 * eager asking count at most once a period, so that a threshold means the same time as in Kubernetes.
 */
export function judge(
  state: ProbeState,
  { ok, message }: ProbeOutcome,
  schedule: ProbeSchedule,
  nowMs: number,
): ProbeState {
  const since = state.countedAtMs === undefined ? Number.POSITIVE_INFINITY : nowMs - state.countedAtMs;
  const isEager = schedule.eagerMs !== undefined && !state.everSucceeded;
  const eager = isEager ? state.eager + 1 : 0;
  // Timers may fire a little early or late: nine tenths of a period is a period.
  if (!ok && isEager && since < schedule.periodMs * 0.9) return { ...state, eager, message };

  const count = state.inARow.ok === ok ? state.inARow.count + 1 : 1;
  const threshold = ok ? schedule.successThreshold : schedule.failureThreshold;
  return {
    verdict: count >= threshold ? (ok ? 'success' : 'failure') : state.verdict,
    inARow: { ok, count },
    everSucceeded: state.everSucceeded || ok,
    eager: ok ? 0 : eager,
    countedAtMs: ok ? state.countedAtMs : nowMs,
    message,
  };
}

/** When to ask again, in ms. */
export function nextDelayMs(state: ProbeState, { eagerMs, periodMs }: ProbeSchedule): number {
  if (eagerMs === undefined || state.everSucceeded) return periodMs;
  return Math.min(periodMs, eagerMs * 2 ** Math.min(20, Math.max(0, state.eager - 1)));
}

/** Whether a failure is worth telling: not while a container is only starting. */
export function isWorthTelling(before: ProbeState, after: ProbeState): boolean {
  if (after.inARow.ok || after.countedAtMs === before.countedAtMs) return false;
  return after.everSucceeded || after.inARow.count > 1;
}
