/**
 * A set of field paths, in the very form of `managedFields[].fieldsV1`: a tree whose keys are path elements (`f:name`
 * a field, `k:{…}` an item of a keyed list, `v:…` a member of a set, `i:0` a position). A node belongs to the set when
 * it has no children or holds the mark `.`. The root never belongs: `{}` is the empty set. Never changed in place.
 * Source: structured-merge-diff fieldpath/serialize.go (v4.4), the form only.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

export const EMPTY_SET: FieldSet = Object.freeze({});
/** A node that belongs to the set and has no children. */
export const MEMBER: FieldSet = Object.freeze({});
const MARK = '.';

/** Whether a node below the root belongs to the set itself. */
export function isMember(node: FieldSet): boolean {
  return Object.hasOwn(node, MARK) || isEmptySet(node);
}

export function isEmptySet(set: FieldSet): boolean {
  for (const _element in set) return false;
  return true;
}

export function childNode(node: FieldSet | undefined, element: string): FieldSet | undefined {
  return node !== undefined && Object.hasOwn(node, element) ? node[element] : undefined;
}

/** The elements below a node, without the mark. */
export function childElements(node: FieldSet): string[] {
  return Object.keys(node).filter((element) => element !== MARK);
}

/** A node of these parts; undefined when there is nothing in it. */
export function makeNode(member: boolean, children: Readonly<Record<string, FieldSet>>): FieldSet | undefined {
  if (isEmptySet(children)) return member ? MEMBER : undefined;
  return member ? { [MARK]: MEMBER, ...children } : children;
}

export function unionOf(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(left)) return right;
  if (isEmptySet(right)) return left;
  return unionNode(left, right, false) ?? EMPTY_SET;
}

/** What is in `left` but not in `right`; compares paths exactly, so a member's children stay. */
export function differenceOf(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(right)) return left;
  return differenceNode(left, right, false) ?? EMPTY_SET;
}

export function intersectionOf(left: FieldSet, right: FieldSet): FieldSet {
  return intersectionNode(left, right, false) ?? EMPTY_SET;
}

/** Every path of the set, as its elements, in the order of the tree. */
export function pathsOf(set: FieldSet): string[][] {
  const paths: string[][] = [];
  const collect = (node: FieldSet, path: readonly string[]) => {
    if (path.length > 0 && isMember(node)) paths.push([...path]);
    for (const element of childElements(node)) collect(node[element] as FieldSet, [...path, element]);
  };
  collect(set, []);
  return paths;
}

function unionNode(left: FieldSet, right: FieldSet, mayBelong: boolean): FieldSet | undefined {
  if (left === right) return left;
  const children: Record<string, FieldSet> = {};
  for (const element of childElements(left)) {
    const other = childNode(right, element);
    const node = left[element] as FieldSet;
    children[element] = other === undefined ? node : (unionNode(node, other, true) ?? node);
  }
  for (const element of childElements(right)) children[element] ??= right[element] as FieldSet;
  return makeNode(mayBelong && (isMember(left) || isMember(right)), children);
}

function differenceNode(left: FieldSet, right: FieldSet, mayBelong: boolean): FieldSet | undefined {
  const children: Record<string, FieldSet> = {};
  let same = true;
  for (const element of childElements(left)) {
    const node = left[element] as FieldSet;
    const other = childNode(right, element);
    const rest = other === undefined ? node : differenceNode(node, other, true);
    if (rest !== node) same = false;
    if (rest !== undefined) children[element] = rest;
  }
  const wasMember = mayBelong && isMember(left);
  const member = wasMember && !isMember(right);
  // Unchanged parts keep their identity.
  return same && wasMember === member ? left : makeNode(member, children);
}

function intersectionNode(left: FieldSet, right: FieldSet, mayBelong: boolean): FieldSet | undefined {
  const children: Record<string, FieldSet> = {};
  for (const element of childElements(left)) {
    const other = childNode(right, element);
    const common = other === undefined ? undefined : intersectionNode(left[element] as FieldSet, other, true);
    if (common !== undefined) children[element] = common;
  }
  return makeNode(mayBelong && isMember(left) && isMember(right), children);
}
