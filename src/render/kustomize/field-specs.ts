/**
 * Which fields kustomize's transformers write. Facts from kubernetes-sigs/kustomize
 * api/internal/konfig/builtinpluginconsts (v5.5), written shorter: kinds with a pod template share their paths.
 */
import type { FieldSpec, NameReference, TransformerConfig } from './kustomize.types.ts';

const at = (
  kind: string,
  paths: readonly string[],
  more: Omit<FieldSpec, 'path' | 'kind'> = {},
): readonly FieldSpec[] => paths.map((path) => ({ kind, path, ...more }));

const WORKLOADS = ['Deployment', 'ReplicaSet', 'DaemonSet'] as const;

function templateMetadata(field: 'labels' | 'annotations'): readonly FieldSpec[] {
  const create = true;
  return [
    { path: `metadata/${field}`, create },
    { path: `spec/template/metadata/${field}`, create, version: 'v1', kind: 'ReplicationController' },
    ...WORKLOADS.flatMap((kind) => at(kind, [`spec/template/metadata/${field}`], { create })),
    ...at(
      'StatefulSet',
      [`spec/template/metadata/${field}`],
      field === 'labels' ? { create, group: 'apps' } : { create },
    ),
    ...at('Job', [`spec/template/metadata/${field}`], { create, group: 'batch' }),
    ...at('CronJob', [`spec/jobTemplate/metadata/${field}`, `spec/jobTemplate/spec/template/metadata/${field}`], {
      create,
      group: 'batch',
    }),
  ];
}

const AFFINITY = ['podAffinity', 'podAntiAffinity'].flatMap((kind) => [
  `spec/template/spec/affinity/${kind}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
  `spec/template/spec/affinity/${kind}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
]);
const SPREAD = 'spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels';
const MATCH = 'spec/selector/matchLabels';

const LABELS = templateMetadata('labels');

const COMMON_LABELS: readonly FieldSpec[] = [
  { path: 'spec/selector', create: true, version: 'v1', kind: 'Service' },
  { path: 'spec/selector', create: true, version: 'v1', kind: 'ReplicationController' },
  ...WORKLOADS.flatMap((kind) => at(kind, [MATCH], { create: true })),
  ...at('Deployment', [...AFFINITY, SPREAD], { group: 'apps' }),
  ...at('StatefulSet', [MATCH], { create: true, group: 'apps' }),
  ...at('StatefulSet', [...AFFINITY, SPREAD], { group: 'apps' }),
  ...at('Job', [MATCH], { group: 'batch' }),
  ...at('CronJob', ['spec/jobTemplate/spec/selector/matchLabels'], { group: 'batch' }),
  ...at('PodDisruptionBudget', [MATCH], { group: 'policy' }),
  ...at(
    'NetworkPolicy',
    [
      'spec/podSelector/matchLabels',
      'spec/ingress/from/podSelector/matchLabels',
      'spec/egress/to/podSelector/matchLabels',
    ],
    { group: 'networking.k8s.io' },
  ),
  ...LABELS,
  { path: 'spec/volumeClaimTemplates[]/metadata/labels', create: true, group: 'apps', kind: 'StatefulSet' },
];

/** Where each kind with pods keeps their spec. */
const POD_SPECS: readonly (readonly [kind: string, prefix: string, more?: Partial<FieldSpec>])[] = [
  ['Pod', 'spec/', { version: 'v1' }],
  ['PodTemplate', 'template/spec/'],
  ['Deployment', 'spec/template/spec/'],
  ['ReplicaSet', 'spec/template/spec/'],
  ['DaemonSet', 'spec/template/spec/'],
  ['StatefulSet', 'spec/template/spec/'],
  ['Job', 'spec/template/spec/'],
  ['CronJob', 'spec/jobTemplate/spec/template/spec/'],
];

const inPods = (fields: readonly string[]): readonly FieldSpec[] =>
  POD_SPECS.flatMap(([kind, prefix, more]) => fields.map((field) => ({ kind, path: prefix + field, ...more })));

