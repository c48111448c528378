import type { PodSpec } from '#api';

/** How well nodes suit a pod for the images that they have. */
export interface Locality {
  /** Pods of the same key have the same scores. */
  readonly key: string;
  /** By slot, 0–100. */
  readonly scores: Float64Array;
}

const MIB = 1024 * 1024;
/**
 * Images smaller than this, together, are no reason to prefer a node; so much for each container is the best there is.
 * Source: kubernetes pkg/scheduler/framework/plugins/imagelocality/image_locality.go (v1.32).
 */
const MIN_BYTES = 23 * MIB;
const MAX_BYTES_PER_CONTAINER = 1_000 * MIB;
/** Sets of images whose scores are kept. */
const MAX_KEPT = 64;

/** Which nodes have which images. */
export class ImageIndex {
  /** By image name: the size on each node that has it, by slot. */
  readonly #nodes = new Map<string, Map<number, number>>();
  readonly #bySlot = new Map<number, ReadonlyMap<string, number>>();
  readonly #kept = new Map<string, Locality>();

  /** Takes what a node has now: sizes in bytes by name. Undefined: the node is gone. */
  set(slot: number, images: ReadonlyMap<string, number> | undefined): void {
    for (const name of this.#bySlot.get(slot)?.keys() ?? []) {
      const nodes = this.#nodes.get(name);
      nodes?.delete(slot);
      if (nodes?.size === 0) this.#nodes.delete(name);
    }
    if (images === undefined) this.#bySlot.delete(slot);
    else this.#bySlot.set(slot, images);
    for (const [name, bytes] of images ?? []) {
      const nodes = this.#nodes.get(name) ?? new Map<number, number>();
      this.#nodes.set(name, nodes.set(slot, bytes));
    }
    this.#kept.clear();
  }

  /** The scores of a pod on `nodes` nodes in `slots` slots; undefined when no node has any of its images. */
  localityOf(pod: PodSpec, nodes: number, slots: number): Locality | undefined {
    const images = [...(pod.initContainers ?? []), ...pod.containers].map(({ image = '' }) => fullName(image));
    if (!images.some((image) => this.#nodes.has(image))) return undefined;
    const key = images.join(' ');
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const sums = new Float64Array(slots);
    for (const image of images) {
      const having = this.#nodes.get(image) ?? new Map<number, number>();
      // One that few nodes have counts less: else a pod would draw all others to where it was first.
      for (const [slot, bytes] of having) sums[slot] = (sums[slot] ?? 0) + Math.floor((bytes * having.size) / nodes);
    }
    const most = MAX_BYTES_PER_CONTAINER * images.length;
    const locality = { key, scores: sums.map((sum) => scoreOf(sum, most)) };
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    this.#kept.set(key, locality);
    return locality;
  }
}

function scoreOf(bytes: number, most: number): number {
  const counted = Math.min(Math.max(bytes, MIN_BYTES), most);
  return Math.floor((100 * (counted - MIN_BYTES)) / (most - MIN_BYTES));
}

/** As nodes name it: with the tag that it has when none is said. */
function fullName(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}
