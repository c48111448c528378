import { type AppProject, cronTimes, parseCron, parseDuration, type SyncWindow } from '#api';
import { formatTime } from '#base';
import { compileGlob } from '#render';

/** Whether a sync may begin now. Judged when a run begins: one that has begun is never stopped by a window. */
export interface WindowVerdict {
  readonly automatic: boolean;
  readonly manual: boolean;
  /** Why not, in words for a person; undefined when an automatic sync may begin. */
  readonly reason?: string;
  /** When the verdict may be another, in Unix ms; undefined: never by itself. */
  readonly changesAtMs?: number;
}

export interface WindowQuestion {
  readonly project: AppProject | undefined;
  readonly application: string;
  /** Of the Application's destination. */
  readonly namespace: string;
  readonly nowMs: number;
}

const OPEN: WindowVerdict = { automatic: true, manual: true };
const CLUSTERS = ['in-cluster', 'https://kubernetes.default.svc'];
/** Longest window that is looked back for, ms. */
const MAX_WINDOW_MS = 366 * 24 * 3_600_000;

/** Denials win; where windows allow at all, one of them must be open. Source: argo-cd types.go, SyncWindows.CanSync (v3.0). */
export function judgeWindows(question: WindowQuestion): WindowVerdict {
  const windows = (question.project?.spec.syncWindows ?? []).filter((window) => matches(window, question));
  if (windows.length === 0) return OPEN;
  const states = windows.map((window) => stateOf(window, question.nowMs));
  const broken = states.find(({ problem }) => problem !== undefined);
  if (broken !== undefined) {
    return { automatic: false, manual: false, reason: `a sync window cannot be read: ${broken.problem}` };
  }
  const changes = states.flatMap(({ changesAtMs }) => changesAtMs ?? []);
  const changing = changes.length === 0 ? {} : { changesAtMs: Math.min(...changes) };
  const denying = states.filter(({ window, active }) => window.kind === 'deny' && active);
  if (denying.length > 0) {
    const ends = Math.max(...denying.map(({ changesAtMs = 0 }) => changesAtMs));
    return {
      automatic: false,
      manual: denying.every(({ window }) => window.manualSync === true),
      reason: `a sync window denies syncs until ${formatTime(ends)}`,
      ...changing,
    };
  }
  const allowing = states.filter(({ window }) => window.kind === 'allow');
  if (allowing.length === 0 || allowing.some(({ active }) => active)) return { ...OPEN, ...changing };
  const opens = allowing.flatMap(({ changesAtMs }) => changesAtMs ?? []);
  return {
    automatic: false,
    manual: allowing.every(({ window }) => window.manualSync === true),
    reason:
      opens.length === 0
        ? 'no sync window will ever open'
        : `waits for a sync window, which opens at ${formatTime(Math.min(...opens))}`,
    ...changing,
  };
}

function matches(window: SyncWindow, { application, namespace }: WindowQuestion): boolean {
  const any = (patterns: readonly string[] | undefined, texts: readonly string[]) =>
    (patterns ?? []).some((pattern) => {
      const test = compileGlob(pattern);
      return texts.some((text) => pattern === text || test?.(text) === true);
    });
  const asked = [
    { patterns: window.applications, texts: [application] },
    { patterns: window.namespaces, texts: [namespace] },
    { patterns: window.clusters, texts: CLUSTERS },
  ];
  if (window.andOperator !== true) return asked.some(({ patterns, texts }) => any(patterns, texts));
  const named = asked.filter(({ patterns }) => (patterns ?? []).length > 0);
  return named.length > 0 && named.every(({ patterns, texts }) => any(patterns, texts));
}

interface WindowState {
  readonly window: SyncWindow;
  readonly active: boolean;
  readonly changesAtMs?: number;
  readonly problem?: string;
}

function stateOf(window: SyncWindow, nowMs: number): WindowState {
  const schedule = parseCron(window.schedule ?? '');
  const lengthMs = parseDuration(window.duration ?? '');
  if (typeof schedule === 'string') return { window, active: false, problem: schedule };
  if (lengthMs === undefined) return { window, active: false, problem: `"${window.duration}" is not a duration` };
  const times = cronTimes(schedule, window.timeZone ?? schedule.zone ?? 'UTC');
  const begunMs = times.last(nowMs - Math.min(lengthMs, MAX_WINDOW_MS), nowMs);
  if (begunMs !== undefined && begunMs + lengthMs > nowMs) {
    return { window, active: true, changesAtMs: begunMs + lengthMs };
  }
  const nextMs = times.next(nowMs);
  return { window, active: false, ...(nextMs === undefined ? {} : { changesAtMs: nextMs }) };
}
