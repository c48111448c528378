import type { StoredMeta } from '../meta/object.ts';

/** The state of health of one object or of an Application. Source: gitops-engine pkg/health (words only). */
export type HealthStatus = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';
export type SyncStatus = 'Synced' | 'OutOfSync' | 'Unknown';

export interface Condition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
  observedGeneration?: number;
}

/** One source of an Application: Argo CD's format, the fields that are supported. */
export interface ApplicationSource {
  repoURL: string;
  path?: string;
  targetRevision?: string;
  /** By this name `valueFiles` of other sources find this one. */
  ref?: string;
  directory?: { recurse?: boolean; include?: string; exclude?: string };
  helm?: ApplicationHelm;
}

/** How a chart is rendered. */
export interface ApplicationHelm {
  releaseName?: string;
  valueFiles?: string[];
  ignoreMissingValueFiles?: boolean;
  values?: string;
  valuesObject?: Record<string, unknown>;
  parameters?: { name: string; value?: string; forceString?: boolean }[];
  fileParameters?: { name: string; path: string }[];
  skipCrds?: boolean;
  skipSchemaValidation?: boolean;
  skipTests?: boolean;
  version?: string;
  namespace?: string;
  kubeVersion?: string;
  apiVersions?: string[];
}

export interface IgnoreDifference {
  group?: string;
  kind: string;
  name?: string;
  namespace?: string;
  jsonPointers?: string[];
  jqPathExpressions?: string[];
  managedFieldsManagers?: string[];
}

export interface ApplicationSpec {
  project?: string;
  source?: ApplicationSource;
  sources?: ApplicationSource[];
  destination?: { server?: string; name?: string; namespace?: string };
  syncPolicy?: {
    automated?: { prune?: boolean; selfHeal?: boolean; allowEmpty?: boolean; enabled?: boolean };
    syncOptions?: string[];
    managedNamespaceMetadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
    retry?: { limit?: number; backoff?: { duration?: string; factor?: number; maxDuration?: string } };
  };
  ignoreDifferences?: IgnoreDifference[];
  revisionHistoryLimit?: number;
  info?: { name: string; value: string }[];
}

/** One field in which live differs from desired. Values of Secrets are masked. */
export interface FieldDrift {
  /** `spec.template.spec.containers[name=web].env[name=X]` */
  path: string;
  desired?: unknown;
  live?: unknown;
  /** Field manager that wrote the live value, and when and as whom, where known. */
  manager?: string;
  user?: string;
  time?: string;
  /** In the file of the object's origin: where the field stands, or the nearest thing around it that Git has. */
  line?: number;
}

/** Where an object comes from in Git. */
export interface Origin {
  path: string;
  /** From 1: where the object begins. */
  line: number;
  commit?: string;
}

/** What an Application's status says of one object. */
export interface ResourceStatus {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  status: SyncStatus;
  health?: { status: HealthStatus; message?: string };
  requiresPruning?: boolean;
  origin?: Origin;
  drift?: FieldDrift[];
}

export interface ApplicationOperation {
  /** Known to no other request; by the server. */
  id?: string;
  /** By the server: whoever was logged in. */
  initiatedBy?: { username?: string; automated?: boolean };
  sync?: SyncOperation;
}

/** What a request asks of its sync, as Argo CD's clients write it. Source: argo-cd pkg/apis/application/v1alpha1/types.go. */
export interface SyncOperation {
  revision?: string;
  revisions?: string[];
  prune?: boolean;
  /** Only tells what a sync would do. */
  dryRun?: boolean;
  syncOptions?: string[];
  syncStrategy?: { apply?: { force?: boolean }; hook?: { force?: boolean } };
  /** Not supported, and refused when set. */
  resources?: unknown;
  manifests?: unknown;
  source?: unknown;
  sources?: unknown;
}

/** What became of a request to sync. */
export interface OperationAnswer {
  id: string;
  initiatedBy?: { username?: string; automated?: boolean };
  answeredAt: string;
  /** The SyncRun that does it; absent: there was nothing to do, or it could not be told what. */
  run?: string;
  /** Why it could not be told. */
  message?: string;
}

export interface ApplicationStatus {
  observedGeneration?: number;
  sync?: { status: SyncStatus; revision?: string };
  health?: { status: HealthStatus; message?: string };
  conditions?: Condition[];
  resources?: ResourceStatus[];
  /** Digest of the rendered objects that were last synced with success. */
  digest?: string;
  reconciledAt?: string;
  /** Names the SyncRun that runs, waits for approval or ended last. */
  run?: { name: string; phase: SyncRunPhase };
  /** The last request to sync that was answered. */
  lastOperation?: OperationAnswer;
  summary?: { images?: string[] };
}

/** `argoproj.io/v1alpha1`: what to keep true to Git, and where. */
export interface Application {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
  spec: ApplicationSpec;
  /** A request to sync now, as Argo CD's CLI writes it. The sync loop takes it off when it has begun. */
  operation?: ApplicationOperation;
  status?: ApplicationStatus;
  [field: string]: unknown;
}

/** `argoproj.io/v1alpha1`: makes an Application for each set of parameters that its generators find. */
export interface ApplicationSet {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
  spec: ApplicationSetSpec;
  status?: ApplicationSetStatus;
  [field: string]: unknown;
}

