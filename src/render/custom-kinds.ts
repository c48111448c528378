import {
  apiVersionOf,
  type CustomKind,
  CustomKindIndex,
  type CustomResourceDefinition,
  formatObjectKey,
  isRecord,
  type KubeObject,
  type ObjectKey,
  versionOf,
} from '#api';
import { digestOfObject, unsupported } from './prepare.ts';
import type { CustomKindOf, Diagnostic, PreparedObject, RenderedObject } from './render.types.ts';

const DEFINITIONS = { group: 'apiextensions.k8s.io', kind: 'CustomResourceDefinition' };

/** The kinds that the definitions among these objects, as Git says them, will serve. */
export function kindsDefinedBy(objects: readonly RenderedObject[]): CustomKindOf {
  const index = new CustomKindIndex(objects.flatMap(({ key, object }) => (isDefinition(key) ? read(object) : [])));
  return (group, kind) => index.kindOf(group, kind);
}

function isDefinition({ group, kind }: Pick<ObjectKey, 'group' | 'kind'>): boolean {
  return group === DEFINITIONS.group && kind === DEFINITIONS.kind;
}

/** A definition that says what it must; one that does not will be refused by the API, and defines nothing. */
function read(object: KubeObject): readonly CustomResourceDefinition[] {
  const { spec } = object;
  const says = isRecord(spec) && isRecord(spec['names']) && Array.isArray(spec['versions']);
  return says ? [object as KubeObject as CustomResourceDefinition] : [];
}

export type Resolved =
  | { readonly object: Omit<RenderedObject, 'origin'> }
  /** `heldIds`: what the object may be called, if the cluster has it. */
  | { readonly diagnostic: Omit<Diagnostic, 'path'>; readonly heldIds: readonly string[] };

/** An object of a custom kind, now that it is known what defines the kind. */
export function resolvePending({ line, ...pending }: PreparedObject, kind: CustomKind | undefined): Resolved {
  const { group } = pending.key;
  const version = versionOf(pending.object.apiVersion);
  if (kind?.versions.includes(version) === true) {
    return { object: kind.namespaced ? pending : withoutNamespace(pending) };
  }
  const servedIn = kind?.versions.map((name) => apiVersionOf({ group, version: name })) ?? [];
  const message = unsupported(pending.object, servedIn);
  const heldIds = [pending.id, formatObjectKey({ ...pending.key, namespace: '' })];
  return { diagnostic: { severity: 'error', code: 'Unsupported', message, line }, heldIds };
}

/** Results by the prepared object: the same file is put together again at every commit. */
const clusterWide = new WeakMap<KubeObject, Omit<RenderedObject, 'origin'>>();

function withoutNamespace(pending: Omit<PreparedObject, 'line'>): Omit<RenderedObject, 'origin'> {
  const known = clusterWide.get(pending.object);
  if (known !== undefined) return known;
  const { namespace: _, ...metadata } = pending.object.metadata;
  const object = { ...pending.object, metadata };
  const key = { ...pending.key, namespace: '' };
  const made = { ...pending, object, key, id: formatObjectKey(key), digest: digestOfObject(object) };
  clusterWide.set(pending.object, made);
  return made;
}
