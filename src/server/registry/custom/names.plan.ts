import type { CustomResourceDefinition, ResourceType } from '#api';

type Names = CustomResourceDefinition['spec']['names'];

/** A kind that is served whatever anybody defines. */
export interface NamedKind {
  readonly type: Pick<ResourceType, 'group' | 'kind' | 'plural'>;
  readonly singular: string;
  readonly shortNames?: readonly string[];
}

export interface NamesPlan {
  readonly accepted: Names;
  /** The first thing that stands in the way; undefined when all names are free. */
  readonly conflict?: { readonly reason: string; readonly message: string };
}

/** Names in use in a group: of resources (plural, singular, short) and of kinds. */
interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

/**
 * Which of the names that a definition asks for it gets: those that no other of its group has been given, and that no kind
 * of ours has. Source: apiextensions-apiserver pkg/controller/status/naming_controller.go (v0.32), behaviour only.
 */
export function planNames(
  definition: CustomResourceDefinition,
  definitions: readonly CustomResourceDefinition[],
  ours: readonly NamedKind[],
): NamesPlan {
  const taken = takenIn(definition, definitions, ours);
  const { names } = definition.spec;
  const before = definition.status?.acceptedNames;
  let conflict: NamesPlan['conflict'];
  const isFree = (set: ReadonlySet<string>, reason: string, ...wanted: readonly string[]): boolean => {
    const used = wanted.filter((name) => name !== '' && set.has(name));
    if (used.length === 0) return true;
    conflict ??= { reason, message: `${used.map((name) => JSON.stringify(name)).join(', ')} is already in use` };
    return false;
  };
  const { plural, singular = '', shortNames = [], kind, listKind = '', categories } = names;
  const accepted: Names = {
    plural: isFree(taken.resources, 'PluralConflict', plural) ? plural : (before?.plural ?? ''),
    singular: isFree(taken.resources, 'SingularConflict', singular) ? singular : (before?.singular ?? ''),
    ...withShortNames(isFree(taken.resources, 'ShortNamesConflict', ...shortNames) ? shortNames : before?.shortNames),
    kind: isFree(taken.kinds, 'KindConflict', kind) ? kind : (before?.kind ?? ''),
    listKind: isFree(taken.kinds, 'ListKindConflict', listKind) ? listKind : (before?.listKind ?? ''),
    ...(categories === undefined ? {} : { categories }),
  };
  return { accepted, ...(conflict === undefined ? {} : { conflict }) };
}

function withShortNames(shortNames: readonly string[] | undefined): Pick<Names, 'shortNames'> {
  return shortNames === undefined || shortNames.length === 0 ? {} : { shortNames: [...shortNames] };
}

function takenIn(
  { metadata, spec }: CustomResourceDefinition,
  definitions: readonly CustomResourceDefinition[],
  ours: readonly NamedKind[],
): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of definitions) {
    const names = other.status?.acceptedNames;
    if (other.spec.group !== spec.group || other.metadata.name === metadata.name || names === undefined) continue;
    for (const name of [names.plural, names.singular ?? '', ...(names.shortNames ?? [])]) resources.add(name);
    kinds.add(names.kind).add(names.listKind ?? '');
  }
  for (const { type, singular, shortNames = [] } of ours) {
    if (type.group !== spec.group) continue;
    for (const name of [type.plural, singular, ...shortNames]) resources.add(name);
    kinds.add(type.kind).add(`${type.kind}List`);
  }
  return { resources, kinds };
}
