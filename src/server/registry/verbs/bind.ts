import type { CreateRequest, WriteAnswer } from '../api.ts';
import { planBinding } from '../binding.plan.ts';
import { badRequest } from '../errors.ts';
import { ownUpdated } from '../field-ownership.ts';
import { modify } from './modify.ts';
import type { VerbDeps } from './verb-deps.ts';

/** Binds a pod to a node, once. Answers the pod. */
export function createBind(deps: VerbDeps) {
  return async function bind(request: CreateRequest): Promise<WriteAnswer> {
    const { row, namespace, dryRun = false } = request;
    const binding = request.object;
    const name = request.name ?? binding.metadata.name ?? '';
    if (binding.metadata.name && binding.metadata.name !== name)
      throw badRequest(
        `the name of the object (${binding.metadata.name}) does not match the name on the URL (${name})`,
      );
    const pinned = binding.metadata.uid === undefined ? {} : { uid: binding.metadata.uid };
    return modify(deps, {
      context: request.context,
      subresource: 'binding',
      row,
      namespace,
      name,
      dryRun,
      part: 'any',
      wish: (old) => {
        const object = planBinding(old, { ...binding, metadata: { ...binding.metadata, name } }, deps.clock.nowMs());
        return { object: { ...object, metadata: { ...object.metadata, ...pinned } }, warnings: [] };
      },
      track: (object, old) => ownUpdated(row, object, old, { ...request, subresource: 'binding' }, deps.clock.nowMs()),
    });
  };
}
