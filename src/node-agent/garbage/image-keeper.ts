import type { KubeObject } from '#api';
import { type Clock, errorMessage, type Log, sleep } from '#base';
import type { EventRecorder } from '#reconcile';
import { type HostImage, isRuntimeError, parseImageReference, type Runtime } from '#runtime';
import type { Observation } from '../pressure/threshold.plan.ts';
import type { ImageGcSettings } from '../settings/settings.plan.ts';
import { bytesToFree, type ImageAge, planImages } from './images.plan.ts';
import type { PulledImages } from './pulled-images.ts';

export interface ImageKeeperDeps {
  readonly runtime: Pick<Runtime, 'listImages' | 'usedImages' | 'removeImage'>;
  readonly pulled: PulledImages;
  readonly settings: ImageGcSettings;
  /** The disk that images lie on; undefined where it cannot be seen. */
  readonly disk: () => Promise<Observation | undefined>;
  /** Images that pods of this node ask for, as their specs name them. */
  readonly wanted: () => readonly string[];
  readonly recorder: EventRecorder;
  readonly node: KubeObject;
  /** Told when the host's images are seen to differ. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** How often the list of images is read anew, in ms. Source: kubelet images/image_gc_manager.go, Start (v1.32). */
const LIST_MS = 30_000;
/** How often the disk is looked at, in ms. Source: kubelet.go, ImageGCPeriod (v1.32). */
const COLLECT_MS = 5 * 60_000;

/** Knows the images of this host, and takes away those that this agent pulled and nobody needs when the disk fills up. */
export class ImageKeeper {
  readonly #deps: ImageKeeperDeps;
  readonly #ages = new Map<string, ImageAge>();
  readonly #pulling = new Map<string, number>();
  #images: readonly HostImage[] = [];
  #failedBefore = false;

  constructor(deps: ImageKeeperDeps) {
    this.#deps = deps;
  }

  /** As last listed. */
  get images(): readonly HostImage[] {
    return this.#images;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    let collectedMs = clock.monotonicMs();
    while (!signal.aborted) {
      try {
        await this.refresh();
        if (clock.monotonicMs() - collectedMs >= COLLECT_MS) {
          collectedMs = clock.monotonicMs();
          await this.collect();
        }
      } catch (error) {
        log.warn({ err: error }, 'images cannot be looked at');
      }
      await sleep(clock, LIST_MS, signal).catch(() => undefined);
    }
  }

  /** Lists anew. */
  async refresh(): Promise<void> {
    const [images, used] = await Promise.all([this.#deps.runtime.listImages(), this.#deps.runtime.usedImages()]);
    const nowMs = this.#deps.clock.monotonicMs();
    for (const { id } of images) {
      const known = this.#ages.get(id);
      if (known === undefined || used.has(id))
        this.#ages.set(id, { seenMs: known?.seenMs ?? nowMs, usedMs: used.has(id) ? nowMs : (known?.usedMs ?? 0) });
    }
    const present = new Set(images.map(({ id }) => id));
    for (const id of this.#ages.keys()) if (!present.has(id)) this.#ages.delete(id);
    const differs = images.length !== this.#images.length || images.some(({ id }, at) => id !== this.#images[at]?.id);
    this.#images = images;
    if (differs) this.#deps.onChange();
  }

  /** A container is about to be made of it. */
  used(id: string): void {
    const nowMs = this.#deps.clock.monotonicMs();
    this.#ages.set(id, { seenMs: this.#ages.get(id)?.seenMs ?? nowMs, usedMs: nowMs });
  }

  /** Runs a pull, and writes down whether it brought what was not there before. */
  async pulled<T extends { readonly id: string }>(image: string, pull: () => Promise<T>): Promise<T> {
    const name = completeName(image);
    this.#pulling.set(name, (this.#pulling.get(name) ?? 0) + 1);
    try {
      const before = new Set((await this.#deps.runtime.listImages()).map(({ id }) => id));
      const status = await pull();
      this.used(status.id);
      if (!before.has(status.id) || this.#deps.pulled.has(status.id)) await this.#deps.pulled.add(status.id, name);
      await this.refresh();
      return status;
    } finally {
      const left = (this.#pulling.get(name) ?? 1) - 1;
      if (left === 0) this.#pulling.delete(name);
      else this.#pulling.set(name, left);
    }
  }

  /** Frees the disk down to the low mark when it is above the high one. */
  async collect(): Promise<void> {
    const { disk, settings, recorder, node, log } = this.#deps;
    try {
      const seen = await disk();
      if (seen === undefined) return;
      const bytes = bytesToFree(seen, settings);
      if (bytes > 0) {
        const freed = await this.#remove(bytes, settings.minAgeMs);
        log.info({ bytes, freed }, 'the disk is nearly full: images that nobody needs are removed');
        if (freed < bytes) throw new Error(shortfall(bytes, freed));
      }
      this.#failedBefore = false;
    } catch (error) {
      const message = errorMessage(error);
      if (message.startsWith(SHORTFALL)) tell('FreeDiskSpaceFailed', message);
      // Once may be chance; the second time in a row people are told.
      if (this.#failedBefore) tell('ImageGCFailed', message);
      this.#failedBefore = true;
      log.warn({ err: error }, 'images cannot be collected');
    }
    function tell(reason: string, message: string) {
      recorder.record(node, { type: 'Warning', reason, message });
    }
  }

  /** Removes every image of ours that may go, however young: the disk is short now. Answers the bytes. */
  reclaimAll(): Promise<number> {
    return this.#remove(Number.POSITIVE_INFINITY, 0);
  }

  async #remove(bytes: number, minAgeMs: number): Promise<number> {
    const { runtime, pulled, wanted, clock, log } = this.#deps;
    await this.refresh();
    const plan = planImages({
      images: this.#images,
      used: await runtime.usedImages(),
      wanted: new Set([...wanted().map(completeName), ...this.#pulling.keys()]),
      pulled: pulled.all,
      ages: this.#ages,
      nowMs: clock.monotonicMs(),
      minAgeMs,
      bytesToFree: bytes,
    });
    let freed = 0;
    const gone: string[] = [];
    let failure: unknown;
    for (const { id, names, bytes: size } of plan.remove) {
      try {
        for (const name of names) await runtime.removeImage(name);
        gone.push(id);
        freed += size;
        log.info({ image: id, names, bytes: size }, 'an image that nobody needs is removed');
      } catch (error) {
        // A container was made of it since: that is what the engine is asked for.
        if (!isRuntimeError(error, 'ImageInUse')) failure ??= error;
      }
    }
    await pulled.forget([...plan.forget, ...gone]);
    if (gone.length > 0) await this.refresh();
    // One that cannot be removed keeps no other; it is told all the same.
    if (failure !== undefined) throw failure;
    return freed;
  }
}

/** As images carry it. */
const completeName = (image: string) => parseImageReference(image)?.full ?? image;

const SHORTFALL = 'Failed to garbage collect required amount of images.';

/** Source: kubelet images/image_gc_manager.go, GarbageCollect (v1.32). */
function shortfall(bytes: number, freed: number): string {
  return `${SHORTFALL} Attempted to free ${bytes} bytes, but only found ${freed} bytes eligible to free.`;
}
