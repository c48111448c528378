import { ApiError, type Json } from '#api';
import type { TableObjects } from './accept.plan.ts';

/** What every write may carry in its query. */
export interface WriteOptions {
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

export interface ReadOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly sendInitialEvents?: boolean;
}

export interface WatchOptions {
  readonly allowBookmarks: boolean;
  readonly timeoutMs?: number;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

/** Longest field manager. Source: apimachinery meta/v1/validation FieldManagerMaxLength. */
const MAX_MANAGER_LENGTH = 128;

export function planReadOptions(query: URLSearchParams): ReadOptions {
  const limit = nonNegative(query, 'limit');
  return {
    ...text(query, 'labelSelector'),
    ...text(query, 'fieldSelector'),
    ...(limit === undefined || limit === 0 ? {} : { limit }),
    ...text(query, 'continue'),
    ...text(query, 'resourceVersion'),
    ...text(query, 'resourceVersionMatch'),
    ...(query.has('sendInitialEvents') ? { sendInitialEvents: flag(query, 'sendInitialEvents') } : {}),
  };
}

export function planWatchOptions(query: URLSearchParams): WatchOptions {
  const timeoutSeconds = nonNegative(query, 'timeoutSeconds');
  return {
    allowBookmarks: flag(query, 'allowWatchBookmarks'),
    ...(timeoutSeconds === undefined || timeoutSeconds === 0 ? {} : { timeoutMs: timeoutSeconds * 1_000 }),
  };
}

export function planWriteOptions(query: URLSearchParams): WriteOptions {
  const manager = query.get('fieldManager') ?? '';
  if (manager.length > MAX_MANAGER_LENGTH || !isPrintable(manager)) {
    throw bad(`fieldManager must be at most ${MAX_MANAGER_LENGTH} printable characters`);
  }
  const validation = query.get('fieldValidation') ?? '';
  if (validation !== '' && validation !== 'Ignore' && validation !== 'Warn' && validation !== 'Strict') {
    throw bad(
      `fieldValidation: Unsupported value: ${JSON.stringify(validation)}: supported values: "Ignore", "Strict", "Warn"`,
    );
  }
  return {
    ...(manager === '' ? {} : { fieldManager: manager }),
    ...(validation === '' ? {} : { fieldValidation: validation }),
    ...dryRunOf(query.getAll('dryRun')),
    ...(query.has('force') ? { force: flag(query, 'force') } : {}),
  };
}

/** Options of a deletion stand in the body (kubectl) or in the query (everyone else); the body wins. */
export function planDeleteOptions(query: URLSearchParams, body: Json | undefined): DeleteOptions {
  const given = isRecord(body) ? body : {};
  const { kind = 'DeleteOptions' } = given;
  if (kind !== 'DeleteOptions') throw bad('the body of a deletion must be DeleteOptions');
  const grace = given['gracePeriodSeconds'] ?? nonNegative(query, 'gracePeriodSeconds');
  if (grace !== undefined && grace !== null && !isCount(grace))
    throw bad('gracePeriodSeconds must be a count of seconds');
  const orphan =
    given['orphanDependents'] ?? (query.has('orphanDependents') ? flag(query, 'orphanDependents') : undefined);
  const policy = given['propagationPolicy'] ?? query.get('propagationPolicy') ?? legacyPolicy(orphan);
  if (
    policy !== null &&
    policy !== undefined &&
    policy !== 'Background' &&
    policy !== 'Foreground' &&
    policy !== 'Orphan'
  ) {
    throw bad('propagationPolicy must be "Background", "Foreground" or "Orphan"');
  }
  const preconditions = planPreconditions(given['preconditions']);
  const dryRun = given['dryRun'] ?? [];
  if (!Array.isArray(dryRun)) throw bad('dryRun must be a list');
  return {
    ...(isCount(grace) ? { gracePeriodSeconds: grace } : {}),
    ...(policy === null || policy === undefined ? {} : { propagationPolicy: policy }),
    ...(preconditions === undefined ? {} : { preconditions }),
    ...dryRunOf([...query.getAll('dryRun'), ...dryRun]),
  };
}

export function planIncludeObject(query: URLSearchParams): TableObjects {
  const value = query.get('includeObject') ?? '';
  if (value === '') return 'Metadata';
  if (value === 'None' || value === 'Metadata' || value === 'Object') return value;
  throw bad(`includeObject: unsupported value ${JSON.stringify(value)}`);
}

/** `watch`, `watch=1` and `watch=true`. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}

export function isRecord(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function dryRunOf(values: readonly unknown[]): { readonly dryRun?: boolean } {
  const given = values.filter((value) => value !== '');
  const other = given.find((value) => value !== 'All');
  if (other !== undefined) throw bad(`dryRun: Unsupported value: ${JSON.stringify(other)}: supported values: "All"`);
  return given.length > 0 ? { dryRun: true } : {};
}

function planPreconditions(value: Json | undefined): DeleteOptions['preconditions'] {
  if (!isRecord(value)) return undefined;
  const { uid, resourceVersion } = value;
  return {
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
  };
}

function legacyPolicy(orphan: Json | undefined): 'Orphan' | 'Background' | undefined {
  return typeof orphan === 'boolean' ? (orphan ? 'Orphan' : 'Background') : undefined;
}

function text<Name extends string>(query: URLSearchParams, name: Name): { readonly [key in Name]?: string } {
  const value = query.get(name);
  return value === null || value === '' ? {} : ({ [name]: value } as { readonly [key in Name]?: string });
}

function nonNegative(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === '') return undefined;
  if (!/^\d{1,15}$/.test(value)) throw bad(`${name}: invalid value ${JSON.stringify(value.slice(0, 64))}`);
  return Number(value);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isPrintable(value: string): boolean {
  return /^[^\p{Cc}\p{Cs}]*$/u.test(value);
}

function bad(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
