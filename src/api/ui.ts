/**
 * What the web UI and its server say to each other, under `/ui/v1`. Types only: the browser loads nothing else of ours.
 * Every answer is a projection of API objects, made for the signed-in user; values of Secrets are masked before.
 */
import type { ConditionSeverity } from './kinds/application-conditions.ts';
import type {
  ApplicationSpec,
  Condition,
  HealthStatus,
  HookRun,
  PlannedChange,
  ResourceStatus,
  SyncResult,
  SyncRunPhase,
  SyncRunSpec,
  SyncStatus,
} from './kinds/plumbline.ts';

/** One line of the overview: about ten fields of an Application, never the whole object. */
export interface UiApplicationSummary {
  readonly namespace: string;
  readonly name: string;
  readonly sync: SyncStatus;
  readonly health: HealthStatus;
  readonly revision?: string;
  /** The most urgent condition, in a sentence. */
  readonly message?: string;
  /** How bad that condition is. Absent: no condition tells of trouble. */
  readonly severity?: ConditionSeverity;
  readonly run?: { readonly name: string; readonly phase: SyncRunPhase };
  /** Objects that differ from Git. */
  readonly drifted: number;
  /** Objects kept true. */
  readonly objects: number;
  /** RFC 3339: since when it is in this state, where known. */
  readonly since?: string;
  readonly automated: boolean;
  readonly selfHeal: boolean;
  readonly prune: boolean;
}

export interface UiNodeSummary {
  readonly name: string;
  readonly ready: boolean;
  readonly message?: string;
  readonly pods: number;
  readonly podCapacity: number;
  readonly cpu?: string;
  readonly memory?: string;
  readonly version?: string;
  readonly runtime?: string;
  readonly address?: string;
}

export interface UiOverview {
  readonly applications: readonly UiApplicationSummary[];
  readonly nodes: readonly UiNodeSummary[];
  readonly user: string;
  /** Whether this user may sync and approve. Buttons are shown only then. */
  readonly mayWrite: boolean;
}

/** One run in the history list. */
export interface UiRunSummary {
  readonly namespace: string;
  readonly name: string;
  readonly application: string;
  readonly revision: string;
  readonly author?: string;
  readonly message?: string;
  readonly trigger: SyncRunSpec['trigger'];
  readonly requestedBy: string;
  readonly phase: SyncRunPhase;
  readonly reason?: string;
  readonly statusMessage?: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly durationMs?: number;
  /** Number of results by action, without `unchanged`. */
  readonly counts: Readonly<Partial<Record<SyncResult['action'], number>>>;
}

export interface UiRun extends UiRunSummary {
  /** Ids of the webhooks that told of the commit. */
  readonly webhooks: readonly string[];
  readonly plan: readonly PlannedChange[];
  readonly results: readonly SyncResult[];
  /** Of the newest attempt, in the order of the sync. */
  readonly hooks: readonly HookRun[];
  readonly waiting?: { readonly object: string; readonly reason: string; readonly deadline: string };
  readonly approval?: { readonly by: string; readonly at: string };
  readonly supersededBy?: string;
}

/** A pod below an object of an Application. */
export interface UiPod {
  readonly namespace: string;
  readonly name: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly node?: string;
  readonly ip?: string;
  readonly message?: string;
  readonly containers: readonly string[];
  readonly createdAt: string;
  /** The Application object it belongs to: `apps/Deployment/demo/web`. */
  readonly owner: string;
}

/** Why a pod has no node, as things stand. */
export interface UiPlacement {
  /** In kube-scheduler's words where no node takes it. */
  readonly reason: string;
  /** The node on which it is promised room, while others leave it. */
  readonly promised?: string;
  /** Pods that would have to go for it, as `demo/web-1`. */
  readonly victims: readonly string[];
  /** The first of all nodes by name. */
  readonly nodes: readonly {
    readonly node: string;
    readonly reasons: readonly string[];
    readonly ifOthersLeft: boolean;
  }[];
  /** Nodes that there are. */
  readonly nodeCount: number;
}

export interface UiEvent {
  readonly type: string;
  readonly reason: string;
  readonly object: string;
  readonly message: string;
  readonly count: number;
  readonly lastSeen: string;
}

export interface UiApplication extends UiApplicationSummary {
  readonly spec: ApplicationSpec;
  readonly conditions: readonly Condition[];
  readonly resources: readonly ResourceStatus[];
  readonly pods: readonly UiPod[];
  /** The run that waits, runs or ended last, whole. */
  readonly currentRun?: UiRun;
}

/** The difference of the rendered sets of two runs. */
export interface UiRunDiff {
  readonly from: { readonly name: string; readonly revision: string };
  readonly to: { readonly name: string; readonly revision: string };
  readonly objects: readonly {
    readonly group: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly change: 'added' | 'removed' | 'changed';
    /** Unified diff of the YAML, secrets masked. */
    readonly patch: string;
  }[];
}

/**
 * One line of the stream `/ui/v1/stream` (server-sent events, event name = `type`). `overview` comes first and after every
 * gap; the others are deltas. A screen that shows an Application reads it again on its `application` event.
 */
export type UiStreamEvent =
  | { readonly type: 'overview'; readonly overview: UiOverview }
  | { readonly type: 'application'; readonly application: UiApplicationSummary }
  | { readonly type: 'application-removed'; readonly namespace: string; readonly name: string }
  | { readonly type: 'run'; readonly run: UiRunSummary }
  | { readonly type: 'nodes'; readonly nodes: readonly UiNodeSummary[] }
  /** Something below an Application changed that its summary does not show (pods, events). */
  | { readonly type: 'touched'; readonly namespace: string; readonly name: string };

/** The header every request that changes something carries; a foreign page cannot send it. */
export type UiRequestHeader = 'x-plumbline-ui';