/** The kinds whose pods' accounts, claims and priorities are followed: not ReplicaSet, but ReplicationController. */
const inManagedPods = (field: string): readonly FieldSpec[] => [
  { kind: 'Pod', path: `spec/${field}` },
  ...['StatefulSet', 'Deployment', 'ReplicationController', 'Job', 'DaemonSet'].flatMap((kind) =>
    at(kind, [`spec/template/spec/${field}`]),
  ),
  { kind: 'CronJob', path: `spec/jobTemplate/spec/template/spec/${field}` },
];

const RULES = [...at('Role', ['rules/resourceNames']), ...at('ClusterRole', ['rules/resourceNames'])];
const RBAC = 'rbac.authorization.k8s.io';

const NAME_REFERENCES: readonly NameReference[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map((kind) => ({
    kind,
    fieldSpecs: at('HorizontalPodAutoscaler', ['spec/scaleTargetRef/name']),
  })),
  {
    kind: 'ConfigMap',
    version: 'v1',
    fieldSpecs: [
      ...inPods([
        'volumes/configMap/name',
        'containers/env/valueFrom/configMapKeyRef/name',
        'initContainers/env/valueFrom/configMapKeyRef/name',
        'containers/envFrom/configMapRef/name',
        'initContainers/envFrom/configMapRef/name',
        'volumes/projected/sources/configMap/name',
      ]),
      ...at('Node', ['spec/configSource/configMap']),
      ...RULES,
      ...at('Ingress', ['metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap']),
    ],
  },
  {
    kind: 'Secret',
    version: 'v1',
    fieldSpecs: [
      ...inPods([
        'volumes/secret/secretName',
        'containers/env/valueFrom/secretKeyRef/name',
        'initContainers/env/valueFrom/secretKeyRef/name',
        'containers/envFrom/secretRef/name',
        'initContainers/envFrom/secretRef/name',
        'imagePullSecrets/name',
        'volumes/projected/sources/secret/name',
      ]),
      ...at('Ingress', [
        'spec/tls/secretName',
        'metadata/annotations/ingress.kubernetes.io\\/auth-secret',
        'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret',
        'metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret',
      ]),
      ...at('ServiceAccount', ['imagePullSecrets/name']),
      ...at(
        'StorageClass',
        ['secretName', 'adminSecretName', 'userSecretName', 'secretRef'].map((name) => `parameters/${name}`),
      ),
      ...RULES,
      ...at('Service', ['spec/template/spec/containers/env/valueFrom/secretKeyRef/name'], {
        group: 'serving.knative.dev',
        version: 'v1',
      }),
      ...at('PersistentVolume', ['spec/azureFile/secretName']),
    ],
  },
  {
    kind: 'Service',
    version: 'v1',
    fieldSpecs: [
      ...at('StatefulSet', ['spec/serviceName'], { group: 'apps' }),
      ...at('Ingress', [
        'spec/rules/http/paths/backend/serviceName',
        'spec/backend/serviceName',
        'spec/rules/http/paths/backend/service/name',
        'spec/defaultBackend/service/name',
      ]),
      ...at('APIService', ['spec/service/name'], { group: 'apiregistration.k8s.io' }),
      ...['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].flatMap((kind) =>
        at(kind, ['webhooks/clientConfig/service'], { group: 'admissionregistration.k8s.io' }),
      ),
    ],
  },
  { kind: 'Role', group: RBAC, fieldSpecs: at('RoleBinding', ['roleRef/name'], { group: RBAC }) },
  {
    kind: 'ClusterRole',
    group: RBAC,
    fieldSpecs: ['RoleBinding', 'ClusterRoleBinding'].flatMap((kind) => at(kind, ['roleRef/name'], { group: RBAC })),
  },
  {
    kind: 'ServiceAccount',
    version: 'v1',
    fieldSpecs: [
      ...['RoleBinding', 'ClusterRoleBinding'].flatMap((kind) => at(kind, ['subjects'], { group: RBAC })),
      ...inManagedPods('serviceAccountName'),
    ],
  },
  {
    kind: 'PersistentVolumeClaim',
    version: 'v1',
    fieldSpecs: inManagedPods('volumes/persistentVolumeClaim/claimName'),
  },
  {
    kind: 'PersistentVolume',
    version: 'v1',
    fieldSpecs: [...at('PersistentVolumeClaim', ['spec/volumeName']), ...at('ClusterRole', ['rules/resourceNames'])],
  },
  {
    kind: 'StorageClass',
    version: 'v1',
    group: 'storage.k8s.io',
    fieldSpecs: [
      ...at('PersistentVolume', ['spec/storageClassName']),
      ...at('PersistentVolumeClaim', ['spec/storageClassName']),
      ...at('StatefulSet', ['spec/volumeClaimTemplates/spec/storageClassName']),
    ],
  },
  { kind: 'PriorityClass', version: 'v1', group: 'scheduling.k8s.io', fieldSpecs: inManagedPods('priorityClassName') },
  {
    kind: 'ValidatingAdmissionPolicy',
    group: 'admissionregistration.k8s.io',
    fieldSpecs: at('ValidatingAdmissionPolicyBinding', ['spec/policyName'], { group: 'admissionregistration.k8s.io' }),
  },
];

