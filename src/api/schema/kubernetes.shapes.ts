/**
 * The shapes of the Kubernetes API, v1.32: made by scripts/compile-shapes.mjs; do not edit. Notation: shapes.ts.
 * Source: kubernetes/kubernetes v1.32.0 api/openapi-spec/swagger.json, Apache-2.0 (https://www.apache.org/licenses/LICENSE-2.0);
 * facts only (names, types, merge and list keys), brought into our own form.
 */

/** API group of each package of shapes. */
export const KUBERNETES_GROUPS: Readonly<Record<string, string>> = {
  admissionregistration: 'admissionregistration.k8s.io',
  apiextensions: 'apiextensions.k8s.io',
  apiregistration: 'apiregistration.k8s.io',
  apps: 'apps',
  authentication: 'authentication.k8s.io',
  authorization: 'authorization.k8s.io',
  autoscaling: 'autoscaling',
  batch: 'batch',
  certificates: 'certificates.k8s.io',
  coordination: 'coordination.k8s.io',
  core: '',
  discovery: 'discovery.k8s.io',
  events: 'events.k8s.io',
  meta: '',
  networking: 'networking.k8s.io',
  node: 'node.k8s.io',
  policy: 'policy',
  rbac: 'rbac.authorization.k8s.io',
  scheduling: 'scheduling.k8s.io',
  storage: 'storage.k8s.io',
};

