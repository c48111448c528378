import type { KubeObject, StoredObject } from '#api';
import { equalJson } from '#base';
import type { Operation } from '#store';
import { validate, validateTypes } from '../admission.ts';
import type { RequestContext, ResourceRow, Subresource, WriteAnswer } from '../api.ts';
import { isReleased } from '../delete.plan.ts';
import { conflict, objectModified } from '../errors.ts';
import { objectName } from '../keys.ts';
import { apiLimits } from '../limits.ts';
import { keepIdentity, onlyStatus } from '../metadata.plan.ts';
import { podWarnings } from '../warnings.plan.ts';
import { asIfStored, commitPut, commitRemoval, isService } from './commit.ts';
import { cacheOf, current, type Target, type VerbDeps } from './verb-deps.ts';

export interface Wish {
  /** The whole object as it is to be. Its `resourceVersion` and `uid`, where set, must be those of the stored one. */
  readonly object: KubeObject;
  readonly warnings: readonly string[];
}

export interface Modification extends Target {
  readonly context: RequestContext;
  readonly subresource?: Subresource;
  /** Of the version that the writer speaks, where that is another. */
  readonly asked?: ResourceRow;
  readonly dryRun: boolean;
  /** What the write may change: the object without its status, only its status, or (for the server's own) anything. */
  readonly part: 'object' | 'status' | 'any';
  /** Pure; called again with a newer object when somebody else was faster. May throw the refusal. */
  wish(old: StoredObject): Wish;
  /** Notes in `managedFields` who owns what changed. Pure. */
  track(object: KubeObject, old: StoredObject): KubeObject;
}

/** What a write of a subresource may change. */
export function partOf(subresource: Subresource | undefined): Modification['part'] {
  if (subresource === 'status' || subresource === 'approval') return 'status';
  return subresource === 'finalize' || subresource === 'ephemeralcontainers' ? 'any' : 'object';
}

/**
 * Changes one object: a wish that names a version fails when the object moved on, any other is tried again on the newer
 * one. A wish that changes nothing writes nothing. The last finalizer taken off a going object removes it.
 */
export async function modify(deps: VerbDeps, modification: Modification): Promise<WriteAnswer> {
  const { row, namespace, name, dryRun } = modification;
  for (let attempt = 0; attempt < apiLimits.writeAttempts; attempt += 1) {
    const old = current(deps, modification);
    const { object: wished, warnings: said } = modification.wish(old);
    if (wished === old) return { object: old, created: false, warnings: said };
    assertSame(modification, wished, old);
    const settled = settle(deps, modification, wished, old);
    const admitted = await admit(deps, modification, settled, old);
    const warnings = [...said, ...admitted, ...podWarnings(settled, old), ...(row.warningsOf?.(settled) ?? [])];
    if (isReleased(settled)) {
      if (dryRun) return { object: asIfStored(settled, old), created: false, warnings };
      const removed = await commitRemoval(deps, row, old);
      if (removed.ok) return { object: withVersion(settled, removed.value), created: false, warnings };
      continue;
    }
    const tracked = modification.track(settled, old);
    const { object, operations } = isService(row)
      ? await deps.allocator.allocate(tracked, old)
      : { object: tracked, operations: [] };
    if (isSame(object, old) && !isStale(deps, modification)) return { object: old, created: false, warnings };
    const charge = () => deps.quotas.charge(row, namespace, { object, old });
    const isCharged = modification.part === 'object' && charge().length > 0;
    if (dryRun) return { object: asIfStored(object, old), created: false, warnings };
    const put = (charges: readonly Operation[]) => commitPut(deps, { row, object, old }, [...operations, ...charges]);
    // Only the commit waits for its turn, and is charged anew then: nobody waits for what admits this change.
    const written = await (isCharged ? deps.quotas.inTurn(row, namespace, () => put(charge())) : put([]));
    if (written.ok) return { object: written.value, created: false, warnings };
  }
  throw objectModified(row.type, name);
}

/** The wish with everything an update cannot change put back, and checked. */
function settle(
  { clock }: VerbDeps,
  { row, asked, part, subresource, context }: Modification,
  wished: KubeObject,
  old: StoredObject,
): KubeObject {
  validateTypes(row, wished);
  const kept = keepIdentity(part === 'status' ? onlyStatus(wished, old, row.custom !== undefined) : wished, old);
  const nowMs = clock.nowMs();
  const prepareStatus = subresource === 'approval' ? row.prepareForApproval : row.prepareForStatus;
  const prepared =
    (part === 'object' ? row.prepareForUpdate?.(kept, old, nowMs) : undefined) ??
    (part === 'status' ? prepareStatus?.(kept, old, nowMs) : undefined) ??
    kept;
  const settled = row.stamp?.(prepared, old, { user: context.user, nowMs }) ?? prepared;
  // What only the server does (binding, finalizing) keeps other rules than an update.
  validate(row, settled, part === 'any' ? undefined : old, asked);
  return settled;
}

async function admit({ admission }: VerbDeps, modification: Modification, object: KubeObject, old: StoredObject) {
  const { context, row, subresource, namespace, name, dryRun } = modification;
  const part = subresource === undefined ? {} : { subresource };
  return admission.validate({ context, operation: 'UPDATE', row, ...part, namespace, name, object, old, dryRun });
}

function assertSame({ row, name }: Modification, wished: KubeObject, old: StoredObject): void {
  const { uid, resourceVersion } = wished.metadata;
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`;
    throw conflict(row.type, name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion)
    throw objectModified(row.type, name);
}

/**
 * Whether a custom resource is still stored in a version that is not the stored one any more; a write
 * that changes nothing then brings it over, as Kubernetes' storage migrations expect.
 */
function isStale(deps: VerbDeps, { row, namespace, name }: Modification): boolean {
  const { custom, type } = row;
  if (custom === undefined) return false;
  const stored = cacheOf(deps, row).get(objectName(type.namespaced ? namespace : '', name));
  return stored !== undefined && custom.toStored(custom.fromStored(stored)).apiVersion !== stored.apiVersion;
}

/** Whether nothing changed but the times at which managers say they wrote. */
function isSame(object: KubeObject, old: StoredObject): boolean {
  return equalJson(withoutTimes(object), withoutTimes(old));
}

function withoutTimes(object: KubeObject): unknown {
  const { resourceVersion: _, managedFields, ...metadata } = object.metadata;
  return { ...object, metadata: { ...metadata, managedFields: managedFields?.map(({ time: __, ...entry }) => entry) } };
}

function withVersion(object: KubeObject, { metadata: { resourceVersion } }: StoredObject): StoredObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion } } as StoredObject;
}
