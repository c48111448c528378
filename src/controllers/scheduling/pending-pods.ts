import type { Pod } from '#api';
import { type BackoffOptions, backoffMs } from '#base';
import type { ClusterChange } from '#scheduler';

/** Pods that were refused for the same reasons. */
interface Refused {
  readonly retryOn: ReadonlySet<ClusterChange>;
  readonly pods: Map<string, Pod>;
}

interface Attempts {
  readonly count: number;
  /** Not to be tried again before. */
  readonly dueMs: number;
}

/**
 * Pods that want a node: those to be tried now, those set aside until something changes that may help, and those that
 * something may have helped but were tried a moment ago. By uid. Times are of a clock that only goes on.
 */
export class PendingPods {
  readonly #backoff: BackoffOptions;
  /** By priority, and in each by uid in the order they came. An empty one is not kept. */
  readonly #ready = new Map<number, Map<string, Pod>>();
  /** Uid → the priority under which it waits. */
  readonly #priorities = new Map<string, number>();
  /** By kind. An empty one is not kept. */
  readonly #refused = new Map<string, Refused>();
  /** Uid → its kind, of those set aside. */
  readonly #kinds = new Map<string, string>();
  readonly #backingOff = new Map<string, Pod>();
  readonly #attempts = new Map<string, Attempts>();

  /** The first time a refused pod is tried again at once; then `backoff` grows with every refusal. */
  constructor(backoff: BackoffOptions) {
    this.#backoff = backoff;
  }

  /** Pods to be tried now. */
  get ready(): number {
    return this.#priorities.size;
  }

  /** Pods that are not to be tried now. */
  get waiting(): number {
    return this.#kinds.size + this.#backingOff.size;
  }

  /** The pod as it is now. One that was set aside stays aside unless `anew`. */
  put(pod: Pod, anew: boolean): void {
    const { uid } = pod.metadata;
    const aside = this.#backingOff.has(uid)
      ? this.#backingOff
      : this.#refused.get(this.#kinds.get(uid) ?? NO_KIND)?.pods;
    if (aside !== undefined && !anew) {
      aside.set(uid, pod);
      return;
    }
    this.#remove(uid);
    this.#add(pod);
  }

  forget(uid: string): void {
    this.#remove(uid);
    this.#attempts.delete(uid);
  }

  /** Up to `limit` pods, which are then the caller's. The most important first, of those the oldest. */
  take(limit: number): Pod[] {
    const taken: Pod[] = [];
    for (const priority of [...this.#ready.keys()].sort((left, right) => right - left)) {
      for (const [uid, pod] of this.#ready.get(priority) ?? []) {
        if (taken.length >= limit) return taken;
        taken.push(pod);
        this.#remove(uid);
      }
    }
    return taken;
  }

  /** Sets a pod aside that was taken. Pods of one kind are refused, and helped, together. */
  refuse(pod: Pod, { kind, retryOn }: { kind: string; retryOn: ReadonlySet<ClusterChange> }, nowMs: number): void {
    const { uid } = pod.metadata;
    const count = (this.#attempts.get(uid)?.count ?? 0) + 1;
    this.#attempts.set(uid, { count, dueMs: count === 1 ? nowMs : nowMs + backoffMs(count - 1, this.#backoff) });
    this.#remove(uid);
    const { pods } = this.#refused.get(kind) ?? { pods: new Map() };
    this.#refused.set(kind, { retryOn, pods: pods.set(uid, pod) });
    this.#kinds.set(uid, kind);
  }

  /**
   * Brings back the kinds of pods that are helped, those tried a moment ago when they have backed off: when to call
   * `release` for the first of these; undefined when there are none.
   */
  retry(isHelped: (pod: Pod, retryOn: ReadonlySet<ClusterChange>) => boolean, nowMs: number): number | undefined {
    let firstMs: number | undefined;
    for (const { retryOn, pods } of [...this.#refused.values()]) {
      const [example] = pods.values();
      if (example === undefined || !isHelped(example, retryOn)) continue;
      for (const [uid, pod] of [...pods]) {
        const dueMs = this.#dueMs(uid);
        this.#remove(uid);
        if (dueMs <= nowMs) {
          this.#add(pod);
        } else {
          this.#backingOff.set(uid, pod);
          firstMs = Math.min(firstMs ?? dueMs, dueMs);
        }
      }
    }
    return firstMs;
  }

  /** Brings back those that have backed off: when to call it for the next; undefined when there is none. */
  release(nowMs: number): number | undefined {
    let nextMs: number | undefined;
    for (const [uid, pod] of [...this.#backingOff]) {
      const dueMs = this.#dueMs(uid);
      if (dueMs <= nowMs) {
        this.#remove(uid);
        this.#add(pod);
      } else {
        nextMs = Math.min(nextMs ?? dueMs, dueMs);
      }
    }
    return nextMs;
  }

  #dueMs(uid: string): number {
    return this.#attempts.get(uid)?.dueMs ?? Number.NEGATIVE_INFINITY;
  }

  #add(pod: Pod): void {
    const { uid } = pod.metadata;
    const priority = pod.spec.priority ?? 0;
    if (this.#priorities.get(uid) !== priority) this.#remove(uid);
    this.#priorities.set(uid, priority);
    const like = this.#ready.get(priority) ?? new Map<string, Pod>();
    this.#ready.set(priority, like.set(uid, pod));
  }

  #remove(uid: string): void {
    this.#backingOff.delete(uid);
    const kind = this.#kinds.get(uid);
    if (kind !== undefined) {
      this.#kinds.delete(uid);
      const refused = this.#refused.get(kind);
      refused?.pods.delete(uid);
      if (refused?.pods.size === 0) this.#refused.delete(kind);
    }
    const priority = this.#priorities.get(uid);
    if (priority === undefined) return;
    this.#priorities.delete(uid);
    const like = this.#ready.get(priority);
    like?.delete(uid);
    if (like?.size === 0) this.#ready.delete(priority);
  }
}

const NO_KIND = '';
