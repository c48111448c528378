/** Roles and bindings that always exist. Source: kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go (v1.32), for what is served here. */
import { aggregatedRules, type ClusterRole, type KubeObject, type PolicyRule, type Subject } from '#api';
import {
  GROUP_AUTHENTICATED,
  GROUP_MASTERS,
  GROUP_SERVICE_ACCOUNTS,
  GROUP_UNAUTHENTICATED,
  GROUP_VIEWERS,
} from '../groups.plan.ts';

const RBAC = 'rbac.authorization.k8s.io';
const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const AGGREGATE = (to: string) => `rbac.authorization.k8s.io/aggregate-to-${to}`;

/** What marks an object as one of these: where its annotation is not taken back, missing rights are put back at a start. */
const MARKS = {
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
  annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
};

const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  apiGroups: [apiGroup],
  resources: [...resources],
  verbs: [...verbs],
});
const urls = (...nonResourceURLs: string[]): PolicyRule => ({ nonResourceURLs, verbs: ['get'] });
/** `deployments` with its parts that are read beside it. */
const parts = (resource: string, ...subresources: readonly string[]) => [
  resource,
  ...subresources.map((subresource) => `${resource}/${subresource}`),
];

const APPS_WRITE = [
  'daemonsets',
  ...parts('deployments', 'rollback', 'scale'),
  ...parts('replicasets', 'scale'),
  ...parts('statefulsets', 'scale'),
];
const APPS_READ = [
  'controllerrevisions',
  ...parts('daemonsets', 'status'),
  ...parts('deployments', 'scale', 'status'),
  ...parts('replicasets', 'scale', 'status'),
  ...parts('statefulsets', 'scale', 'status'),
];
const INTO_PODS = parts('pods', 'attach', 'exec', 'portforward', 'proxy');

const AGGREGATE_TO_ADMIN: readonly PolicyRule[] = [
  rule('authorization.k8s.io', ['localsubjectaccessreviews'], ['create']),
  rule(RBAC, ['roles', 'rolebindings'], [...READ, ...WRITE]),
];

const AGGREGATE_TO_EDIT: readonly PolicyRule[] = [
  rule('', [...INTO_PODS.slice(1), 'secrets', 'services/proxy'], READ),
  rule('', ['serviceaccounts'], ['impersonate']),
  rule('', INTO_PODS, WRITE),
  rule('', ['pods/eviction', 'serviceaccounts/token'], ['create']),
  rule(
    '',
    [
      'configmaps',
      'events',
      'persistentvolumeclaims',
      ...parts('replicationcontrollers', 'scale'),
      'secrets',
      'serviceaccounts',
      ...parts('services', 'proxy'),
    ],
    WRITE,
  ),
  rule('apps', APPS_WRITE, WRITE),
  rule('autoscaling', ['horizontalpodautoscalers'], WRITE),
  rule('batch', ['cronjobs', 'jobs'], WRITE),
  rule('networking.k8s.io', ['ingresses', 'networkpolicies'], WRITE),
  rule('policy', ['poddisruptionbudgets'], WRITE),
  rule('coordination.k8s.io', ['leases'], [...READ, ...WRITE]),
];

const AGGREGATE_TO_VIEW: readonly PolicyRule[] = [
  rule(
    '',
    [
      'bindings',
      'configmaps',
      'endpoints',
      'events',
      'limitranges',
      ...parts('namespaces', 'status'),
      ...parts('persistentvolumeclaims', 'status'),
      ...parts('pods', 'log', 'status'),
      ...parts('replicationcontrollers', 'scale', 'status'),
      ...parts('resourcequotas', 'status'),
      'serviceaccounts',
      ...parts('services', 'status'),
    ],
    READ,
  ),
  rule('apps', APPS_READ, READ),
  rule('autoscaling', parts('horizontalpodautoscalers', 'status'), READ),
  rule('batch', [...parts('cronjobs', 'status'), ...parts('jobs', 'status')], READ),
  rule('discovery.k8s.io', ['endpointslices'], READ),
  rule('networking.k8s.io', [...parts('ingresses', 'status'), 'networkpolicies'], READ),
  rule('policy', parts('poddisruptionbudgets', 'status'), READ),
  // Reading an Application is harmless; writing one is as good as everything it may deploy, so no role here holds that.
  rule('argoproj.io', [...parts('applications', 'status'), ...parts('applicationsets', 'status'), 'appprojects'], READ),
  rule('plumbline.dev', [...parts('syncruns', 'status'), 'inventories'], READ),
];

const NODE: readonly PolicyRule[] = [
  rule('authentication.k8s.io', ['tokenreviews'], ['create']),
  rule('authorization.k8s.io', ['localsubjectaccessreviews', 'subjectaccessreviews'], ['create']),
  rule('', ['services', 'namespaces'], READ),
  rule('', ['nodes'], [...READ, 'create', 'patch', 'update']),
  rule('', ['nodes/status', 'pods/status'], ['patch', 'update']),
  rule('', ['events'], ['create', 'patch', 'update']),
  rule('', ['pods'], [...READ, 'delete']),
  rule('', ['configmaps', 'secrets', 'serviceaccounts'], READ),
  rule('', ['serviceaccounts/token'], ['create']),
  rule('coordination.k8s.io', ['leases'], ['create', 'delete', 'get', 'patch', 'update']),
  rule('discovery.k8s.io', ['endpointslices'], READ),
];

const DISCOVERY_URLS = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
];

/** The part of a registry row that tells what there is to read. */
export interface ReadableResource {
  readonly type: { readonly group: string; readonly plural: string };
  readonly encrypted?: boolean;
  readonly verbs: readonly string[];
  readonly subresources?: Readonly<Record<string, { readonly verbs: readonly string[] } | undefined>>;
}