export interface ApplicationSetSpec {
  goTemplate?: boolean;
  goTemplateOptions?: string[];
  /** Each has one member, named for what it is: `list`, `git`, `matrix` … */
  generators: { [field: string]: unknown }[];
  template: ApplicationTemplate;
  /** A template that makes a patch, as YAML, of each Application. */
  templatePatch?: string;
  syncPolicy?: {
    preserveResourcesOnDeletion?: boolean;
    applicationsSync?: 'create-only' | 'create-update' | 'create-delete' | 'sync';
  };
  preservedFields?: { annotations?: string[]; labels?: string[] };
  ignoreApplicationDifferences?: { name?: string; jsonPointers?: string[]; jqPathExpressions?: string[] }[];
}

/** An Application in which any text may be a template. */
export interface ApplicationTemplate {
  metadata: { [field: string]: unknown };
  spec: { [field: string]: unknown };
}

export interface ApplicationSetStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  /** The Applications that it makes. */
  resources?: ResourceStatus[];
}

/** `argoproj.io/v1alpha1`: what the Applications that name it may read, make and when. */
export interface AppProject {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
  spec: AppProjectSpec;
  [field: string]: unknown;
}

export interface AppProjectSpec {
  description?: string;
  /** Globs of URLs; with `!` in front: not these. */
  sourceRepos?: string[];
  /** Globs; with `!` in front: not these. */
  destinations?: { server?: string; name?: string; namespace?: string }[];
  clusterResourceWhitelist?: { group: string; kind: string }[];
  clusterResourceBlacklist?: { group: string; kind: string }[];
  namespaceResourceWhitelist?: { group: string; kind: string }[];
  namespaceResourceBlacklist?: { group: string; kind: string }[];
  roles?: { name: string; description?: string; policies?: string[]; groups?: string[] }[];
  syncWindows?: SyncWindow[];
}

/** When Applications may, or may not, sync. */
export interface SyncWindow {
  kind?: string;
  /** Cron: when it begins. */
  schedule?: string;
  duration?: string;
  applications?: string[];
  namespaces?: string[];
  clusters?: string[];
  /** Whether people may sync by hand where the window forbids it to the machine. */
  manualSync?: boolean;
  timeZone?: string;
  /** All of applications, namespaces and clusters must match, not one of them. */
  andOperator?: boolean;
}

/** `Pending` waits for its turn; `PruneBlocked` waits for a person; the rest say what happened. */
export type SyncRunPhase = 'Pending' | 'Running' | 'PruneBlocked' | 'Succeeded' | 'Failed' | 'Superseded';
export type SyncAction = 'created' | 'configured' | 'unchanged' | 'pruned' | 'skipped' | 'failed';

export interface SyncResult {
  group: string;
  kind: string;
  namespace: string;
  name: string;
  action: SyncAction;
  wave: number;
  message?: string;
  origin?: Origin;
}

export type SyncHookPhase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail';

/** A hook of a run: made at its phase, and waited for. */
export interface HookRun {
  group: string;
  kind: string;
  namespace: string;
  /** In full, also of one that is named anew each time. */
  name: string;
  phase: SyncHookPhase;
  wave: number;
  state: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  /** Of the object that was made. */
  uid?: string;
  message?: string;
  startedAt?: string;
  finishedAt?: string;
  /** When it is deleted unless it has finished. */
  deadline?: string;
  deletePolicies?: string[];
  origin?: Origin;
}

export interface PlannedChange {
  group: string;
  kind: string;
  namespace: string;
  name: string;
  action: 'create' | 'configure' | 'prune';
  wave: number;
  reason: string;
  origin?: Origin;
  fields?: FieldDrift[];
}

export interface SyncRunSpec {
  application: string;
  revision: string;
  /** Of an Application with several sources: the commit of each, in their order. */
  revisions?: string[];
  author?: string;
  message?: string;
  /** Unix-free RFC 3339 time of the commit. */
  committedAt?: string;
  trigger: 'commit' | 'self-heal' | 'manual' | 'webhook' | 'retry' | 'approval';
  /** Who asked: a user, or `git` for a commit. */
  requestedBy: string;
  /** Ids of the webhooks that told of the commit, as their senders got them; the newest 20. */
  webhooks?: string[];
  digest: string;
  plan: PlannedChange[];
  /** Names of the RenderedSet chunks that hold the whole desired set of this run. */
  renderedSets: string[];
}

export interface SyncRunStatus {
  phase: SyncRunPhase;
  reason?: string;
  message?: string;
  startedAt?: string;
  finishedAt?: string;
  durationMs?: number;
  results?: SyncResult[];
  /** Of the newest attempt, in the order of the sync. */
  hooks?: HookRun[];
  /** How often the run was begun; absent: once. */
  attempt?: number;
  /** What the run waits for now, and until when. */
  waiting?: { object: string; reason: string; deadline: string };
  /** Set by a person's approval of a blocked prune. */
  approval?: { by: string; at: string };
  supersededBy?: string;
}

/** `plumbline.dev/v1`: one run of an Application that did something or was refused. */
export interface SyncRun {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
  spec: SyncRunSpec;
  status?: SyncRunStatus;
  [field: string]: unknown;
}

/** `plumbline.dev/v1`: a chunk of ≤ 512 KiB of rendered objects, named by digest; encrypted in the store. */
export interface RenderedSet {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
  /** JSON Lines, one object a line, sorted by object key. */
  data: string;
  [field: string]: unknown;
}

export interface InventoryEntry {
  group: string;
  version: string;
  kind: string;
  namespace: string;
  name: string;
  uid?: string;
  path: string;
  line: number;
  commit: string;
}

/** `plumbline.dev/v1`: the ownership table, in chunks: which Application owns which objects, and where they stand in Git. */
export interface Inventory {
  apiVersion: string;
  kind: string;
  metadata: StoredMeta;
  application: string;
  entries: InventoryEntry[];
  [field: string]: unknown;
}
