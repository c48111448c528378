import type { Application, ApplicationSet, AppProject, Inventory, RenderedSet, SyncRun } from './plumbline.ts';
import type { ResourceType } from './resource.ts';
import type {
  ApiService,
  CertificateSigningRequest,
  ClusterRole,
  ClusterRoleBinding,
  ConfigMap,
  ControllerRevision,
  CronJob,
  CsiNode,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Endpoints,
  Event,
  HorizontalPodAutoscaler,
  Ingress,
  IngressClass,
  Job,
  Lease,
  LimitRange,
  MutatingWebhookConfiguration,
  Namespace,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  PodTemplate,
  PriorityClass,
  ReplicaSet,
  ReplicationController,
  ResourceQuota,
  Role,
  RoleBinding,
  RuntimeClass,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
  ValidatingWebhookConfiguration,
} from './types.ts';

const core = { group: '', version: 'v1' };

export const NAMESPACES: ResourceType<Namespace> = {
  ...core,
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};
export const NODES: ResourceType<Node> = { ...core, kind: 'Node', plural: 'nodes', namespaced: false };
export const PODS: ResourceType<Pod> = { ...core, kind: 'Pod', plural: 'pods', namespaced: true };
export const SERVICES: ResourceType<Service> = { ...core, kind: 'Service', plural: 'services', namespaced: true };
export const CONFIG_MAPS: ResourceType<ConfigMap> = {
  ...core,
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};
export const SECRETS: ResourceType<Secret> = { ...core, kind: 'Secret', plural: 'secrets', namespaced: true };
export const SERVICE_ACCOUNTS: ResourceType<ServiceAccount> = {
  ...core,
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};
export const EVENTS: ResourceType<Event> = { ...core, kind: 'Event', plural: 'events', namespaced: true };
export const LIMIT_RANGES: ResourceType<LimitRange> = {
  ...core,
  kind: 'LimitRange',
  plural: 'limitranges',
  namespaced: true,
};
export const RESOURCE_QUOTAS: ResourceType<ResourceQuota> = {
  ...core,
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  namespaced: true,
};
export const PERSISTENT_VOLUMES: ResourceType<PersistentVolume> = {
  ...core,
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
};
export const PERSISTENT_VOLUME_CLAIMS: ResourceType<PersistentVolumeClaim> = {
  ...core,
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
};
export const ENDPOINTS: ResourceType<Endpoints> = { ...core, kind: 'Endpoints', plural: 'endpoints', namespaced: true };
export const REPLICATION_CONTROLLERS: ResourceType<ReplicationController> = {
  ...core,
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  namespaced: true,
};
export const POD_TEMPLATES: ResourceType<PodTemplate> = {
  ...core,
  kind: 'PodTemplate',
  plural: 'podtemplates',
  namespaced: true,
};
const apps = { group: 'apps', version: 'v1', namespaced: true };
export const REPLICA_SETS: ResourceType<ReplicaSet> = { ...apps, kind: 'ReplicaSet', plural: 'replicasets' };
export const DEPLOYMENTS: ResourceType<Deployment> = { ...apps, kind: 'Deployment', plural: 'deployments' };
export const STATEFUL_SETS: ResourceType<StatefulSet> = { ...apps, kind: 'StatefulSet', plural: 'statefulsets' };
export const DAEMON_SETS: ResourceType<DaemonSet> = { ...apps, kind: 'DaemonSet', plural: 'daemonsets' };
export const CONTROLLER_REVISIONS: ResourceType<ControllerRevision> = {
  ...apps,
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
};
const batch = { group: 'batch', version: 'v1', namespaced: true };
export const JOBS: ResourceType<Job> = { ...batch, kind: 'Job', plural: 'jobs' };
export const CRON_JOBS: ResourceType<CronJob> = { ...batch, kind: 'CronJob', plural: 'cronjobs' };
/** Stored as v2; v1 is served beside it. */
export const HORIZONTAL_POD_AUTOSCALERS: ResourceType<HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
};
export const POD_DISRUPTION_BUDGETS: ResourceType<PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
};
export const PRIORITY_CLASSES: ResourceType<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  namespaced: false,
};
export const RUNTIME_CLASSES: ResourceType<RuntimeClass> = {
  group: 'node.k8s.io',
  version: 'v1',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  namespaced: false,
};
export const ENDPOINT_SLICES: ResourceType<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
};
export const LEASES: ResourceType<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};
const networking = { group: 'networking.k8s.io', version: 'v1' };
export const INGRESSES: ResourceType<Ingress> = {
  ...networking,
  kind: 'Ingress',
  plural: 'ingresses',
  namespaced: true,
};
export const INGRESS_CLASSES: ResourceType<IngressClass> = {
  ...networking,
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
};
export const NETWORK_POLICIES: ResourceType<NetworkPolicy> = {
  ...networking,
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  namespaced: true,
};
export const STORAGE_CLASSES: ResourceType<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
};
export const CSI_NODES: ResourceType<CsiNode> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  namespaced: false,
};
const admission = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false };
export const VALIDATING_WEBHOOKS: ResourceType<ValidatingWebhookConfiguration> = {
  ...admission,
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
};
export const MUTATING_WEBHOOKS: ResourceType<MutatingWebhookConfiguration> = {
  ...admission,
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
};
export const API_SERVICES: ResourceType<ApiService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  namespaced: false,
};
const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' };
export const ROLES: ResourceType<Role> = { ...rbac, kind: 'Role', plural: 'roles', namespaced: true };
export const ROLE_BINDINGS: ResourceType<RoleBinding> = {
  ...rbac,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
};
export const CLUSTER_ROLES: ResourceType<ClusterRole> = {
  ...rbac,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
};
export const CLUSTER_ROLE_BINDINGS: ResourceType<ClusterRoleBinding> = {
  ...rbac,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
};
export const CERTIFICATE_SIGNING_REQUESTS: ResourceType<CertificateSigningRequest> = {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  namespaced: false,
};
export const CUSTOM_RESOURCE_DEFINITIONS: ResourceType<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};
export const APPLICATIONS: ResourceType<Application> = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  kind: 'Application',
  plural: 'applications',
  namespaced: true,
};
export const APPLICATION_SETS: ResourceType<ApplicationSet> = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  kind: 'ApplicationSet',
  plural: 'applicationsets',
  namespaced: true,
};
export const APP_PROJECTS: ResourceType<AppProject> = {
  group: 'argoproj.io',
  version: 'v1alpha1',
  kind: 'AppProject',
  plural: 'appprojects',
  namespaced: true,
};
const plumbline = { group: 'plumbline.dev', version: 'v1', namespaced: true };
export const SYNC_RUNS: ResourceType<SyncRun> = { ...plumbline, kind: 'SyncRun', plural: 'syncruns' };
export const RENDERED_SETS: ResourceType<RenderedSet> = { ...plumbline, kind: 'RenderedSet', plural: 'renderedsets' };
export const INVENTORIES: ResourceType<Inventory> = { ...plumbline, kind: 'Inventory', plural: 'inventories' };

