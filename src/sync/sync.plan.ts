import { compareOrder, comparePruneOrder } from './order.plan.ts';
import { isPrecious, judgePrune } from './prune.plan.ts';
import type { DesiredObject, OwnedObject, SyncPlan, SyncSnapshot, SyncStep } from './sync.types.ts';

/**
 * What would make the cluster say what Git says. Creates and changes come in the order of waves, kinds and names; then
 * deletions, the other way round, but first where they make room for something new. Nothing is deleted that this
 * Application does not own, nor anything at all while a file could not be read.
 */
export function planSync(snapshot: SyncSnapshot): SyncPlan {
  const wanted = new Set(snapshot.desired.map(({ id }) => id));
  const applied = planApplies(snapshot);
  const gone = planRemovals(snapshot, wanted);
  const needed = new Set(
    snapshot.desired.filter(({ comparison }) => comparison.state !== 'in-sync').flatMap(({ occupies }) => occupies),
  );
  const prunes = gone.prunes
    .toSorted((a, b) => comparePruneOrder(a.order, b.order))
    .map((owned) => pruneStep(owned, needed, snapshot.gates.get(owned.id)));
  const verdict = judgePrune({
    candidates: gone.prunes.map((owned) => ({ ...owned, confirm: owned.pruneOption === 'confirm' })),
    staying: [
      ...snapshot.desired.filter(({ claim }) => claim.type === 'own' || claim.type === 'take'),
      ...gone.kept,
    ].map(({ key }) => key),
    ownedCount: snapshot.owned.length,
    allowEmpty: snapshot.allowEmpty,
    unrelatedHistory: snapshot.unrelatedHistory,
    pathMissing: snapshot.pathMissing,
    applicationDeleted: false,
  });
  return {
    steps: [...prunes.filter(({ first }) => first), ...applied.steps, ...prunes.filter(({ first }) => !first)],
    refused: applied.refused,
    kept: gone.kept,
    deleting: gone.deleting,
    released: gone.released,
    taken: applied.taken,
    undecided: applied.undecided,
    verdict,
  };
}

/** What goes with an Application that was deleted: all it owns but what another one takes over. */
export function planCascade(owned: readonly OwnedObject[], wantedElsewhere: ReadonlySet<string>): SyncPlan {
  const cascading = owned.map((object) => ({ ...object, pruneOption: object.cascadeOption }));
  const gone = planRemovals({ ...NOTHING, owned: cascading, wantedElsewhere, prune: true }, new Set());
  const prunes = gone.prunes.toSorted((a, b) => comparePruneOrder(a.order, b.order));
  const verdict = judgePrune({
    candidates: prunes.map((object) => ({ ...object, confirm: object.pruneOption === 'confirm' })),
    staying: [],
    ownedCount: owned.length,
    allowEmpty: false,
    unrelatedHistory: false,
    pathMissing: false,
    applicationDeleted: true,
  });
  const steps = prunes.map((object) => ({
    ...pruneStep(object, new Set(), undefined),
    reason: 'its Application was deleted',
  }));
  return { ...gone, steps, verdict, refused: [], taken: [], undecided: [] };
}

const NOTHING: SyncSnapshot = {
  desired: [],
  owned: [],
  wantedElsewhere: new Set(),
  gates: new Map(),
  heldIds: new Set(),
  hookIds: new Set(),
  failedPaths: [],
  prune: false,
  allowEmpty: false,
  unrelatedHistory: false,
  pathMissing: false,
};

function planApplies({ desired }: SyncSnapshot): Pick<SyncPlan, 'steps' | 'refused' | 'taken' | 'undecided'> {
  const steps: SyncStep[] = [];
  const refused: SyncPlan['refused'][number][] = [];
  const taken: SyncPlan['taken'][number][] = [];
  const undecided: string[] = [];
  for (const object of desired.toSorted((a, b) => compareOrder(a.order, b.order))) {
    const { id, key, origin, claim, comparison } = object;
    if (claim.type === 'wait' || comparison.state === 'deleting') {
      undecided.push(id);
      continue;
    }
    if (claim.type === 'conflict') {
      refused.push({ id, key, origin, message: conflictMessage(object) });
      continue;
    }
    if (claim.type === 'take') taken.push({ id, from: claim.from });
    if (comparison.state === 'refused' && mayRecreate(object)) steps.push(recreateStep(object, comparison.message));
    else if (comparison.state === 'refused') refused.push({ id, key, origin, message: comparison.message });
    else if (comparison.state !== 'in-sync') steps.push(applyStep(object));
  }
  return { steps, refused, taken, undecided };
}

