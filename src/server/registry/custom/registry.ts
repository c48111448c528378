import { CUSTOM_RESOURCE_DEFINITIONS, type CustomResourceDefinition, compareVersions, isEstablished } from '#api';
import { equalJson, type Log } from '#base';
import type { WatchCache } from '../../watch-cache/watch-cache.ts';
import type { ResourceRow } from '../api.ts';
import { resourceName } from '../keys.ts';
import { customRows } from './custom-rows.ts';

interface Compiled {
  readonly from: CustomResourceDefinition;
  readonly rows: readonly ResourceRow[];
}

/**
 * Every row that is served: ours, and those of the definitions as the watch cache has them at this moment. Whoever can read a
 * definition's status can read by it too.
 */
export class Registry {
  readonly #ours: readonly ResourceRow[];
  readonly #log: Log;
  readonly #definitions: () => readonly CustomResourceDefinition[];
  readonly #ourPaths: ReadonlyMap<string, ResourceRow>;
  readonly #stop: () => void;
  readonly #compiled = new Map<string, Compiled>();
  #isStale = true;
  #rows: readonly ResourceRow[] = [];
  #byPath: ReadonlyMap<string, ResourceRow> = new Map();

  constructor(ours: readonly ResourceRow[], { cache, log }: { readonly cache: WatchCache; readonly log: Log }) {
    this.#ours = ours;
    this.#log = log;
    this.#ourPaths = byPath(ours);
    const segment = resourceName(CUSTOM_RESOURCE_DEFINITIONS);
    this.#definitions = () =>
      cache.resource(segment).page('', Number.POSITIVE_INFINITY)
        .items as unknown as readonly CustomResourceDefinition[];
    this.#stop = cache.onChange((changed) => {
      if (changed === segment) this.#isStale = true;
    });
  }

  /** The same list as long as nothing changed. */
  get rows(): readonly ResourceRow[] {
    this.#refresh();
    return this.#rows;
  }

  row(group: string, version: string, plural: string): ResourceRow | undefined {
    const path = pathOf(group, version, plural);
    const ours = this.#ourPaths.get(path);
    if (ours !== undefined) return ours;
    this.#refresh();
    return this.#byPath.get(path);
  }

  get definitions(): readonly CustomResourceDefinition[] {
    return this.#definitions();
  }

  close(): void {
    this.#stop();
  }

  #refresh(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const definitions = this.#definitions();
    const names = new Set(definitions.map(({ metadata }) => metadata.name));
    for (const name of this.#compiled.keys()) if (!names.has(name)) this.#compiled.delete(name);
    const custom = definitions.flatMap((definition) => this.#compile(definition)).toSorted(inDiscoveryOrder);
    if (
      custom.length === this.#rows.length - this.#ours.length &&
      custom.every((row, at) => row === this.#rows[this.#ours.length + at])
    ) {
      if (this.#rows.length > 0) return;
    }
    this.#rows = [...this.#ours, ...custom];
    this.#byPath = byPath(custom);
  }

  #compile(definition: CustomResourceDefinition): readonly ResourceRow[] {
    const { name } = definition.metadata;
    const known = this.#compiled.get(name);
    if (known !== undefined && servesTheSame(known.from, definition)) return known.rows;
    const rows = isEstablished(definition) ? this.#rowsOf(definition) : [];
    this.#compiled.set(name, { from: definition, rows });
    return rows;
  }

  /** One definition that cannot be served by must not take the others down: it is left out, loudly. */
  #rowsOf(definition: CustomResourceDefinition): readonly ResourceRow[] {
    try {
      return customRows(definition).filter(
        ({ type }) => !this.#ourPaths.has(pathOf(type.group, type.version, type.plural)),
      );
    } catch (error) {
      this.#log.error({ err: error, definition: definition.metadata.name }, 'a definition cannot be served by');
      return [];
    }
  }
}

/** Compiling costs: a new status, which comes with every change of names, is no reason to. */
function servesTheSame(before: CustomResourceDefinition, now: CustomResourceDefinition): boolean {
  return (
    before.metadata.uid === now.metadata.uid &&
    before.metadata.deletionTimestamp === now.metadata.deletionTimestamp &&
    isEstablished(before) === isEstablished(now) &&
    equalJson(before.status?.acceptedNames, now.status?.acceptedNames) &&
    equalJson(before.spec, now.spec)
  );
}

/** By group; within it the preferred version first; within that by name. */
function inDiscoveryOrder({ type: a }: ResourceRow, { type: b }: ResourceRow): number {
  if (a.group !== b.group) return a.group < b.group ? -1 : 1;
  return compareVersions(a.version, b.version) || (a.plural < b.plural ? -1 : 1);
}

function byPath(rows: readonly ResourceRow[]): ReadonlyMap<string, ResourceRow> {
  return new Map(rows.map((row) => [pathOf(row.type.group, row.type.version, row.type.plural), row]));
}

function pathOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}