interface RoleSpec {
  readonly name: string;
  readonly rules?: readonly PolicyRule[];
  /** Gathers the rules of every role that carries the label of this word. */
  readonly aggregates?: string;
  /** Roles that gather this one's. */
  readonly aggregatesTo?: readonly string[];
}

function roleSpecs(rows: readonly ReadableResource[]): readonly RoleSpec[] {
  return [
    {
      name: 'cluster-admin',
      rules: [rule('*', ['*'], ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }],
    },
    { name: 'admin', aggregates: 'admin' },
    { name: 'edit', aggregates: 'edit', aggregatesTo: ['admin'] },
    { name: 'view', aggregates: 'view', aggregatesTo: ['edit'] },
    { name: 'system:aggregate-to-admin', rules: AGGREGATE_TO_ADMIN, aggregatesTo: ['admin'] },
    { name: 'system:aggregate-to-edit', rules: AGGREGATE_TO_EDIT, aggregatesTo: ['edit'] },
    { name: 'system:aggregate-to-view', rules: AGGREGATE_TO_VIEW, aggregatesTo: ['view'] },
    {
      // Source: metrics-server manifests, aggregated-metrics-reader (v0.7).
      name: 'system:aggregated-metrics-reader',
      rules: [rule('metrics.k8s.io', ['pods', 'nodes'], READ)],
      aggregatesTo: ['view', 'edit', 'admin'],
    },
    {
      name: 'system:basic-user',
      rules: [
        rule('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
        rule('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
      ],
    },
    { name: 'system:discovery', rules: [urls(...DISCOVERY_URLS)] },
    { name: 'system:public-info-viewer', rules: [urls('/healthz', '/livez', '/readyz', '/version', '/version/')] },
    {
      name: 'system:monitoring',
      rules: [urls('/healthz', '/healthz/*', '/livez', '/livez/*', '/metrics', '/metrics/*', '/readyz', '/readyz/*')],
    },
    {
      name: 'system:auth-delegator',
      rules: [
        rule('authentication.k8s.io', ['tokenreviews'], ['create']),
        rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
      ],
    },
    {
      name: 'system:service-account-issuer-discovery',
      rules: [
        urls(
          '/.well-known/openid-configuration',
          '/.well-known/openid-configuration/',
          '/openid/v1/jwks',
          '/openid/v1/jwks/',
        ),
      ],
    },
    { name: 'system:node', rules: NODE },
    { name: GROUP_VIEWERS, rules: viewerRules(rows) },
  ];
}

/** Everything that is stored in the clear: what is encrypted holds secrets. */
function viewerRules(rows: readonly ReadableResource[]): readonly PolicyRule[] {
  const byGroup = new Map<string, Set<string>>();
  for (const { type, encrypted, verbs, subresources = {} } of rows) {
    if (encrypted === true || !verbs.includes('list')) continue;
    // A proxy leads out of the API: who may read is not to speak to what runs.
    const readable = Object.entries(subresources).filter(
      ([name, part]) => name !== 'proxy' && part?.verbs.includes('get') === true,
    );
    const resources = byGroup.get(type.group) ?? new Set<string>();
    byGroup.set(type.group, resources);
    for (const each of parts(type.plural, ...readable.map(([name]) => name))) resources.add(each);
  }
  return [...byGroup].map(([group, resources]) => rule(group, [...resources], READ));
}

const BINDINGS: readonly { readonly name: string; readonly groups: readonly string[] }[] = [
  { name: 'cluster-admin', groups: [GROUP_MASTERS] },
  { name: 'system:basic-user', groups: [GROUP_AUTHENTICATED] },
  { name: 'system:discovery', groups: [GROUP_AUTHENTICATED] },
  { name: 'system:public-info-viewer', groups: [GROUP_AUTHENTICATED, GROUP_UNAUTHENTICATED] },
  { name: 'system:monitoring', groups: ['system:monitoring'] },
  { name: 'system:service-account-issuer-discovery', groups: [GROUP_SERVICE_ACCOUNTS] },
  { name: 'system:node', groups: [] },
  { name: GROUP_VIEWERS, groups: [GROUP_VIEWERS] },
];

/** Every ClusterRole that must exist, with what it gathers already filled in. */
export function bootstrapRoles(rows: readonly ReadableResource[]): readonly ClusterRole[] {
  const roles = roleSpecs(rows).map(({ name, rules, aggregates, aggregatesTo = [] }) => {
    const labels = { ...MARKS.labels, ...Object.fromEntries(aggregatesTo.map((to) => [AGGREGATE(to), 'true'])) };
    const selector = { matchLabels: { [AGGREGATE(aggregates ?? '')]: 'true' } };
    return {
      apiVersion: `${RBAC}/v1`,
      kind: 'ClusterRole',
      metadata: { name, labels, annotations: MARKS.annotations },
      ...(aggregates === undefined ? {} : { aggregationRule: { clusterRoleSelectors: [selector] } }),
      rules: [...(rules ?? [])],
    } as unknown as ClusterRole;
  });
  // From the innermost out: `view` before `edit` before `admin`.
  let gathered: readonly ClusterRole[] = roles;
  for (const name of ['view', 'edit', 'admin']) {
    gathered = gathered.map((role) =>
      role.metadata.name === name ? { ...role, rules: [...aggregatedRules(role, gathered)] } : role,
    );
  }
  return gathered;
}

export function bootstrapBindings(): readonly KubeObject[] {
  return BINDINGS.map(({ name, groups }) => ({
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name, ...MARKS },
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
    subjects: groups.map((group): Subject => ({ apiGroup: RBAC, kind: 'Group', name: group })),
  }));
}