function applyStep({ id, key, origin, order, comparison }: DesiredObject): SyncStep {
  const fields = comparison.state === 'different' ? comparison.fields : [];
  return {
    action: comparison.state === 'missing' ? 'create' : 'configure',
    id,
    key,
    origin,
    order,
    reason:
      comparison.state === 'missing'
        ? 'is in Git and not in the cluster'
        : changedFields(fields.map(({ path }) => path)),
    fields,
    removals: comparison.state === 'different' ? comparison.removals : [],
    first: false,
  };
}

/** Never of what holds data or other objects: a change of it is no leave to delete them. */
function mayRecreate({ key, force, comparison }: DesiredObject): boolean {
  return force && comparison.state === 'refused' && comparison.isLive === true && !isPrecious(key);
}

function recreateStep({ id, key, origin, order }: DesiredObject, refusal: string): SyncStep {
  const reason = `is deleted and made anew, as Force=true asks: ${refusal}`;
  return {
    action: 'configure',
    id,
    key,
    origin,
    order,
    reason,
    fields: [],
    removals: [],
    first: false,
    recreate: true,
  };
}

/** Fields named in one reason. */
const NAMED = 3;

function changedFields(paths: readonly string[]): string {
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : '';
  return `differs in ${paths.slice(0, NAMED).join(', ')}${more}`;
}

function conflictMessage({ id, origin, claim }: DesiredObject): string {
  if (claim.type !== 'conflict') return '';
  const there = claim.origin === undefined ? '' : ` at ${claim.origin.path}:${claim.origin.line}`;
  return `${id} (${origin.path}:${origin.line}) is also claimed by Application ${claim.application}${there}; an object has one owner`;
}

function planRemovals(
  snapshot: SyncSnapshot,
  wanted: ReadonlySet<string>,
): { prunes: OwnedObject[]; kept: SyncPlan['kept'][number][]; deleting: string[]; released: string[] } {
  const prunes: OwnedObject[] = [];
  const deleting: string[] = [];
  const kept: SyncPlan['kept'][number][] = [];
  const released: string[] = [];
  for (const owned of snapshot.owned) {
    if (wanted.has(owned.id)) continue;
    const keep = (reason: string) => kept.push({ id: owned.id, key: owned.key, origin: owned.origin, reason });
    const unread = snapshot.failedPaths[0];
    if (owned.live === 'deleting') deleting.push(owned.id);
    else if (snapshot.heldIds.has(owned.id)) keep('Git names it, but not in a form that can be applied');
    else if (snapshot.hookIds.has(owned.id)) released.push(owned.id);
    else if (snapshot.wantedElsewhere.has(owned.id)) released.push(owned.id);
    else if (owned.live === 'gone' || owned.live === 'foreign') released.push(owned.id);
    else if (unread !== undefined) keep(`nothing is deleted while ${unread} cannot be read`);
    else if (!snapshot.prune) keep('pruning is switched off');
    else if (owned.pruneOption === 'never') keep('its sync options keep it from being pruned');
    else prunes.push(owned);
  }
  return { prunes, kept, deleting, released };
}

function pruneStep(owned: OwnedObject, needed: ReadonlySet<string>, gate: string | undefined): SyncStep {
  const { id, key, origin, order } = owned;
  const freed = owned.occupies.find((place) => needed.has(place));
  return {
    action: 'prune',
    id,
    key,
    origin,
    order,
    reason: freed === undefined ? 'is no longer in Git' : `is no longer in Git, and holds ${freed}, which is needed`,
    fields: [],
    removals: [],
    first: freed !== undefined,
    ...(gate === undefined ? {} : { gate }),
  };
}
