import type { Pod } from '#api';
import type { ClusterChange } from '#scheduler';

interface Refused {
  readonly pod: Pod;
  readonly retryOn: ReadonlySet<ClusterChange>;
}

/** Pods that want a node: those to be tried now, and those set aside until something changes that may help. By uid. */
export class PendingPods {
  /** By priority, and in each by uid in the order they came. An empty one is not kept. */
  readonly #ready = new Map<number, Map<string, Pod>>();
  /** Uid → the priority under which it waits. */
  readonly #priorities = new Map<string, number>();
  readonly #refused = new Map<string, Refused>();

  /** Pods to be tried now. */
  get ready(): number {
    return this.#priorities.size;
  }

  /** Pods set aside. */
  get refused(): number {
    return this.#refused.size;
  }

  /** The pod as it is now. One that was set aside stays aside unless `anew`. */
  put(pod: Pod, anew: boolean): void {
    const { uid } = pod.metadata;
    const refused = this.#refused.get(uid);
    if (refused !== undefined && !anew) {
      this.#refused.set(uid, { ...refused, pod });
      return;
    }
    this.#refused.delete(uid);
    this.#add(pod);
  }

  forget(uid: string): void {
    this.#remove(uid);
    this.#refused.delete(uid);
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

  #add(pod: Pod): void {
    const { uid } = pod.metadata;
    const priority = pod.spec.priority ?? 0;
    if (this.#priorities.get(uid) !== priority) this.#remove(uid);
    this.#priorities.set(uid, priority);
    const like = this.#ready.get(priority) ?? new Map<string, Pod>();
    this.#ready.set(priority, like.set(uid, pod));
  }

  #remove(uid: string): void {
    const priority = this.#priorities.get(uid);
    if (priority === undefined) return;
    this.#priorities.delete(uid);
    const like = this.#ready.get(priority);
    like?.delete(uid);
    if (like?.size === 0) this.#ready.delete(priority);
  }

  refuse(pod: Pod, retryOn: ReadonlySet<ClusterChange>): void {
    this.#refused.set(pod.metadata.uid, { pod, retryOn });
  }

  /** Brings back what this change may help; everything when none is named. */
  retry(change?: ClusterChange): void {
    for (const [uid, { pod, retryOn }] of this.#refused) {
      if (change !== undefined && !retryOn.has(change)) continue;
      this.#refused.delete(uid);
      this.#add(pod);
    }
  }
}