export const KUBERNETES_SHAPES: Readonly<Record<string, string>> = {
  'admissionregistration.v1.AuditAnnotation': 'key! string; valueExpression! string',
  'admissionregistration.v1.ExpressionWarning': 'fieldRef! string; warning! string',
  'admissionregistration.v1.MatchCondition': 'expression! string; name! string',
  'admissionregistration.v1.MatchResources':
    '@atomic excludeResourceRules []NamedRuleWithOperations atomic; matchPolicy string; namespaceSelector meta.v1.LabelSelector; objectSelector meta.v1.LabelSelector; resourceRules []NamedRuleWithOperations atomic',
  'admissionregistration.v1.MutatingWebhook':
    'admissionReviewVersions! []string atomic; clientConfig! WebhookClientConfig; failurePolicy string; matchConditions []MatchCondition by=name merge=name; matchPolicy string; name! string; namespaceSelector meta.v1.LabelSelector; objectSelector meta.v1.LabelSelector; reinvocationPolicy string; rules []RuleWithOperations atomic; sideEffects! string; timeoutSeconds int32',
  'admissionregistration.v1.MutatingWebhookConfiguration':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; webhooks []MutatingWebhook by=name merge=name',
  'admissionregistration.v1.MutatingWebhookConfigurationList':
    '@kind apiVersion string; items! []MutatingWebhookConfiguration; kind string; metadata meta.v1.ListMeta',
  'admissionregistration.v1.NamedRuleWithOperations':
    '@atomic apiGroups []string atomic; apiVersions []string atomic; operations []string atomic; resourceNames []string atomic; resources []string atomic; scope string',
  'admissionregistration.v1.ParamKind': '@atomic apiVersion string; kind string',
  'admissionregistration.v1.ParamRef':
    '@atomic name string; namespace string; parameterNotFoundAction string; selector meta.v1.LabelSelector',
  'admissionregistration.v1.RuleWithOperations':
    'apiGroups []string atomic; apiVersions []string atomic; operations []string atomic; resources []string atomic; scope string',
  'admissionregistration.v1.ServiceReference': 'name! string; namespace! string; path string; port int32',
  'admissionregistration.v1.TypeChecking': 'expressionWarnings []ExpressionWarning atomic',
  'admissionregistration.v1.ValidatingAdmissionPolicy':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec ValidatingAdmissionPolicySpec; status ValidatingAdmissionPolicyStatus',
  'admissionregistration.v1.ValidatingAdmissionPolicyBinding':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec ValidatingAdmissionPolicyBindingSpec',
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingList':
    '@kind apiVersion string; items! []ValidatingAdmissionPolicyBinding; kind string; metadata meta.v1.ListMeta',
  'admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec':
    'matchResources MatchResources; paramRef ParamRef; policyName string; validationActions []string set',
  'admissionregistration.v1.ValidatingAdmissionPolicyList':
    '@kind apiVersion string; items! []ValidatingAdmissionPolicy; kind string; metadata meta.v1.ListMeta',
  'admissionregistration.v1.ValidatingAdmissionPolicySpec':
    'auditAnnotations []AuditAnnotation atomic; failurePolicy string; matchConditions []MatchCondition by=name merge=name; matchConstraints MatchResources; paramKind ParamKind; validations []Validation atomic; variables []Variable by=name merge=name',
  'admissionregistration.v1.ValidatingAdmissionPolicyStatus':
    'conditions []meta.v1.Condition by=type; observedGeneration int64; typeChecking TypeChecking',
  'admissionregistration.v1.ValidatingWebhook':
    'admissionReviewVersions! []string atomic; clientConfig! WebhookClientConfig; failurePolicy string; matchConditions []MatchCondition by=name merge=name; matchPolicy string; name! string; namespaceSelector meta.v1.LabelSelector; objectSelector meta.v1.LabelSelector; rules []RuleWithOperations atomic; sideEffects! string; timeoutSeconds int32',
  'admissionregistration.v1.ValidatingWebhookConfiguration':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; webhooks []ValidatingWebhook by=name merge=name',
  'admissionregistration.v1.ValidatingWebhookConfigurationList':
    '@kind apiVersion string; items! []ValidatingWebhookConfiguration; kind string; metadata meta.v1.ListMeta',
  'admissionregistration.v1.Validation': 'expression! string; message string; messageExpression string; reason string',
  'admissionregistration.v1.Variable': '@atomic expression! string; name! string',
  'admissionregistration.v1.WebhookClientConfig': 'caBundle bytes; service ServiceReference; url string',
  'apps.v1.ControllerRevision':
    '@kind apiVersion string; data object; kind string; metadata meta.v1.ObjectMeta; revision! int64',
  'apps.v1.ControllerRevisionList':
    '@kind apiVersion string; items! []ControllerRevision; kind string; metadata meta.v1.ListMeta',
  'apps.v1.DaemonSet':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec DaemonSetSpec; status DaemonSetStatus',
  'apps.v1.DaemonSetCondition': 'lastTransitionTime time; message string; reason string; status! string; type! string',
  'apps.v1.DaemonSetList': '@kind apiVersion string; items! []DaemonSet; kind string; metadata meta.v1.ListMeta',
  'apps.v1.DaemonSetSpec':
    'minReadySeconds int32; revisionHistoryLimit int32; selector! meta.v1.LabelSelector; template! core.v1.PodTemplateSpec; updateStrategy DaemonSetUpdateStrategy',
  'apps.v1.DaemonSetStatus':
    'collisionCount int32; conditions []DaemonSetCondition by=type merge=type; currentNumberScheduled! int32; desiredNumberScheduled! int32; numberAvailable int32; numberMisscheduled! int32; numberReady! int32; numberUnavailable int32; observedGeneration int64; updatedNumberScheduled int32',
  'apps.v1.DaemonSetUpdateStrategy': 'rollingUpdate RollingUpdateDaemonSet; type string',
  'apps.v1.Deployment':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec DeploymentSpec; status DeploymentStatus',
  'apps.v1.DeploymentCondition':
    'lastTransitionTime time; lastUpdateTime time; message string; reason string; status! string; type! string',
  'apps.v1.DeploymentList': '@kind apiVersion string; items! []Deployment; kind string; metadata meta.v1.ListMeta',
  'apps.v1.DeploymentSpec':
    'minReadySeconds int32; paused boolean; progressDeadlineSeconds int32; replicas int32; revisionHistoryLimit int32; selector! meta.v1.LabelSelector; strategy DeploymentStrategy retainKeys; template! core.v1.PodTemplateSpec',
  'apps.v1.DeploymentStatus':
    'availableReplicas int32; collisionCount int32; conditions []DeploymentCondition by=type merge=type; observedGeneration int64; readyReplicas int32; replicas int32; unavailableReplicas int32; updatedReplicas int32',
  'apps.v1.DeploymentStrategy': 'rollingUpdate RollingUpdateDeployment; type string',
  'apps.v1.ReplicaSet':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec ReplicaSetSpec; status ReplicaSetStatus',
  'apps.v1.ReplicaSetCondition': 'lastTransitionTime time; message string; reason string; status! string; type! string',
  'apps.v1.ReplicaSetList': '@kind apiVersion string; items! []ReplicaSet; kind string; metadata meta.v1.ListMeta',
  'apps.v1.ReplicaSetSpec':
    'minReadySeconds int32; replicas int32; selector! meta.v1.LabelSelector; template core.v1.PodTemplateSpec',
  'apps.v1.ReplicaSetStatus':
    'availableReplicas int32; conditions []ReplicaSetCondition by=type merge=type; fullyLabeledReplicas int32; observedGeneration int64; readyReplicas int32; replicas! int32',
  'apps.v1.RollingUpdateDaemonSet': 'maxSurge int-or-string; maxUnavailable int-or-string',
  'apps.v1.RollingUpdateDeployment': 'maxSurge int-or-string; maxUnavailable int-or-string',
  'apps.v1.RollingUpdateStatefulSetStrategy': 'maxUnavailable int-or-string; partition int32',
  'apps.v1.StatefulSet':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec StatefulSetSpec; status StatefulSetStatus',
  'apps.v1.StatefulSetCondition':
    'lastTransitionTime time; message string; reason string; status! string; type! string',
  'apps.v1.StatefulSetList': '@kind apiVersion string; items! []StatefulSet; kind string; metadata meta.v1.ListMeta',
  'apps.v1.StatefulSetOrdinals': 'start int32',
  'apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy': 'whenDeleted string; whenScaled string',
  'apps.v1.StatefulSetSpec':
    'minReadySeconds int32; ordinals StatefulSetOrdinals; persistentVolumeClaimRetentionPolicy StatefulSetPersistentVolumeClaimRetentionPolicy; podManagementPolicy string; replicas int32; revisionHistoryLimit int32; selector! meta.v1.LabelSelector; serviceName! string; template! core.v1.PodTemplateSpec; updateStrategy StatefulSetUpdateStrategy; volumeClaimTemplates []core.v1.PersistentVolumeClaim atomic',
  'apps.v1.StatefulSetStatus':
    'availableReplicas int32; collisionCount int32; conditions []StatefulSetCondition by=type merge=type; currentReplicas int32; currentRevision string; observedGeneration int64; readyReplicas int32; replicas! int32; updateRevision string; updatedReplicas int32',
  'apps.v1.StatefulSetUpdateStrategy': 'rollingUpdate RollingUpdateStatefulSetStrategy; type string',
  'authentication.v1.BoundObjectReference': 'apiVersion string; kind string; name string; uid string',
  'authentication.v1.SelfSubjectReview':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; status SelfSubjectReviewStatus',
  'authentication.v1.SelfSubjectReviewStatus': 'userInfo UserInfo',
  'authentication.v1.TokenRequest':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! TokenRequestSpec; status TokenRequestStatus',
  'authentication.v1.TokenRequestSpec':
    'audiences! []string atomic; boundObjectRef BoundObjectReference; expirationSeconds int64',
  'authentication.v1.TokenRequestStatus': 'expirationTimestamp! time; token! string',
  'authentication.v1.TokenReview':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! TokenReviewSpec; status TokenReviewStatus',
  'authentication.v1.TokenReviewSpec': 'audiences []string atomic; token string',
  'authentication.v1.TokenReviewStatus':
    'audiences []string atomic; authenticated boolean; error string; user UserInfo',
  'authentication.v1.UserInfo': 'extra {}[]string; groups []string atomic; uid string; username string',
  'authorization.v1.FieldSelectorAttributes':
    'rawSelector string; requirements []meta.v1.FieldSelectorRequirement atomic',
  'authorization.v1.LabelSelectorAttributes':
    'rawSelector string; requirements []meta.v1.LabelSelectorRequirement atomic',
  'authorization.v1.LocalSubjectAccessReview':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! SubjectAccessReviewSpec; status SubjectAccessReviewStatus',
  'authorization.v1.NonResourceAttributes': 'path string; verb string',
  'authorization.v1.NonResourceRule': 'nonResourceURLs []string atomic; verbs! []string atomic',
  'authorization.v1.ResourceAttributes':
    'fieldSelector FieldSelectorAttributes; group string; labelSelector LabelSelectorAttributes; name string; namespace string; resource string; subresource string; verb string; version string',
  'authorization.v1.ResourceRule':
    'apiGroups []string atomic; resourceNames []string atomic; resources []string atomic; verbs! []string atomic',
  'authorization.v1.SelfSubjectAccessReview':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! SelfSubjectAccessReviewSpec; status SubjectAccessReviewStatus',
  'authorization.v1.SelfSubjectAccessReviewSpec':
    'nonResourceAttributes NonResourceAttributes; resourceAttributes ResourceAttributes',
  'authorization.v1.SelfSubjectRulesReview':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! SelfSubjectRulesReviewSpec; status SubjectRulesReviewStatus',
  'authorization.v1.SelfSubjectRulesReviewSpec': 'namespace string',
  'authorization.v1.SubjectAccessReview':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! SubjectAccessReviewSpec; status SubjectAccessReviewStatus',
  'authorization.v1.SubjectAccessReviewSpec':
    'extra {}[]string; groups []string atomic; nonResourceAttributes NonResourceAttributes; resourceAttributes ResourceAttributes; uid string; user string',
  'authorization.v1.SubjectAccessReviewStatus':
    'allowed! boolean; denied boolean; evaluationError string; reason string',
  'authorization.v1.SubjectRulesReviewStatus':
    'evaluationError string; incomplete! boolean; nonResourceRules! []NonResourceRule atomic; resourceRules! []ResourceRule atomic',
  'autoscaling.v1.CrossVersionObjectReference': '@atomic apiVersion string; kind! string; name! string',
  'autoscaling.v1.HorizontalPodAutoscaler':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec HorizontalPodAutoscalerSpec; status HorizontalPodAutoscalerStatus',
  'autoscaling.v1.HorizontalPodAutoscalerList':
    '@kind apiVersion string; items! []HorizontalPodAutoscaler; kind string; metadata meta.v1.ListMeta',
  'autoscaling.v1.HorizontalPodAutoscalerSpec':
    'maxReplicas! int32; minReplicas int32; scaleTargetRef! CrossVersionObjectReference; targetCPUUtilizationPercentage int32',
  'autoscaling.v1.HorizontalPodAutoscalerStatus':
    'currentCPUUtilizationPercentage int32; currentReplicas! int32; desiredReplicas! int32; lastScaleTime time; observedGeneration int64',
  'autoscaling.v1.Scale':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec ScaleSpec; status ScaleStatus',
  'autoscaling.v1.ScaleSpec': 'replicas int32',
  'autoscaling.v1.ScaleStatus': 'replicas! int32; selector string',
  'autoscaling.v2.ContainerResourceMetricSource': 'container! string; name! string; target! MetricTarget',
  'autoscaling.v2.ContainerResourceMetricStatus': 'container! string; current! MetricValueStatus; name! string',
  'autoscaling.v2.CrossVersionObjectReference': 'apiVersion string; kind! string; name! string',
  'autoscaling.v2.ExternalMetricSource': 'metric! MetricIdentifier; target! MetricTarget',
  'autoscaling.v2.ExternalMetricStatus': 'current! MetricValueStatus; metric! MetricIdentifier',
  'autoscaling.v2.HPAScalingPolicy': 'periodSeconds! int32; type! string; value! int32',
  'autoscaling.v2.HPAScalingRules':
    'policies []HPAScalingPolicy atomic; selectPolicy string; stabilizationWindowSeconds int32',
  'autoscaling.v2.HorizontalPodAutoscaler':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec HorizontalPodAutoscalerSpec; status HorizontalPodAutoscalerStatus',
  'autoscaling.v2.HorizontalPodAutoscalerBehavior': 'scaleDown HPAScalingRules; scaleUp HPAScalingRules',
  'autoscaling.v2.HorizontalPodAutoscalerCondition':
    'lastTransitionTime time; message string; reason string; status! string; type! string',
  'autoscaling.v2.HorizontalPodAutoscalerList':
    '@kind apiVersion string; items! []HorizontalPodAutoscaler; kind string; metadata meta.v1.ListMeta',
  'autoscaling.v2.HorizontalPodAutoscalerSpec':
    'behavior HorizontalPodAutoscalerBehavior; maxReplicas! int32; metrics []MetricSpec atomic; minReplicas int32; scaleTargetRef! CrossVersionObjectReference',
  'autoscaling.v2.HorizontalPodAutoscalerStatus':
    'conditions []HorizontalPodAutoscalerCondition by=type merge=type; currentMetrics []MetricStatus atomic; currentReplicas int32; desiredReplicas! int32; lastScaleTime time; observedGeneration int64',
  'autoscaling.v2.MetricIdentifier': 'name! string; selector meta.v1.LabelSelector',
  'autoscaling.v2.MetricSpec':
    'containerResource ContainerResourceMetricSource; external ExternalMetricSource; object ObjectMetricSource; pods PodsMetricSource; resource ResourceMetricSource; type! string',
  'autoscaling.v2.MetricStatus':
    'containerResource ContainerResourceMetricStatus; external ExternalMetricStatus; object ObjectMetricStatus; pods PodsMetricStatus; resource ResourceMetricStatus; type! string',
  'autoscaling.v2.MetricTarget': 'averageUtilization int32; averageValue quantity; type! string; value quantity',
  'autoscaling.v2.MetricValueStatus': 'averageUtilization int32; averageValue quantity; value quantity',
  'autoscaling.v2.ObjectMetricSource':
    'describedObject! CrossVersionObjectReference; metric! MetricIdentifier; target! MetricTarget',
  'autoscaling.v2.ObjectMetricStatus':
    'current! MetricValueStatus; describedObject! CrossVersionObjectReference; metric! MetricIdentifier',
  'autoscaling.v2.PodsMetricSource': 'metric! MetricIdentifier; target! MetricTarget',
  'autoscaling.v2.PodsMetricStatus': 'current! MetricValueStatus; metric! MetricIdentifier',
  'autoscaling.v2.ResourceMetricSource': 'name! string; target! MetricTarget',
  'autoscaling.v2.ResourceMetricStatus': 'current! MetricValueStatus; name! string',
  'batch.v1.CronJob':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec CronJobSpec; status CronJobStatus',
  'batch.v1.CronJobList': '@kind apiVersion string; items! []CronJob; kind string; metadata meta.v1.ListMeta',
  'batch.v1.CronJobSpec':
    'concurrencyPolicy string; failedJobsHistoryLimit int32; jobTemplate! JobTemplateSpec; schedule! string; startingDeadlineSeconds int64; successfulJobsHistoryLimit int32; suspend boolean; timeZone string',
  'batch.v1.CronJobStatus': 'active []core.v1.ObjectReference atomic; lastScheduleTime time; lastSuccessfulTime time',
  'batch.v1.Job': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec JobSpec; status JobStatus',
  'batch.v1.JobCondition':
    'lastProbeTime time; lastTransitionTime time; message string; reason string; status! string; type! string',
  'batch.v1.JobList': '@kind apiVersion string; items! []Job; kind string; metadata meta.v1.ListMeta',
  'batch.v1.JobSpec':
    'activeDeadlineSeconds int64; backoffLimit int32; backoffLimitPerIndex int32; completionMode string; completions int32; managedBy string; manualSelector boolean; maxFailedIndexes int32; parallelism int32; podFailurePolicy PodFailurePolicy; podReplacementPolicy string; selector meta.v1.LabelSelector; successPolicy SuccessPolicy; suspend boolean; template! core.v1.PodTemplateSpec; ttlSecondsAfterFinished int32',
  'batch.v1.JobStatus':
    'active int32; completedIndexes string; completionTime time; conditions []JobCondition atomic merge=type; failed int32; failedIndexes string; ready int32; startTime time; succeeded int32; terminating int32; uncountedTerminatedPods UncountedTerminatedPods',
  'batch.v1.JobTemplateSpec': 'metadata meta.v1.ObjectMeta; spec JobSpec',
  'batch.v1.PodFailurePolicy': 'rules! []PodFailurePolicyRule atomic',
  'batch.v1.PodFailurePolicyOnExitCodesRequirement': 'containerName string; operator! string; values! []int32 set',
  'batch.v1.PodFailurePolicyOnPodConditionsPattern': 'status! string; type! string',
  'batch.v1.PodFailurePolicyRule':
    'action! string; onExitCodes PodFailurePolicyOnExitCodesRequirement; onPodConditions []PodFailurePolicyOnPodConditionsPattern atomic',
  'batch.v1.SuccessPolicy': 'rules! []SuccessPolicyRule atomic',
  'batch.v1.SuccessPolicyRule': 'succeededCount int32; succeededIndexes string',
  'batch.v1.UncountedTerminatedPods': 'failed []string set; succeeded []string set',
  'certificates.v1.CertificateSigningRequest':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! CertificateSigningRequestSpec; status CertificateSigningRequestStatus',
  'certificates.v1.CertificateSigningRequestCondition':
    'lastTransitionTime time; lastUpdateTime time; message string; reason string; status! string; type! string',
  'certificates.v1.CertificateSigningRequestList':
    '@kind apiVersion string; items! []CertificateSigningRequest; kind string; metadata meta.v1.ListMeta',
  'certificates.v1.CertificateSigningRequestSpec':
    'expirationSeconds int32; extra {}[]string; groups []string atomic; request! bytes atomic; signerName! string; uid string; usages []string atomic; username string',
  'certificates.v1.CertificateSigningRequestStatus':
    'certificate bytes atomic; conditions []CertificateSigningRequestCondition by=type',
  'coordination.v1.Lease': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec LeaseSpec',
  'coordination.v1.LeaseList': '@kind apiVersion string; items! []Lease; kind string; metadata meta.v1.ListMeta',
  'coordination.v1.LeaseSpec':
    'acquireTime micro-time; holderIdentity string; leaseDurationSeconds int32; leaseTransitions int32; preferredHolder string; renewTime micro-time; strategy string',
  'core.v1.AWSElasticBlockStoreVolumeSource': 'fsType string; partition int32; readOnly boolean; volumeID! string',
  'core.v1.Affinity': 'nodeAffinity NodeAffinity; podAffinity PodAffinity; podAntiAffinity PodAntiAffinity',
  'core.v1.AppArmorProfile': 'localhostProfile string; type! string',
  'core.v1.AttachedVolume': 'devicePath! string; name! string',
  'core.v1.AzureDiskVolumeSource':
    'cachingMode string; diskName! string; diskURI! string; fsType string; kind string; readOnly boolean',
  'core.v1.AzureFilePersistentVolumeSource':
    'readOnly boolean; secretName! string; secretNamespace string; shareName! string',
  'core.v1.AzureFileVolumeSource': 'readOnly boolean; secretName! string; shareName! string',
  'core.v1.Binding': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; target! ObjectReference',
  'core.v1.CSIPersistentVolumeSource':
    'controllerExpandSecretRef SecretReference; controllerPublishSecretRef SecretReference; driver! string; fsType string; nodeExpandSecretRef SecretReference; nodePublishSecretRef SecretReference; nodeStageSecretRef SecretReference; readOnly boolean; volumeAttributes {}string; volumeHandle! string',
  'core.v1.CSIVolumeSource':
    'driver! string; fsType string; nodePublishSecretRef LocalObjectReference; readOnly boolean; volumeAttributes {}string',
  'core.v1.Capabilities': 'add []string atomic; drop []string atomic',
  'core.v1.CephFSPersistentVolumeSource':
    'monitors! []string atomic; path string; readOnly boolean; secretFile string; secretRef SecretReference; user string',
  'core.v1.CephFSVolumeSource':
    'monitors! []string atomic; path string; readOnly boolean; secretFile string; secretRef LocalObjectReference; user string',
  'core.v1.CinderPersistentVolumeSource':
    'fsType string; readOnly boolean; secretRef SecretReference; volumeID! string',
  'core.v1.CinderVolumeSource': 'fsType string; readOnly boolean; secretRef LocalObjectReference; volumeID! string',
  'core.v1.ClientIPConfig': 'timeoutSeconds int32',
  'core.v1.ClusterTrustBundleProjection':
    'labelSelector meta.v1.LabelSelector; name string; optional boolean; path! string; signerName string',
  'core.v1.ComponentCondition': 'error string; message string; status! string; type! string',
  'core.v1.ComponentStatus':
    '@kind apiVersion string; conditions []ComponentCondition by=type merge=type; kind string; metadata meta.v1.ObjectMeta',
  'core.v1.ComponentStatusList':
    '@kind apiVersion string; items! []ComponentStatus; kind string; metadata meta.v1.ListMeta',
  'core.v1.ConfigMap':
    '@kind apiVersion string; binaryData {}bytes; data {}string; immutable boolean; kind string; metadata meta.v1.ObjectMeta',
  'core.v1.ConfigMapEnvSource': 'name string; optional boolean',
  'core.v1.ConfigMapKeySelector': '@atomic key! string; name string; optional boolean',
  'core.v1.ConfigMapList': '@kind apiVersion string; items! []ConfigMap; kind string; metadata meta.v1.ListMeta',
  'core.v1.ConfigMapNodeConfigSource':
    'kubeletConfigKey! string; name! string; namespace! string; resourceVersion string; uid string',
  'core.v1.ConfigMapProjection': 'items []KeyToPath atomic; name string; optional boolean',
  'core.v1.ConfigMapVolumeSource': 'defaultMode int32; items []KeyToPath atomic; name string; optional boolean',
  'core.v1.Container':
    'args []string atomic; command []string atomic; env []EnvVar by=name merge=name; envFrom []EnvFromSource atomic; image string; imagePullPolicy string; lifecycle Lifecycle; livenessProbe Probe; name! string; ports []ContainerPort by=containerPort,protocol merge=containerPort; readinessProbe Probe; resizePolicy []ContainerResizePolicy atomic; resources ResourceRequirements; restartPolicy string; securityContext SecurityContext; startupProbe Probe; stdin boolean; stdinOnce boolean; terminationMessagePath string; terminationMessagePolicy string; tty boolean; volumeDevices []VolumeDevice by=devicePath merge=devicePath; volumeMounts []VolumeMount by=mountPath merge=mountPath; workingDir string',
  'core.v1.ContainerImage': 'names []string atomic; sizeBytes int64',
  'core.v1.ContainerPort':
    'containerPort! int32; hostIP string; hostPort int32; name string; protocol string default=TCP',
  'core.v1.ContainerResizePolicy': 'resourceName! string; restartPolicy! string',
  'core.v1.ContainerState':
    'running ContainerStateRunning; terminated ContainerStateTerminated; waiting ContainerStateWaiting',
  'core.v1.ContainerStateRunning': 'startedAt time',
  'core.v1.ContainerStateTerminated':
    'containerID string; exitCode! int32; finishedAt time; message string; reason string; signal int32; startedAt time',
  'core.v1.ContainerStateWaiting': 'message string; reason string',
  'core.v1.ContainerStatus':
    'allocatedResources {}quantity; allocatedResourcesStatus []ResourceStatus by=name merge=name; containerID string; image! string; imageID! string; lastState ContainerState; name! string; ready! boolean; resources ResourceRequirements; restartCount! int32; started boolean; state ContainerState; user ContainerUser; volumeMounts []VolumeMountStatus by=mountPath merge=mountPath',
  'core.v1.ContainerUser': 'linux LinuxContainerUser',
  'core.v1.DaemonEndpoint': 'Port! int32',
  'core.v1.DownwardAPIProjection': 'items []DownwardAPIVolumeFile atomic',
  'core.v1.DownwardAPIVolumeFile':
    'fieldRef ObjectFieldSelector; mode int32; path! string; resourceFieldRef ResourceFieldSelector',
  'core.v1.DownwardAPIVolumeSource': 'defaultMode int32; items []DownwardAPIVolumeFile atomic',
  'core.v1.EmptyDirVolumeSource': 'medium string; sizeLimit quantity',
  'core.v1.EndpointAddress': '@atomic hostname string; ip! string; nodeName string; targetRef ObjectReference',
  'core.v1.EndpointPort': '@atomic appProtocol string; name string; port! int32; protocol string',
  'core.v1.EndpointSubset':
    'addresses []EndpointAddress atomic; notReadyAddresses []EndpointAddress atomic; ports []EndpointPort atomic',
  'core.v1.Endpoints':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; subsets []EndpointSubset atomic',
  'core.v1.EndpointsList': '@kind apiVersion string; items! []Endpoints; kind string; metadata meta.v1.ListMeta',
  'core.v1.EnvFromSource': 'configMapRef ConfigMapEnvSource; prefix string; secretRef SecretEnvSource',
  'core.v1.EnvVar': 'name! string; value string; valueFrom EnvVarSource',
  'core.v1.EnvVarSource':
    'configMapKeyRef ConfigMapKeySelector; fieldRef ObjectFieldSelector; resourceFieldRef ResourceFieldSelector; secretKeyRef SecretKeySelector',
  'core.v1.EphemeralContainer':
    'args []string atomic; command []string atomic; env []EnvVar by=name merge=name; envFrom []EnvFromSource atomic; image string; imagePullPolicy string; lifecycle Lifecycle; livenessProbe Probe; name! string; ports []ContainerPort by=containerPort,protocol merge=containerPort; readinessProbe Probe; resizePolicy []ContainerResizePolicy atomic; resources ResourceRequirements; restartPolicy string; securityContext SecurityContext; startupProbe Probe; stdin boolean; stdinOnce boolean; targetContainerName string; terminationMessagePath string; terminationMessagePolicy string; tty boolean; volumeDevices []VolumeDevice by=devicePath merge=devicePath; volumeMounts []VolumeMount by=mountPath merge=mountPath; workingDir string',
  'core.v1.EphemeralVolumeSource': 'volumeClaimTemplate PersistentVolumeClaimTemplate',
  'core.v1.Event':
    '@kind action string; apiVersion string; count int32; eventTime micro-time; firstTimestamp time; involvedObject! ObjectReference; kind string; lastTimestamp time; message string; metadata! meta.v1.ObjectMeta; reason string; related ObjectReference; reportingComponent string; reportingInstance string; series EventSeries; source EventSource; type string',
  'core.v1.EventList': '@kind apiVersion string; items! []Event; kind string; metadata meta.v1.ListMeta',
  'core.v1.EventSeries': 'count int32; lastObservedTime micro-time',
  'core.v1.EventSource': 'component string; host string',
  'core.v1.ExecAction': 'command []string atomic',
  'core.v1.FCVolumeSource':
    'fsType string; lun int32; readOnly boolean; targetWWNs []string atomic; wwids []string atomic',
  'core.v1.FlexPersistentVolumeSource':
    'driver! string; fsType string; options {}string; readOnly boolean; secretRef SecretReference',
  'core.v1.FlexVolumeSource':
    'driver! string; fsType string; options {}string; readOnly boolean; secretRef LocalObjectReference',
  'core.v1.FlockerVolumeSource': 'datasetName string; datasetUUID string',
  'core.v1.GCEPersistentDiskVolumeSource': 'fsType string; partition int32; pdName! string; readOnly boolean',
  'core.v1.GRPCAction': 'port! int32; service string',
  'core.v1.GitRepoVolumeSource': 'directory string; repository! string; revision string',
  'core.v1.GlusterfsPersistentVolumeSource':
    'endpoints! string; endpointsNamespace string; path! string; readOnly boolean',
  'core.v1.GlusterfsVolumeSource': 'endpoints! string; path! string; readOnly boolean',
  'core.v1.HTTPGetAction':
    'host string; httpHeaders []HTTPHeader atomic; path string; port! int-or-string; scheme string',
  'core.v1.HTTPHeader': 'name! string; value! string',
  'core.v1.HostAlias': 'hostnames []string atomic; ip! string',
  'core.v1.HostIP': 'ip! string',
  'core.v1.HostPathVolumeSource': 'path! string; type string',
  'core.v1.ISCSIPersistentVolumeSource':
    'chapAuthDiscovery boolean; chapAuthSession boolean; fsType string; initiatorName string; iqn! string; iscsiInterface string; lun! int32; portals []string atomic; readOnly boolean; secretRef SecretReference; targetPortal! string',
  'core.v1.ISCSIVolumeSource':
    'chapAuthDiscovery boolean; chapAuthSession boolean; fsType string; initiatorName string; iqn! string; iscsiInterface string; lun! int32; portals []string atomic; readOnly boolean; secretRef LocalObjectReference; targetPortal! string',
  'core.v1.ImageVolumeSource': 'pullPolicy string; reference string',
  'core.v1.KeyToPath': 'key! string; mode int32; path! string',
  'core.v1.Lifecycle': 'postStart LifecycleHandler; preStop LifecycleHandler',
  'core.v1.LifecycleHandler': 'exec ExecAction; httpGet HTTPGetAction; sleep SleepAction; tcpSocket TCPSocketAction',
  'core.v1.LimitRange': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec LimitRangeSpec',
  'core.v1.LimitRangeItem':
    'default {}quantity; defaultRequest {}quantity; max {}quantity; maxLimitRequestRatio {}quantity; min {}quantity; type! string',
  'core.v1.LimitRangeList': '@kind apiVersion string; items! []LimitRange; kind string; metadata meta.v1.ListMeta',
  'core.v1.LimitRangeSpec': 'limits! []LimitRangeItem atomic',
  'core.v1.LinuxContainerUser': 'gid! int64; supplementalGroups []int64 atomic; uid! int64',
  'core.v1.LoadBalancerIngress': 'hostname string; ip string; ipMode string; ports []PortStatus atomic',
  'core.v1.LoadBalancerStatus': 'ingress []LoadBalancerIngress atomic',
  'core.v1.LocalObjectReference': '@atomic name string',
  'core.v1.LocalVolumeSource': 'fsType string; path! string',
  'core.v1.ModifyVolumeStatus': 'status! string; targetVolumeAttributesClassName string',
  'core.v1.NFSVolumeSource': 'path! string; readOnly boolean; server! string',
  'core.v1.Namespace':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec NamespaceSpec; status NamespaceStatus',
  'core.v1.NamespaceCondition': 'lastTransitionTime time; message string; reason string; status! string; type! string',
  'core.v1.NamespaceList': '@kind apiVersion string; items! []Namespace; kind string; metadata meta.v1.ListMeta',
  'core.v1.NamespaceSpec': 'finalizers []string atomic',
  'core.v1.NamespaceStatus': 'conditions []NamespaceCondition by=type merge=type; phase string',
  'core.v1.Node': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec NodeSpec; status NodeStatus',
  'core.v1.NodeAddress': 'address! string; type! string',
  'core.v1.NodeAffinity':
    'preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm atomic; requiredDuringSchedulingIgnoredDuringExecution NodeSelector',
  'core.v1.NodeCondition':
    'lastHeartbeatTime time; lastTransitionTime time; message string; reason string; status! string; type! string',
  'core.v1.NodeConfigSource': 'configMap ConfigMapNodeConfigSource',
  'core.v1.NodeConfigStatus':
    'active NodeConfigSource; assigned NodeConfigSource; error string; lastKnownGood NodeConfigSource',
  'core.v1.NodeDaemonEndpoints': 'kubeletEndpoint DaemonEndpoint',
  'core.v1.NodeFeatures': 'supplementalGroupsPolicy boolean',
  'core.v1.NodeList': '@kind apiVersion string; items! []Node; kind string; metadata meta.v1.ListMeta',
  'core.v1.NodeRuntimeHandler': 'features NodeRuntimeHandlerFeatures; name string',
  'core.v1.NodeRuntimeHandlerFeatures': 'recursiveReadOnlyMounts boolean; userNamespaces boolean',
  'core.v1.NodeSelector': '@atomic nodeSelectorTerms! []NodeSelectorTerm atomic',
  'core.v1.NodeSelectorRequirement': 'key! string; operator! string; values []string atomic',
  'core.v1.NodeSelectorTerm':
    '@atomic matchExpressions []NodeSelectorRequirement atomic; matchFields []NodeSelectorRequirement atomic',
  'core.v1.NodeSpec':
    'configSource NodeConfigSource; externalID string; podCIDR string; podCIDRs []string set merge; providerID string; taints []Taint atomic; unschedulable boolean',
  'core.v1.NodeStatus':
    'addresses []NodeAddress by=type merge=type; allocatable {}quantity; capacity {}quantity; conditions []NodeCondition by=type merge=type; config NodeConfigStatus; daemonEndpoints NodeDaemonEndpoints; features NodeFeatures; images []ContainerImage atomic; nodeInfo NodeSystemInfo; phase string; runtimeHandlers []NodeRuntimeHandler atomic; volumesAttached []AttachedVolume atomic; volumesInUse []string atomic',
  'core.v1.NodeSystemInfo':
    'architecture! string; bootID! string; containerRuntimeVersion! string; kernelVersion! string; kubeProxyVersion! string; kubeletVersion! string; machineID! string; operatingSystem! string; osImage! string; systemUUID! string',
  'core.v1.ObjectFieldSelector': '@atomic apiVersion string; fieldPath! string',
  'core.v1.ObjectReference':
    '@atomic apiVersion string; fieldPath string; kind string; name string; namespace string; resourceVersion string; uid string',
  'core.v1.PersistentVolume':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec PersistentVolumeSpec; status PersistentVolumeStatus',
  'core.v1.PersistentVolumeClaim':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec PersistentVolumeClaimSpec; status PersistentVolumeClaimStatus',
  'core.v1.PersistentVolumeClaimCondition':
    'lastProbeTime time; lastTransitionTime time; message string; reason string; status! string; type! string',
  'core.v1.PersistentVolumeClaimList':
    '@kind apiVersion string; items! []PersistentVolumeClaim; kind string; metadata meta.v1.ListMeta',
  'core.v1.PersistentVolumeClaimSpec':
    'accessModes []string atomic; dataSource TypedLocalObjectReference; dataSourceRef TypedObjectReference; resources VolumeResourceRequirements; selector meta.v1.LabelSelector; storageClassName string; volumeAttributesClassName string; volumeMode string; volumeName string',
  'core.v1.PersistentVolumeClaimStatus':
    'accessModes []string atomic; allocatedResourceStatuses {}string granular; allocatedResources {}quantity; capacity {}quantity; conditions []PersistentVolumeClaimCondition by=type merge=type; currentVolumeAttributesClassName string; modifyVolumeStatus ModifyVolumeStatus; phase string',
  'core.v1.PersistentVolumeClaimTemplate': 'metadata meta.v1.ObjectMeta; spec! PersistentVolumeClaimSpec',
  'core.v1.PersistentVolumeClaimVolumeSource': 'claimName! string; readOnly boolean',
  'core.v1.PersistentVolumeList':
    '@kind apiVersion string; items! []PersistentVolume; kind string; metadata meta.v1.ListMeta',
  'core.v1.PersistentVolumeSpec':
    'accessModes []string atomic; awsElasticBlockStore AWSElasticBlockStoreVolumeSource; azureDisk AzureDiskVolumeSource; azureFile AzureFilePersistentVolumeSource; capacity {}quantity; cephfs CephFSPersistentVolumeSource; cinder CinderPersistentVolumeSource; claimRef ObjectReference granular; csi CSIPersistentVolumeSource; fc FCVolumeSource; flexVolume FlexPersistentVolumeSource; flocker FlockerVolumeSource; gcePersistentDisk GCEPersistentDiskVolumeSource; glusterfs GlusterfsPersistentVolumeSource; hostPath HostPathVolumeSource; iscsi ISCSIPersistentVolumeSource; local LocalVolumeSource; mountOptions []string atomic; nfs NFSVolumeSource; nodeAffinity VolumeNodeAffinity; persistentVolumeReclaimPolicy string; photonPersistentDisk PhotonPersistentDiskVolumeSource; portworxVolume PortworxVolumeSource; quobyte QuobyteVolumeSource; rbd RBDPersistentVolumeSource; scaleIO ScaleIOPersistentVolumeSource; storageClassName string; storageos StorageOSPersistentVolumeSource; volumeAttributesClassName string; volumeMode string; vsphereVolume VsphereVirtualDiskVolumeSource',
  'core.v1.PersistentVolumeStatus': 'lastPhaseTransitionTime time; message string; phase string; reason string',
  'core.v1.PhotonPersistentDiskVolumeSource': 'fsType string; pdID! string',
  'core.v1.Pod': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec PodSpec; status PodStatus',
  'core.v1.PodAffinity':
    'preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm atomic; requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm atomic',
  'core.v1.PodAffinityTerm':
    'labelSelector meta.v1.LabelSelector; matchLabelKeys []string atomic; mismatchLabelKeys []string atomic; namespaceSelector meta.v1.LabelSelector; namespaces []string atomic; topologyKey! string',
  'core.v1.PodAntiAffinity':
    'preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm atomic; requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm atomic',
  'core.v1.PodCondition':
    'lastProbeTime time; lastTransitionTime time; message string; reason string; status! string; type! string',
  'core.v1.PodDNSConfig': 'nameservers []string atomic; options []PodDNSConfigOption atomic; searches []string atomic',
  'core.v1.PodDNSConfigOption': 'name string; value string',
  'core.v1.PodIP': 'ip! string',
  'core.v1.PodList': '@kind apiVersion string; items! []Pod; kind string; metadata meta.v1.ListMeta',
  'core.v1.PodOS': 'name! string',
  'core.v1.PodReadinessGate': 'conditionType! string',
  'core.v1.PodResourceClaim': 'name! string; resourceClaimName string; resourceClaimTemplateName string',
  'core.v1.PodResourceClaimStatus': 'name! string; resourceClaimName string',
  'core.v1.PodSchedulingGate': 'name! string',
  'core.v1.PodSecurityContext':
    'appArmorProfile AppArmorProfile; fsGroup int64; fsGroupChangePolicy string; runAsGroup int64; runAsNonRoot boolean; runAsUser int64; seLinuxChangePolicy string; seLinuxOptions SELinuxOptions; seccompProfile SeccompProfile; supplementalGroups []int64 atomic; supplementalGroupsPolicy string; sysctls []Sysctl atomic; windowsOptions WindowsSecurityContextOptions',
  'core.v1.PodSpec':
    'activeDeadlineSeconds int64; affinity Affinity; automountServiceAccountToken boolean; containers! []Container by=name merge=name; dnsConfig PodDNSConfig; dnsPolicy string; enableServiceLinks boolean; ephemeralContainers []EphemeralContainer by=name merge=name; hostAliases []HostAlias by=ip merge=ip; hostIPC boolean; hostNetwork boolean; hostPID boolean; hostUsers boolean; hostname string; imagePullSecrets []LocalObjectReference by=name merge=name; initContainers []Container by=name merge=name; nodeName string; nodeSelector {}string atomic; os PodOS; overhead {}quantity; preemptionPolicy string; priority int32; priorityClassName string; readinessGates []PodReadinessGate atomic; resourceClaims []PodResourceClaim by=name merge=name retainKeys; resources ResourceRequirements; restartPolicy string; runtimeClassName string; schedulerName string; schedulingGates []PodSchedulingGate by=name merge=name; securityContext PodSecurityContext; serviceAccount string; serviceAccountName string; setHostnameAsFQDN boolean; shareProcessNamespace boolean; subdomain string; terminationGracePeriodSeconds int64; tolerations []Toleration atomic; topologySpreadConstraints []TopologySpreadConstraint by=topologyKey,whenUnsatisfiable merge=topologyKey; volumes []Volume by=name merge=name retainKeys',
  'core.v1.PodStatus':
    'conditions []PodCondition by=type merge=type; containerStatuses []ContainerStatus atomic; ephemeralContainerStatuses []ContainerStatus atomic; hostIP string; hostIPs []HostIP atomic merge=ip; initContainerStatuses []ContainerStatus atomic; message string; nominatedNodeName string; phase string; podIP string; podIPs []PodIP by=ip merge=ip; qosClass string; reason string; resize string; resourceClaimStatuses []PodResourceClaimStatus by=name merge=name retainKeys; startTime time',
  'core.v1.PodTemplate': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; template PodTemplateSpec',
  'core.v1.PodTemplateList': '@kind apiVersion string; items! []PodTemplate; kind string; metadata meta.v1.ListMeta',
  'core.v1.PodTemplateSpec': 'metadata meta.v1.ObjectMeta; spec PodSpec',
  'core.v1.PortStatus': 'error string; port! int32; protocol! string',
  'core.v1.PortworxVolumeSource': 'fsType string; readOnly boolean; volumeID! string',
  'core.v1.PreferredSchedulingTerm': 'preference! NodeSelectorTerm; weight! int32',
  'core.v1.Probe':
    'exec ExecAction; failureThreshold int32; grpc GRPCAction; httpGet HTTPGetAction; initialDelaySeconds int32; periodSeconds int32; successThreshold int32; tcpSocket TCPSocketAction; terminationGracePeriodSeconds int64; timeoutSeconds int32',
  'core.v1.ProjectedVolumeSource': 'defaultMode int32; sources []VolumeProjection atomic',
  'core.v1.QuobyteVolumeSource':
    'group string; readOnly boolean; registry! string; tenant string; user string; volume! string',
  'core.v1.RBDPersistentVolumeSource':
    'fsType string; image! string; keyring string; monitors! []string atomic; pool string; readOnly boolean; secretRef SecretReference; user string',
  'core.v1.RBDVolumeSource':
    'fsType string; image! string; keyring string; monitors! []string atomic; pool string; readOnly boolean; secretRef LocalObjectReference; user string',
  'core.v1.ReplicationController':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec ReplicationControllerSpec; status ReplicationControllerStatus',
  'core.v1.ReplicationControllerCondition':
    'lastTransitionTime time; message string; reason string; status! string; type! string',
  'core.v1.ReplicationControllerList':
    '@kind apiVersion string; items! []ReplicationController; kind string; metadata meta.v1.ListMeta',
  'core.v1.ReplicationControllerSpec':
    'minReadySeconds int32; replicas int32; selector {}string atomic; template PodTemplateSpec',
  'core.v1.ReplicationControllerStatus':
    'availableReplicas int32; conditions []ReplicationControllerCondition by=type merge=type; fullyLabeledReplicas int32; observedGeneration int64; readyReplicas int32; replicas! int32',
  'core.v1.ResourceClaim': 'name! string; request string',
  'core.v1.ResourceFieldSelector': '@atomic containerName string; divisor quantity; resource! string',
  'core.v1.ResourceHealth': 'health string; resourceID! string',
  'core.v1.ResourceQuota':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec ResourceQuotaSpec; status ResourceQuotaStatus',
  'core.v1.ResourceQuotaList':
    '@kind apiVersion string; items! []ResourceQuota; kind string; metadata meta.v1.ListMeta',
  'core.v1.ResourceQuotaSpec': 'hard {}quantity; scopeSelector ScopeSelector; scopes []string atomic',
  'core.v1.ResourceQuotaStatus': 'hard {}quantity; used {}quantity',
  'core.v1.ResourceRequirements': 'claims []ResourceClaim by=name; limits {}quantity; requests {}quantity',
  'core.v1.ResourceStatus': 'name! string; resources []ResourceHealth by=resourceID',
  'core.v1.SELinuxOptions': 'level string; role string; type string; user string',
  'core.v1.ScaleIOPersistentVolumeSource':
    'fsType string; gateway! string; protectionDomain string; readOnly boolean; secretRef! SecretReference; sslEnabled boolean; storageMode string; storagePool string; system! string; volumeName string',
  'core.v1.ScaleIOVolumeSource':
    'fsType string; gateway! string; protectionDomain string; readOnly boolean; secretRef! LocalObjectReference; sslEnabled boolean; storageMode string; storagePool string; system! string; volumeName string',
  'core.v1.ScopeSelector': '@atomic matchExpressions []ScopedResourceSelectorRequirement atomic',
  'core.v1.ScopedResourceSelectorRequirement': 'operator! string; scopeName! string; values []string atomic',
  'core.v1.SeccompProfile': 'localhostProfile string; type! string',
  'core.v1.Secret':
    '@kind apiVersion string; data {}bytes; immutable boolean; kind string; metadata meta.v1.ObjectMeta; stringData {}string; type string',
  'core.v1.SecretEnvSource': 'name string; optional boolean',
  'core.v1.SecretKeySelector': '@atomic key! string; name string; optional boolean',
  'core.v1.SecretList': '@kind apiVersion string; items! []Secret; kind string; metadata meta.v1.ListMeta',
  'core.v1.SecretProjection': 'items []KeyToPath atomic; name string; optional boolean',
  'core.v1.SecretReference': '@atomic name string; namespace string',
  'core.v1.SecretVolumeSource': 'defaultMode int32; items []KeyToPath atomic; optional boolean; secretName string',
  'core.v1.SecurityContext':
    'allowPrivilegeEscalation boolean; appArmorProfile AppArmorProfile; capabilities Capabilities; privileged boolean; procMount string; readOnlyRootFilesystem boolean; runAsGroup int64; runAsNonRoot boolean; runAsUser int64; seLinuxOptions SELinuxOptions; seccompProfile SeccompProfile; windowsOptions WindowsSecurityContextOptions',
  'core.v1.Service':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec ServiceSpec; status ServiceStatus',
  'core.v1.ServiceAccount':
    '@kind apiVersion string; automountServiceAccountToken boolean; imagePullSecrets []LocalObjectReference atomic; kind string; metadata meta.v1.ObjectMeta; secrets []ObjectReference by=name merge=name',
  'core.v1.ServiceAccountList':
    '@kind apiVersion string; items! []ServiceAccount; kind string; metadata meta.v1.ListMeta',
  'core.v1.ServiceAccountTokenProjection': 'audience string; expirationSeconds int64; path! string',
  'core.v1.ServiceList': '@kind apiVersion string; items! []Service; kind string; metadata meta.v1.ListMeta',
  'core.v1.ServicePort':
    'appProtocol string; name string; nodePort int32; port! int32; protocol string default=TCP; targetPort int-or-string',
  'core.v1.ServiceSpec':
    'allocateLoadBalancerNodePorts boolean; clusterIP string; clusterIPs []string atomic; externalIPs []string atomic; externalName string; externalTrafficPolicy string; healthCheckNodePort int32; internalTrafficPolicy string; ipFamilies []string atomic; ipFamilyPolicy string; loadBalancerClass string; loadBalancerIP string; loadBalancerSourceRanges []string atomic; ports []ServicePort by=port,protocol merge=port; publishNotReadyAddresses boolean; selector {}string atomic; sessionAffinity string; sessionAffinityConfig SessionAffinityConfig; trafficDistribution string; type string',
  'core.v1.ServiceStatus': 'conditions []meta.v1.Condition by=type merge=type; loadBalancer LoadBalancerStatus',
  'core.v1.SessionAffinityConfig': 'clientIP ClientIPConfig',
  'core.v1.SleepAction': 'seconds! int64',
  'core.v1.StorageOSPersistentVolumeSource':
    'fsType string; readOnly boolean; secretRef ObjectReference; volumeName string; volumeNamespace string',
  'core.v1.StorageOSVolumeSource':
    'fsType string; readOnly boolean; secretRef LocalObjectReference; volumeName string; volumeNamespace string',
  'core.v1.Sysctl': 'name! string; value! string',
  'core.v1.TCPSocketAction': 'host string; port! int-or-string',
  'core.v1.Taint': 'effect! string; key! string; timeAdded time; value string',
  'core.v1.Toleration': 'effect string; key string; operator string; tolerationSeconds int64; value string',
  'core.v1.TopologySelectorLabelRequirement': 'key! string; values! []string atomic',
  'core.v1.TopologySelectorTerm': '@atomic matchLabelExpressions []TopologySelectorLabelRequirement atomic',
  'core.v1.TopologySpreadConstraint':
    'labelSelector meta.v1.LabelSelector; matchLabelKeys []string atomic; maxSkew! int32; minDomains int32; nodeAffinityPolicy string; nodeTaintsPolicy string; topologyKey! string; whenUnsatisfiable! string',
  'core.v1.TypedLocalObjectReference': '@atomic apiGroup string; kind! string; name! string',
  'core.v1.TypedObjectReference': 'apiGroup string; kind! string; name! string; namespace string',
  'core.v1.Volume':
    'awsElasticBlockStore AWSElasticBlockStoreVolumeSource; azureDisk AzureDiskVolumeSource; azureFile AzureFileVolumeSource; cephfs CephFSVolumeSource; cinder CinderVolumeSource; configMap ConfigMapVolumeSource; csi CSIVolumeSource; downwardAPI DownwardAPIVolumeSource; emptyDir EmptyDirVolumeSource; ephemeral EphemeralVolumeSource; fc FCVolumeSource; flexVolume FlexVolumeSource; flocker FlockerVolumeSource; gcePersistentDisk GCEPersistentDiskVolumeSource; gitRepo GitRepoVolumeSource; glusterfs GlusterfsVolumeSource; hostPath HostPathVolumeSource; image ImageVolumeSource; iscsi ISCSIVolumeSource; name! string; nfs NFSVolumeSource; persistentVolumeClaim PersistentVolumeClaimVolumeSource; photonPersistentDisk PhotonPersistentDiskVolumeSource; portworxVolume PortworxVolumeSource; projected ProjectedVolumeSource; quobyte QuobyteVolumeSource; rbd RBDVolumeSource; scaleIO ScaleIOVolumeSource; secret SecretVolumeSource; storageos StorageOSVolumeSource; vsphereVolume VsphereVirtualDiskVolumeSource',
  'core.v1.VolumeDevice': 'devicePath! string; name! string',
  'core.v1.VolumeMount':
    'mountPath! string; mountPropagation string; name! string; readOnly boolean; recursiveReadOnly string; subPath string; subPathExpr string',
  'core.v1.VolumeMountStatus': 'mountPath! string; name! string; readOnly boolean; recursiveReadOnly string',
  'core.v1.VolumeNodeAffinity': 'required NodeSelector',
  'core.v1.VolumeProjection':
    'clusterTrustBundle ClusterTrustBundleProjection; configMap ConfigMapProjection; downwardAPI DownwardAPIProjection; secret SecretProjection; serviceAccountToken ServiceAccountTokenProjection',
  'core.v1.VolumeResourceRequirements': 'limits {}quantity; requests {}quantity',
  'core.v1.VsphereVirtualDiskVolumeSource':
    'fsType string; storagePolicyID string; storagePolicyName string; volumePath! string',
  'core.v1.WeightedPodAffinityTerm': 'podAffinityTerm! PodAffinityTerm; weight! int32',
  'core.v1.WindowsSecurityContextOptions':
    'gmsaCredentialSpec string; gmsaCredentialSpecName string; hostProcess boolean; runAsUserName string',
  'discovery.v1.Endpoint':
    'addresses! []string set; conditions EndpointConditions; deprecatedTopology {}string; hints EndpointHints; hostname string; nodeName string; targetRef core.v1.ObjectReference; zone string',
  'discovery.v1.EndpointConditions': 'ready boolean; serving boolean; terminating boolean',
  'discovery.v1.EndpointHints': 'forZones []ForZone atomic',
  'discovery.v1.EndpointPort': '@atomic appProtocol string; name string; port int32; protocol string',
  'discovery.v1.EndpointSlice':
    '@kind addressType! string; apiVersion string; endpoints! []Endpoint atomic; kind string; metadata meta.v1.ObjectMeta; ports []EndpointPort atomic',
  'discovery.v1.EndpointSliceList':
    '@kind apiVersion string; items! []EndpointSlice; kind string; metadata meta.v1.ListMeta',
  'discovery.v1.ForZone': 'name! string',
  'events.v1.Event':
    '@kind action string; apiVersion string; deprecatedCount int32; deprecatedFirstTimestamp time; deprecatedLastTimestamp time; deprecatedSource core.v1.EventSource; eventTime! micro-time; kind string; metadata meta.v1.ObjectMeta; note string; reason string; regarding core.v1.ObjectReference; related core.v1.ObjectReference; reportingController string; reportingInstance string; series EventSeries; type string',
  'events.v1.EventList': '@kind apiVersion string; items! []Event; kind string; metadata meta.v1.ListMeta',
  'events.v1.EventSeries': 'count! int32; lastObservedTime! micro-time',
  'networking.v1.HTTPIngressPath': 'backend! IngressBackend; path string; pathType! string',
  'networking.v1.HTTPIngressRuleValue': 'paths! []HTTPIngressPath atomic',
  'networking.v1.IPBlock': 'cidr! string; except []string atomic',
  'networking.v1.Ingress':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec IngressSpec; status IngressStatus',
  'networking.v1.IngressBackend': 'resource core.v1.TypedLocalObjectReference; service IngressServiceBackend',
  'networking.v1.IngressClass':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec IngressClassSpec',
  'networking.v1.IngressClassList':
    '@kind apiVersion string; items! []IngressClass; kind string; metadata meta.v1.ListMeta',
  'networking.v1.IngressClassParametersReference':
    'apiGroup string; kind! string; name! string; namespace string; scope string',
  'networking.v1.IngressClassSpec': 'controller string; parameters IngressClassParametersReference',
  'networking.v1.IngressList': '@kind apiVersion string; items! []Ingress; kind string; metadata meta.v1.ListMeta',
  'networking.v1.IngressLoadBalancerIngress': 'hostname string; ip string; ports []IngressPortStatus atomic',
  'networking.v1.IngressLoadBalancerStatus': 'ingress []IngressLoadBalancerIngress atomic',
  'networking.v1.IngressPortStatus': 'error string; port! int32; protocol! string',
  'networking.v1.IngressRule': 'host string; http HTTPIngressRuleValue',
  'networking.v1.IngressServiceBackend': 'name! string; port ServiceBackendPort',
  'networking.v1.IngressSpec':
    'defaultBackend IngressBackend; ingressClassName string; rules []IngressRule atomic; tls []IngressTLS atomic',
  'networking.v1.IngressStatus': 'loadBalancer IngressLoadBalancerStatus',
  'networking.v1.IngressTLS': 'hosts []string atomic; secretName string',
  'networking.v1.NetworkPolicy':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec NetworkPolicySpec',
  'networking.v1.NetworkPolicyEgressRule': 'ports []NetworkPolicyPort atomic; to []NetworkPolicyPeer atomic',
  'networking.v1.NetworkPolicyIngressRule': 'from []NetworkPolicyPeer atomic; ports []NetworkPolicyPort atomic',
  'networking.v1.NetworkPolicyList':
    '@kind apiVersion string; items! []NetworkPolicy; kind string; metadata meta.v1.ListMeta',
  'networking.v1.NetworkPolicyPeer':
    'ipBlock IPBlock; namespaceSelector meta.v1.LabelSelector; podSelector meta.v1.LabelSelector',
  'networking.v1.NetworkPolicyPort': 'endPort int32; port int-or-string; protocol string',
  'networking.v1.NetworkPolicySpec':
    'egress []NetworkPolicyEgressRule atomic; ingress []NetworkPolicyIngressRule atomic; podSelector! meta.v1.LabelSelector; policyTypes []string atomic',
  'networking.v1.ServiceBackendPort': '@atomic name string; number int32',
  'node.v1.Overhead': 'podFixed {}quantity',
  'node.v1.RuntimeClass':
    '@kind apiVersion string; handler! string; kind string; metadata meta.v1.ObjectMeta; overhead Overhead; scheduling Scheduling',
  'node.v1.RuntimeClassList': '@kind apiVersion string; items! []RuntimeClass; kind string; metadata meta.v1.ListMeta',
  'node.v1.Scheduling': 'nodeSelector {}string atomic; tolerations []core.v1.Toleration atomic',
  'policy.v1.Eviction':
    '@kind apiVersion string; deleteOptions meta.v1.DeleteOptions; kind string; metadata meta.v1.ObjectMeta',
  'policy.v1.PodDisruptionBudget':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec PodDisruptionBudgetSpec; status PodDisruptionBudgetStatus',
  'policy.v1.PodDisruptionBudgetList':
    '@kind apiVersion string; items! []PodDisruptionBudget; kind string; metadata meta.v1.ListMeta',
  'policy.v1.PodDisruptionBudgetSpec':
    'maxUnavailable int-or-string; minAvailable int-or-string; selector meta.v1.LabelSelector replace; unhealthyPodEvictionPolicy string',
  'policy.v1.PodDisruptionBudgetStatus':
    'conditions []meta.v1.Condition by=type merge=type; currentHealthy! int32; desiredHealthy! int32; disruptedPods {}time; disruptionsAllowed! int32; expectedPods! int32; observedGeneration int64',
  'rbac.v1.AggregationRule': 'clusterRoleSelectors []meta.v1.LabelSelector atomic',
  'rbac.v1.ClusterRole':
    '@kind aggregationRule AggregationRule; apiVersion string; kind string; metadata meta.v1.ObjectMeta; rules []PolicyRule atomic',
  'rbac.v1.ClusterRoleBinding':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; roleRef! RoleRef; subjects []Subject atomic',
  'rbac.v1.ClusterRoleBindingList':
    '@kind apiVersion string; items! []ClusterRoleBinding; kind string; metadata meta.v1.ListMeta',
  'rbac.v1.ClusterRoleList': '@kind apiVersion string; items! []ClusterRole; kind string; metadata meta.v1.ListMeta',
  'rbac.v1.PolicyRule':
    'apiGroups []string atomic; nonResourceURLs []string atomic; resourceNames []string atomic; resources []string atomic; verbs! []string atomic',
  'rbac.v1.Role': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; rules []PolicyRule atomic',
  'rbac.v1.RoleBinding':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; roleRef! RoleRef; subjects []Subject atomic',
  'rbac.v1.RoleBindingList': '@kind apiVersion string; items! []RoleBinding; kind string; metadata meta.v1.ListMeta',
  'rbac.v1.RoleList': '@kind apiVersion string; items! []Role; kind string; metadata meta.v1.ListMeta',
  'rbac.v1.RoleRef': '@atomic apiGroup! string; kind! string; name! string',
  'rbac.v1.Subject': '@atomic apiGroup string; kind! string; name! string; namespace string',
  'scheduling.v1.PriorityClass':
    '@kind apiVersion string; description string; globalDefault boolean; kind string; metadata meta.v1.ObjectMeta; preemptionPolicy string; value! int32',
  'scheduling.v1.PriorityClassList':
    '@kind apiVersion string; items! []PriorityClass; kind string; metadata meta.v1.ListMeta',
  'storage.v1.CSIDriver': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! CSIDriverSpec',
  'storage.v1.CSIDriverList': '@kind apiVersion string; items! []CSIDriver; kind string; metadata meta.v1.ListMeta',
  'storage.v1.CSIDriverSpec':
    'attachRequired boolean; fsGroupPolicy string; podInfoOnMount boolean; requiresRepublish boolean; seLinuxMount boolean; storageCapacity boolean; tokenRequests []TokenRequest atomic; volumeLifecycleModes []string set',
  'storage.v1.CSINode': '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! CSINodeSpec',
  'storage.v1.CSINodeDriver':
    'allocatable VolumeNodeResources; name! string; nodeID! string; topologyKeys []string atomic',
  'storage.v1.CSINodeList': '@kind apiVersion string; items! []CSINode; kind string; metadata meta.v1.ListMeta',
  'storage.v1.CSINodeSpec': 'drivers! []CSINodeDriver by=name merge=name',
  'storage.v1.CSIStorageCapacity':
    '@kind apiVersion string; capacity quantity; kind string; maximumVolumeSize quantity; metadata meta.v1.ObjectMeta; nodeTopology meta.v1.LabelSelector; storageClassName! string',
  'storage.v1.CSIStorageCapacityList':
    '@kind apiVersion string; items! []CSIStorageCapacity; kind string; metadata meta.v1.ListMeta',
  'storage.v1.StorageClass':
    '@kind allowVolumeExpansion boolean; allowedTopologies []core.v1.TopologySelectorTerm atomic; apiVersion string; kind string; metadata meta.v1.ObjectMeta; mountOptions []string atomic; parameters {}string; provisioner! string; reclaimPolicy string; volumeBindingMode string',
  'storage.v1.StorageClassList':
    '@kind apiVersion string; items! []StorageClass; kind string; metadata meta.v1.ListMeta',
  'storage.v1.TokenRequest': 'audience! string; expirationSeconds int64',
  'storage.v1.VolumeAttachment':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! VolumeAttachmentSpec; status VolumeAttachmentStatus',
  'storage.v1.VolumeAttachmentList':
    '@kind apiVersion string; items! []VolumeAttachment; kind string; metadata meta.v1.ListMeta',
  'storage.v1.VolumeAttachmentSource': 'inlineVolumeSpec core.v1.PersistentVolumeSpec; persistentVolumeName string',
  'storage.v1.VolumeAttachmentSpec': 'attacher! string; nodeName! string; source! VolumeAttachmentSource',
  'storage.v1.VolumeAttachmentStatus':
    'attachError VolumeError; attached! boolean; attachmentMetadata {}string; detachError VolumeError',
  'storage.v1.VolumeError': 'message string; time time',
  'storage.v1.VolumeNodeResources': 'count int32',
  'apiextensions.v1.CustomResourceColumnDefinition':
    'description string; format string; jsonPath! string; name! string; priority int32; type! string',
  'apiextensions.v1.CustomResourceConversion': 'strategy! string; webhook WebhookConversion',
  'apiextensions.v1.CustomResourceDefinition':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec! CustomResourceDefinitionSpec; status CustomResourceDefinitionStatus',
  'apiextensions.v1.CustomResourceDefinitionCondition':
    'lastTransitionTime time; message string; reason string; status! string; type! string',
  'apiextensions.v1.CustomResourceDefinitionList':
    '@kind apiVersion string; items! []CustomResourceDefinition; kind string; metadata meta.v1.ListMeta',
  'apiextensions.v1.CustomResourceDefinitionNames':
    'categories []string atomic; kind! string; listKind string; plural! string; shortNames []string atomic; singular string',
  'apiextensions.v1.CustomResourceDefinitionSpec':
    'conversion CustomResourceConversion; group! string; names! CustomResourceDefinitionNames; preserveUnknownFields boolean; scope! string; versions! []CustomResourceDefinitionVersion atomic',
  'apiextensions.v1.CustomResourceDefinitionStatus':
    'acceptedNames CustomResourceDefinitionNames; conditions []CustomResourceDefinitionCondition by=type; storedVersions []string atomic',
  'apiextensions.v1.CustomResourceDefinitionVersion':
    'additionalPrinterColumns []CustomResourceColumnDefinition atomic; deprecated boolean; deprecationWarning string; name! string; schema CustomResourceValidation; selectableFields []SelectableField atomic; served! boolean; storage! boolean; subresources CustomResourceSubresources',
  'apiextensions.v1.CustomResourceSubresourceScale':
    'labelSelectorPath string; specReplicasPath! string; statusReplicasPath! string',
  'apiextensions.v1.CustomResourceSubresourceStatus': '',
  'apiextensions.v1.CustomResourceSubresources':
    'scale CustomResourceSubresourceScale; status CustomResourceSubresourceStatus',
  'apiextensions.v1.CustomResourceValidation': 'openAPIV3Schema JSONSchemaProps',
  'apiextensions.v1.ExternalDocumentation': 'description string; url string',
  'apiextensions.v1.JSONSchemaProps':
    '$ref string; $schema string; additionalItems any; additionalProperties any; allOf []JSONSchemaProps atomic; anyOf []JSONSchemaProps atomic; default any; definitions {}JSONSchemaProps; dependencies {}any; description string; enum []any atomic; example any; exclusiveMaximum boolean; exclusiveMinimum boolean; externalDocs ExternalDocumentation; format string; id string; items any; maxItems int64; maxLength int64; maxProperties int64; maximum double; minItems int64; minLength int64; minProperties int64; minimum double; multipleOf double; not JSONSchemaProps; nullable boolean; oneOf []JSONSchemaProps atomic; pattern string; patternProperties {}JSONSchemaProps; properties {}JSONSchemaProps; required []string atomic; title string; type string; uniqueItems boolean; x-kubernetes-embedded-resource boolean; x-kubernetes-int-or-string boolean; x-kubernetes-list-map-keys []string atomic; x-kubernetes-list-type string; x-kubernetes-map-type string; x-kubernetes-preserve-unknown-fields boolean; x-kubernetes-validations []ValidationRule by=rule merge=rule',
  'apiextensions.v1.SelectableField': 'jsonPath! string',
  'apiextensions.v1.ServiceReference': 'name! string; namespace! string; path string; port int32',
  'apiextensions.v1.ValidationRule':
    'fieldPath string; message string; messageExpression string; optionalOldSelf boolean; reason string; rule! string',
  'apiextensions.v1.WebhookClientConfig': 'caBundle bytes; service ServiceReference; url string',
  'apiextensions.v1.WebhookConversion': 'clientConfig WebhookClientConfig; conversionReviewVersions! []string atomic',
  'meta.v1.APIGroup':
    '@kind apiVersion string; kind string; name! string; preferredVersion GroupVersionForDiscovery; serverAddressByClientCIDRs []ServerAddressByClientCIDR atomic; versions! []GroupVersionForDiscovery atomic',
  'meta.v1.APIGroupList': '@kind apiVersion string; groups! []APIGroup atomic; kind string',
  'meta.v1.APIResource':
    'categories []string atomic; group string; kind! string; name! string; namespaced! boolean; shortNames []string atomic; singularName! string; storageVersionHash string; verbs! []string; version string',
  'meta.v1.APIResourceList':
    '@kind apiVersion string; groupVersion! string; kind string; resources! []APIResource atomic',
  'meta.v1.APIVersions':
    '@kind apiVersion string; kind string; serverAddressByClientCIDRs! []ServerAddressByClientCIDR atomic; versions! []string atomic',
  'meta.v1.Condition':
    'lastTransitionTime! time; message! string; observedGeneration int64; reason! string; status! string; type! string',
  'meta.v1.DeleteOptions':
    'apiVersion string; dryRun []string atomic; gracePeriodSeconds int64; ignoreStoreReadErrorWithClusterBreakingPotential boolean; kind string; orphanDependents boolean; preconditions Preconditions; propagationPolicy string',
  'meta.v1.FieldSelectorRequirement': 'key! string; operator! string; values []string atomic',
  'meta.v1.GroupVersionForDiscovery': 'groupVersion! string; version! string',
  'meta.v1.LabelSelector': '@atomic matchExpressions []LabelSelectorRequirement atomic; matchLabels {}string',
  'meta.v1.LabelSelectorRequirement': 'key! string; operator! string; values []string atomic',
  'meta.v1.ListMeta': 'continue string; remainingItemCount int64; resourceVersion string; selfLink string',
  'meta.v1.ManagedFieldsEntry':
    'apiVersion string; fieldsType string; fieldsV1 object; manager string; operation string; subresource string; time time; user string',
  'meta.v1.ObjectMeta':
    'annotations {}string; creationTimestamp time; deletionGracePeriodSeconds int64; deletionTimestamp time; finalizers []string set merge; generateName string; generation int64; labels {}string; managedFields []ManagedFieldsEntry atomic; name string; namespace string; ownerReferences []OwnerReference by=uid merge=uid; resourceVersion string; selfLink string; uid string',
  'meta.v1.OwnerReference':
    '@atomic apiVersion! string; blockOwnerDeletion boolean; controller boolean; kind! string; name! string; uid! string',
  'meta.v1.Preconditions': 'resourceVersion string; uid string',
  'meta.v1.ServerAddressByClientCIDR': 'clientCIDR! string; serverAddress! string',
  'meta.v1.Status':
    '@kind apiVersion string; code int32; details StatusDetails atomic; kind string; message string; metadata ListMeta; reason string; status string',
  'meta.v1.StatusCause': 'field string; message string; reason string',
  'meta.v1.StatusDetails':
    'causes []StatusCause atomic; group string; kind string; name string; retryAfterSeconds int32; uid string',
  'meta.v1.WatchEvent': 'object! object; type! string',
  'apiregistration.v1.APIService':
    '@kind apiVersion string; kind string; metadata meta.v1.ObjectMeta; spec APIServiceSpec; status APIServiceStatus',
  'apiregistration.v1.APIServiceCondition':
    'lastTransitionTime time; message string; reason string; status! string; type! string',
  'apiregistration.v1.APIServiceList':
    '@kind apiVersion string; items! []APIService; kind string; metadata meta.v1.ListMeta',
  'apiregistration.v1.APIServiceSpec':
    'caBundle bytes atomic; group string; groupPriorityMinimum! int32; insecureSkipTLSVerify boolean; service ServiceReference; version string; versionPriority! int32',
  'apiregistration.v1.APIServiceStatus': 'conditions []APIServiceCondition by=type merge=type',
  'apiregistration.v1.ServiceReference': 'name string; namespace string; port int32',
};
