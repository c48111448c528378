import {
  apiVersionOf,
  formatObjectKey,
  groupOf,
  inStoredVersion,
  type KubeObject,
  lineOfField,
  type ObjectMeta,
  objectKeyOf,
  otherVersionOf,
  type ParsedManifests,
  parseManifests,
  pruneUnknown,
  type ResourceType,
  schemaOf,
  structureIssues,
  versionOf,
} from '#api';
import { canonicalJson, sha256Hex } from '#base';
import { readHook } from './hooks.ts';
import type { FileDiagnostic, Hook, PrepareContext, PreparedFile, PreparedObject } from './render.types.ts';

/** A file with this text in it is no manifest. Source: argo-cd docs/user-guide/directory.md (v3.1). */
const SKIP_MARK = '+argocd:skip-file-rendering';
/** Set by the server alone. Source: apimachinery meta/v1 types.go ("populated by the system"). */
const SERVER_METADATA = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
  'ownerReferences',
] as const;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Issues of each sort that are told of one object. */
const MAX_ISSUES = 10;
/** What is taken of a kind until its definition is known. */
const UNKNOWN = { namespaced: true, kind: '' };
/** State that must not be reverted by a commit lives in kinds of this group. */
const OWN_GROUP = 'plumbline.dev';

/** Everything that a manifest file's text says, as objects ready to be applied. Never throws for bad input. */
export function prepareFile(text: string, context: PrepareContext): PreparedFile {
  if (text.includes(SKIP_MARK)) return { objects: [], pending: [], refusedIds: [], diagnostics: [], failed: false };
  return prepareManifests(parseManifests(text, ''), context);
}

/** The same of objects that have been read already. */
export function prepareManifests(parsed: ParsedManifests, context: PrepareContext): PreparedFile {
  const objects: PreparedObject[] = [];
  const pending: PreparedObject[] = [];
  const refusedIds: string[] = [];
  const diagnostics: FileDiagnostic[] = parsed.diagnostics.map(({ line, column, message }) => {
    const at = column === undefined ? '' : ` (column ${column})`;
    return { severity: 'error', code: 'InvalidManifest', message: `${message}${at}`, line };
  });
  for (const { object, line, lines } of parsed.objects) {
    const tell: Tell = (severity, code, message, field = '') =>
      diagnostics.push({ severity, code, message, line: lineOfField({ object, lines }, field) });
    const prepared = ownObject(object, context, tell);
    if (prepared === undefined) continue;
    const { own, hook } = prepared;
    const key = keyOf(own);
    const id = formatObjectKey(key);
    const sound = soundObject(own, tell);
    if (sound === undefined) {
      refusedIds.push(id);
      continue;
    }
    const isKnown = context.resourceOf(key.group, key.kind) !== undefined;
    const digest = digestOfObject(sound);
    const made = { key, id, object: sound, digest, line, lines };
    (isKnown ? objects : pending).push(hook === undefined ? made : { ...made, hook });
  }
  return { objects, pending, refusedIds, diagnostics, failed: parsed.diagnostics.length > 0 };
}

/** `field`: what in the object it is about, when it is not the whole. */
type Tell = (
  severity: FileDiagnostic['severity'],
  code: FileDiagnostic['code'],
  message: string,
  field?: string,
) => void;

/** What is named anew at every run goes by what its names begin with. */
function keyOf(object: KubeObject): PreparedObject['key'] {
  const key = objectKeyOf(object);
  return key.name === '' ? { ...key, name: object.metadata.generateName ?? '' } : key;
}

/** The object as Git may own it, or undefined when Git may not, or this version is not served, or it runs at no sync. */
function ownObject(
  object: KubeObject,
  context: PrepareContext,
  tell: Tell,
): { readonly own: KubeObject; readonly hook: Hook | undefined } | undefined {
  const group = groupOf(object.apiVersion);
  const named = nameOf(object);
  if (group === OWN_GROUP) {
    tell(
      'error',
      'NotAllowed',
      `${named}: kinds of ${OWN_GROUP} hold the cluster's own state and cannot be kept in Git`,
    );
    return undefined;
  }
  const resource = context.resourceOf(group, object.kind);
  if (resource !== undefined && !isServed(object, resource)) {
    tell('error', 'Unsupported', unsupported(object, [apiVersionOf(resource)]));
    return undefined;
  }
  const hook = hookOf(object, tell);
  if (hook === 'left-out') return undefined;
  if (object['sops'] !== undefined) {
    tell(
      'error',
      'Unsupported',
      `${named}: is encrypted with SOPS, which is not supported yet; ciphertext is not applied`,
    );
    return undefined;
  }
  const own = withoutServerFields(object, resource ?? UNKNOWN, context.defaultNamespace, (field, message) =>
    tell('warning', 'NotAllowed', `${named}: ${message}`, field),
  );
  return { own, hook };
}

