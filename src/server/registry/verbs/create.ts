import { ApiError, isApiError, type KubeObject, NAMESPACES, notFound } from '#api';
import type { Operation } from '#store';
import { decode, validate, validateTypes } from '../admission.ts';
import type { CreateRequest, RequestContext, ResourceRow, WriteAnswer } from '../api.ts';
import { generatedName } from '../chance.ts';
import { alreadyExists, badRequest, forbidden, invalid } from '../errors.ts';
import { ownCreated, withManagedFields } from '../field-ownership.ts';
import { resourceName, storeKey } from '../keys.ts';
import { apiLimits } from '../limits.ts';
import { newMetadata } from '../metadata.plan.ts';
import { isAllocationKey } from '../service-allocator.ts';
import { storedRow } from '../versions.ts';
import { podWarnings } from '../warnings.plan.ts';
import { asIfStored, commitPut, isService } from './commit.ts';
import type { VerbDeps } from './verb-deps.ts';

/** A new object as its creator wants it, decoded. */
export interface Creation {
  readonly context: RequestContext;
  /** Whether it came as an apply. */
  readonly isApply?: boolean;
  readonly row: ResourceRow;
  /** Of the version that the creator speaks, where that is another. */
  readonly asked?: ResourceRow;
  readonly namespace: string;
  readonly object: KubeObject;
  readonly warnings: readonly string[];
  readonly dryRun: boolean;
  /** Notes in `managedFields` who owns what. Pure. */
  track(object: KubeObject): KubeObject;
}

export function createCreate(deps: VerbDeps) {
  return async function create(request: CreateRequest): Promise<WriteAnswer> {
    const { namespace, name, dryRun = false } = request;
    const row = storedRow(request.row);
    const sent = request.object;
    assertPlace(row, namespace, name, sent);
    if (sent.metadata.resourceVersion) throw badRequest('resourceVersion should not be set on objects to be created');
    const { object, warnings } = decode(request.row, sent, request);
    const track = (made: KubeObject) => ownCreated(row, made, request, deps.clock.nowMs());
    const { context, row: asked } = request;
    return createObject(deps, { context, row, asked, namespace, object, warnings, dryRun, track });
  };
}

/** Stores a new object; a generated name that is taken is replaced by another. */
export async function createObject(deps: VerbDeps, creation: Creation): Promise<WriteAnswer> {
  const { row, namespace, dryRun } = creation;
  if (dryRun || !row.type.namespaced) return storeNew(deps, creation);
  return deps.quotas.inTurn(row, namespace, () => storeNew(deps, creation));
}

async function storeNew(deps: VerbDeps, creation: Creation): Promise<WriteAnswer> {
  const { row, object, dryRun } = creation;
  const generates = !object.metadata.name && Boolean(object.metadata.generateName);
  if (!object.metadata.name && !generates) {
    const message = 'Required value: name or generateName is required';
    throw invalid(row.type, '', [{ reason: 'FieldValueRequired', path: 'metadata.name', message }]);
  }
  for (let attempt = 1; ; attempt += 1) {
    const name = object.metadata.name || generatedName(object.metadata.generateName ?? '', deps.chance.random);
    try {
      const { made, operations, warnings: admitted } = await make(deps, creation, name);
      const warnings = [...creation.warnings, ...admitted];
      if (dryRun) {
        assertAbsent(deps, row, made);
        return { object: asIfStored(made, undefined), created: true, warnings: told(row, made, warnings) };
      }
      const written = await commitPut(deps, { row, object: made, old: undefined }, operations);
      if (written.ok) return { object: written.value, created: true, warnings: told(row, made, warnings) };
      if (written.key === storeKey(row.type, creation.namespace, name)) throw alreadyExists(row.type, name);
      // The namespace moved on, or somebody took the same address: look again.
      if (attempt >= apiLimits.writeAttempts) throw lostRace(written.key);
    } catch (error) {
      if (!generates || attempt >= apiLimits.nameAttempts || !isApiError(error, 'AlreadyExists')) throw error;
    }
  }
}

