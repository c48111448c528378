import { type FieldSet, isAbsent, isEmptySet, type KubeObject, type Schema, shapeOf } from '#api';
import { findNode, isHumanManager, ownedBy, ownsAllOf } from './owners.ts';
import { contentPart, isPersonsField } from './scope.ts';
import { type Difference, type Place, walkDifferences } from './walk.ts';

export interface PersonsRequest {
  readonly schema: Schema;
  /** What Git says, with defaults: a person who owns a default has changed nothing. */
  readonly defaulted: KubeObject;
  readonly live: KubeObject;
  /** The fields that Git names. */
  readonly named: FieldSet;
}

/** Content that people's managers own, that Git does not name, and that is not what it would be by default. */
export function personsChanges({ schema, defaulted, live, named }: PersonsRequest, start: Place): Difference[] {
  const owned = ownedBy(live, isHumanManager);
  const found: Difference[] = [];
  const visit = (difference: Difference) => {
    const { place, wanted, live: value, isOrder } = difference;
    const node = findNode(owned, place.elements);
    if (isOrder || isAbsent(value) || node === undefined || !isPersonsField(live, place.steps)) return;
    if (findNode(named, place.elements) !== undefined) return;
    // Where only a part of something new is a person's, only that part is theirs to lose; notes are judged one by one.
    const isWhole = place.steps.at(-1) !== 'annotations' && ownsAllOf(node, difference.schema, value);
    if (isAbsent(wanted) && !isWhole) {
      const shape = shapeOf(difference.schema, value);
      if (shape === 'leaf') return;
      walkDifferences(difference.schema, shape === 'map' ? NO_FIELDS : NO_ITEMS, value, place, visit);
    } else found.push(difference);
  };
  if (!isEmptySet(owned)) walkDifferences(schema, contentPart(defaulted), contentPart(live), start, visit);
  return found;
}

const NO_FIELDS = {};
const NO_ITEMS: readonly unknown[] = [];