/** When the object runs, if it is not there to stay; tells why it is left out. */
function hookOf(object: KubeObject, tell: Tell): Hook | undefined | 'left-out' {
  const reading = readHook(object.metadata.annotations ?? {});
  if (reading.type === 'hook') return reading.hook;
  if (reading.type === 'none') return undefined;
  if (reading.type !== 'skip') {
    const severity = reading.type === 'problem' ? 'error' : 'warning';
    tell(
      severity,
      'Unsupported',
      `${nameOf(object)}: ${reading.message}`,
      `metadata.annotations[${reading.annotation}]`,
    );
  }
  return 'left-out';
}

/** The object without nulls, or undefined when a field does not exist or has a wrong type: a misspelt field must not be lost. */
function soundObject(object: KubeObject, tell: Tell): KubeObject | undefined {
  const type = { group: groupOf(object.apiVersion), version: versionOf(object.apiVersion), kind: object.kind };
  const schema = schemaOf(type.group, type.version, type.kind);
  if (schema === undefined) return object;
  const pruned = pruneUnknown(schema, object);
  const issues = structureIssues(type, pruned.object);
  for (const path of pruned.unknown.slice(0, MAX_ISSUES)) {
    tell('error', 'InvalidObject', `${nameOf(object)}: unknown field ${path}`, path);
  }
  for (const { path, message } of issues.slice(0, MAX_ISSUES)) {
    tell('error', 'InvalidObject', `${nameOf(object)}: ${path}: ${message}`, path);
  }
  return pruned.unknown.length === 0 && issues.length === 0 ? inStoredVersion(pruned.object) : undefined;
}

/** Git may speak any version that is served; from here on an object is in the one in which it is stored. */
function isServed(object: KubeObject, { version }: ResourceType): boolean {
  return version === versionOf(object.apiVersion) || otherVersionOf(object) !== undefined;
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name ?? metadata.generateName ?? ''}`.trim();
}

/** Why an object is not applied: its kind is not served, or only in other versions. */
export function unsupported(object: KubeObject, servedIn: readonly string[]): string {
  const what = `${object.apiVersion} ${object.kind} ${object.metadata.name ?? ''}`.trim();
  return servedIn.length === 0
    ? `${what}: this kind is not served here`
    : `${what}: this version is not served; use ${servedIn.join(' or ')}`;
}

export function digestOfObject(object: KubeObject): string {
  return sha256Hex(canonicalJson(object));
}

/** The object without what Git cannot say: status, and metadata that the server alone sets. */
function withoutServerFields(
  object: KubeObject,
  resource: Pick<ResourceType, 'namespaced' | 'kind'>,
  defaultNamespace: string,
  warn: (field: string, message: string) => void,
): KubeObject {
  const { status, operation, metadata, ...rest } = object;
  if (status !== undefined && !isEmpty(status))
    warn('status', 'status is set by the cluster, not by Git; it is left out');
  if (operation !== undefined && resource.kind !== 'Application') rest['operation'] = operation;
  else if (operation !== undefined) warn('operation', 'operation is a request, not a state; it is left out');
  const meta: ObjectMeta & Record<string, unknown> = { ...metadata };
  for (const field of SERVER_METADATA) {
    if (meta[field] === undefined) continue;
    if (!isEmpty(meta[field])) warn(`metadata.${field}`, `metadata.${field} is set by the server; it is left out`);
    delete meta[field];
  }
  if (meta.annotations?.[LAST_APPLIED] !== undefined) {
    const { [LAST_APPLIED]: _dropped, ...annotations } = meta.annotations;
    meta.annotations = annotations;
    warn(`metadata.annotations[${LAST_APPLIED}]`, `annotation ${LAST_APPLIED} is kubectl's own; it is left out`);
  }
  if (meta.name !== undefined && meta.name !== '') delete meta.generateName;
  if (!resource.namespaced) {
    if (meta.namespace !== undefined && meta.namespace !== '')
      warn('metadata.namespace', 'this kind has no namespace; it is left out');
    delete meta.namespace;
  } else if (meta.namespace === undefined || meta.namespace === '') meta.namespace = defaultNamespace;
  return { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata: meta };
}

/** What kubectl prints for fields that are not set: `creationTimestamp: null`, `status: {}`. */
function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
