import { equalJson } from '#base';
import type { ManagedFieldsEntry } from '../meta/object.ts';
import { isRecord } from '../values/own.ts';
import { MAX_DEPTH } from '../yaml/limits.ts';
import { normalElement } from './elements.ts';
import { type FieldSet, isEmptySet, unionOf } from './field-set.ts';

/** Who wrote: a program, by which verb and version, through which subresource; for updates also as which user. */
export interface ManagerKey {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource?: string | undefined;
  /** Ours. Part of an updater's identity, so that every field names the person behind it. */
  readonly user?: string | undefined;
}

/** One entry of `managedFields`. */
export interface Manager {
  readonly key: ManagerKey;
  readonly fields: FieldSet;
  /** RFC 3339, of the last change. */
  readonly time: string | undefined;
}

/** Updaters kept apart; older ones share one entry. Source: apimachinery util/managedfields capmanagers.go (v0.32). */
export const MAX_UPDATE_MANAGERS = 10;
const ANCIENT = 'ancient-changes';

/** What an entry is looked up by. An applier's version and user may change from one apply to the next. */
export function identityOf({ manager, operation, apiVersion, subresource, user }: ManagerKey): string {
  return operation === 'Apply'
    ? JSON.stringify([operation, manager, subresource ?? ''])
    : JSON.stringify([operation, manager, subresource ?? '', apiVersion, user ?? '']);
}

/** The managers of an object as a client sent it; undefined when an entry is malformed. One per identity. */
export function readManagers(entries: readonly ManagedFieldsEntry[]): Manager[] | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries) {
    const manager = readEntry(entry, false);
    if (manager === undefined) return undefined;
    const identity = identityOf(manager.key);
    const before = managers.get(identity);
    managers.set(identity, before === undefined ? manager : mergeManagers(before, manager));
  }
  return [...managers.values()];
}

/** The managers of a stored object. We wrote the entries, so their sets are taken as they are: this runs on every write. */
export function storedManagers(entries: readonly ManagedFieldsEntry[] | undefined): Manager[] {
  return (entries ?? []).flatMap((entry) => readEntry(entry, true) ?? []);
}

/** The entries, as they are stored: without empty sets, capped, sorted. */
export function writeManagers(managers: readonly Manager[]): ManagedFieldsEntry[] {
  const owners = managers.filter(({ fields }) => !isEmptySet(fields));
  return capUpdaters(owners).sort(byAge).map(writeEntry);
}

/** Whether both say the same, times and users aside. */
export function sameFields(left: readonly Manager[], right: readonly Manager[]): boolean {
  const plain = (managers: readonly Manager[]) =>
    new Map(managers.filter(({ fields }) => !isEmptySet(fields)).map((manager) => [identityOf(manager.key), manager]));
  const a = plain(left);
  const b = plain(right);
  return (
    a.size === b.size &&
    [...a].every(([identity, { key, fields }]) => {
      const other = b.get(identity);
      return other !== undefined && key.apiVersion === other.key.apiVersion && equalJson(fields, other.fields);
    })
  );
}

function readEntry(entry: ManagedFieldsEntry, trusted: boolean): Manager | undefined {
  const { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource, user } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (fieldsType !== undefined && fieldsType !== 'FieldsV1') return undefined;
  const fields = trusted ? ((fieldsV1 ?? {}) as FieldSet) : readFields(fieldsV1 ?? {}, 0);
  if (fields === undefined) return undefined;
  return {
    key: {
      manager: manager ?? '',
      operation,
      apiVersion: apiVersion ?? '',
      subresource: subresource || undefined,
      user,
    },
    fields,
    time,
  };
}

/** A set as a client wrote it, in our spelling; undefined when it is none. What is well spelt is not copied. */
function readFields(node: unknown, depth: number): FieldSet | undefined {
  if (!isRecord(node) || depth > MAX_DEPTH) return undefined;
  let copy: Record<string, FieldSet> | undefined;
  for (const element of Object.keys(node)) {
    if (element === '.') continue;
    const normal = normalElement(element);
    const child = readFields(node[element], depth + 1);
    if (normal === undefined || child === undefined) return undefined;
    if (normal === element && child === node[element]) continue;
    copy ??= { ...(node as FieldSet) };
    delete copy[element];
    copy[normal] = child;
  }
  return copy ?? (node as FieldSet);
}

function writeEntry({ key, fields, time }: Manager): ManagedFieldsEntry {
  return {
    manager: key.manager,
    operation: key.operation,
    apiVersion: key.apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fields as Record<string, unknown>,
    ...(key.subresource === undefined ? {} : { subresource: key.subresource }),
    ...(key.user === undefined ? {} : { user: key.user }),
  };
}

/** Appliers first, then by time, then by name. Source: apimachinery util/managedfields, sortEncodedManagedFields (v0.32). */
function byAge(left: Manager, right: Manager): number {
  return (
    compareText(left.key.operation, right.key.operation) ||
    compareText(left.time ?? '', right.time ?? '') ||
    compareText(left.key.manager, right.key.manager) ||
    compareText(identityOf(left.key), identityOf(right.key))
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Puts the oldest updaters into one entry for each version and subresource, until few enough are left. */
function capUpdaters(managers: readonly Manager[]): Manager[] {
  const isAncient = ({ key }: Manager) => key.manager === ANCIENT;
  const updaters = managers
    .filter(({ key }) => key.operation === 'Update')
    .sort((left, right) => Number(isAncient(right)) - Number(isAncient(left)) || byAge(left, right));
  const ancient = new Map<string, Manager>();
  let taken = 0;
  while (updaters.length > MAX_UPDATE_MANAGERS && updaters.length - taken + ancient.size > MAX_UPDATE_MANAGERS) {
    const updater = updaters[taken] as Manager;
    const { apiVersion, subresource } = updater.key;
    const key: ManagerKey = { manager: ANCIENT, operation: 'Update', apiVersion, subresource };
    const before = ancient.get(identityOf(key));
    ancient.set(identityOf(key), before === undefined ? { ...updater, key } : mergeManagers(before, updater));
    taken += 1;
  }
  return [...managers.filter(({ key }) => key.operation === 'Apply'), ...ancient.values(), ...updaters.slice(taken)];
}

function mergeManagers(left: Manager, right: Manager): Manager {
  const time = (left.time ?? '') > (right.time ?? '') ? left.time : right.time;
  return { key: left.key, fields: unionOf(left.fields, right.fields), time };
}

/** Fields that belong to the server, and to nobody among the managers. */
export const UNTRACKED_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
]);

/** An object without what is never tracked. */
export function trackedPart(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  if (!isRecord(metadata)) return rest;
  const own = Object.entries(metadata).filter(([key]) => !UNTRACKED_METADATA.has(key));
  return own.length === 0 ? rest : { metadata: Object.fromEntries(own), ...rest };
}
