/** References to objects whose names change. Source: kustomize api/filters/nameref (v5.5). */
import { getOwn, isRecord } from '#api';
import { type Place, putAt, valueAt, visitFields } from './fields.ts';
import { effectiveNamespace, formatId, type Id, isClusterScoped, isSelected } from './id.ts';
import type { FieldSpec, Gvk, MutableMap, NameReference } from './kustomize.types.ts';
import { type Resource, renamedAlike, textOf } from './resource.ts';
import { IdProblem } from './resource-list.ts';

/** Writes the names that objects have now wherever others name them by one that they had. */
export function fixReferences(resources: readonly Resource[], references: readonly NameReference[]): void {
  const targets = new Targets(resources);
  for (const referrer of resources) {
    const { originalId } = referrer;
    for (const target of references) {
      for (const spec of target.fieldSpecs) {
        if (isSelected(originalId, spec)) new ReferenceFix(referrer, targets, target, spec).run();
      }
    }
  }
}

/** One that may be referred to, with what is asked of it again and again. */
interface Target {
  readonly resource: Resource;
  readonly id: Id;
  readonly previousIds: readonly Id[];
  readonly isClusterScoped: boolean;
  readonly namespace: string;
}

/** All objects, by the names that they had. Names are about to change, ids are as they were when it was made. */
class Targets {
  readonly all: readonly Target[];
  readonly #byName = new Map<string, Target[]>();

  constructor(resources: readonly Resource[]) {
    this.all = resources.map((resource) => {
      const { id, previousIds } = resource;
      return { resource, id, previousIds, isClusterScoped: isClusterScoped(id), namespace: effectiveNamespace(id) };
    });
    for (const target of this.all) {
      for (const name of new Set(target.previousIds.map((id) => id.name))) {
        const named = this.#byName.get(name);
        if (named === undefined) this.#byName.set(name, [target]);
        else named.push(target);
      }
    }
  }

  named(name: string): readonly Target[] {
    return this.#byName.get(name) ?? [];
  }
}

/** Namespaces of the accounts that a RoleBinding names: it may refer to those too. */
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
  readonly #targets: Targets;
  readonly #target: Partial<Gvk>;
  readonly #spec: FieldSpec;

  constructor(referrer: Resource, targets: Targets, target: Partial<Gvk>, spec: FieldSpec) {
    this.#referrer = referrer;
    this.#targets = targets;
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
      const found = this.#find(textOf(value), undefined, ({ name }) => name);
      if (found !== undefined && found.name !== textOf(value)) putAt(place, found.name);
    }
  }

  /** A reference of name and namespace: both are written. */
  #fixMap(reference: MutableMap): void {
    const name = getOwn(reference, 'name');
    if (name === undefined || name === null) {
      throw new IdProblem(`${this.#spec.path} of ${formatId(this.#referrer.id)} holds no name`);
    }
    const found = this.#find(textOf(name), reference, ({ name: one, namespace }) => `${namespace}/${one}`);
    if (found === undefined || (found.name === textOf(name) && found.namespace === '')) return;
    reference['name'] = found.name;
    if (found.namespace !== '') reference['namespace'] = found.namespace;
  }

  /** What an object can refer to: its own namespace, what has none, and the accounts that a RoleBinding names. */
  #canRefer(): (target: Target) => boolean {
    const { id } = this.#referrer;
    if (isClusterScoped(id)) return () => true;
    const own = effectiveNamespace(id);
    const bound = new Set(subjectNamespaces(this.#referrer));
    return (one) => one.isClusterScoped || one.namespace === own || bound.has(one.resource.namespace);
  }

  /** Those in the namespace that a reference names, by the one that they were in at first if any was in it then. */
  #isInNamespaceOf(reference: MutableMap, canRefer: (target: Target) => boolean): (target: Target) => boolean {
    const written = getOwn(reference, 'namespace');
    if (written === undefined) return () => true;
    const isIn = (id: Id) => !isClusterScoped(id) && effectiveNamespace(id) === textOf(written);
    const wasIn = ({ resource }: Target) => isIn(resource.originalId);
    return this.#targets.all.some((one) => canRefer(one) && wasIn(one)) ? wasIn : ({ id }) => isIn(id);
  }

  #find(name: string, reference: MutableMap | undefined, whole: (one: Resource) => string): Resource | undefined {
    const named = this.#targets.named(name);
    if (named.length === 0) return undefined;
    const { id } = this.#referrer;
    const canRefer = this.#canRefer();
    const isInNamespace = reference === undefined ? () => true : this.#isInNamespaceOf(reference, canRefer);
    let left = named
      .filter(
        (one) =>
          canRefer(one) &&
          isInNamespace(one) &&
          one.previousIds.some((before) => isSelected(before, this.#target)) &&
          this.#isRoleMeant(one) &&
          (isClusterScoped(id) ||
            one.isClusterScoped ||
            one.id.kind === 'ServiceAccount' ||
            one.namespace === effectiveNamespace(id)),
      )
      .map(({ resource }) => resource);
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
  #isRoleMeant(one: Target): boolean {
    if (!this.#spec.path.endsWith('roleRef/name')) return true;
    const roleRef = getOwn(this.#referrer.object, 'roleRef');
    if (!isRecord(roleRef)) return true;
    const { apiGroup, kind } = roleRef;
    if (typeof apiGroup !== 'string' || typeof kind !== 'string') return true;
    return one.previousIds.some((before) => isSelected(before, { group: apiGroup, kind }));
  }
}
