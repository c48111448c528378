/** What a kustomization does to all its objects. Source: kustomize api/internal/builtins and api/filters (v5.5). */
import { getOwn, isRecord, setOwn } from '#api';
import { putAt, valueAt, visitFields } from './fields.ts';
import { isClusterScoped, isSelected } from './id.ts';
import type {
  FieldSpec,
  ImageEntry,
  Kustomization,
  LabelEntry,
  MutableJson,
  MutableMap,
  TransformerConfig,
} from './kustomize.types.ts';
import { type Resource, textOf } from './resource.ts';
import { IdProblem, type ResourceList } from './resource-list.ts';

const ROLE_BINDINGS = new Set(['RoleBinding', 'ClusterRoleBinding']);

export function setNamespace(list: ResourceList, namespace: string, specs: readonly FieldSpec[]): void {
  if (namespace === '') return;
  for (const resource of list.all) {
    resource.storeId();
    const { object, gvk } = resource;
    if (!isClusterScoped(gvk)) {
      visitFields(
        object,
        { path: 'metadata/namespace', create: true },
        (place) => putAt(place, namespace),
        () => '',
      );
    }
    if (ROLE_BINDINGS.has(gvk.kind)) setDefaultSubjects(object, namespace);
    for (const spec of specs) {
      if (spec.path === 'metadata/namespace' || !isSelected(gvk, spec)) continue;
      // A kind of another group that is called Namespace keeps its name.
      if (spec.path === 'metadata/name' && object['apiVersion'] !== 'v1') continue;
      if (ROLE_BINDINGS.has(spec.kind ?? '') && spec.path === 'subjects/namespace') continue;
      visitFields(
        object,
        spec,
        (place) => putAt(place, namespace),
        () => '',
      );
    }
  }
  list.checkIds();
}

function setDefaultSubjects({ subjects }: MutableMap, namespace: string): void {
  if (!Array.isArray(subjects)) return;
  for (const subject of subjects) {
    if (isRecord(subject) && subject['name'] === 'default')
      setOwn<MutableJson>(subject as MutableMap, 'namespace', namespace);
  }
}

