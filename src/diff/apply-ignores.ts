import { fieldSchema, isAbsent, isRecord, itemElement, type KubeObject, type Schema, setOwn, shapeOf } from '#api';
import {
  type IgnoreCursor,
  type IgnoreRules,
  ignoreField,
  ignoreItem,
  ignoresNothing,
  isIgnored,
  startIgnoring,
} from './ignore.ts';

export interface IgnoreRequest {
  readonly schema: Schema;
  readonly desired: KubeObject;
  /** Undefined while the object is not there: then Git's values stand. */
  readonly live: KubeObject | undefined;
  readonly rules: IgnoreRules;
}

/**
 * `desired` with the live value in every ignored field, so that diff, apply and self-heal all leave it alone. A field
 * that live does not have is taken out; items that only Git has keep Git's values. Pure; untouched parts are shared.
 */
export function applyIgnores({ schema, desired, live, rules }: IgnoreRequest): KubeObject {
  const cursor = startIgnoring(rules, live);
  if (live === undefined || ignoresNothing(cursor)) return desired;
  const { apiVersion, kind, metadata, status, ...content } = desired;
  const { apiVersion: _version, kind: _kind, metadata: liveMetadata, status: _status, ...liveContent } = live;
  const adopted = adoptMap(schema, content, liveContent, cursor) as JsonMap;
  const labels = pick(metadata);
  const adoptedLabels = adopt(
    fieldSchema(schema, 'metadata'),
    labels,
    pick(liveMetadata),
    ignoreField(cursor, 'metadata'),
  );
  return {
    apiVersion,
    kind,
    metadata: { ...without(metadata), ...(isRecord(adoptedLabels) ? adoptedLabels : {}) },
    ...adopted,
    ...(status === undefined ? {} : { status }),
  };
}

/** The parts of `metadata` that Git and people share; the rest is Git's or the server's alone. */
function pick({ labels, annotations }: KubeObject['metadata']): JsonMap {
  return { ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) };
}

function without({
  labels: _labels,
  annotations: _annotations,
  ...rest
}: KubeObject['metadata']): KubeObject['metadata'] {
  return rest;
}

type JsonMap = Readonly<Record<string, unknown>>;

function adopt(schema: Schema | undefined, desired: unknown, live: unknown, cursor: IgnoreCursor): unknown {
  if (isIgnored(cursor)) return live;
  if (ignoresNothing(cursor)) return desired;
  if (isRecord(desired) || (isAbsent(desired) && isRecord(live))) {
    return adoptMap(schema, isRecord(desired) ? desired : {}, isRecord(live) ? live : {}, cursor, isAbsent(desired));
  }
  return Array.isArray(desired) && Array.isArray(live) ? adoptItems(schema, desired, live, cursor) : desired;
}

/** `fresh`: desired has no such map; it comes into being only if something ignored is in it. */
function adoptMap(
  schema: Schema | undefined,
  desired: JsonMap,
  live: JsonMap,
  cursor: IgnoreCursor,
  fresh = false,
): unknown {
  const adopted: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(desired), ...Object.keys(live)])) {
    const value = adopt(fieldSchema(schema, key), own(desired, key), own(live, key), ignoreField(cursor, key));
    if (value !== undefined) setOwn(adopted, key, value);
  }
  return fresh && Object.keys(adopted).length === 0 ? undefined : adopted;
}

function adoptItems(
  schema: Schema | undefined,
  desired: readonly unknown[],
  live: readonly unknown[],
  cursor: IgnoreCursor,
): unknown[] {
  const keyed = schema !== undefined && shapeOf(schema, desired) === 'keyed';
  const elementOf = (item: unknown) => (keyed ? itemElement(schema, item) : undefined);
  const liveElements = live.map(elementOf);
  return desired.flatMap((item, index) => {
    const element = elementOf(item);
    const partner = keyed ? liveElements.indexOf(element) : index;
    if (partner < 0 || partner >= live.length || (keyed && element === undefined)) return [item];
    const value = adopt(schema?.items, item, live[partner], ignoreItem(cursor, index, item, element));
    return value === undefined ? [] : [value];
  });
}

function own(map: JsonMap, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
