import {
  ApiError,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  isApiError,
  type Json,
  type KubeObject,
  type StoredObject,
  schemaOf,
} from '#api';
import { decode } from '../admission.ts';
import type { PatchRequest, ResourceRow, WriteAnswer } from '../api.ts';
import { withEphemeralContainers } from '../ephemeral-containers.ts';
import { badRequest, invalid } from '../errors.ts';
import { ownUpdated } from '../field-ownership.ts';
import { SCALE, scaleOf, withScale } from '../scale.plan.ts';
import { asServed, storedRow } from '../versions.ts';
import { createApply } from './apply.ts';
import { type Modification, modify, partOf, type Wish } from './modify.ts';
import { assertPlace } from './update.ts';
import type { VerbDeps } from './verb-deps.ts';

/** Patches of all four kinds. One that names no version is tried again when somebody else was faster. */
export function createPatch(deps: VerbDeps) {
  const apply = createApply(deps);
  return async function patch(request: PatchRequest): Promise<WriteAnswer> {
    assertPatch(request);
    if (request.patchType === 'apply') return apply(request);
    const { namespace, name, subresource, dryRun = false } = request;
    const row = storedRow(request.row);
    const modification: Modification = {
      context: request.context,
      ...(subresource === undefined ? {} : { subresource }),
      row,
      asked: request.row,
      namespace,
      name,
      dryRun,
      part: partOf(subresource),
      wish: (old) => (subresource === 'scale' ? patchedScale(request, old) : patched(request, old)),
      track: (object, old) => ownUpdated(row, object, old, request, deps.clock.nowMs()),
    };
    const answer = await modify(deps, modification);
    return subresource === 'scale'
      ? { ...answer, object: scaleOf(row.custom?.scale, asServed(row, answer.object)) }
      : answer;
  };
}

function patched(request: PatchRequest, old: StoredObject): Wish {
  const object = asObject(merged(request, asServed(request.row, old)));
  assertPlace(request, object);
  const decoded = decode(request.row, object, request);
  if (request.subresource !== 'ephemeralcontainers') return decoded;
  return { ...decoded, object: withEphemeralContainers(old, decoded.object) };
}

function patchedScale(request: PatchRequest, old: StoredObject): Wish {
  return {
    object: withScale(
      request.row.custom?.scale,
      old,
      asObject(merged(request, scaleOf(request.row.custom?.scale, old))),
    ),
    warnings: [],
  };
}

function merged({ row, name, patchType, patch }: PatchRequest, document: StoredObject): Json {
  const before = document as unknown as Json;
  switch (patchType) {
    case 'json':
      return rejectedAsInvalid(row, name, () => applyJsonPatch(before, patch));
    case 'merge':
      return applyMergePatch(before, patch);
    default:
      return applyStrategicMergePatch(schemaFor(row, document), before, patch);
  }
}

/** The words of Kubernetes, whatever operation failed. Source: apiserver endpoints/handlers/patch.go (v0.32). */
function rejectedAsInvalid(row: ResourceRow, name: string, work: () => Json): Json {
  try {
    return work();
  } catch (error) {
    if (!isApiError(error, 'Invalid')) throw error;
    const { kind, group } = row.type;
    const message = 'the server rejected our request due to an error in our request';
    const why = [{ reason: 'FieldValueInvalid', message: error.message, field: 'patch' }];
    throw new ApiError('Invalid', message, { name, group, kind, causes: why }, error);
  }
}

function schemaFor({ type }: ResourceRow, document: StoredObject) {
  const { group, version, kind } = document.kind === 'Scale' ? SCALE : type;
  const schema = schemaOf(group, version, kind);
  if (schema !== undefined) return schema;
  throw invalid(type, '', [{ reason: 'FieldValueInvalid', path: 'patch', message: `no shape is known of ${kind}` }]);
}

/** Kinds that are not Kubernetes' own have no merge keys. */
function isCustom({ type: { group }, custom }: ResourceRow): boolean {
  if (custom !== undefined) return true;
  return group.includes('.') && !group.endsWith('.k8s.io');
}

function assertPatch({ row, patchType, patch, subresource }: PatchRequest): void {
  const noStrategic = patchType === 'strategic' && isCustom(row);
  // Nobody applies them: they are added one by one, and owned by nobody's file.
  const noApply = patchType === 'apply' && subresource === 'ephemeralcontainers';
  if (noStrategic || noApply) {
    const last = noApply ? 'application/strategic-merge-patch+json' : 'application/apply-patch+yaml';
    const accepted = `application/json-patch+json, application/merge-patch+json, ${last}`;
    const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
    throw new ApiError('UnsupportedMediaType', message);
  }
  const isList = Array.isArray(patch);
  if (patchType === 'json' ? !isList : isList || typeof patch !== 'object' || patch === null)
    throw badRequest(`the body of a ${patchType} patch must be ${patchType === 'json' ? 'a list' : 'an object'}`);
}

function asObject(document: Json): KubeObject {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw badRequest('the patched document is not an object');
  const object = document as unknown as KubeObject;
  if (typeof object.metadata !== 'object' || object.metadata === null)
    throw badRequest('the patched document has no metadata');
  return object;
}
