import { apiVersionOf, applyServerSide, isApiError, type KubeObject, notFound, type StoredObject } from '#api';
import { equalJson } from '#base';
import { decodeAsSent } from '../admission.ts';
import type { PatchRequest, ResourceRow, WriteAnswer } from '../api.ts';
import { badRequest, conflict, invalid, objectModified } from '../errors.ts';
import { identityOf, withManagedFields } from '../field-ownership.ts';
import { apiLimits } from '../limits.ts';
import { modelOf } from '../models.ts';
import { SCALE, scaleOf, workloadFields } from '../scale.plan.ts';
import { asServed, storedRow } from '../versions.ts';
import { createObject } from './create.ts';
import { modify, type Wish } from './modify.ts';
import type { VerbDeps } from './verb-deps.ts';

/** In the stored version; `asked` is the row of the version that the applier speaks. */
interface Apply extends PatchRequest {
  readonly asked: ResourceRow;
}

/** Server-side apply: changes the object to hold what the manager wants, or creates it. */
export function createApply(deps: VerbDeps) {
  return async function apply(asked: PatchRequest): Promise<WriteAnswer> {
    assertApply(asked);
    const request = { ...asked, row: storedRow(asked.row), asked: asked.row };
    if (asked.subresource === 'scale') return applyScale(request);
    const applied = decodeAsSent(asked.row, asNamed(asked), asked);
    const { row, name } = request;
    for (let attempt = 0; attempt < apiLimits.writeAttempts; attempt += 1) {
      try {
        return await change(request, applied);
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error;
      }
      try {
        return await create(request, applied);
      } catch (error) {
        if (!isApiError(error, 'AlreadyExists')) throw error;
      }
    }
    throw objectModified(row.type, name);
  };

  /** What a Scale wants is applied to the workload it shows: its manager owns the number of replicas there. */
  async function applyScale(request: Apply): Promise<WriteAnswer> {
    const { row } = request;
    const { custom, ...plain } = row;
    const scaleRow = { ...plain, type: { ...row.type, ...SCALE } };
    const { object, warnings } = decodeAsSent(scaleRow, asNamed(request), request);
    const identity = { apiVersion: apiVersionOf(row.type), kind: row.type.kind };
    const answer = await change(request, {
      object: { ...identity, ...workloadFields(custom?.scale, object) },
      warnings,
    });
    return { ...answer, object: scaleOf(custom?.scale, asServed(row, answer.object)) };
  }

  function change(request: Apply, applied: Wish): Promise<WriteAnswer> {
    const { row, asked, namespace, name, subresource, dryRun = false } = request;
    return modify(deps, {
      context: request.context,
      ...(subresource === undefined ? {} : { subresource }),
      row,
      asked,
      namespace,
      name,
      dryRun,
      part: subresource === 'status' || subresource === 'approval' ? 'status' : 'object',
      wish: (old) => ({ ...applied, object: pinned(merged(request, applied.object, old), applied.object) }),
      // The merge has told already who owns what.
      track: (object) => object,
    });
  }

  async function create(request: Apply, { object, warnings }: Wish): Promise<WriteAnswer> {
    const { row, asked, namespace, name, dryRun = false, subresource } = request;
    if (subresource !== undefined) throw notFound(row.type.group, row.type.plural, name);
    const { uid, resourceVersion } = object.metadata;
    if (resourceVersion) throw objectModified(row.type, name);
    if (uid) throw conflict(row.type, name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: `);
    const whole = merged(request, object, undefined);
    const track = (made: KubeObject) => withManagedFields(made, whole.metadata.managedFields);
    return createObject(deps, {
      context: request.context,
      isApply: true,
      row,
      asked,
      namespace,
      object: whole,
      warnings,
      dryRun,
      track,
    });
  }

  /** The live object with the applied one merged in, its owners and its defaults; the live one itself if nothing changes. */
  function merged(request: PatchRequest, applied: KubeObject, live: StoredObject | undefined): KubeObject {
    const { row, force = false } = request;
    const identity = identityOf(request, deps.clock.nowMs());
    const { object, changed } = applyServerSide({ ...identity, schema: modelOf(row).schema, live, applied, force });
    if (!changed || (live !== undefined && ownsNothingNew(object, live, identity.manager))) return live ?? object;
    return modelOf(row).withDefaults(object);
  }
}

/**
 * Whether the apply neither changed nor owns a field (a Namespace that is only a name). It then also leaves unsaid who
 * may have owned the rest: a write that changes nothing must not happen.
 */
function ownsNothingNew(object: KubeObject, live: StoredObject, manager: string): boolean {
  if ((live.metadata.managedFields ?? []).length > 0) return false;
  if ((object.metadata.managedFields ?? []).some((entry) => entry.manager === manager)) return false;
  return equalJson(withManagedFields(object, undefined), withManagedFields(live, undefined));
}

/** A version or uid that the applied object names is a condition. */
function pinned(object: KubeObject, { metadata: { uid, resourceVersion } }: KubeObject): KubeObject {
  if (uid === undefined && resourceVersion === undefined) return object;
  const pins = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  return { ...object, metadata: { ...object.metadata, ...pins } };
}

/** The applied object under the name and in the namespace of the path. */
function asNamed({ row, namespace, name, patch }: PatchRequest): KubeObject {
  const sent = patch as unknown as KubeObject;
  const metadata = typeof sent.metadata === 'object' && sent.metadata !== null ? sent.metadata : {};
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (row.type.namespaced && metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if (!sent.apiVersion || !sent.kind) throw badRequest('apiVersion and kind must be set in an apply patch');
  return { ...sent, metadata: { ...metadata, name, ...(row.type.namespaced ? { namespace } : {}) } };
}

function assertApply({ fieldManager }: PatchRequest): void {
  if (fieldManager) return;
  const message = 'Required value: is required for apply patch';
  const issue = { reason: 'FieldValueRequired', path: 'fieldManager', message };
  throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [issue]);
}
