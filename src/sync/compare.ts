import {
  type ApiError,
  apiVersionOf,
  type IgnoreDifference,
  isApiError,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectKey,
  type ResourceType,
  type Schema,
  type StoredObject,
} from '#api';
import { canonicalJson, sha256Hex } from '#base';
import type { Client } from '#client';
import { applyIgnores, diffObject, rulesFor } from '#diff';
import type { RenderedObject } from '#render';
import type { Comparison } from './sync.types.ts';

/** Who applies what Git says. */
export const MANAGER = 'plumbline-sync';

/** What Git says, with the live value in every ignored field. */
export function adoptIgnored(
  schema: Schema,
  desired: KubeObject,
  live: StoredObject | undefined,
  rules: readonly IgnoreDifference[],
): KubeObject {
  if (live === undefined || rules.length === 0) return desired;
  return applyIgnores({ schema, desired, live, rules: rulesFor(rules, desired) });
}

interface Compared {
  readonly digest: string;
  readonly rules: string;
  readonly version: string;
  readonly fingerprint: string;
  readonly comparison: Comparison;
}

export interface CompareRequest {
  readonly object: RenderedObject;
  readonly resource: ResourceType;
  /** Of the resource. */
  readonly schema: Schema;
  readonly live: StoredObject | undefined;
  readonly rules: readonly IgnoreDifference[];
  /** Stable text of `rules`. */
  readonly rulesKey: string;
  readonly signal: AbortSignal;
}

/**
 * Compares what Git says with what is live, as the API itself would see it: by a dry-run apply through the same admission.
 * An object is asked about again only when Git, the rules, or something of it that a person or program set has changed.
 */
export class Comparer {
  readonly #client: Client;
  readonly #known = new Map<string, Compared>();

  constructor(client: Client) {
    this.#client = client;
  }

  async compare(request: CompareRequest): Promise<Comparison> {
    const { object, live, rulesKey } = request;
    if (live === undefined) return this.#afresh(request);
    if (live.metadata.deletionTimestamp !== undefined) return { state: 'deleting' };
    const known = this.#known.get(object.id);
    const version = `${live.metadata.uid} ${live.metadata.resourceVersion}`;
    const isSameQuestion = known?.digest === object.digest && known.rules === rulesKey;
    if (isSameQuestion && known.version === version) return known.comparison;
    const fingerprint = fingerprintOf(live);
    // What takes things away holds for one version only, so it is asked for again.
    const holds = isSameQuestion && known.fingerprint === fingerprint && !hasRemovals(known.comparison);
    const comparison = holds ? known.comparison : await this.#ask(request, live);
    this.#known.set(object.id, { digest: object.digest, rules: rulesKey, version, fingerprint, comparison });
    return comparison;
  }

  /** What is not there is made, unless the API has just refused it. */
  #afresh({ object, rulesKey }: CompareRequest): Comparison {
    const known = this.#known.get(object.id);
    const isRefused = known?.version === '' && known.digest === object.digest && known.rules === rulesKey;
    return isRefused ? known.comparison : { state: 'missing' };
  }

  async #ask({ object, resource, schema, rules, signal }: CompareRequest, seen: StoredObject): Promise<Comparison> {
    const live = await inVersionOf(this.#client, resource, seen, signal);
    if (live === undefined) return { state: 'missing' };
    const desired = adoptIgnored(schema, object.object, live, rules);
    let applied: KubeObject;
    try {
      applied = await this.#client.apply(resource, desired, {
        fieldManager: MANAGER,
        force: true,
        dryRun: true,
        fieldValidation: 'Strict',
        signal,
      });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { state: 'refused', message: error.message, isLive: true, ...refusedField(error) };
    }
    const request = { schema, desired, applied, live, rules: rulesFor(rules, live), manager: MANAGER };
    const { changes, removals } = diffObject(request);
    return changes.length === 0 ? { state: 'in-sync' } : { state: 'different', fields: changes, removals };
  }

  /** An object was just applied: until something else changes it, it is as Git says. */
  applied(request: Pick<CompareRequest, 'object' | 'rulesKey'>, written: StoredObject): void {
    this.#known.set(request.object.id, {
      digest: request.object.digest,
      rules: request.rulesKey,
      version: `${written.metadata.uid} ${written.metadata.resourceVersion}`,
      fingerprint: fingerprintOf(written),
      comparison: { state: 'in-sync' },
    });
  }

  /** Asks again about everything that was refused: what refused it may be gone. */
  retryRefused(): void {
    for (const [id, { comparison }] of this.#known) if (comparison.state === 'refused') this.#known.delete(id);
  }

  /** Asks again about the objects of a kind: what defines it has changed. */
  forgetKind({ group, kind }: Pick<ObjectKey, 'group' | 'kind'>): void {
    const begin = `${group}/${kind}/`;
    for (const id of this.#known.keys()) if (id.startsWith(begin)) this.#known.delete(id);
  }

  /** Forgets objects that are not wanted any more. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }
}

/**
 * A live object in the version that Git speaks. Custom kinds are watched in one version, and what a schema says of defaults
 * and fields may differ by version. Undefined when it is gone.
 */
export async function inVersionOf(
  client: Pick<Client, 'get'>,
  resource: ResourceType,
  live: StoredObject,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  if (live.apiVersion === undefined || live.apiVersion === apiVersionOf(resource)) return live;
  const { namespace, name } = live.metadata;
  return client.get(resource, namespace === undefined ? { name } : { namespace, name }, { signal });
}

function hasRemovals(comparison: Comparison): boolean {
  return comparison.state === 'different' && comparison.removals.length > 0;
}

/** Whether the API said no to the object itself, rather than being unable to answer. */
export function isRefusal(error: unknown): error is ApiError {
  return isApiError(
    error,
    'Invalid',
    'BadRequest',
    'Forbidden',
    'NotFound',
    'MethodNotAllowed',
    'RequestEntityTooLarge',
  );
}

/** The first field that a refusal names. */
export function refusedField({ details }: ApiError): { readonly field?: string } {
  const field = details?.causes?.find((cause) => cause.field !== undefined)?.field;
  return field === undefined ? {} : { field };
}

/** What of a live object matters to a comparison: all but its status and the server's counters. */
function fingerprintOf(live: StoredObject): string {
  const { status: _status, metadata, ...rest } = live;
  const { resourceVersion: _version, generation: _generation, managedFields, ...meta } = metadata;
  const managers = (managedFields ?? []).filter(({ subresource }: ManagedFieldsEntry) => subresource !== 'status');
  return sha256Hex(canonicalJson({ ...rest, meta, managers }));
}
