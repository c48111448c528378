import { formatObjectKey, INVENTORIES, type Inventory, type InventoryEntry, isApiError, type KubeObject } from '#api';
import { equalJson, shortHash } from '#base';
import type { Client } from '#client';
import { hash32 } from './spread.plan.ts';

/** Rows in one Inventory object: about 150 KB. */
const ROWS_PER_CHUNK = 500;
/** Rows at which one more chunk pays. Between the two nothing is moved from chunk to chunk. */
const ROWS_BEFORE_SPLIT = 1_000;
const LIST_PAGE = 100;

export type Rows = ReadonlyMap<string, InventoryEntry>;

interface Owned {
  rows: Map<string, InventoryEntry>;
  chunks: number;
}

/**
 * The ownership table: which Application owns which object, and where it stands in Git. Kept in Inventory objects, which
 * only this table writes, and in memory. A row is written before its object is, and struck after it is gone.
 */
export class OwnershipTable {
  readonly #client: Client;
  readonly #namespace: string;
  readonly #byApplication = new Map<string, Owned>();
  readonly #owners = new Map<string, Set<string>>();
  readonly #updates = new Map<string, Promise<void>>();

  constructor(client: Client, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
  }

  /** Reads the table. Once, before anything is planned. */
  async load(signal: AbortSignal): Promise<void> {
    let next: string | undefined;
    do {
      const page = await this.#client.list(INVENTORIES, {
        namespace: this.#namespace,
        limit: LIST_PAGE,
        signal,
        ...(next === undefined ? {} : { continue: next }),
      });
      for (const inventory of page.items) this.#take(inventory);
      next = page.continue;
    } while (next !== undefined && next !== '');
  }

  #take({ application, entries, metadata }: Inventory): void {
    const owned = this.#byApplication.get(application) ?? { rows: new Map(), chunks: 0 };
    for (const entry of entries) {
      const id = formatObjectKey(entry);
      owned.rows.set(id, entry);
      this.#addOwner(id, application);
    }
    owned.chunks = Math.max(owned.chunks, Number(metadata.labels?.[CHUNKS_LABEL] ?? 1));
    this.#byApplication.set(application, owned);
  }

  applications(): readonly string[] {
    return [...this.#byApplication.keys()];
  }

  /** The Application that owns an object. While a transfer is written there may be two: the newer one is named. */
  ownerOf(id: string): string | undefined {
    const owners = this.#owners.get(id);
    return owners === undefined ? undefined : [...owners].at(-1);
  }

  owns(application: string, id: string): boolean {
    return this.#owners.get(id)?.has(application) === true;
  }

  rowsOf(application: string): Rows {
    return this.#byApplication.get(application)?.rows ?? EMPTY;
  }

  /**
   * Changes the Application's rows. Writes only chunks that change; resolves when that is durable. Updates of one
   * Application come one after the other, and each sees what the one before left.
   */
  update(application: string, change: (rows: Rows) => Rows): Promise<void> {
    const before = this.#updates.get(application) ?? Promise.resolve();
    const update = before
      .catch(() => undefined)
      .then(() => this.#replace(application, change(this.rowsOf(application))));
    this.#updates.set(application, update);
    return update.finally(() => {
      if (this.#updates.get(application) === update) this.#updates.delete(application);
    });
  }

  async #replace(application: string, rows: Rows): Promise<void> {
    const before = this.#byApplication.get(application) ?? { rows: new Map<string, InventoryEntry>(), chunks: 0 };
    const chunks = chunkCount(rows.size, before.chunks);
    const old = split(before.rows, before.chunks);
    const next = split(rows, chunks);
    for (let index = 0; index < Math.max(chunks, before.chunks); index += 1) {
      const name = chunkName(application, index);
      if (index >= chunks) await this.#client.delete(INVENTORIES, { namespace: this.#namespace, name });
      else if (chunks !== before.chunks || !equalJson(old[index], next[index])) {
        await this.#write(application, name, chunks, next[index] ?? []);
      }
    }
    for (const id of before.rows.keys()) if (!rows.has(id)) this.#dropOwner(id, application);
    for (const id of rows.keys()) this.#addOwner(id, application);
    if (rows.size === 0) this.#byApplication.delete(application);
    else this.#byApplication.set(application, { rows: new Map(rows), chunks });
  }

  async #write(application: string, name: string, chunks: number, entries: readonly InventoryEntry[]): Promise<void> {
    const metadata = { name, namespace: this.#namespace, labels: { [CHUNKS_LABEL]: String(chunks) } };
    const object: KubeObject = { apiVersion: 'plumbline.dev/v1', kind: 'Inventory', metadata, application, entries };
    try {
      await this.#client.update(INVENTORIES, object);
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
      await this.#client.create(INVENTORIES, object);
    }
  }

  #addOwner(id: string, application: string): void {
    const owners = this.#owners.get(id);
    if (owners === undefined) this.#owners.set(id, new Set([application]));
    else owners.add(application);
  }

  #dropOwner(id: string, application: string): void {
    const owners = this.#owners.get(id);
    owners?.delete(application);
    if (owners?.size === 0) this.#owners.delete(id);
  }
}

const EMPTY: Rows = new Map();
/** How many chunks the Application's rows are split into. */
const CHUNKS_LABEL = 'plumbline.dev/chunks';
/** Longest part of a name that people read; the hash makes the whole unique. */
const READABLE = 200;

function chunkName(application: string, index: number): string {
  const name = application.slice(application.indexOf('/') + 1).slice(0, READABLE);
  return `${name}.${shortHash(application, 8)}.${index}`;
}

function chunkCount(rows: number, before: number): number {
  if (rows === 0) return 0;
  if (before > 0 && rows <= before * ROWS_BEFORE_SPLIT && (before === 1 || rows > (before * ROWS_PER_CHUNK) / 4))
    return before;
  let chunks = 1;
  while (chunks * ROWS_BEFORE_SPLIT < rows) chunks *= 2;
  return chunks;
}

/** A row stays in its chunk as long as the number of chunks does. */
function split(rows: Rows, chunks: number): readonly (readonly InventoryEntry[])[] {
  const parts: InventoryEntry[][] = Array.from({ length: chunks }, () => []);
  for (const id of [...rows.keys()].sort()) {
    const entry = rows.get(id);
    if (entry !== undefined) parts[hash32(id) % chunks]?.push(entry);
  }
  return parts;
}
