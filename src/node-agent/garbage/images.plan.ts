import type { HostImage } from './image.types.ts';

/** When this run of the agent saw an image first, and used it last; monotonic, in ms. */
export interface ImageAge {
  readonly seenMs: number;
  readonly usedMs: number;
}

export interface ImageSnapshot {
  /** Every image of this host. */
  readonly images: readonly HostImage[];
  /** Ids that any container is made of. */
  readonly used: ReadonlySet<string>;
  /** Complete names that pods of this node ask for, or that are being pulled. */
  readonly wanted: ReadonlySet<string>;
  /** What this agent pulled: the names it asked for, by id. */
  readonly pulled: ReadonlyMap<string, ReadonlySet<string>>;
  readonly ages: ReadonlyMap<string, ImageAge>;
  readonly nowMs: number;
  readonly minAgeMs: number;
  /** Infinity: all that may go. */
  readonly bytesToFree: number;
}

export interface ImageRemoval {
  readonly id: string;
  /** Taken one by one; with the last the image goes. */
  readonly names: readonly string[];
  readonly bytes: number;
}

export interface ImagePlan {
  /** In this order, those unused for longest first, and no more than needed. */
  readonly remove: readonly ImageRemoval[];
  readonly bytes: number;
  /** Records of images that are no more. */
  readonly forget: readonly string[];
  readonly reason: string;
}

/**
 * Which images go: of those that this agent pulled, that carry no name which somebody else gave, that no container is made
 * of and no pod asks for. Source: kubelet images/image_gc_manager.go, freeSpace (v1.32), which takes every unused image.
 */
export function planImages(snapshot: ImageSnapshot): ImagePlan {
  const { images, pulled, ages, bytesToFree } = snapshot;
  const present = new Set(images.map(({ id }) => id));
  const order = images.filter((image) => mayGo(image, snapshot)).sort((left, right) => byUse(ages, left, right));
  const remove: ImageRemoval[] = [];
  let bytes = 0;
  for (const { id, tags, sizeBytes } of order) {
    if (bytes >= bytesToFree) break;
    remove.push({ id, names: tags.length === 0 ? [id] : tags, bytes: sizeBytes });
    bytes += sizeBytes;
  }
  const forget = [...pulled.keys()].filter((id) => !present.has(id));
  return { remove, bytes, forget, reason: `${order.length} of ${images.length} images may go, ${remove.length} do` };
}

function mayGo(image: HostImage, { used, wanted, pulled, ages, nowMs, minAgeMs }: ImageSnapshot): boolean {
  const asked = pulled.get(image.id);
  if (asked === undefined || used.has(image.id)) return false;
  if (!image.tags.every((tag) => asked.has(tag))) return false;
  if ([...image.tags, ...image.digests, ...asked].some((name) => wanted.has(name))) return false;
  const age = ages.get(image.id);
  return age !== undefined && nowMs - Math.max(age.seenMs, age.usedMs) >= minAgeMs;
}

function byUse(ages: ReadonlyMap<string, ImageAge>, left: HostImage, right: HostImage): number {
  const [a, b] = [ages.get(left.id), ages.get(right.id)];
  const used = (a?.usedMs ?? 0) - (b?.usedMs ?? 0);
  return used || (a?.seenMs ?? 0) - (b?.seenMs ?? 0) || (left.id < right.id ? -1 : 1);
}

/** How much is to be freed on a disk; 0 while it is not fuller than `highPercent`. Source: image_gc_manager.go, GarbageCollect (v1.32). */
export function bytesToFree(
  disk: { readonly available: number; readonly capacity: number },
  { highPercent, lowPercent }: { readonly highPercent: number; readonly lowPercent: number },
): number {
  if (disk.capacity <= 0) return 0;
  const usedPercent = 100 - Math.floor((disk.available * 100) / disk.capacity);
  if (usedPercent < highPercent || highPercent >= 100) return 0;
  return Math.max(0, Math.floor((disk.capacity * (100 - lowPercent)) / 100) - disk.available);
}
