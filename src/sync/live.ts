import { formatObjectKey, type ObjectKey, objectKeyOf, type ResourceType, type StoredObject } from '#api';
import { createInformer, type Informer, type InformerDeps, revisionOf } from '#reconcile';

interface Overlay {
  /** What our own write answered; undefined: we deleted the object with this uid. */
  readonly object: StoredObject | undefined;
  readonly uid: string;
}

/**
 * The live objects of every kind that an Application holds: by informers, and for what we wrote ourselves by what the
 * write answered, until the informer has seen it. So no decision is made on a view older than our own last write.
 */
export class LiveObjects {
  readonly #deps: InformerDeps;
  readonly #signal: AbortSignal;
  readonly #onChange: (id: string) => void;
  readonly #informers = new Map<string, Informer>();
  /** Ends the informers of custom kinds, which may be gone before we are. */
  readonly #ends = new Map<string, AbortController>();
  readonly #overlays = new Map<string, Overlay>();

  constructor(deps: InformerDeps, signal: AbortSignal, onChange: (id: string) => void) {
    this.#deps = deps;
    this.#signal = signal;
    this.#onChange = onChange;
  }

  /** Watches a kind from now on; resolves when all its objects are known. */
  async ensure(resource: ResourceType, signal: AbortSignal): Promise<void> {
    const kind = `${resource.group}/${resource.kind}`;
    let informer = this.#informers.get(kind);
    if (informer === undefined) {
      informer = createInformer<StoredObject>(this.#deps, resource);
      this.#informers.set(kind, informer);
      informer.onChange(({ previous, current }) => {
        const object = current ?? previous;
        // Our own write, coming back: who made it has looked at it already.
        if (current !== undefined && this.#isOwnWrite(withKind(current, resource))) return;
        if (object !== undefined) this.#onChange(formatObjectKey(objectKeyOf(withKind(object, resource))));
      });
      const end = new AbortController();
      this.#ends.set(kind, end);
      void informer.run(AbortSignal.any([this.#signal, end.signal]));
    }
    const started = informer;
    const gone = this.#ends.get(kind)?.signal ?? this.#signal;
    try {
      await started.until(() => started.synced, AbortSignal.any([signal, gone]));
    } catch (error) {
      // A kind that is gone has no objects: all of them are known.
      if (!gone.aborted || signal.aborted) throw error;
    }
  }

  /** A custom kind is served in these versions now: one that was watched in another, or is gone, is not watched any more. */
  served({ group, kind }: Pick<ObjectKey, 'group' | 'kind'>, versions: readonly string[]): void {
    const watched = `${group}/${kind}`;
    const informer = this.#informers.get(watched);
    if (informer === undefined || versions.includes(informer.resource.version)) return;
    this.#ends.get(watched)?.abort();
    this.#ends.delete(watched);
    this.#informers.delete(watched);
  }

  /** The object as it is, frozen; undefined when it is not there. Its kind must have been ensured. */
  get(key: ObjectKey): StoredObject | undefined {
    const informer = this.#informers.get(`${key.group}/${key.kind}`);
    const seen = informer?.get(key.namespace === '' ? key.name : `${key.namespace}/${key.name}`);
    const id = formatObjectKey(key);
    const overlay = this.#overlays.get(id);
    if (overlay === undefined) return seen;
    if (overlay.object === undefined) {
      if (seen?.metadata.uid === overlay.uid) return undefined;
    } else if (informer !== undefined && revisionOf(overlay.object.metadata.resourceVersion) > informer.revision) {
      return overlay.object;
    }
    this.#overlays.delete(id);
    return seen;
  }

  #isOwnWrite(object: StoredObject): boolean {
    const written = this.#overlays.get(formatObjectKey(objectKeyOf(object)))?.object;
    return written !== undefined && written.metadata.resourceVersion === object.metadata.resourceVersion;
  }

  wrote(object: StoredObject): void {
    this.#overlays.set(formatObjectKey(objectKeyOf(object)), { object, uid: object.metadata.uid });
  }

  /** `lingering` is what the delete answered: the object on its way out, or undefined when nothing is left of it. */
  removed(object: StoredObject, lingering: StoredObject | undefined): void {
    this.#overlays.set(formatObjectKey(objectKeyOf(object)), { object: lingering, uid: object.metadata.uid });
  }

  /** Objects of one namespace, of all kinds that are watched. */
  inNamespace(namespace: string): number {
    let count = 0;
    for (const informer of this.#informers.values()) count += informer.list(namespace).length;
    return count;
  }
}

/** Items of a list may come without their kind. */
function withKind(object: StoredObject, resource: ResourceType): StoredObject {
  if (object.kind !== undefined && object.kind !== '') return object;
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  return { ...object, apiVersion, kind: resource.kind };
}
