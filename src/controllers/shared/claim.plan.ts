import type { LabelSelector, StoredObject } from '#api';
import { controllerOf } from './owners.plan.ts';

export interface ClaimSnapshot<T extends StoredObject> {
  readonly owner: StoredObject;
  readonly selector: LabelSelector;
  /** What the owner controls, and what nobody does. */
  readonly candidates: readonly T[];
  /** What else must hold of an object that is selected; anything when absent. */
  readonly isMember?: (object: T) => boolean;
}

export interface ClaimPlan<T extends StoredObject> {
  /** Controlled and selected. */
  readonly owned: readonly T[];
  /** Selected, and nobody's: to be taken. */
  readonly adopt: readonly T[];
  /** Controlled, but no longer selected: to be let go. */
  readonly release: readonly T[];
}

/**
 * Which objects an owner has, takes and lets go. What another controls is never touched, and an owner on its way out
 * takes nothing. Source: kubernetes pkg/controller/controller_ref_manager.go, ClaimObject (v1.32).
 */
export function planClaim<T extends StoredObject>({
  owner,
  selector,
  candidates,
  isMember = () => true,
}: ClaimSnapshot<T>): ClaimPlan<T> {
  const owned: T[] = [];
  const adopt: T[] = [];
  const release: T[] = [];
  const going = owner.metadata.deletionTimestamp !== undefined;
  for (const object of candidates) {
    const controller = controllerOf(object);
    const selected = selector.matches(object.metadata.labels) && isMember(object);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) owned.push(object);
      else if (!going) release.push(object);
    } else if (selected && !going && object.metadata.deletionTimestamp === undefined) {
      adopt.push(object);
    }
  }
  return { owned, adopt, release };
}