const varsIn = (kind: string, prefix: string): readonly FieldSpec[] =>
  at(
    kind,
    ['containers', 'initContainers']
      .flatMap((list) => ['args', 'command', 'env/value', 'volumeMounts/mountPath'].map((field) => `${list}/${field}`))
      .map((field) => prefix + field),
  );

const VAR_REFERENCES: readonly FieldSpec[] = [
  ...varsIn('CronJob', 'spec/jobTemplate/spec/template/spec/'),
  ...at('CronJob', ['spec/jobTemplate/spec/template/volumes/nfs/server']),
  ...['DaemonSet', 'Deployment', 'Job', 'ReplicaSet'].flatMap((kind) => [
    ...varsIn(kind, 'spec/template/spec/'),
    ...at(kind, ['spec/template/spec/volumes/nfs/server']),
  ]),
  ...at('Deployment', ['spec/template/metadata/annotations']),
  ...at('Ingress', ['spec/rules/host', 'spec/tls/hosts', 'spec/tls/secretName']),
  ...varsIn('Pod', 'spec/'),
  ...at('Pod', ['spec/volumes/nfs/server']),
  ...at('Service', ['spec/ports/port', 'spec/ports/targetPort']),
  ...varsIn('StatefulSet', 'spec/template/spec/'),
  ...at('StatefulSet', ['spec/volumeClaimTemplates/spec/nfs/server']),
  ...at('PersistentVolume', ['spec/nfs/server']),
  { path: 'metadata/labels' },
  { path: 'metadata/annotations' },
];

export const BUILT_IN_CONFIG: TransformerConfig = {
  namePrefix: [{ path: 'metadata/name' }],
  nameSuffix: [{ path: 'metadata/name' }],
  namespace: [
    { path: 'metadata/name', kind: 'Namespace', create: true },
    { path: 'spec/service/namespace', group: 'apiregistration.k8s.io', kind: 'APIService', create: true },
    {
      path: 'spec/conversion/webhook/clientConfig/service/namespace',
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
    },
  ],
  commonLabels: COMMON_LABELS,
  labels: [],
  templateLabels: LABELS,
  commonAnnotations: templateMetadata('annotations'),
  nameReference: NAME_REFERENCES,
  varReference: VAR_REFERENCES,
  images: ['spec/', 'spec/template/spec/'].flatMap((prefix) =>
    ['containers[]/image', 'initContainers[]/image'].map((field) => ({ path: prefix + field, create: true })),
  ),
  replicas: ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].flatMap((kind) =>
    at(kind, ['spec/replicas'], { create: true }),
  ),
};