/** Looked at only when the object is known to be sound. */
function told(row: ResourceRow, made: KubeObject, warnings: readonly string[]): readonly string[] {
  return [...warnings, ...podWarnings(made, undefined), ...(row.warningsOf?.(made) ?? [])];
}

/** The whole new object, and what has to be true or to happen when it is stored. */
async function make(
  deps: VerbDeps,
  { context, isApply = false, row, asked, namespace: sentNamespace, object, track, dryRun }: Creation,
  name: string,
): Promise<{
  readonly made: KubeObject;
  readonly operations: readonly Operation[];
  readonly warnings: readonly string[];
}> {
  const nowMs = deps.clock.nowMs();
  const namespace = row.type.namespaced ? sentNamespace : '';
  const home = row.type.namespaced ? liveNamespace(deps, row, namespace, name) : undefined;
  const metadata = newMetadata(object.metadata, { name, namespace, uid: deps.chance.uid(), nowMs });
  const identified = { ...object, metadata };
  validateTypes(row, identified);
  const admitted = { context, operation: 'CREATE', isApply, row, namespace, name, dryRun } as const;
  // What the server fills in from here on belongs to nobody: the creator did not ask for it.
  const { managedFields } = track(identified).metadata;
  const mutated = await deps.admission.mutate({ ...admitted, object: identified });
  const begun = row.prepareForCreate?.(mutated, nowMs) ?? mutated;
  const prepared = row.stamp?.(begun, undefined, { user: context.user, nowMs }) ?? begun;
  validate(row, prepared, undefined, asked);
  const warnings = await deps.admission.validate({ ...admitted, object: prepared });
  const owned = withManagedFields(prepared, managedFields);
  const allocated = isService(row)
    ? await deps.allocator.allocate(owned, undefined)
    : { object: owned, operations: [] };
  const charges = deps.quotas.charge(row, namespace, { object: allocated.object });
  const stillThere: Operation[] = home === undefined ? [] : [home];
  return { made: allocated.object, operations: [...stillThere, ...allocated.operations, ...charges], warnings };
}

/** Nothing new begins in a namespace that is not there or is going, not even when it goes at this very moment. */
function liveNamespace({ cache }: VerbDeps, row: ResourceRow, namespace: string, name: string): Operation {
  const found = cache.resource(resourceName(NAMESPACES)).get(namespace);
  if (found === undefined) throw notFound('', 'namespaces', namespace);
  if (found.metadata.deletionTimestamp !== undefined) {
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated` };
    throw forbidden(row.type, name, why, [{ ...cause, field: 'metadata.namespace' }]);
  }
  const ifRevision = Number(found.metadata.resourceVersion);
  return { type: 'check', key: storeKey(NAMESPACES, '', namespace), ifRevision };
}

function assertAbsent({ cache }: VerbDeps, { type }: ResourceRow, { metadata: { namespace, name = '' } }: KubeObject) {
  const key = namespace === undefined ? name : `${namespace}/${name}`;
  if (cache.resource(resourceName(type)).get(key) !== undefined) throw alreadyExists(type, name);
}

/** Body and path have to say the same. Source: apiserver registry/rest/create.go and meta.go (v0.32). */
function assertPlace(
  { type }: ResourceRow,
  namespace: string,
  name: string | undefined,
  { metadata }: KubeObject,
): void {
  if (type.namespaced && metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if (type.namespaced && namespace === '') throw badRequest('an empty namespace may not be set during creation');
  if (name !== undefined && name !== '' && metadata.name && metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
}

function lostRace(key: string): ApiError {
  const what = isAllocationKey(key) ? 'addresses or ports' : 'the namespace or its quotas';
  return new ApiError('ServerTimeout', `${what} changed too often while the object was created`, {
    retryAfterSeconds: 1,
  });
}
