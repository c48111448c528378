import {
  defaultObject,
  type FieldDrift,
  type FieldSet,
  fieldsOf,
  formatFieldPath,
  formatPointer,
  groupOf,
  isAbsent,
  type JsonPatchOperation,
  type KubeObject,
  type Schema,
  unionOf,
  versionOf,
  withoutNulls,
} from '#api';
import { type IgnoreRules, NO_RULES, startIgnoring } from './ignore.ts';
import { MAX_DRIFT_FIELDS } from './limits.ts';
import { isSecret, maskPair } from './mask.ts';
import { findNode, ownedBy, writerOf } from './owners.ts';
import { personsChanges } from './persons-changes.ts';
import { isServerFilled, sharedPart } from './scope.ts';
import { shortenPair } from './shorten.ts';
import { type Difference, type Place, walkDifferences } from './walk.ts';

export interface DiffRequest {
  readonly schema: Schema;
  /** What Git says, as it stands there, after `applyIgnores`. */
  readonly desired: KubeObject;
  /**
   * The answer of a dry-run apply of `desired` on this very `live`: what the API's own admission makes of it. Without it,
   * `desired` is defaulted here and compared by the fields it names.
   */
  readonly applied?: KubeObject | undefined;
  readonly live: KubeObject;
  /** What Git said at the last sync; what it has dropped since is a difference. Adds to what `managedFields` tell. */
  readonly previousApplied?: KubeObject | undefined;
  readonly rules?: IgnoreRules | undefined;
  /** Field manager of the sync; `plumbline-sync` when absent. */
  readonly manager?: string | undefined;
}

export interface ObjectDiff {
  /** In the order of the object; at most `MAX_DRIFT_FIELDS`. Values of Secrets are masked, long ones cut. */
  readonly changes: readonly FieldDrift[];
  /** Takes away what people added and applying alone would leave. Fails on any other version of the live object. */
  readonly removals: readonly JsonPatchOperation[];
}

const SYNC_MANAGER = 'plumbline-sync';

/**
 * Where live differs from Git: fields that Git names; fields that the sync owned and Git has dropped; and content that
 * people's managers (kubectl, the dashboard) own and Git does not name. What defaults, controllers and the server add is
 * no difference; nor are status and metadata beyond labels, annotations and finalizers. Pure.
 */
export function diffObject(request: DiffRequest): ObjectDiff {
  const { schema, live, manager = SYNC_MANAGER } = request;
  const desired = withoutNulls(request.desired);
  const applied = answerFor(live, request.applied);
  const kind = { group: groupOf(desired.apiVersion), version: versionOf(desired.apiVersion), kind: desired.kind };
  const defaulted = defaultObject(kind, desired);
  // A Secret's `stringData` is named as the `data` it becomes.
  const named = fieldsOf(schema, isSecret(desired) ? defaulted : desired);
  const start: Place = { steps: [], elements: [], tokens: [], ignore: startIgnoring(request.rules ?? NO_RULES, live) };

  const found: Difference[] = [];
  const counts = applied === undefined ? namedOrDropped(request, named, manager) : () => true;
  walkDifferences(schema, sharedPart(applied ?? defaulted), sharedPart(live), start, (difference) => {
    if (counts(difference)) found.push(difference);
  });
  const known = new Set(found.map(pathOf));
  const added = personsChanges({ schema, defaulted, live, named }, start).filter((one) => !known.has(pathOf(one)));
  return {
    changes: [...found, ...added].slice(0, MAX_DRIFT_FIELDS).map((difference) => toDrift(difference, live, manager)),
    removals: removalsOf(live, added),
  };
}

/** An answer about another version of the object says nothing about this one. */
function answerFor(live: KubeObject, applied: KubeObject | undefined): KubeObject | undefined {
  return applied?.metadata.resourceVersion === live.metadata.resourceVersion ? applied : undefined;
}

/** Without the API's own answer: only what Git names, or named before. */
function namedOrDropped({ schema, live, previousApplied }: DiffRequest, named: FieldSet, manager: string) {
  const ours = ownedBy(live, (other) => other === manager);
  const before = previousApplied === undefined ? ours : unionOf(ours, fieldsOf(schema, previousApplied));
  return ({ place, wanted }: Difference) => {
    const isEmpty = wanted === '' || (Array.isArray(wanted) && wanted.length === 0);
    if (isEmpty && isServerFilled(live, place.steps)) return false;
    return findNode(isAbsent(wanted) ? before : named, place.elements) !== undefined;
  };
}

function toDrift({ place, wanted, live: value, isOrder }: Difference, live: KubeObject, manager: string): FieldDrift {
  const present = [isAbsent(wanted) ? undefined : wanted, isAbsent(value) ? undefined : value] as const;
  const [desired, found] =
    isSecret(live) && place.steps[0] !== 'metadata' ? maskPair(...present) : shortenPair(...present);
  const writer = isOrder || found === undefined ? undefined : writerOf(live, place.elements, manager);
  return {
    path: pathOf({ place }) + (isOrder ? ' (order)' : ''),
    ...(desired === undefined ? {} : { desired }),
    ...(found === undefined ? {} : { live: found }),
    ...(writer === undefined ? {} : { manager: writer.manager }),
    ...(writer?.user === undefined ? {} : { user: writer.user }),
    ...(writer?.time === undefined ? {} : { time: writer.time }),
  };
}

function pathOf({ place }: Pick<Difference, 'place'>): string {
  return formatFieldPath(place.steps);
}

/** Last first, so that positions in lists still hold when their turn comes. */
function removalsOf(live: KubeObject, added: readonly Difference[]): JsonPatchOperation[] {
  if (added.length === 0) return [];
  const version = live.metadata.resourceVersion;
  const removals = added.map(({ place }) => ({ op: 'remove' as const, path: formatPointer(place.tokens) })).reverse();
  if (version === undefined) return removals;
  return [{ op: 'test', path: '/metadata/resourceVersion', value: version }, ...removals];
}
