import { ApiError, isApiError, type StoredObject } from '#api';
import type { DeleteAnswer, DeleteCollectionRequest, DeleteRequest, ResourceRow } from '../api.ts';
import { planDelete } from '../delete.plan.ts';
import { conflict, forbidden, objectModified } from '../errors.ts';
import { apiLimits } from '../limits.ts';
import { compileSelection } from '../selection.ts';
import { storedRow } from '../versions.ts';
import { asIfStored, commitPut, commitRemoval } from './commit.ts';
import { cacheOf, current, type VerbDeps } from './verb-deps.ts';

/** Source: kubernetes plugin/pkg/admission/namespace/lifecycle, immortal namespaces (v1.32). */
const IMMORTAL_NAMESPACES: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Removes an object, or marks it as going while a node, a finalizer or its contents hold it. */
export function createDelete(deps: VerbDeps) {
  return async function remove(request: DeleteRequest): Promise<DeleteAnswer> {
    const { name, dryRun = false } = request;
    const row = storedRow(request.row);
    if (row.type.group === '' && row.type.kind === 'Namespace' && IMMORTAL_NAMESPACES.has(name))
      throw forbidden(row.type, name, 'this namespace may not be deleted');
    for (let attempt = 0; attempt < apiLimits.writeAttempts; attempt += 1) {
      const old = current(deps, request);
      assertPreconditions(request, old);
      const { context, namespace } = request;
      await deps.admission.validate({
        context,
        operation: 'DELETE',
        row,
        namespace,
        name,
        object: old,
        old,
        dryRun,
      });
      const plan = planDelete(old, request, deps.clock.nowMs());
      if (plan.action === 'wait') return { object: old, lingers: true };
      if (plan.action === 'remove') {
        if (dryRun) return { object: old, lingers: false };
        const removed = await commitRemoval(deps, row, old);
        if (removed.ok) return { object: removed.value, lingers: false };
        continue;
      }
      if (dryRun) return { object: asIfStored(plan.object, old), lingers: true };
      const marked = await commitPut(deps, { row, object: plan.object, old }, []);
      if (marked.ok) return { object: marked.value, lingers: true };
    }
    throw objectModified(row.type, name);
  };
}

/** Deletes what the selectors choose at this moment, a few at a time. What is gone meanwhile counts as deleted. */
export function createDeleteCollection(deps: VerbDeps, remove: (request: DeleteRequest) => Promise<DeleteAnswer>) {
  return async function deleteCollection(request: DeleteCollectionRequest): Promise<readonly StoredObject[]> {
    assertCollection(request.row);
    const chosen = cacheOf(deps, request.row).select(compileSelection(request.row, request));
    const deleted: StoredObject[] = [];
    const waiting = chosen.values();
    const work = async () => {
      for (const { metadata } of waiting) {
        try {
          const { object } = await remove({ ...request, namespace: metadata.namespace ?? '', name: metadata.name });
          deleted.push(object);
        } catch (error) {
          if (!isApiError(error, 'NotFound')) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(apiLimits.deletesInFlight, chosen.length) }, work));
    return deleted;
  };
}

function assertCollection({ type, verbs }: ResourceRow): void {
  if (verbs.includes('deletecollection')) return;
  throw new ApiError(
    'MethodNotAllowed',
    `the server does not allow this method on the requested resource: ${type.plural}`,
  );
}

function assertPreconditions({ row, name, preconditions }: DeleteRequest, { metadata }: StoredObject): void {
  if (preconditions?.uid !== undefined && preconditions.uid !== metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${metadata.uid}`;
    throw conflict(row.type, name, why);
  }
  const version = preconditions?.resourceVersion;
  if (version !== undefined && version !== metadata.resourceVersion) {
    const why = `Precondition failed: ResourceVersion in precondition: ${version}, ResourceVersion in object meta: ${metadata.resourceVersion}`;
    throw conflict(row.type, name, why);
  }
}
