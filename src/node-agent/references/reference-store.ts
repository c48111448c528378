import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CONFIG_MAPS, type ConfigMap, type ResourceType, SECRETS, type Secret } from '#api';
import { type Clock, errorCode, type Log, shortHash } from '#base';
import type { Client } from '#client';
import { createInformer, type Informer } from '#reconcile';
import type { Reference, ReferenceState, References } from '../pod/references.plan.ts';
import { referenceKey } from '../pod/references.plan.ts';
import { RECONNECT_MAX_MS } from '../reconnect.ts';

export interface ReferenceStoreDeps {
  readonly client: Pick<Client, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Where copies lie in memory, so that pods restart while the server is out of reach; none are kept when absent. */
  readonly memoryDir: string | undefined;
  /** A reference changed: pods that hold it are to be looked at. */
  readonly onChange: (reference: Reference) => void;
}

/** Wait for the server where a copy of a run before would do, in ms. */
const COPY_WAIT_MS = 1_000;

interface Watched {
  readonly reference: Reference;
  readonly informer: Informer<ConfigMap | Secret>;
  readonly abort: AbortController;
  readonly running: Promise<void>;
  readonly holders: Set<string>;
  /** The copy of a run before, until the server answers. */
  copy: ConfigMap | Secret | undefined;
}

/**
 * The ConfigMaps and Secrets that pods of this node refer to, each watched by its own name for as long as a pod holds
 * it. What was seen last stays known while the server is out of reach.
 */
export class ReferenceStore {
  readonly #deps: ReferenceStoreDeps;
  readonly #watched = new Map<string, Watched>();

  constructor(deps: ReferenceStoreDeps) {
    this.#deps = deps;
  }

  /** Makes `holder` (a pod's uid) hold exactly these. What nobody holds any more is forgotten. */
  hold(holder: string, references: readonly Reference[]): void {
    const wanted = new Set(references.map(keyOf));
    for (const reference of references) this.#watch(reference).holders.add(holder);
    for (const [key, watched] of this.#watched) {
      if (wanted.has(key) || !watched.holders.delete(holder) || watched.holders.size > 0) continue;
      watched.abort.abort();
      this.#watched.delete(key);
      void this.#dropCopy(watched.reference);
    }
  }

  release(holder: string): void {
    this.hold(holder, []);
  }

  /** What these hold now, by `referenceKey`. */
  read(references: readonly Reference[]): References {
    return new Map(references.map((reference) => [referenceKey(reference), this.#state(reference)]));
  }

  /** Resolves once the server has answered for each of these; after `timeoutMs`, or soon where a copy is at hand. */
  async settled(references: readonly Reference[], timeoutMs: number, signal: AbortSignal): Promise<void> {
    const watched = references.flatMap((one) => this.#watched.get(keyOf(one)) ?? []);
    const pending = watched.filter(({ informer }) => !informer.synced);
    if (pending.length === 0) return;
    const waits = pending.map(async ({ informer, copy }) => {
      const abort = new AbortController();
      const give = () => abort.abort();
      const timer = this.#deps.clock.after(copy === undefined ? timeoutMs : Math.min(COPY_WAIT_MS, timeoutMs), give);
      if (signal.aborted) give();
      signal.addEventListener('abort', give, { once: true });
      await informer.until(() => informer.synced, abort.signal).catch(() => undefined); // In vain: `read` says unknown.
      signal.removeEventListener('abort', give);
      timer.cancel();
    });
    await Promise.all(waits);
  }

  /** Ends every watch. */
  async close(): Promise<void> {
    const all = [...this.#watched.values()];
    this.#watched.clear();
    for (const { abort } of all) abort.abort();
    await Promise.all(all.map(({ running }) => running));
  }

  #state(reference: Reference): ReferenceState {
    const watched = this.#watched.get(keyOf(reference));
    if (watched === undefined) return { state: 'unknown' };
    const { informer, copy } = watched;
    if (informer.synced) {
      const [object] = informer.list();
      return object === undefined ? { state: 'absent' } : { state: 'present', object };
    }
    return copy === undefined ? { state: 'unknown' } : { state: 'present', object: copy };
  }

  #watch(reference: Reference): Watched {
    const key = keyOf(reference);
    const known = this.#watched.get(key);
    if (known !== undefined) return known;
    const { client, clock, log, onChange } = this.#deps;
    const { kind, namespace, name } = reference;
    const resource = (kind === 'secret' ? SECRETS : CONFIG_MAPS) as ResourceType<ConfigMap | Secret>;
    const selection = { namespace, fieldSelector: `metadata.name=${name}` };
    const informer = createInformer({ client, clock, log, maxPauseMs: RECONNECT_MAX_MS }, resource, selection);
    const abort = new AbortController();
    const running = informer.run(abort.signal);
    const watched: Watched = { reference, informer, abort, running, holders: new Set(), copy: undefined };
    this.#watched.set(key, watched);
    informer.onChange(({ current }) => {
      if (current !== undefined) void this.#keepCopy(reference, current);
      onChange(reference);
    });
    void this.#readCopy(watched).then(
      () => onChange(reference),
      // A parser's words quote what it read, and that may be a Secret: only the code is told.
      (error: unknown) =>
        log.warn({ code: errorCode(error) ?? 'NotJson', kind, name }, 'the copy of a reference cannot be read'),
    );
    // Absence is no change of an informer; whoever waits for it must hear of the first answer too.
    void informer
      .until(() => informer.synced, abort.signal)
      .then(
        () => onChange(reference),
        () => undefined,
      );
    return watched;
  }

  async #readCopy(watched: Watched): Promise<void> {
    const file = this.#copyFile(watched.reference);
    if (file === undefined) return;
    try {
      watched.copy = JSON.parse(await readFile(file, 'utf8')) as ConfigMap | Secret;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }

  async #keepCopy(reference: Reference, object: ConfigMap | Secret): Promise<void> {
    const file = this.#copyFile(reference);
    if (file === undefined) return;
    try {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      const next = `${file}.${object.metadata.resourceVersion}`;
      await writeFile(next, JSON.stringify(object), { mode: 0o600 });
      await rename(next, file);
    } catch (error) {
      this.#deps.log.warn({ err: error, kind: reference.kind, name: reference.name }, 'a reference cannot be copied');
    }
  }

  async #dropCopy(reference: Reference): Promise<void> {
    const file = this.#copyFile(reference);
    if (file === undefined) return;
    await rm(file, { force: true }).catch((error: unknown) => {
      this.#deps.log.warn({ err: error, kind: reference.kind, name: reference.name }, 'a copy cannot be removed');
    });
  }

  #copyFile(reference: Reference): string | undefined {
    const { memoryDir } = this.#deps;
    return memoryDir === undefined ? undefined : path.join(memoryDir, `${shortHash(keyOf(reference), 32)}.json`);
  }
}

function keyOf({ kind, namespace, name }: Reference): string {
  return `${kind}/${namespace}/${name}`;
}
