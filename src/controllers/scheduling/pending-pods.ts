import type { Pod } from '#api';
import type { ClusterChange } from '#scheduler';

interface Refused {
  readonly pod: Pod;
  readonly retryOn: ReadonlySet<ClusterChange>;
}

/** Pods that want a node: those to be tried now, and those set aside until something changes that may help. By uid. */
export class PendingPods {
  readonly #ready = new Map<string, Pod>();
  readonly #refused = new Map<string, Refused>();

  /** Pods to be tried now. */
  get ready(): number {
    return this.#ready.size;
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
    this.#ready.set(uid, pod);
  }

  forget(uid: string): void {
    this.#ready.delete(uid);
    this.#refused.delete(uid);
  }

  /** Up to `limit` pods, which are then the caller's. The oldest first. */
  take(limit: number): Pod[] {
    const taken: Pod[] = [];
    for (const [uid, pod] of this.#ready) {
      if (taken.length >= limit) break;
      taken.push(pod);
      this.#ready.delete(uid);
    }
    return taken;
  }

  refuse(pod: Pod, retryOn: ReadonlySet<ClusterChange>): void {
    this.#refused.set(pod.metadata.uid, { pod, retryOn });
  }

  /** Brings back what this change may help; everything when none is named. */
  retry(change?: ClusterChange): void {
    for (const [uid, { pod, retryOn }] of this.#refused) {
      if (change !== undefined && !retryOn.has(change)) continue;
      this.#refused.delete(uid);
      this.#ready.set(uid, pod);
    }
  }
}
