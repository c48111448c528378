import {
  childNode,
  differenceOf,
  EMPTY_SET,
  type FieldOwner,
  type FieldSet,
  fieldsOfValue,
  isEmptySet,
  isMember,
  type KubeObject,
  ownersOf,
  type Schema,
  unionOf,
} from '#api';

/** Programs through which people change objects by hand. A program's name is the first part of its User-Agent. */
const HUMAN_MANAGERS = ['plumbline-ui', 'plumb', 'k9s', 'Lens', 'Freelens', 'headlamp'];

/** Whether a field manager stands for a person rather than a controller. */
export function isHumanManager(manager: string): boolean {
  return manager === 'kubectl' || manager.startsWith('kubectl-') || HUMAN_MANAGERS.includes(manager);
}

/** All that managers of one sort own in an object, its status aside. */
export function ownedBy(object: KubeObject, isWanted: (manager: string) => boolean): FieldSet {
  return (object.metadata.managedFields ?? [])
    .filter(({ manager, subresource }) => subresource !== 'status' && manager !== undefined && isWanted(manager))
    .reduce<FieldSet>((all, { fieldsV1 }) => unionOf(all, (fieldsV1 ?? {}) as FieldSet), EMPTY_SET);
}

/** The part of a set at a path. */
export function findNode(set: FieldSet, path: readonly string[]): FieldSet | undefined {
  let node: FieldSet | undefined = set;
  for (const element of path) node = childNode(node, element);
  return node;
}

/** Whether a node owns the value itself or every field in it. */
export function ownsAllOf(node: FieldSet, schema: Schema | undefined, value: unknown): boolean {
  return isMember(node) || isEmptySet(differenceOf({ value: fieldsOfValue(schema, value, true) }, { value: node }));
}

/** Who, other than the sync, wrote the live value of a field last. */
export function writerOf(live: KubeObject, path: readonly string[], syncManager: string): FieldOwner | undefined {
  return ownersOf(live.metadata.managedFields, path).find(({ manager }) => manager !== syncManager);
}