/** Kinds whose names say what they are. */
function keepsName({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return (
    kind === 'CustomResourceDefinition' ||
    kind === 'Namespace' ||
    (kind === 'APIService' && group === 'apiregistration.k8s.io')
  );
}

export function rename(list: ResourceList, { prefix = '', suffix = '' }, specs: readonly FieldSpec[]): void {
  if (prefix === '' && suffix === '') return;
  for (const resource of list.all) {
    const { originalId } = resource;
    if (keepsName(originalId)) continue;
    for (const spec of specs) {
      if (!isSelected(originalId, spec)) continue;
      if (spec.path === 'metadata/name') {
        if (prefix !== '') resource.prefixes.push(prefix);
        if (suffix !== '') resource.suffixes.push(suffix);
        resource.storeId();
      }
      if (!isSelected(resource.gvk, spec)) continue;
      visitFields(resource.object, spec, (place) => {
        const value = valueAt(place);
        if (typeof value !== 'object') putAt(place, `${prefix}${textOf(value)}${suffix}`);
      });
    }
  }
}

export function setLabels(
  list: ResourceList,
  { labels, commonLabels }: Pick<Kustomization, 'labels' | 'commonLabels'>,
  config: TransformerConfig,
): void {
  for (const entry of labels) setTexts(list, entry.pairs ?? {}, specsOfLabels(entry, config));
  setTexts(list, commonLabels, config.commonLabels);
}

const CLAIM_LABELS: FieldSpec = {
  path: 'spec/volumeClaimTemplates[]/metadata/labels',
  create: true,
  group: 'apps',
  kind: 'StatefulSet',
};

function specsOfLabels(entry: LabelEntry, config: TransformerConfig): readonly FieldSpec[] {
  const own = [...(entry.fields ?? []), ...config.labels];
  if (entry.includeSelectors === true) return [...own, ...config.commonLabels];
  const metadata = { path: 'metadata/labels', create: true };
  const templates = entry.includeTemplates === true ? config.templateLabels : [];
  const claims = entry.includeVolumeClaimTemplates === true ? [CLAIM_LABELS] : [];
  return [...own, ...templates, ...claims, metadata];
}

export function setTexts(
  list: ResourceList,
  texts: Readonly<Record<string, string>>,
  specs: readonly FieldSpec[],
): void {
  for (const key of Object.keys(texts).sort()) {
    for (const { object, gvk } of list.all) {
      for (const spec of specs) {
        if (!isSelected(gvk, spec)) continue;
        visitFields(
          object,
          spec,
          (place) => {
            const found = valueAt(place);
            if (found === null) putAt(place, { [key]: texts[key] ?? '' });
            else if (isRecord(found)) setOwn<MutableJson>(found as MutableMap, key, texts[key] ?? '');
          },
          () => ({}),
        );
      }
    }
  }
}

export function setReplicas(
  list: ResourceList,
  { name, count }: { readonly name: string; readonly count: number },
  specs: readonly FieldSpec[],
): void {
  let isFound = false;
  for (const spec of specs) {
    for (const resource of list.all) {
      if (!resource.allIds.some((id) => id.name === name && isSelected(id, spec))) continue;
      isFound = true;
      if (isSelected(resource.gvk, spec))
        visitFields(
          resource.object,
          spec,
          (place) => putAt(place, count),
          () => count,
        );
    }
  }
  if (!isFound) throw new IdProblem(`replicas: nothing that is scaled is called ${name}`);
}

export function setImages(list: ResourceList, image: ImageEntry, specs: readonly FieldSpec[]): void {
  const pattern = imagePattern(image.name);
  for (const resource of list.all) {
    if (resource.gvk.kind === 'CustomResourceDefinition') continue;
    const set = (holder: MutableMap): void => {
      const written = getOwn(holder, 'image');
      if (typeof written === 'string' && pattern.test(written)) holder['image'] = renamedImage(written, image);
    };
    inContainers(resource.object, set);
    for (const spec of specs) {
      if (!isSelected(resource.gvk, spec)) continue;
      visitFields(resource.object, spec, (place) => {
        const written = valueAt(place);
        if (typeof written === 'string' && pattern.test(written)) putAt(place, renamedImage(written, image));
      });
    }
  }
}

/** Lists called `containers` or `initContainers` hold images, wherever they are. */
function inContainers(value: MutableJson, set: (container: MutableMap) => void): void {
  if (Array.isArray(value)) for (const item of value) inContainers(item, set);
  if (!isRecord(value)) return;
  for (const [key, inner] of Object.entries(value as MutableMap)) {
    inContainers(inner, set);
    if ((key !== 'containers' && key !== 'initContainers') || !Array.isArray(inner)) continue;
    for (const item of inner) if (isRecord(item)) set(item as MutableMap);
  }
}

function imagePattern(name: string): RegExp {
  try {
    return new RegExp(`^${name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`);
  } catch {
    throw new IdProblem(`images: the name "${name}" is not a regular expression`);
  }
}

function renamedImage(written: string, { newName = '', newTag = '', tagSuffix = '', digest = '' }: ImageEntry): string {
  const parts = splitImage(written);
  const name = newName === '' ? parts.name : newName;
  const isNew = newTag !== '' || digest !== '';
  const tag = isNew ? newTag : tagSuffix === '' ? parts.tag : parts.tag + tagSuffix;
  const sum = isNew ? digest : tagSuffix === '' ? parts.digest : '';
  return `${name}${tag === '' ? '' : `:${tag}`}${sum === '' ? '' : `@${sum}`}`;
}

function splitImage(written: string): { readonly name: string; readonly tag: string; readonly digest: string } {
  const slash = Math.max(written.indexOf('/'), 0);
  const rest = written.slice(slash);
  const at = rest.indexOf('@');
  const colon = rest.indexOf(':');
  if (at >= 0 && (at < colon || colon < 0)) {
    return { name: written.slice(0, slash + at), tag: '', digest: rest.slice(at + 1) };
  }
  if (colon < 0) return { name: written, tag: '', digest: '' };
  return {
    name: written.slice(0, slash + colon),
    tag: rest.slice(colon + 1, at < 0 ? undefined : at),
    digest: at < 0 ? '' : rest.slice(at + 1),
  };
}

/** Resources of a build that are for other tools alone. Source: kustomize konfig IgnoredByKustomizeAnnotation. */
export function isLocal({ annotations }: Resource): boolean {
  const value = annotations['config.kubernetes.io/local-config'];
  return value !== undefined && value !== 'false';
}
