import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomKind,
  CustomKindIndex,
  type CustomResourceDefinition,
  groupOf,
  isEstablished,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
  resourceOfKind,
  type Schema,
  schemaOf,
  servedNames,
  versionOf,
} from '#api';
import type { Clock } from '#base';
import { createInformer, type Informer, type InformerDeps } from '#reconcile';

type Kind = Pick<ObjectKey, 'group' | 'kind'>;

/** The shape of a kind that we know nothing of. */
const ANY: Schema = { type: 'object', preserveUnknown: true };
/** How long an object waits for its definition to be established, ms. Ours takes milliseconds, Kubernetes' up to five seconds. */
export const ESTABLISH_MS = 20_000;

/** What the cluster serves: what it always does, and what definitions that are established add to it. */
export class Kinds {
  readonly #definitions: Informer<CustomResourceDefinition>;
  readonly #clock: Clock;
  #index: CustomKindIndex | undefined;

  constructor(deps: InformerDeps) {
    this.#clock = deps.clock;
    this.#definitions = createInformer(deps, CUSTOM_RESOURCE_DEFINITIONS);
    this.#definitions.onChange(() => {
      this.#index = undefined;
    });
  }

  /** Follows the definitions until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#definitions.run(signal);
  }

  /** Resolves when all definitions are known. */
  synced(signal: AbortSignal): Promise<void> {
    return this.#definitions.until(() => this.#definitions.synced, signal);
  }

  /** Calls back with each kind that came, went or changed. */
  onChange(listener: (kind: Kind) => void): void {
    this.#definitions.onChange(({ previous, current }) => {
      const one = current ?? previous;
      if (one !== undefined) listener({ group: one.spec.group, kind: servedNames(one).kind });
    });
  }

  /** As a manifest's reader must know it; undefined when no definition serves it. */
  customKindOf(group: string, kind: string): CustomKind | undefined {
    return this.#established.kindOf(group, kind);
  }

  /** Undefined when the kind is not served. Of a custom one the preferred version. */
  resourceOf({ group, kind }: Kind): ResourceType | undefined {
    return resourceOfKind(group, kind) ?? this.#established.resourceOf(group, kind);
  }

  /** The resource of an object in the object's own version, which is one that is served. */
  resourceFor({ apiVersion, kind }: KubeObject): ResourceType | undefined {
    const group = groupOf(apiVersion);
    return resourceOfKind(group, kind) ?? this.#established.resourceOf(group, kind, versionOf(apiVersion));
  }

  schemaOf({ group, version, kind }: Pick<ResourceType, 'group' | 'version' | 'kind'>): Schema {
    const known = schemaOf(group, version, kind);
    if (known !== undefined) return known;
    const resource = this.#established.resourceOf(group, kind, version);
    return (resource === undefined ? undefined : this.#established.modelOf(resource)?.schema) ?? ANY;
  }

  /** The resource of an object once it is served; undefined when that takes longer than `ESTABLISH_MS`. */
  async untilServed(object: KubeObject, signal: AbortSignal): Promise<ResourceType | undefined> {
    const served = this.resourceFor(object);
    if (served !== undefined) return served;
    const late = new AbortController();
    const timer = this.#clock.after(ESTABLISH_MS, () => late.abort());
    try {
      await this.#definitions.until(
        () => this.resourceFor(object) !== undefined,
        AbortSignal.any([signal, late.signal]),
      );
    } catch (error) {
      if (!late.signal.aborted || signal.aborted) throw error;
    } finally {
      timer.cancel();
    }
    return this.resourceFor(object);
  }

  /** Why a kind is not served, in the words of its definition. */
  whyNot({ group, kind }: Kind): string {
    const definition = this.#definitions.list().find(({ spec }) => spec.group === group && spec.names.kind === kind);
    if (definition === undefined) return `${kind}: no CustomResourceDefinition in the cluster defines this kind`;
    const wrong = (definition.status?.conditions ?? []).find(
      ({ type, status }) => (type === 'NamesAccepted' || type === 'Established') && status !== 'True',
    );
    return `${kind}: its CustomResourceDefinition is not established${wrong?.message ? `: ${wrong.message}` : ''}`;
  }

  get #established(): CustomKindIndex {
    this.#index ??= new CustomKindIndex(this.#definitions.list().filter(isEstablished));
    return this.#index;
  }
}
