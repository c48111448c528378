import { applyMergePatch, isApiError, type Json, type KubeObject } from '#api';
import { cloneJson } from '#base';
import { decode } from '../admission.ts';
import type { PatchRequest, WriteAnswer } from '../api.ts';
import { ownCreated, ownUpdated } from '../field-ownership.ts';
import { createObject } from './create.ts';
import { modify } from './modify.ts';
import type { VerbDeps } from './verb-deps.ts';

export function createApply(deps: VerbDeps) {
  return async function apply(request: PatchRequest): Promise<WriteAnswer> {
    const { row, namespace, name, dryRun = false } = request;
    try {
      return await modify(deps, {
        row,
        namespace,
        name,
        dryRun,
        part: request.subresource === 'status' ? 'status' : 'object',
        wish: (old) =>
          decode(
            row,
            cloneJson(applyMergePatch(old as unknown as Json, request.patch)) as unknown as KubeObject,
            request,
          ),
        track: (object, old) => ownUpdated(row, object, old, request, deps.clock.nowMs()),
      });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
    const { object, warnings } = decode(row, cloneJson(request.patch) as unknown as KubeObject, request);
    const track = (made: KubeObject) => ownCreated(row, made, request, deps.clock.nowMs());
    return createObject(deps, { row, namespace, object, warnings, dryRun, track });
  };
}
