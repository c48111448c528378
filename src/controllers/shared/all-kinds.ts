import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  EVENTS,
  isEstablished,
  RESOURCES,
  type ResourceType,
  resourceTypeOf,
  type StoredObject,
  servedVersions,
} from '#api';
import { createInformer, type Informer, type InformerDeps, type Informers } from '#reconcile';

/** Kinds that neither own nor are owned, and change too often to be kept for the garbage collector. */
const NOT_WATCHED: readonly ResourceType[] = [EVENTS];

/** Every kind that can own or be owned, also those that come and go with their definitions. */
export interface OwnableKinds {
  /** Filled ones only: what is missing in one is not there. */
  readonly informers: readonly Informer<StoredObject>[];
  /** Every kind that may hold objects by now, whether it is followed already or not. */
  readonly resources: readonly ResourceType[];
  /** Calls back with each kind that is followed from now on. Returns how to stop. */
  onAdded(listener: (informer: Informer<StoredObject>) => void): () => void;
}

/** The kinds that are always served. */
export function ownableKinds(informers: Informers): OwnableKinds {
  const resources = RESOURCES.filter((resource) => !NOT_WATCHED.includes(resource));
  const fixed = resources.map((resource) => informers.of(resource));
  return { informers: fixed, resources, onAdded: () => () => undefined };
}

interface Followed {
  readonly type: ResourceType;
  readonly informer: Informer<StoredObject>;
  readonly stop: AbortController;
}

/** The same with the custom kinds. Follows each from when its definition is established until it goes. */
export class AllKinds implements OwnableKinds {
  readonly #deps: InformerDeps;
  readonly #fixed: OwnableKinds;
  readonly #definitions: Informer<CustomResourceDefinition>;
  readonly #listeners = new Set<(informer: Informer<StoredObject>) => void>();
  readonly #followed = new Map<string, Followed>();

  constructor(deps: InformerDeps, informers: Informers) {
    this.#deps = deps;
    this.#fixed = ownableKinds(informers);
    this.#definitions = informers.of(CUSTOM_RESOURCE_DEFINITIONS);
  }

  get informers(): readonly Informer<StoredObject>[] {
    const custom = [...this.#followed.values()].map(({ informer }) => informer).filter(({ synced }) => synced);
    return [...this.#fixed.informers, ...custom];
  }

  get resources(): readonly ResourceType[] {
    const custom = this.#definitions.list().flatMap((definition) => servedTypeOf(definition) ?? []);
    return [...this.#fixed.resources, ...custom];
  }

  onAdded(listener: (informer: Informer<StoredObject>) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Follows the definitions until the signal aborts; resolves when the kinds that are there by now are filled. */
  async start(signal: AbortSignal): Promise<void> {
    const stop = this.#definitions.onChange(({ key, current }) => this.#keep(key, current));
    signal.addEventListener(
      'abort',
      () => {
        stop();
        for (const name of [...this.#followed.keys()]) this.#forget(name);
      },
      { once: true },
    );
    for (const definition of this.#definitions.list()) this.#keep(definition.metadata.name, definition);
    const first = [...this.#followed.values()];
    await Promise.all(
      first.map(({ informer, stop: { signal: gone } }) =>
        informer.until(() => informer.synced || gone.aborted, signal),
      ),
    );
  }

  #keep(name: string, definition: CustomResourceDefinition | undefined): void {
    const type = definition === undefined ? undefined : servedTypeOf(definition);
    const known = this.#followed.get(name);
    if (known !== undefined && type !== undefined && isSameType(known.type, type)) return;
    if (known !== undefined) this.#forget(name);
    if (type !== undefined) this.#follow(name, type);
  }

  #follow(name: string, type: ResourceType): void {
    const informer = createInformer<StoredObject>(this.#deps, type);
    const stop = new AbortController();
    this.#followed.set(name, { type, informer, stop });
    for (const listener of this.#listeners) listener(informer);
    void informer.run(stop.signal);
  }

  #forget(name: string): void {
    this.#followed.get(name)?.stop.abort();
    this.#followed.delete(name);
  }
}

function servedTypeOf(definition: CustomResourceDefinition): ResourceType | undefined {
  const [version] = servedVersions(definition);
  return version === undefined || !isEstablished(definition) ? undefined : resourceTypeOf(definition, version.name);
}

function isSameType(a: ResourceType, b: ResourceType): boolean {
  return a.version === b.version && a.kind === b.kind && a.plural === b.plural && a.namespaced === b.namespaced;
}
