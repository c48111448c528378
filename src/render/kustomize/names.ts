/** References to objects whose names change. Source: kustomize api/filters/nameref (v5.5). */
import { getOwn, isRecord } from '#api';
import { type Place, putAt, valueAt, visitFields } from './fields.ts';
import { effectiveNamespace, formatId, type Id, isClusterScoped, isSelected } from './id.ts';
import type { FieldSpec, Gvk, MutableMap, NameReference } from './kustomize.types.ts';
import { type Resource, renamedAlike, textOf } from './resource.ts';
import { IdProblem } from './resource-list.ts';

/** Writes the names that objects have now wherever others name them by one that they had. */
export function fixReferences(resources: readonly Resource[], references: readonly NameReference[]): void {
  const byReferrer = resources.map((referrer) => ({
    referrer,
    filters: references.flatMap((target) =>
      target.fieldSpecs.filter((spec) => isSelected(referrer.originalId, spec)).map((spec) => ({ target, spec })),
    ),
  }));
  for (const { referrer, filters } of byReferrer) {
    if (filters.length === 0) continue;
    const candidates = referable(referrer, resources);
    for (const { target, spec } of filters) new ReferenceFix(referrer, candidates, target, spec).run();
  }
}

/** What an object can refer to: its own namespace, what has none, and the accounts that a RoleBinding names. */
function referable(referrer: Resource, resources: readonly Resource[]): readonly Resource[] {
  const { id } = referrer;
  if (isClusterScoped(id)) return resources;
  const bound = new Set(subjectNamespaces(referrer));
  return resources.filter(
    (one) =>
      isClusterScoped(one.id) || effectiveNamespace(one.id) === effectiveNamespace(id) || bound.has(one.namespace),
  );
}

function subjectNamespaces({ object, gvk }: Resource): readonly string[] {
  const { subjects } = object;
  if (gvk.kind !== 'RoleBinding' || !Array.isArray(subjects)) return [];
  return subjects.flatMap((subject) =>
    isRecord(subject) && subject['kind'] === 'ServiceAccount' && typeof subject['namespace'] === 'string'
      ? [subject['namespace']]
      : [],
  );
}

class ReferenceFix {
  readonly #referrer: Resource;
  readonly #candidates: readonly Resource[];
  readonly #target: Partial<Gvk>;
  readonly #spec: FieldSpec;

  constructor(referrer: Resource, candidates: readonly Resource[], target: Partial<Gvk>, spec: FieldSpec) {
    this.#referrer = referrer;
    this.#candidates = candidates;
    this.#target = target;
    this.#spec = spec;
  }

  run(): void {
    visitFields(this.#referrer.object, { path: this.#spec.path }, (place) => this.#fix(place));
  }

  #fix(place: Place): void {
    const value = valueAt(place);
    if (value === undefined || value === null) return;
    if (Array.isArray(value)) {
      for (const key of value.keys()) this.#fix({ holder: value, key });
    } else if (isRecord(value)) this.#fixMap(value as MutableMap);
    else {
      const found = this.#find(textOf(value), this.#candidates, ({ name }) => name);
      if (found !== undefined && found.name !== textOf(value)) putAt(place, found.name);
    }
  }

  /** A reference of name and namespace: both are written. */
  #fixMap(reference: MutableMap): void {
    const name = getOwn(reference, 'name');
    if (name === undefined || name === null) {
      throw new IdProblem(`${this.#spec.path} of ${formatId(this.#referrer.id)} holds no name`);
    }
    const found = this.#find(
      textOf(name),
      this.#inNamespaceOf(reference),
      ({ name: one, namespace }) => `${namespace}/${one}`,
    );
    if (found === undefined || (found.name === textOf(name) && found.namespace === '')) return;
    reference['name'] = found.name;
    if (found.namespace !== '') reference['namespace'] = found.namespace;
  }

  #inNamespaceOf(reference: MutableMap): readonly Resource[] {
    const written = getOwn(reference, 'namespace');
    if (written === undefined) return this.#candidates;
    const of = (idOf: (one: Resource) => Id) =>
      this.#candidates.filter(
        (one) => !isClusterScoped(idOf(one)) && effectiveNamespace(idOf(one)) === textOf(written),
      );
    const original = of(({ originalId }) => originalId);
    return original.length > 0 ? original : of(({ id }) => id);
  }

  #find(name: string, candidates: readonly Resource[], whole: (one: Resource) => string): Resource | undefined {
    const { id } = this.#referrer;
    let left = candidates.filter(
      (one) =>
        one.previousIds.some((before) => before.name === name) &&
        one.previousIds.some((before) => isSelected(before, this.#target)) &&
        this.#isRoleMeant(one) &&
        (isClusterScoped(id) ||
          isClusterScoped(one.id) ||
          one.gvk.kind === 'ServiceAccount' ||
          effectiveNamespace(one.id) === effectiveNamespace(id)),
    );
    if (left.length === 1) return left[0];
    left = left.filter((one) => renamedAlike(one, this.#referrer, true));
    if (left.length > 1) left = left.filter((one) => renamedAlike(one, this.#referrer, false));
    const [first] = left;
    if (first === undefined || left.every((one) => whole(one) === whole(first))) return first;
    throw new IdProblem(
      `${this.#spec.path} of ${formatId(id)} names "${name}", which may be ${left.map((one) => formatId(one.id)).join(' or ')}`,
    );
  }

  /** A `roleRef` says which kind of role it means. */
  #isRoleMeant(one: Resource): boolean {
    if (!this.#spec.path.endsWith('roleRef/name')) return true;
    const roleRef = getOwn(this.#referrer.object, 'roleRef');
    if (!isRecord(roleRef)) return true;
    const { apiGroup, kind } = roleRef;
    if (typeof apiGroup !== 'string' || typeof kind !== 'string') return true;
    return one.previousIds.some((before) => isSelected(before, { group: apiGroup, kind }));
  }
}
