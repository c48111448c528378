import type { ResourceType, StoredObject } from '#api';
import { type Clock, type Log, PlumblineError, sleep } from '#base';
import type { Api, RequestContext, ResourceRow } from './api.ts';

export interface MirrorDeps {
  readonly api: Pick<Api, 'row' | 'list' | 'watch'>;
  /** As whom it reads: a part of the server that may see everything. */
  readonly context: RequestContext;
  readonly clock: Clock;
  readonly log: Log;
}

/** Delay before a broken watch is opened again. */
const RETRY_MS = 500;

/** All objects of one resource, kept true by list and watch. Objects are the API's own: shared and frozen. */
export class Mirror<T extends StoredObject> {
  readonly #deps: MirrorDeps;
  readonly #row: ResourceRow;
  readonly #onChange: (current: T | undefined, previous: T | undefined) => void;
  #objects = new Map<string, T>();

  /** `onChange` is told of every change, but not of what the first list brings. */
  constructor(
    deps: MirrorDeps,
    type: ResourceType<T>,
    onChange: (current: T | undefined, previous: T | undefined) => void,
  ) {
    this.#deps = deps;
    this.#row = rowOf(deps.api, type);
    this.#onChange = onChange;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  /** Reads everything, then follows until the signal aborts. Resolves when everything is read; never rejects after. */
  async start(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await this.#list();
    this.#objects = new Map(items.map((item) => [keyOf(item), item]));
    void this.#follow(resourceVersion, signal);
  }

  async #follow(from: string, signal: AbortSignal): Promise<void> {
    let resourceVersion: string | undefined = from;
    while (!signal.aborted) {
      try {
        resourceVersion ??= await this.#relist();
        resourceVersion = await this.#watch(resourceVersion, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#deps.log.debug({ err: error, resource: this.#row.type.plural }, 'mirror watch broke off');
        resourceVersion = undefined;
        await sleep(this.#deps.clock, RETRY_MS, signal).catch(() => undefined); // the loop looks at the signal
      }
    }
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<string> {
    let seen = resourceVersion;
    const request = {
      context: this.#deps.context,
      row: this.#row,
      namespace: '',
      resourceVersion,
      allowBookmarks: true,
      signal,
    };
    for await (const frame of this.#deps.api.watch(request)) {
      if (frame.type === 'BOOKMARK') {
        seen = frame.resourceVersion;
        continue;
      }
      seen = frame.object.metadata.resourceVersion;
      this.#set(keyOf(frame.object), frame.type === 'DELETED' ? undefined : (frame.object as T));
    }
    return seen;
  }

  async #relist(): Promise<string> {
    const { items, resourceVersion } = await this.#list();
    const gone = new Set(this.#objects.keys());
    for (const item of items) {
      gone.delete(keyOf(item));
      this.#set(keyOf(item), item);
    }
    for (const key of gone) this.#set(key, undefined);
    return resourceVersion;
  }

  #set(key: string, current: T | undefined): void {
    const previous = this.#objects.get(key);
    if (current === previous) return;
    if (current === undefined) this.#objects.delete(key);
    else this.#objects.set(key, current);
    this.#onChange(current, previous);
  }

  async #list(): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }> {
    const { items, resourceVersion } = await this.#deps.api.list({
      context: this.#deps.context,
      row: this.#row,
      namespace: '',
    });
    return { items: items as readonly T[], resourceVersion };
  }
}

/** The registry's row of a resource that is always served. */
export function rowOf(api: Pick<Api, 'row'>, { group, version, plural }: ResourceType): ResourceRow {
  const row = api.row(group, version, plural);
  if (row === undefined) throw new PlumblineError(`${plural} are not served`, { code: 'ResourceNotServed' });
  return row;
}

function keyOf({ metadata: { namespace = '', name } }: StoredObject): string {
  return `${namespace}/${name}`;
}
