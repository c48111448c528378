import type { KubeObject } from '../meta/object.ts';
import type { Schema } from '../schema/schema.ts';
import { getOwn, isRecord } from '../values/own.ts';
import { parseJsonStrict } from '../yaml/json.ts';
import { compareFields } from './compare.ts';
import { differenceOf, type FieldSet, isEmptySet, MEMBER, unionOf } from './field-set.ts';
import { fieldsOf } from './fields-of.ts';
import { trackedPart } from './managers.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** The manager under which kubectl applies on the server, and may take over what it applied from the client before. */
const KUBECTL = 'kubectl';

export interface ClientSideApply {
  readonly schema: Schema;
  readonly live: KubeObject | undefined;
  readonly manager: string;
}

/**
 * kubectl, coming from client-side apply, may change what the annotation proves it set itself: the fields still
 * have the values of the last applied configuration. Source: apimachinery util/managedfields lastappliedmanager.go (v0.32).
 */
export function isOwnClientSideApply({ schema, live, manager }: ClientSideApply, fields: FieldSet): boolean {
  if (manager !== KUBECTL || live === undefined) return false;
  const text = getOwn(live.metadata.annotations ?? {}, LAST_APPLIED);
  const lastApplied = text === undefined ? undefined : readJson(text);
  if (!isRecord(lastApplied)) return false;
  const before = trackedPart(lastApplied);
  const { added, modified, removed } = compareFields(schema, before, trackedPart(live));
  const unchanged = [added, modified, removed].reduce(differenceOf, fieldsOf(schema, before));
  return isEmptySet(differenceOf(fields, unionOf(unchanged, ANNOTATION)));
}

/** The annotation itself is kubectl's to change. */
const ANNOTATION: FieldSet = { 'f:metadata': { 'f:annotations': { [`f:${LAST_APPLIED}`]: MEMBER } } };

function readJson(text: string): unknown {
  try {
    return parseJsonStrict(text).value;
  } catch {
    // Not written by kubectl, so it proves nothing.
    return undefined;
  }
}
