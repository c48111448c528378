/** Rules of `metadata`. Source: apimachinery pkg/api/validation/objectmeta.go (v0.32). */
import type { ObjectMeta, OwnerReference } from '../meta/object.ts';
import { checked, type Issues, itemsOf, type Loose } from './checks.ts';
import { forbidden, invalid, required, tooLong } from './issues.ts';
import { dns1123Label, labelValue, notNegative, qualifiedName, type Rule } from './names.ts';

/** All annotations of one object, keys and values, in bytes. Source: objectmeta.go, TotalAnnotationSizeLimitB. */
export const MAX_ANNOTATION_BYTES = 256 * 1024;

export interface MetadataRules {
  readonly namespaced: boolean;
  /** What the kind's names must keep to. */
  readonly name: Rule;
  /** Custom resources' finalizers need no domain. Source: apimachinery pkg/api/validation/objectmeta.go (v0.32). */
  readonly plainFinalizers?: boolean;
}

export function* validateMetadata(
  metadata: Loose<ObjectMeta> | undefined,
  { namespaced, name: nameRule, plainFinalizers = false }: MetadataRules,
): Issues {
  const { name, generateName, namespace, labels, annotations } = metadata ?? {};
  if (generateName) {
    // A name will be made from it: only its end may be a dash.
    const detail = nameRule(generateName.replace(/-$/, 'a'));
    if (detail !== undefined) yield invalid('metadata.generateName', generateName, detail);
  }
  if (name) yield* checked('metadata.name', name, nameRule);
  else if (!generateName) yield required('metadata.name', 'name or generateName is required');
  if (!namespaced) {
    if (namespace) yield forbidden('metadata.namespace', 'not allowed on this type');
  } else if (!namespace) yield required('metadata.namespace');
  else yield* checked('metadata.namespace', namespace, dns1123Label);
  yield* checked('metadata.generation', metadata?.generation, notNegative);
  yield* validateLabels(labels, 'metadata.labels');
  yield* validateAnnotations(annotations, 'metadata.annotations');
  const finalizer = plainFinalizers ? validatePlainFinalizer : validateFinalizer;
  yield* itemsOf('metadata.finalizers', metadata?.finalizers, finalizer);
  yield* validateOwners(metadata?.ownerReferences ?? []);
}

export function* validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string): Issues {
  for (const [key, value] of Object.entries(labels ?? {})) {
    yield* checked(path, key, qualifiedName);
    yield* checked(path, value, labelValue);
  }
}

export function* validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string): Issues {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    const detail = qualifiedName(key.toLowerCase());
    if (detail !== undefined) yield invalid(path, key, detail);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_ANNOTATION_BYTES) yield tooLong(path, MAX_ANNOTATION_BYTES);
}

/** Kubernetes' own, and Argo CD's, which have no `/` either. */
const STANDARD_FINALIZERS = new Set([
  'kubernetes',
  'orphan',
  'foregroundDeletion',
  'resources-finalizer.argocd.argoproj.io',
  'customresourcecleanup.apiextensions.k8s.io',
]);

function* validatePlainFinalizer(finalizer: string, path: string): Issues {
  yield* checked(path, finalizer, qualifiedName);
}

function* validateFinalizer(finalizer: string, path: string): Issues {
  yield* validatePlainFinalizer(finalizer, path);
  if (!finalizer.includes('/') && !STANDARD_FINALIZERS.has(finalizer)) {
    yield invalid(path, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
  }
}

function* validateOwners(owners: readonly Loose<OwnerReference>[]): Issues {
  for (const [index, owner] of owners.entries()) {
    for (const field of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!owner[field]) yield invalid(`metadata.ownerReferences[${index}].${field}`, '', 'must not be empty');
    }
  }
  const controllers = owners.filter((owner) => owner.controller === true);
  const [first, second] = controllers;
  if (second !== undefined) {
    yield invalid(
      'metadata.ownerReferences',
      controllers.map(({ kind, name }) => `${kind} ${name}`),
      `Only one reference can have Controller set to true. Found "true" in references for ${first?.kind}/${first?.name} and ${second.kind}/${second.name}`,
    );
  }
}

const IMMUTABLE_META = ['name', 'namespace', 'uid', 'creationTimestamp'] as const;

/** A field that the update leaves out is the server's to carry over. */
export function* validateMetadataUpdate(metadata: Loose<ObjectMeta>, old: Loose<ObjectMeta>): Issues {
  for (const field of IMMUTABLE_META) {
    const value = metadata[field];
    if (value !== undefined && value !== null && value !== (old[field] ?? '')) {
      yield invalid(`metadata.${field}`, value, 'field is immutable');
    }
  }
  if (metadata.deletionTimestamp !== undefined && metadata.deletionTimestamp !== old.deletionTimestamp) {
    yield invalid(
      'metadata.deletionTimestamp',
      metadata.deletionTimestamp,
      'field is immutable; may only be changed via deletion',
    );
  }
  if (metadata.generation !== undefined && metadata.generation < (old.generation ?? 0)) {
    yield invalid('metadata.generation', metadata.generation, 'must not be decremented');
  }
  if (old.deletionTimestamp === undefined) return;
  const before = new Set(old.finalizers ?? []);
  const added = (metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer));
  if (added.length > 0) {
    yield forbidden(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
    );
  }
}
