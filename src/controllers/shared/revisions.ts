import { CONTROLLER_REVISIONS, type ControllerRevision, isApiError, type KubeObject } from '#api';
import type { Client } from '#client';
import type { Expectations, Informer } from '#reconcile';
import { isControlledBy } from './owners.plan.ts';
import { holdsTemplate, type Revisioned, type RevisionsPlan } from './revisions.plan.ts';

export interface RevisionsDeps {
  readonly client: Client;
  readonly revisions: Informer<ControllerRevision>;
  readonly expectations: Expectations;
}

/**
 * Makes a plan for revisions true; answers the revision of the owner's template. Undefined when another object has its name:
 * then the owner's `collisionCount` must grow.
 */
export async function carryOutRevisions(
  { client, revisions, expectations }: RevisionsDeps,
  { key, owner, plan }: { readonly key: string; readonly owner: Revisioned; readonly plan: RevisionsPlan },
): Promise<ControllerRevision | undefined> {
  const { current, create, renumber, remove } = plan;
  for (const { metadata } of remove) {
    const preconditions = { uid: metadata.uid };
    const gone = await client.delete(CONTROLLER_REVISIONS, metadata, { preconditions });
    const known = revisions.get(`${metadata.namespace}/${metadata.name}`);
    if (known !== undefined) expectations.removed(key, revisions, known, gone);
  }
  if (renumber !== undefined) {
    const { revision, to } = renumber;
    const body = { metadata: { resourceVersion: revision.metadata.resourceVersion }, revision: to };
    const written = await client.patch(CONTROLLER_REVISIONS, revision.metadata, { type: 'merge', body });
    return expectations.wrote(key, revisions, written);
  }
  return create === undefined ? current : make(create);

  async function make(object: KubeObject): Promise<ControllerRevision | undefined> {
    try {
      return expectations.wrote(key, revisions, await client.create(CONTROLLER_REVISIONS, object));
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
      const { name = '', namespace = '' } = object.metadata;
      const existing = await client.get(CONTROLLER_REVISIONS, { namespace, name });
      const isOurs = existing !== undefined && isControlledBy(existing, owner) && holdsTemplate(existing, owner);
      return isOurs ? expectations.wrote(key, revisions, existing) : undefined;
    }
  }
}
