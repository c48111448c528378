import type { StoredObject } from '#api';
import type { GetRequest } from '../api.ts';
import { assertScalable, scaleOf } from '../scale.plan.ts';
import { current, type VerbDeps } from './verb-deps.ts';

/** From the watch cache: every write this process has answered is in it. */
export function createGet(deps: VerbDeps) {
  return async function get(request: GetRequest): Promise<StoredObject> {
    const object = current(deps, request);
    if (request.subresource !== 'scale') return object;
    assertScalable(request.row.custom?.scale, object);
    return scaleOf(request.row.custom?.scale, object);
  };
}
