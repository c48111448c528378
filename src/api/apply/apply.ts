import { equalJson } from '#base';
import type { KubeObject } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import type { Schema } from '../schema/schema.ts';
import { setOwn } from '../values/own.ts';
import { isOwnClientSideApply } from './client-side.ts';
import { type Changes, compareFields } from './compare.ts';
import { refuseConflicts } from './conflicts.ts';
import { differenceOf, type FieldSet, intersectionOf, isEmptySet, MEMBER, unionOf } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import {
  identityOf,
  type Manager,
  type ManagerKey,
  sameFields,
  storedManagers,
  trackedPart,
  UNTRACKED_METADATA,
} from './managers.ts';
import { mergeApplied } from './merge.ts';
import { pruneFields } from './prune.ts';
import { withoutNulls } from './shape.ts';
import { type WriterIdentity, withManagers } from './update.ts';
import { withoutWriteOnly } from './write-only.ts';

export interface ApplyRequest extends WriterIdentity {
  readonly schema: Schema;
  /** As stored; undefined when the apply creates the object. */
  readonly live: KubeObject | undefined;
  /** What the manager wants, and no more: fields it leaves out and alone owned before are removed. */
  readonly applied: KubeObject;
  /** Takes over fields that others own instead of failing. */
  readonly force: boolean;
}

export interface ApplyResult {
  /** The object to default, validate and store, with its `managedFields`. */
  readonly object: KubeObject;
  /** False when neither a field nor an owner changed: `object` then equals `live`. */
  readonly changed: boolean;
}

/**
 * Server-side apply. Throws `Conflict` with a cause for each field that another manager owns with another value,
 * `BadRequest` when what is applied cannot be merged. Pure; the arguments are not changed.
 * Source: structured-merge-diff merge/update.go, Updater.Apply (v4.4), behaviour only.
 */
export function applyServerSide(request: ApplyRequest): ApplyResult {
  const { schema, live, force } = request;
  const applied = appliedPart(request);
  const fields = fieldsOf(schema, trackedPart(applied), true);
  const key = keyOf(request);
  const managers = managersOf(request);
  const own = managers.find((manager) => identityOf(manager.key) === identityOf(key));
  const others = managers.filter((manager) => manager !== own);

  const merged = mergeApplied(schema, live, applied) as KubeObject;
  const object = own === undefined ? merged : withoutDropped(schema, merged, own.fields, unionAll(fields, others));
  const changes = compareFields(schema, live === undefined ? {} : trackedPart(live), trackedPart(object));
  const written = unionOf(changes.added, changes.modified);
  const conflicts = others
    .map((other) => ({ other, fields: intersectionOf(other.fields, written) }))
    .filter((conflict) => !isEmptySet(conflict.fields));
  if (!force) refuseConflicts(conflicts.filter((conflict) => !isOwnClientSideApply(request, conflict.fields)));

  const after = settle(others, { key, fields, time: request.time }, changes, written);
  // Values are compared too, since the order of items is no change of a field.
  if (live !== undefined && hasEntries(live) && sameFields(managers, after) && equalJson(live, object)) {
    return { object: live, changed: false };
  }
  return { object: withManagers(object, after), changed: true };
}

function keyOf({ manager, apiVersion, applied, subresource, user }: ApplyRequest): ManagerKey {
  return {
    manager,
    operation: 'Apply',
    apiVersion: apiVersion ?? applied.apiVersion,
    subresource: subresource || undefined,
    user,
  };
}

/** What may be merged: without fields of the server, and without those of the other endpoint (status, or all else). */
function appliedPart({ applied, subresource }: ApplyRequest): KubeObject {
  const { apiVersion, kind, metadata, status, ...rest } = withoutNulls(withoutWriteOnly(applied)) as KubeObject;
  if ((metadata.managedFields ?? []).length > 0) throw new ApiError('BadRequest', 'metadata.managedFields must be nil');
  const own: Record<string, unknown> = {};
  for (const key of Object.keys(metadata)) {
    const isIdentity = key === 'name' || key === 'namespace';
    if (isIdentity || (subresource !== 'status' && !UNTRACKED_METADATA.has(key)))
      setOwn(own, key, metadata[key as never]);
  }
  if (subresource === 'status') return { apiVersion, kind, metadata: own, ...(status === undefined ? {} : { status }) };
  return { apiVersion, kind, metadata: own, ...rest };
}

/** An object whose owners are not known belongs to whoever wrote it before the first apply. */
function managersOf({ schema, live, apiVersion, applied }: ApplyRequest): Manager[] {
  if (live === undefined) return [];
  const known = storedManagers(live.metadata.managedFields);
  if (known.length > 0) return known;
  const key: ManagerKey = {
    manager: 'before-first-apply',
    operation: 'Update',
    apiVersion: apiVersion ?? applied.apiVersion,
  };
  return [{ key, fields: fieldsOf(schema, trackedPart(live)), time: live.metadata.creationTimestamp ?? undefined }];
}

/** Nobody owns an object's identity, yet it is never dropped. */
const IDENTITY: FieldSet = { 'f:metadata': { 'f:name': MEMBER } };

function withoutDropped(schema: Schema, object: KubeObject, before: FieldSet, kept: FieldSet): KubeObject {
  return pruneFields(schema, object, before, unionOf(kept, IDENTITY)) as KubeObject;
}

function unionAll(fields: FieldSet, managers: readonly Manager[]): FieldSet {
  return managers.reduce((all, manager) => unionOf(all, manager.fields), fields);
}

function settle(others: readonly Manager[], own: Manager, { removed }: Changes, written: FieldSet): Manager[] {
  return [
    ...others.map((other) => ({ ...other, fields: differenceOf(differenceOf(other.fields, written), removed) })),
    own,
  ];
}

function hasEntries(live: KubeObject): boolean {
  return (live.metadata.managedFields ?? []).length > 0;
}
