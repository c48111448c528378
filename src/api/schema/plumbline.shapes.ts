/**
 * The shapes of our own kinds and of Argo CD's Application, ApplicationSet and AppProject. Notation: shapes.ts. The types of the same fields are in
 * ../kinds/plumbline.ts. The parts of an Application that Argo CD may extend keep what they do not know (`...`), so that
 * such a field can be named in a warning instead of being dropped.
 */
export const PLUMBLINE_GROUPS: Readonly<Record<string, string>> = {
  argoproj: 'argoproj.io',
  plumbline: 'plumbline.dev',
};

const kind = '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta';
const key = 'group string; kind! string; namespace string; name! string';

export const PLUMBLINE_SHAPES: Readonly<Record<string, string>> = {
  'argoproj.v1alpha1.Application': `${kind}; spec! ApplicationSpec; operation Operation; status ApplicationStatus`,
  'argoproj.v1alpha1.ApplicationList': `@kind apiVersion string; items! []Application; kind string; metadata meta.v1.ListMeta`,
  'argoproj.v1alpha1.ApplicationSpec':
    'project string; source ApplicationSource; sources []ApplicationSource atomic; destination Destination; syncPolicy SyncPolicy; ignoreDifferences []IgnoreDifference atomic; revisionHistoryLimit int64; info []Info atomic; ...',
  'argoproj.v1alpha1.ApplicationSource':
    'repoURL! string; path string; targetRevision string; ref string; directory Directory; helm Helm; ...',
  'argoproj.v1alpha1.Helm':
    'releaseName string; valueFiles []string atomic; ignoreMissingValueFiles boolean; values string; valuesObject object; parameters []HelmParameter atomic; fileParameters []HelmFileParameter atomic; skipCrds boolean; skipSchemaValidation boolean; skipTests boolean; version string; namespace string; kubeVersion string; apiVersions []string atomic; ...',
  'argoproj.v1alpha1.HelmParameter': 'name! string; value string; forceString boolean; ...',
  'argoproj.v1alpha1.HelmFileParameter': 'name! string; path! string; ...',
  'argoproj.v1alpha1.Directory': 'recurse boolean; include string; exclude string; ...',
  'argoproj.v1alpha1.Destination': 'server string; name string; namespace string; ...',
  'argoproj.v1alpha1.SyncPolicy':
    'automated Automated; syncOptions []string atomic; managedNamespaceMetadata NamespaceMetadata; retry Retry; ...',
  'argoproj.v1alpha1.NamespaceMetadata': 'labels {}string; annotations {}string; ...',
  'argoproj.v1alpha1.Automated': 'prune boolean; selfHeal boolean; allowEmpty boolean; enabled boolean; ...',
  'argoproj.v1alpha1.Retry': 'limit int64; backoff Backoff; ...',
  'argoproj.v1alpha1.Backoff': 'duration string; factor int64; maxDuration string; ...',
  'argoproj.v1alpha1.IgnoreDifference':
    'group string; kind! string; name string; namespace string; jsonPointers []string atomic; jqPathExpressions []string atomic; managedFieldsManagers []string atomic; ...',
  'argoproj.v1alpha1.Info': 'name! string; value! string; ...',
  'argoproj.v1alpha1.Operation': 'id string; initiatedBy OperationInitiator; sync SyncOperation; ...',
  'argoproj.v1alpha1.OperationInitiator': 'username string; automated boolean; ...',
  'argoproj.v1alpha1.SyncOperation':
    'revision string; revisions []string atomic; prune boolean; dryRun boolean; syncOptions []string atomic; syncStrategy SyncStrategy; ...',
  'argoproj.v1alpha1.SyncStrategy': 'apply SyncStrategyForce; hook SyncStrategyForce; ...',
  'argoproj.v1alpha1.SyncStrategyForce': 'force boolean; ...',
  'argoproj.v1alpha1.ApplicationStatus':
    'observedGeneration int64; sync SyncState; health HealthState; conditions []Condition atomic; resources []ResourceStatus atomic; digest string; reconciledAt time; run RunReference; lastOperation OperationAnswer; summary Summary; ...',
  'argoproj.v1alpha1.SyncState': 'status string; revision string; ...',
  'argoproj.v1alpha1.HealthState': 'status string; message string; ...',
  'argoproj.v1alpha1.Condition':
    'type! string; status string; reason string; message string; lastTransitionTime time; observedGeneration int64; ...',
  'argoproj.v1alpha1.ResourceStatus': `${key}; version string; status string; health HealthState; requiresPruning boolean; origin plumbline.v1.Origin; drift []plumbline.v1.FieldDrift atomic; ...`,
  'argoproj.v1alpha1.OperationAnswer':
    'id! string; initiatedBy OperationInitiator; answeredAt time; run string; message string',
  'argoproj.v1alpha1.RunReference': 'name! string; phase! string',
  'argoproj.v1alpha1.Summary': 'images []string atomic; ...',

  'argoproj.v1alpha1.ApplicationSet': `${kind}; spec! ApplicationSetSpec; status ApplicationSetStatus`,
  'argoproj.v1alpha1.ApplicationSetList': `@kind apiVersion string; items! []ApplicationSet; kind string; metadata meta.v1.ListMeta`,
  'argoproj.v1alpha1.ApplicationSetSpec':
    'goTemplate boolean; goTemplateOptions []string atomic; generators! []object atomic; template! ApplicationTemplate; templatePatch string; syncPolicy ApplicationSetSyncPolicy; preservedFields PreservedFields; ignoreApplicationDifferences []ApplicationSetIgnore atomic; ...',
  'argoproj.v1alpha1.ApplicationTemplate': '@atomic metadata! object; spec! object; ...',
  'argoproj.v1alpha1.ApplicationSetSyncPolicy':
    'preserveResourcesOnDeletion boolean; applicationsSync string enum=create-only|create-update|create-delete|sync; ...',
  'argoproj.v1alpha1.PreservedFields': 'annotations []string atomic; labels []string atomic; ...',
  'argoproj.v1alpha1.ApplicationSetIgnore':
    'name string; jsonPointers []string atomic; jqPathExpressions []string atomic; ...',
  'argoproj.v1alpha1.ApplicationSetStatus':
    'observedGeneration int64; conditions []Condition atomic; resources []ResourceStatus atomic; ...',

  'argoproj.v1alpha1.AppProject': `${kind}; spec! AppProjectSpec; status object`,
  'argoproj.v1alpha1.AppProjectList': `@kind apiVersion string; items! []AppProject; kind string; metadata meta.v1.ListMeta`,
  'argoproj.v1alpha1.AppProjectSpec':
    'description string; sourceRepos []string atomic; destinations []ProjectDestination atomic; clusterResourceWhitelist []GroupKind atomic; clusterResourceBlacklist []GroupKind atomic; namespaceResourceWhitelist []GroupKind atomic; namespaceResourceBlacklist []GroupKind atomic; roles []ProjectRole atomic; syncWindows []SyncWindow atomic; ...',
  'argoproj.v1alpha1.ProjectDestination': 'server string; name string; namespace string; ...',
  'argoproj.v1alpha1.GroupKind': 'group! string; kind! string; ...',
  'argoproj.v1alpha1.ProjectRole':
    'name! string; description string; policies []string atomic; groups []string atomic; ...',
  'argoproj.v1alpha1.SyncWindow':
    'kind string; schedule string; duration string; applications []string atomic; namespaces []string atomic; clusters []string atomic; manualSync boolean; timeZone string; andOperator boolean; description string; ...',

  'plumbline.v1.SyncRun': `${kind}; spec! SyncRunSpec; status SyncRunStatus`,
  'plumbline.v1.SyncRunList': '@kind apiVersion string; items! []SyncRun; kind string; metadata meta.v1.ListMeta',
  'plumbline.v1.SyncRunSpec':
    'application! string; revision! string; revisions []string atomic; author string; message string; committedAt time; trigger! string enum=commit|self-heal|manual|webhook|retry|approval; requestedBy! string; webhooks []string atomic; digest! string; plan []PlannedChange atomic; renderedSets []string atomic',
  'plumbline.v1.SyncRunStatus':
    'phase string enum=Pending|Running|PruneBlocked|Succeeded|Failed|Superseded; reason string; message string; startedAt time; finishedAt time; durationMs int64; results []SyncResult atomic; hooks []HookRun atomic; attempt int32; waiting Waiting; approval Approval; supersededBy string',
  'plumbline.v1.PlannedChange': `${key}; action! string enum=create|configure|prune; wave int32; reason string; origin Origin; fields []FieldDrift atomic`,
  'plumbline.v1.SyncResult': `${key}; action! string enum=created|configured|unchanged|pruned|skipped|failed; wave int32; message string; origin Origin`,
  'plumbline.v1.HookRun': `${key}; phase! string enum=PreSync|Sync|PostSync|SyncFail; wave int32; state! string enum=Pending|Running|Succeeded|Failed; uid string; message string; startedAt time; finishedAt time; deadline time; deletePolicies []string atomic; origin Origin`,
  'plumbline.v1.Waiting': 'object! string; reason! string; deadline! time',
  'plumbline.v1.Approval': 'by! string; at! time',
  'plumbline.v1.Origin': 'path! string; line! int32; commit string',
  'plumbline.v1.FieldDrift': 'path! string; desired any; live any; manager string; user string; time time; line int32',
  'plumbline.v1.RenderedSet': `${kind}; data! string`,
  'plumbline.v1.RenderedSetList':
    '@kind apiVersion string; items! []RenderedSet; kind string; metadata meta.v1.ListMeta',
  'plumbline.v1.Inventory': `${kind}; application! string; entries []InventoryEntry atomic`,
  'plumbline.v1.InventoryList': '@kind apiVersion string; items! []Inventory; kind string; metadata meta.v1.ListMeta',
  'plumbline.v1.InventoryEntry': `${key}; version! string; uid string; path! string; line! int32; commit string`,
};
