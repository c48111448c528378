import type { FieldDrift, JsonPatchOperation, ObjectKey, Origin } from '#api';
import type { OrderKey } from './order.plan.ts';
import type { ClaimDecision } from './ownership.plan.ts';
import type { PruneVerdict } from './prune.plan.ts';
import type { DeleteOption } from './sync-options.plan.ts';

/** How a desired object compares with the live one, after both went through the API's own admission. */
export type Comparison =
  | { readonly state: 'missing' }
  | { readonly state: 'in-sync' }
  /** The live object is on its way out; what is in Git is made when it is gone. */
  | { readonly state: 'deleting' }
  | {
      readonly state: 'different';
      readonly fields: readonly FieldDrift[];
      /** Takes away what people added and applying alone would leave. */
      readonly removals: readonly JsonPatchOperation[];
    }
  /** The API refuses the object as it stands in Git. */
  | {
      readonly state: 'refused';
      readonly message: string;
      /** The first field it complains about. */
      readonly field?: string;
      /** There is a live object, which stays as it is. */
      readonly isLive?: boolean;
    };

/** An object that the ownership table says is ours, with what is live of it. */
export interface OwnedObject {
  readonly id: string;
  readonly key: ObjectKey;
  readonly origin: Origin;
  /** Its place for deleting. */
  readonly order: OrderKey;
  /**
   * `ours`: live, and still the object we made. `foreign`: something of that name is live, but neither its uid nor its
   * managers are ours. `gone`: nothing is live.
   */
  readonly live: 'ours' | 'foreign' | 'gone' | 'deleting';
  /** Whether it may go when it leaves Git (`Prune=`). */
  readonly pruneOption: DeleteOption;
  /** Whether it may go with its Application (`Delete=`, and `Prune=`). */
  readonly cascadeOption: DeleteOption;
  /** Ids that would go with it. */
  readonly cascade: readonly string[];
  /** Ports it occupies on nodes: `nodePort/30080`, `hostPort/TCP/443`. */
  readonly occupies: readonly string[];
}

export interface DesiredObject {
  readonly id: string;
  readonly key: ObjectKey;
  readonly origin: Origin;
  readonly order: OrderKey;
  readonly occupies: readonly string[];
  readonly comparison: Comparison;
  /** `Force=true`: where the API refuses the change of what is there, it is deleted and made anew. */
  readonly force: boolean;
  readonly claim: ClaimDecision;
}

/** Everything a plan is made from. Plain data: the same snapshot gives the same plan. */
export interface SyncSnapshot {
  readonly desired: readonly DesiredObject[];
  /** This Application's rows of the ownership table. */
  readonly owned: readonly OwnedObject[];
  /** Owned ids that other Applications take over. */
  readonly wantedElsewhere: ReadonlySet<string>;
  /** Owned ids that may not be deleted yet, with the reason. */
  readonly gates: ReadonlyMap<string, string>;
  /** Ids that Git names but that are not applied as they stand (defined twice, unknown fields). */
  readonly heldIds: ReadonlySet<string>;
  /** Ids that Git names as hooks: what was owned under one of them is a hook's from now on, and is not deleted. */
  readonly hookIds: ReadonlySet<string>;
  /** Files that could not be read. With any of them nothing is deleted: what seems to be gone may stand there. */
  readonly failedPaths: readonly string[];
  readonly prune: boolean;
  readonly allowEmpty: boolean;
  readonly unrelatedHistory: boolean;
  readonly pathMissing: boolean;
}

export interface SyncStep {
  readonly action: 'create' | 'configure' | 'prune';
  readonly id: string;
  readonly key: ObjectKey;
  readonly origin: Origin;
  readonly order: OrderKey;
  readonly reason: string;
  readonly fields: readonly FieldDrift[];
  readonly removals: readonly JsonPatchOperation[];
  /** The API refuses this change: the live object is deleted first, and made anew. */
  readonly recreate?: true;
  /** A prune that has to come before what it makes room for. */
  readonly first: boolean;
  /** Why a prune may not begin yet: another Application may take the object over. */
  readonly gate?: string;
}

export interface SyncPlan {
  /** In the order in which they are carried out. */
  readonly steps: readonly SyncStep[];
  /** Desired objects that are not applied, and why. */
  readonly refused: readonly {
    readonly id: string;
    readonly key: ObjectKey;
    readonly origin: Origin;
    readonly message: string;
  }[];
  /** Owned objects that Git does not name any more and that stay for now, and why. */
  readonly kept: readonly {
    readonly id: string;
    readonly key: ObjectKey;
    readonly origin: Origin;
    readonly reason: string;
  }[];
  /** Owned objects on their way out. */
  readonly deleting: readonly string[];
  /** Ids to strike from this Application's rows without touching the object. */
  readonly released: readonly string[];
  /** Ids taken over from other Applications. */
  readonly taken: readonly { readonly id: string; readonly from: string }[];
  /** Ids that wait for another Application to be read, or for an old object to be gone. */
  readonly undecided: readonly string[];
  readonly verdict: PruneVerdict;
}
