import type { StoredObject } from '#api';
import type { Change } from '../../watch-cache/change.ts';
import type { Selection } from '../../watch-cache/selection.ts';
import { expired } from '../../watch-cache/watch-cache.ts';
import type { Watcher } from '../../watch-cache/watcher.ts';
import type { WatchFrame, WatchRequest } from '../api.ts';
import { watchVersion } from '../resource-version.ts';
import { compileSelection } from '../selection.ts';
import { cacheOf, untilReached, type VerbDeps } from './verb-deps.ts';

/** Streams changes from the watch cache, from the moment it is first read. Refusals come with the first read too. */
export function createWatch(deps: VerbDeps) {
  return function watch(request: WatchRequest): AsyncIterable<WatchFrame> {
    return { [Symbol.asyncIterator]: () => new LateIterator(() => begin(request)) };
  };

  async function begin(request: WatchRequest): Promise<Watcher> {
    const { row, signal, allowBookmarks = false, sendInitialEvents, timeoutMs } = request;
    const selection = compileSelection(row, request);
    const revision = watchVersion(request);
    if (revision > deps.cache.revision) await untilReached(deps, revision);

    // From here to the watcher's start nothing waits, so that no change falls between.
    const cache = cacheOf(deps, row);
    const beginning = (sendInitialEvents ?? revision === 0) ? cache.select(selection) : undefined;
    const changes = beginning !== undefined || revision === 0 ? [] : cache.changesSince(revision);
    if (changes === undefined) throw expired(`too old resource version: ${revision} (${cache.floor})`);
    const initial =
      beginning === undefined
        ? missed(changes, selection)
        : existing(beginning, sendInitialEvents && allowBookmarks ? deps.cache.revision : undefined);
    const watcher = cache.watch(selection, { bookmarks: allowBookmarks, initial, signal });
    if (timeoutMs !== undefined) endAfter(watcher, timeoutMs);
    return watcher;
  }

  /** The last frame of a watch that ran its time says how far it came. */
  function endAfter(watcher: Watcher, timeoutMs: number): void {
    const timer = deps.clock.after(timeoutMs, () => {
      if (watcher.wantsBookmarks) watcher.push({ type: 'BOOKMARK', resourceVersion: String(deps.cache.revision) });
      watcher.end();
    });
    watcher.onEnd(() => timer.cancel());
  }
}

/** An iterator that comes to be with its first read, and then costs no more than the one it stands for. */
class LateIterator implements AsyncIterator<WatchFrame, undefined> {
  readonly #begin: () => Promise<Watcher>;
  #watcher: Watcher | undefined;

  constructor(begin: () => Promise<Watcher>) {
    this.#begin = begin;
  }

  next(): Promise<IteratorResult<WatchFrame, undefined>> {
    return this.#watcher === undefined ? this.#first() : this.#watcher.next();
  }

  async return(): Promise<IteratorResult<WatchFrame, undefined>> {
    return this.#watcher === undefined ? { value: undefined, done: true } : this.#watcher.return();
  }

  async #first(): Promise<IteratorResult<WatchFrame, undefined>> {
    this.#watcher = await this.#begin();
    return this.#watcher.next();
  }
}

/** What there is already, as if it had come now; with a revision, a bookmark says where the beginning ends. */
function* existing(objects: readonly StoredObject[], endsAt: number | undefined): Generator<WatchFrame> {
  for (const object of objects) yield { type: 'ADDED', object };
  if (endsAt !== undefined) yield { type: 'BOOKMARK', resourceVersion: String(endsAt), initialEventsEnd: true };
}

function* missed(changes: readonly Change[], selection: Selection): Generator<WatchFrame> {
  for (const change of changes) {
    const frame = change.frameFor(selection.matches);
    if (frame !== undefined) yield frame;
  }
}