/** Every resource the API serves, in the order of discovery. */
export const RESOURCES: readonly ResourceType[] = [
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  CONFIG_MAPS,
  SECRETS,
  SERVICE_ACCOUNTS,
  EVENTS,
  LIMIT_RANGES,
  RESOURCE_QUOTAS,
  PERSISTENT_VOLUMES,
  PERSISTENT_VOLUME_CLAIMS,
  ENDPOINTS,
  REPLICATION_CONTROLLERS,
  POD_TEMPLATES,
  REPLICA_SETS,
  DEPLOYMENTS,
  STATEFUL_SETS,
  DAEMON_SETS,
  CONTROLLER_REVISIONS,
  JOBS,
  CRON_JOBS,
  HORIZONTAL_POD_AUTOSCALERS,
  POD_DISRUPTION_BUDGETS,
  PRIORITY_CLASSES,
  RUNTIME_CLASSES,
  ENDPOINT_SLICES,
  LEASES,
  INGRESSES,
  INGRESS_CLASSES,
  NETWORK_POLICIES,
  ROLES,
  ROLE_BINDINGS,
  CLUSTER_ROLES,
  CLUSTER_ROLE_BINDINGS,
  STORAGE_CLASSES,
  CERTIFICATE_SIGNING_REQUESTS,
  CSI_NODES,
  VALIDATING_WEBHOOKS,
  MUTATING_WEBHOOKS,
  API_SERVICES,
  CUSTOM_RESOURCE_DEFINITIONS,
  APPLICATIONS,
  APPLICATION_SETS,
  APP_PROJECTS,
  SYNC_RUNS,
  RENDERED_SETS,
  INVENTORIES,
];

const byGroupKind = new Map(RESOURCES.map((resource) => [`${resource.group}/${resource.kind}`, resource]));

/** The resource of a kind that is always served; custom resources are only in their definitions. */
export function resourceOfKind(group: string, kind: string): ResourceType | undefined {
  return byGroupKind.get(`${group}/${kind}`);
}
