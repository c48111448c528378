import { equalJson } from '#base';
import type { KubeObject, ManagedFieldsEntry } from '../meta/object.ts';
import type { Schema } from '../schema/schema.ts';
import { isRecord } from '../values/own.ts';
import { type Changes, compareFields, isUnchanged } from './compare.ts';
import { differenceOf, EMPTY_SET, unionOf } from './field-set.ts';
import {
  identityOf,
  type Manager,
  type ManagerKey,
  readManagers,
  storedManagers,
  trackedPart,
  writeManagers,
} from './managers.ts';

export interface WriterIdentity {
  /** Field manager: `kubectl-edit`, `plumbline-controllers`. */
  readonly manager: string;
  /** Version of the API the write came through. The object's own when absent. */
  readonly apiVersion?: string | undefined;
  readonly subresource?: string | undefined;
  /** The authenticated user behind the manager. */
  readonly user?: string | undefined;
  /** RFC 3339 with seconds: `formatTime(nowMs)`. */
  readonly time: string;
}

export interface UpdateRecord extends WriterIdentity {
  readonly schema: Schema;
  /** As stored; undefined when the object is being created. */
  readonly live: KubeObject | undefined;
  /** As it is about to be stored, defaults and server-owned fields included. */
  readonly updated: KubeObject;
}

/**
 * `updated` with `metadata.managedFields` as they are after this write (create, update, patch, status): the writer owns
 * what it changed, nobody owns what it removed. A write that changes no field changes no entry. Pure; returns a copy.
 * Source: structured-merge-diff merge/update.go, Updater.Update (v4.4), behaviour only.
 */
export function trackUpdate(record: UpdateRecord): KubeObject {
  const { schema, live, updated } = record;
  const managers = managersFor(record);
  const changes = compareFields(schema, live === undefined ? {} : trackedPart(live), trackedPart(updated));
  return withManagers(updated, isUnchanged(changes) ? managers : claim(managers, changes, record));
}

/** `object` with these managers; without the field when there are none. Untouched entries stay as they are. */
export function withManagers(object: KubeObject, managers: readonly Manager[]): KubeObject {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  const entries = writeManagers(managers);
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

/** Takes what the writer changed from all others and gives it to the writer. */
function claim(managers: readonly Manager[], { added, modified, removed }: Changes, writer: UpdateRecord): Manager[] {
  const key: ManagerKey = {
    manager: writer.manager,
    operation: 'Update',
    apiVersion: writer.apiVersion ?? writer.updated.apiVersion,
    subresource: writer.subresource || undefined,
    user: writer.user,
  };
  const own = identityOf(key);
  const written = unionOf(added, modified);
  const before = managers.find((manager) => identityOf(manager.key) === own);
  const fields = unionOf(differenceOf(before?.fields ?? EMPTY_SET, removed), written);
  return [
    ...managers
      .filter((manager) => manager !== before)
      .map((manager) => ({ ...manager, fields: differenceOf(differenceOf(manager.fields, written), removed) })),
    { key, fields, time: writer.time },
  ];
}

/**
 * The managers that the write starts from. A client may rewrite the entries (kubectl does when it moves an object to
 * server-side apply) or reset them with `[{}]`; entries it left out or broke are those of the live object.
 */
function managersFor({ live, updated, user }: UpdateRecord): Manager[] {
  const sent = updated.metadata.managedFields;
  const known = storedManagers(live?.metadata.managedFields);
  if (!Array.isArray(sent) || sent.length === 0 || equalJson(sent, live?.metadata.managedFields)) return known;
  if (isReset(sent)) return [];
  const managers = readManagers(sent);
  return managers === undefined ? known : managers.map((manager) => withTrueUser(manager, known, user));
}

function isReset(entries: readonly ManagedFieldsEntry[]): boolean {
  return entries.length === 1 && isRecord(entries[0]) && Object.keys(entries[0]).length === 0;
}

/** Clients that do not know `user` drop it, and none may forge it: it is that of the live entry, or the writer's own. */
function withTrueUser(manager: Manager, known: readonly Manager[], writer: string | undefined): Manager {
  const { user: claimed, ...key } = manager.key;
  const sameWriter = known.filter(
    (other) => identityOf({ ...other.key, user: undefined }) === identityOf({ ...key, user: undefined }),
  );
  const source =
    sameWriter.find((other) => other.key.user === claimed) ??
    sameWriter.find((other) => other.time === manager.time) ??
    sameWriter[0];
  return { ...manager, key: { ...key, user: source === undefined ? writer : source.key.user } };
}
