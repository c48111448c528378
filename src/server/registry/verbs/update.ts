import type { KubeObject, StoredObject } from '#api';
import { decode } from '../admission.ts';
import type { UpdateRequest, WriteAnswer } from '../api.ts';
import { withEphemeralContainers } from '../ephemeral-containers.ts';
import { badRequest } from '../errors.ts';
import { ownUpdated } from '../field-ownership.ts';
import { scaleOf, withScale } from '../scale.plan.ts';
import { asServed, storedRow } from '../versions.ts';
import { type Modification, modify, partOf, type Wish } from './modify.ts';
import type { VerbDeps } from './verb-deps.ts';

export function createUpdate(deps: VerbDeps) {
  return async function update(request: UpdateRequest): Promise<WriteAnswer> {
    const { namespace, name, subresource, dryRun = false } = request;
    const row = storedRow(request.row);
    const sent = request.object;
    assertPlace(request, sent);
    const modification: Modification = {
      context: request.context,
      ...(subresource === undefined ? {} : { subresource }),
      row,
      asked: request.row,
      namespace,
      name,
      dryRun,
      part: partOf(subresource),
      wish: wishOf(request, sent),
      track: (object, old) => ownUpdated(row, object, old, request, deps.clock.nowMs()),
    };
    const answer = await modify(deps, modification);
    return subresource === 'scale'
      ? { ...answer, object: scaleOf(row.custom?.scale, asServed(row, answer.object)) }
      : answer;
  };
}

function wishOf(request: UpdateRequest, sent: KubeObject): (old: StoredObject) => Wish {
  const { row, subresource } = request;
  if (subresource === 'scale') return (old) => ({ object: withScale(row.custom?.scale, old, sent), warnings: [] });
  const decoded = decode(row, sent, request);
  if (subresource === 'finalize') return (old) => ({ ...decoded, object: withFinalizers(old, decoded.object) });
  if (subresource === 'ephemeralcontainers') {
    return (old) => ({ ...decoded, object: withEphemeralContainers(old, decoded.object) });
  }
  return () => decoded;
}

/** A namespace whose contents are gone is let go by whoever takes its finalizer off `spec`. */
function withFinalizers(old: StoredObject, { spec, metadata }: KubeObject): KubeObject {
  const { uid, resourceVersion } = metadata;
  const pinned = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return {
    ...old,
    metadata: { ...old.metadata, ...pinned },
    spec: { ...(old['spec'] as object | undefined), finalizers: (spec as { finalizers?: string[] })?.finalizers ?? [] },
  };
}

/** Source: apiserver endpoints/handlers/rest.go, checkName, and registry/rest/meta.go (v0.32). */
export function assertPlace(
  { row, namespace, name }: Pick<UpdateRequest, 'row' | 'namespace' | 'name'>,
  { metadata }: KubeObject,
): void {
  if (metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (row.type.namespaced && metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}
