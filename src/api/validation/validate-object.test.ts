import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson, deepFreeze } from '#base';
import { issuesOf, objectOf } from '../../../test/support/issues.ts';
import { defaultObject } from '../defaults/default-object.ts';
import type { ResourceType } from '../kinds/resource.ts';
import {
  API_SERVICES,
  APP_PROJECTS,
  APPLICATION_SETS,
  APPLICATIONS,
  CERTIFICATE_SIGNING_REQUESTS,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  CONFIG_MAPS,
  CONTROLLER_REVISIONS,
  CRON_JOBS,
  CSI_NODES,
  CUSTOM_RESOURCE_DEFINITIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  EVENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  INGRESS_CLASSES,
  INGRESSES,
  INVENTORIES,
  JOBS,
  LEASES,
  LIMIT_RANGES,
  MUTATING_WEBHOOKS,
  NAMESPACES,
  NETWORK_POLICIES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  POD_TEMPLATES,
  PODS,
  PRIORITY_CLASSES,
  RENDERED_SETS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  RESOURCE_QUOTAS,
  RESOURCES,
  ROLE_BINDINGS,
  ROLES,
  RUNTIME_CLASSES,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
  SYNC_RUNS,
  VALIDATING_WEBHOOKS,
} from '../kinds/resources.ts';
import { isJsonObject, type JsonObject } from '../schema/json.ts';
import { MAX_ISSUES } from './structure.ts';
import { validateObject, validateUpdate } from './validate-object.ts';

const podSpec = { containers: [{ name: 'web', image: 'web:1' }] };
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec };
const workload = { selector: { matchLabels: { app: 'web' } }, template };

const webhook = {
  name: 'a.example.com',
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  clientConfig: { service: { namespace: 'site', name: 'web', path: '/check' } },
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods', 'pods/exec'] }],
};
const backend = { service: { name: 'web', port: { number: 80 } } };

/** One right object of each kind, as small as it can be. */
const RIGHT: readonly (readonly [ResourceType, JsonObject])[] = [
  [NAMESPACES, {}],
  [NODES, { spec: { taints: [{ key: 'a', effect: 'NoSchedule' }], podCIDR: '10.244.0.0/24' } }],
  [PODS, { spec: podSpec }],
  [SERVICES, { spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] } }],
  [CONFIG_MAPS, { data: { 'a.txt': 'text' }, binaryData: { b: 'AAAA' } }],
  [SECRETS, { stringData: { password: 'p' } }],
  [SERVICE_ACCOUNTS, {}],
  [EVENTS, { involvedObject: { kind: 'Pod', namespace: 'site', name: 'web' } }],
  [LIMIT_RANGES, { spec: { limits: [{ type: 'Container', max: { cpu: '1' }, min: { cpu: '100m' } }] } }],
  [RESOURCE_QUOTAS, { spec: { hard: { pods: '4', 'requests.cpu': '1' }, scopes: ['NotBestEffort'] } }],
  [
    PERSISTENT_VOLUMES,
    { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } } },
  ],
  [PERSISTENT_VOLUME_CLAIMS, { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }],
  [ENDPOINTS, { subsets: [{ addresses: [{ ip: '10.244.0.2', nodeName: 'n1' }], ports: [{ port: 80 }] }] }],
  [REPLICATION_CONTROLLERS, { spec: { template } }],
  [POD_TEMPLATES, { template }],
  [REPLICA_SETS, { spec: workload }],
  [DEPLOYMENTS, { spec: workload }],
  [
    STATEFUL_SETS,
    {
      spec: {
        ...workload,
        serviceName: 'web',
        template: {
          ...template,
          spec: {
            containers: [{ ...podSpec.containers[0], volumeMounts: [{ name: 'data', mountPath: '/data' }] }],
          },
        },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    },
  ],
  [DAEMON_SETS, { spec: workload }],
  [CONTROLLER_REVISIONS, { data: { spec: {} }, revision: 1 }],
  [JOBS, { spec: { template: { spec: { ...podSpec, restartPolicy: 'Never' } } } }],
  [
    CRON_JOBS,
    {
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: 'OnFailure' } } } },
      },
    },
  ],
  [HORIZONTAL_POD_AUTOSCALERS, { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3 } }],
  [POD_DISRUPTION_BUDGETS, { spec: { minAvailable: '50%', selector: { matchLabels: { app: 'web' } } } }],
  [PRIORITY_CLASSES, { value: 1000 }],
  [RUNTIME_CLASSES, { handler: 'runsc' }],
  [ENDPOINT_SLICES, { addressType: 'IPv4', endpoints: [{ addresses: ['10.244.0.2'] }], ports: [{ port: 80 }] }],
  [LEASES, { spec: { holderIdentity: 'a', leaseDurationSeconds: 40, renewTime: '2024-01-01T00:00:00.000000Z' } }],
  [
    INGRESSES,
    { spec: { rules: [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] } },
  ],
  [INGRESS_CLASSES, { spec: { controller: 'example.com/proxy', parameters: { kind: 'Settings', name: 'a' } } }],
  [NETWORK_POLICIES, { spec: { ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http' }] }] } }],
  [ROLES, { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }],
  [ROLE_BINDINGS, { roleRef: { kind: 'Role', name: 'reader' }, subjects: [{ kind: 'User', name: 'vera' }] }],
  [CLUSTER_ROLES, { rules: [{ nonResourceURLs: ['/healthz'], verbs: ['get'] }] }],
  [CLUSTER_ROLE_BINDINGS, { roleRef: { kind: 'ClusterRole', name: 'system:reader' } }],
  [STORAGE_CLASSES, { provisioner: 'example.com/disk' }],
  [CSI_NODES, { spec: { drivers: [{ name: 'disk.example.com', nodeID: 'n1' }] } }],
  [VALIDATING_WEBHOOKS, { webhooks: [webhook] }],
  [MUTATING_WEBHOOKS, { webhooks: [{ ...webhook, reinvocationPolicy: 'IfNeeded' }] }],
  [
    API_SERVICES,
    {
      metadata: { name: 'v1.example.com' },
      spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
    },
  ],
  [
    CERTIFICATE_SIGNING_REQUESTS,
    { spec: { request: 'AAAA', signerName: 'example.com/people', usages: ['client auth'], expirationSeconds: 600 } },
  ],
  [
    CUSTOM_RESOURCE_DEFINITIONS,
    {
      metadata: { name: 'tables.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'tables', kind: 'Table' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
      status: { storedVersions: ['v1'] },
    },
  ],
  [APPLICATIONS, { spec: { source: { repoURL: 'https://git.example/a.git', path: 'apps/web' }, destination: {} } }],
  [
    APPLICATION_SETS,
    {
      spec: {
        generators: [{ list: { elements: [{ name: 'web' }] } }],
        template: { metadata: { name: '{{name}}' }, spec: { source: { repoURL: 'https://git.example/a.git' } } },
      },
    },
  ],
  [
    APP_PROJECTS,
    {
      spec: {
        sourceRepos: ['*'],
        destinations: [{ server: '*', namespace: '*' }],
        syncWindows: [{ kind: 'allow', schedule: '0 22 * * *', duration: '1h', applications: ['*'] }],
      },
    },
  ],
  [
    SYNC_RUNS,
    { spec: { application: 'web', revision: 'r', trigger: 'commit', requestedBy: 'git', digest: 'd', plan: [] } },
  ],
  [RENDERED_SETS, { data: '{}\n' }],
  [INVENTORIES, { application: 'argocd/web', entries: [] }],
];

const container = (fields: JsonObject) => ({ spec: { containers: [{ name: 'web', image: 'web:1', ...fields }] } });
const pod = (fields: JsonObject) => ({ spec: { ...podSpec, ...fields } });
const deployment = (fields: JsonObject) => ({ spec: { ...workload, ...fields } });
const service = (fields: JsonObject) => ({ spec: { ports: [{ port: 80 }], ...fields } });
const source = (fields: JsonObject) => ({ spec: { source: { repoURL: 'https://git.example/a.git', ...fields } } });

describe('src/api/validation/validate-object', () => {
  it.each(RIGHT.map(([resource, fields]) => [resource.kind, resource, fields] as const))(
    'finds nothing wrong with a right %s, nor with writing it again',
    (_kind, resource, fields) => {
      const object = deepFreeze(objectOf(resource, fields));
      expect(validateObject(resource, object)).toEqual([]);
      expect(validateUpdate(resource, object, object)).toEqual([]);
    },
  );

  it('has a right object for every served kind', () => {
    const names = (resources: readonly ResourceType[]) => resources.map(({ group, kind }) => `${group}/${kind}`).sort();
    expect(names(RIGHT.map(([resource]) => resource))).toEqual(names(RESOURCES));
  });

  const subdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  const label =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

  it.each<[string, ResourceType, JsonObject, string[]]>([
    [
      'no name',
      PODS,
      { ...pod({}), metadata: { name: undefined } },
      ['metadata.name: Required value: name or generateName is required'],
    ],
    [
      'a name that leads out of a path',
      CONFIG_MAPS,
      { metadata: { name: '../x' } },
      [`metadata.name: Invalid value: "../x": ${subdomain}`],
    ],
    [
      'a name that is too long',
      CONFIG_MAPS,
      { metadata: { name: 'a'.repeat(254) } },
      [`metadata.name: Invalid value: "${'a'.repeat(254)}": must be no more than 253 characters`],
    ],
    [
      'a namespace with a dot',
      NAMESPACES,
      { metadata: { name: 'a.b' } },
      [`metadata.name: Invalid value: "a.b": ${label}`],
    ],
    ['no namespace', PODS, { ...pod({}), metadata: { namespace: undefined } }, ['metadata.namespace: Required value']],
    [
      'a namespace on a kind without',
      NODES,
      { metadata: { namespace: 'a' } },
      ['metadata.namespace: Forbidden: not allowed on this type'],
    ],
    [
      'a label value with a space',
      CONFIG_MAPS,
      { metadata: { labels: { a: 'b c' } } },
      [
        "metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
      ],
    ],
    [
      'annotations that are too long',
      CONFIG_MAPS,
      { metadata: { annotations: { a: 'x'.repeat(262_144) } } },
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      'a finalizer without a domain',
      CONFIG_MAPS,
      { metadata: { finalizers: ['mine'] } },
      [
        'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
      ],
    ],
    [
      'an owner without a uid',
      CONFIG_MAPS,
      { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: '' }] } },
      ['metadata.ownerReferences[0].uid: Invalid value: "": must not be empty'],
    ],
    ['another kind', PODS, { ...pod({}), kind: 'Node' }, ['kind: Invalid value: "Node": must be Pod']],

    ['no containers', PODS, { spec: {} }, ['spec.containers: Required value']],
    ['no image', PODS, container({ image: '' }), ['spec.containers[0].image: Required value']],
    [
      'no image name at all',
      PODS,
      { spec: { containers: [{ name: 'a' }] } },
      ['spec.containers[0].image: Required value'],
    ],
    [
      'a container without a name',
      PODS,
      { spec: { containers: [{ image: 'a:1' }] } },
      ['spec.containers[0].name: Required value'],
    ],
    [
      'two containers of one name',
      PODS,
      pod({ initContainers: [{ name: 'web', image: 'a:1' }] }),
      ['spec.containers[0].name: Duplicate value: "web"'],
    ],
    [
      'a pull policy of its own',
      PODS,
      container({ imagePullPolicy: 'Sometimes' }),
      [
        'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
      ],
    ],
    [
      'a port out of range',
      PODS,
      container({ ports: [{ containerPort: 65_536 }] }),
      ['spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive'],
    ],
    [
      'two ports of one name',
      PODS,
      container({
        ports: [
          { name: 'http', containerPort: 80 },
          { name: 'http', containerPort: 81 },
        ],
      }),
      ['spec.containers[0].ports[1].name: Duplicate value: "http"'],
    ],
    [
      'a port name without a letter',
      PODS,
      container({ ports: [{ name: '80', containerPort: 80 }] }),
      ['spec.containers[0].ports[0].name: Invalid value: "80": must contain at least one letter (a-z)'],
    ],
    [
      'one host port twice',
      PODS,
      container({
        ports: [
          { containerPort: 80, hostPort: 80 },
          { containerPort: 81, hostPort: 80 },
        ],
      }),
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      'a variable with an equals sign',
      PODS,
      container({ env: [{ name: 'A=B' }] }),
      [
        'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
      ],
    ],
    [
      'a variable from nowhere',
      PODS,
      container({ env: [{ name: 'A', valueFrom: {} }] }),
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
      ],
    ],
    [
      'a field that is not offered',
      PODS,
      container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.replicas' } } }] }),
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.replicas": error converting fieldPath: field label not supported: spec.replicas',
      ],
    ],
    [
      'a mount of no volume',
      PODS,
      container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      'a mount that climbs',
      PODS,
      {
        spec: {
          containers: [{ name: 'a', image: 'a:1', volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '../etc' }] }],
          volumes: [{ name: 'v' }],
        },
      },
      ['spec.containers[0].volumeMounts[0].subPath: Invalid value: "../etc": must not contain \'..\''],
    ],
    [
      'more requested than limited',
      PODS,
      container({ resources: { limits: { cpu: '1' }, requests: { cpu: '1500m' } } }),
      ['spec.containers[0].resources.requests: Invalid value: "1500m": must be less than or equal to cpu limit of 1'],
    ],
    [
      'a negative amount',
      PODS,
      container({ resources: { limits: { memory: '-1' } } }),
      [
        'spec.containers[0].resources.limits[memory]: Invalid value: "-1": must be greater than or equal to 0',
        'spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0',
      ],
    ],
    [
      'a resource of no known name',
      PODS,
      container({ resources: { requests: { gpu: '1' } } }),
      ['spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers'],
    ],
    [
      'a probe of no kind',
      PODS,
      container({ livenessProbe: {} }),
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      'a probe of two kinds',
      PODS,
      container({ readinessProbe: { tcpSocket: { port: 80 }, httpGet: { port: 80 } } }),
      ['spec.containers[0].readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
    ],
    [
      'hooks that sleep longer than the pod has to end, or not at all',
      PODS,
      pod({
        terminationGracePeriodSeconds: 20,
        containers: [
          ['a', { preStop: { sleep: { seconds: 20 } } }],
          ['b', { postStart: { sleep: { seconds: 21 } }, preStop: { sleep: { seconds: 0 } } }],
        ].map(([name, lifecycle]) => ({ name, image: 'web:1', lifecycle })) as JsonObject[],
      }),
      [
        'spec.containers[1].lifecycle.postStart.sleep: Invalid value: 21: must be greater than 0 and less than terminationGracePeriodSeconds (20)',
        'spec.containers[1].lifecycle.preStop.sleep: Invalid value: 0: must be greater than 0 and less than terminationGracePeriodSeconds (20)',
      ],
    ],
    [
      'a liveness probe that must succeed twice',
      PODS,
      container({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
      ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [
      'a probe of port 0',
      PODS,
      container({ livenessProbe: { tcpSocket: { port: 0 } } }),
      ['spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    ],
    [
      'a probe of an init container',
      PODS,
      pod({ initContainers: [{ name: 'init', image: 'a:1', livenessProbe: { exec: { command: ['x'] } } }] }),
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'a restart policy of a container',
      PODS,
      container({ restartPolicy: 'Always' }),
      ['spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers'],
    ],
    [
      'a restart policy of its own',
      PODS,
      pod({ restartPolicy: 'always' }),
      ['spec.restartPolicy: Unsupported value: "always": supported values: "Always", "Never", "OnFailure"'],
    ],
    [
      'a volume of two kinds',
      PODS,
      pod({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] }),
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'two volumes of one name',
      PODS,
      pod({ volumes: [{ name: 'v' }, { name: 'v' }] }),
      ['spec.volumes[1].name: Duplicate value: "v"'],
    ],
    [
      'a secret volume without a name',
      PODS,
      pod({ volumes: [{ name: 'v', secret: {} }] }),
      ['spec.volumes[0].secret.secretName: Required value'],
    ],
    [
      'a file mode of 01000',
      PODS,
      pod({ volumes: [{ name: 'v', configMap: { name: 'c', defaultMode: 512 } }] }),
      [
        'spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
      ],
    ],
    [
      'a file that climbs',
      PODS,
      pod({ volumes: [{ name: 'v', configMap: { name: 'c', items: [{ key: 'a', path: 'a/../../b' }] } }] }),
      ['spec.volumes[0].configMap.items[0].path: Invalid value: "a/../../b": must not contain \'..\''],
    ],
    [
      'a host path that climbs',
      PODS,
      pod({ volumes: [{ name: 'v', hostPath: { path: '/a/../etc' } }] }),
      ['spec.volumes[0].hostPath.path: Invalid value: "/a/../etc": must not contain \'..\''],
    ],
    [
      'a toleration of nothing',
      PODS,
      pod({ tolerations: [{ operator: 'Equal' }] }),
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      'a spread without skew',
      PODS,
      pod({ topologySpreadConstraints: [{ topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', maxSkew: 0 }] }),
      ['spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero'],
    ],
    [
      'an affinity to no term',
      PODS,
      pod({
        affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
      }),
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term',
      ],
    ],

    [
      'no template',
      DEPLOYMENTS,
      { spec: { selector: { matchLabels: { a: 'b' } } } },
      ['spec.template: Required value'],
    ],
    [
      'no selector and no template',
      DEPLOYMENTS,
      {},
      ['spec.selector: Required value', 'spec.template: Required value'],
    ],
    [
      'an empty selector',
      DEPLOYMENTS,
      deployment({ selector: {} }),
      ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
    ],
    [
      'a selector that does not match',
      DEPLOYMENTS,
      deployment({ selector: { matchLabels: { app: 'api' } } }),
      ['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'],
    ],
    [
      'a selector without values',
      DEPLOYMENTS,
      deployment({ selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }),
      [
        "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      'a template that ends',
      DEPLOYMENTS,
      deployment({ template: { ...template, spec: { ...podSpec, restartPolicy: 'Never' } } }),
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      'a negative number of replicas',
      DEPLOYMENTS,
      deployment({ replicas: -1 }),
      ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      'no room to roll',
      DEPLOYMENTS,
      deployment({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }),
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      'more than all unavailable',
      DEPLOYMENTS,
      deployment({ strategy: { rollingUpdate: { maxUnavailable: '101%' } } }),
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
    ],
    [
      'a share without its sign',
      DEPLOYMENTS,
      deployment({ strategy: { rollingUpdate: { maxSurge: '25' } } }),
      [
        "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"25\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ],
    ],
    [
      'a rolling update of Recreate',
      DEPLOYMENTS,
      deployment({ strategy: { type: 'Recreate', rollingUpdate: {} } }),
      ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
    ],
    [
      'a deadline before readiness',
      DEPLOYMENTS,
      deployment({ progressDeadlineSeconds: 10, minReadySeconds: 10 }),
      ['spec.progressDeadlineSeconds: Invalid value: 10: must be greater than minReadySeconds'],
    ],
    [
      'a wrong template',
      REPLICA_SETS,
      deployment({ template: { ...template, spec: {} } }),
      ['spec.template.spec.containers: Required value'],
    ],

    [
      'a name that begins with a digit',
      SERVICES,
      { ...service({}), metadata: { name: '1a' } },
      [
        "metadata.name: Invalid value: \"1a\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    ['no ports', SERVICES, service({ ports: [] }), ['spec.ports: Required value']],
    [
      'ports without names',
      SERVICES,
      service({ ports: [{ port: 80 }, { port: 81 }] }),
      ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
    ],
    [
      'one port twice',
      SERVICES,
      service({
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ],
      }),
      ['spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}'],
    ],
    [
      'a node port of a ClusterIP',
      SERVICES,
      service({ ports: [{ port: 80, nodePort: 30_000 }] }),
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'an address that is none',
      SERVICES,
      service({ clusterIP: '10.96.0.300' }),
      [
        'spec.clusterIPs[0]: Invalid value: "10.96.0.300": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'addresses of its own choice',
      SERVICES,
      service({ externalIPs: ['1.2.3.4'] }),
      ['spec.externalIPs: Forbidden: a Service may not claim addresses of its own choice (CVE-2020-8554)'],
    ],
    [
      'a type of its own',
      SERVICES,
      service({ type: 'Global' }),
      [
        'spec.type: Unsupported value: "Global": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      'a name elsewhere that is missing',
      SERVICES,
      { spec: { type: 'ExternalName' } },
      ['spec.externalName: Required value'],
    ],

    ['no address type', ENDPOINT_SLICES, { endpoints: [] }, ['addressType: Required value']],
    [
      'an endpoint on the loopback',
      ENDPOINT_SLICES,
      { addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }] },
      [
        'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],
    [
      'an endpoint at the metadata address',
      ENDPOINT_SLICES,
      { addressType: 'IPv4', endpoints: [{ addresses: ['169.254.169.254'] }] },
      [
        'endpoints[0].addresses[0]: Invalid value: "169.254.169.254": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      ],
    ],
    [
      'an endpoint on the loopback in disguise',
      ENDPOINT_SLICES,
      { addressType: 'IPv6', endpoints: [{ addresses: ['::ffff:127.0.0.1'] }] },
      [
        'endpoints[0].addresses[0]: Invalid value: "::ffff:127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      ],
    ],

    [
      'a key with a slash',
      CONFIG_MAPS,
      { data: { 'a/b': '' } },
      [
        "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    ],
    ['a key that climbs', CONFIG_MAPS, { data: { '..': '' } }, ['data[..]: Invalid value: "..": must not be \'..\'']],
    [
      'more than a mebibyte',
      CONFIG_MAPS,
      { data: { a: 'x'.repeat(1024 * 1024 + 1) } },
      ['data: Too long: may not be more than 1048576 bytes'],
    ],
    ['a number as a value', CONFIG_MAPS, { data: { a: 1 } }, ['data[a]: Invalid type: expected string, got integer']],
    ['base64 of a wrong length', SECRETS, { data: { a: 'abc' } }, ['data[a]: Invalid value: illegal base64 data']],
    [
      'a certificate without a key',
      SECRETS,
      { type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'x' } },
      ['data[tls.key]: Required value'],
    ],
    [
      'registry logins that are no JSON',
      SECRETS,
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'hunter2' } },
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be valid JSON'],
    ],

    [
      'an effect of its own',
      NODES,
      { spec: { taints: [{ key: 'a', effect: 'Never' }] } },
      [
        'spec.taints[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "PreferNoSchedule"',
      ],
    ],
    [
      'no duration',
      LEASES,
      { spec: { leaseDurationSeconds: 0 } },
      ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
    ],
    [
      'something in another namespace',
      EVENTS,
      { involvedObject: { namespace: 'other' } },
      ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ],

    [
      'no source',
      APPLICATIONS,
      { spec: { destination: {} } },
      ['spec.source: Required value: source or sources is required'],
    ],
    ['no repository', APPLICATIONS, source({ repoURL: '' }), ['spec.source.repoURL: Required value']],
    ...['../x', '/etc', 'a/../../b', '%2e%2e/x', '..\\x', 'a\u0000b'].map(
      (path): [string, ResourceType, JsonObject, string[]] => [
        `the path ${JSON.stringify(path)}`,
        APPLICATIONS,
        source({ path }),
        [`spec.source.path: Invalid value: ${JSON.stringify(path)}: must be a path inside the repository`],
      ],
    ),
    ...['--output=x', 'refs/heads/../../x', 'x'.repeat(256)].map(
      (targetRevision): [string, ResourceType, JsonObject, string[]] => [
        `the revision ${targetRevision.slice(0, 20)}`,
        APPLICATIONS,
        source({ targetRevision }),
        [
          `spec.source.targetRevision: Invalid value: ${targetRevision.length > 255 ? `"${'x'.repeat(255)}…` : JSON.stringify(targetRevision)}: must be a branch, a tag or a commit`,
        ],
      ],
    ),
    [
      'a wait that is none',
      APPLICATIONS,
      { spec: { ...source({}).spec, syncPolicy: { retry: { backoff: { duration: 'soon' } } } } },
      ['spec.syncPolicy.retry.backoff.duration: Invalid value: "soon": must be a duration, such as 30s or 5m'],
    ],
    [
      'an ApplicationSet that generates nothing',
      APPLICATION_SETS,
      { spec: { generators: [{ selector: {} }], template: { metadata: {}, spec: {} } } },
      [
        'spec.generators[0]: Invalid value: {"selector":{}}: must name a generator, such as list',
        'spec.template.metadata.name: Required value',
      ],
    ],
    [
      'windows that never open',
      APP_PROJECTS,
      {
        spec: {
          syncWindows: [
            { kind: 'maybe', schedule: '61 * * * *', duration: 'soon', timeZone: 'Europe/Atlantis', namespaces: ['a'] },
            { kind: 'deny', schedule: '0 0 * * *', duration: '1h' },
          ],
        },
      },
      [
        'spec.syncWindows[0].kind: Unsupported value: "maybe": supported values: "allow", "deny"',
        'spec.syncWindows[0].schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
        'spec.syncWindows[0].duration: Invalid value: "soon": must be a duration, such as 30s or 5m',
        'spec.syncWindows[0].timeZone: Invalid value: "Europe/Atlantis": must be the name of a time zone, such as Europe/Berlin',
        'spec.syncWindows[1]: Required value: one of applications, namespaces and clusters is required',
      ],
    ],
    [
      'too much in one chunk',
      RENDERED_SETS,
      { data: 'x'.repeat(512 * 1024 + 1) },
      ['data: Too long: may not be more than 524288 bytes'],
    ],
  ])('refuses %s (%$)', (_name, resource, fields, expected) => {
    expect(issuesOf(resource, fields)).toEqual(expected);
  });

  it('names several faults at once, those of missing fields and those of the rules', () => {
    expect(issuesOf(PODS, { spec: { containers: [{}], restartPolicy: 'x' } })).toEqual([
      'spec.containers[0].name: Required value',
      'spec.restartPolicy: Unsupported value: "x": supported values: "Always", "Never", "OnFailure"',
      'spec.containers[0].image: Required value',
    ]);
  });

  it('names no more than a bounded number', () => {
    const containers = Array.from({ length: 1000 }, () => ({ name: 'A', image: '' }));
    expect(issuesOf(PODS, { spec: { containers } })).toHaveLength(MAX_ISSUES);
  });

  it('refuses what is nested too deeply', () => {
    const deep = JSON.parse(`{"metadata":{},"spec":${'['.repeat(20_000)}${']'.repeat(20_000)}}`);
    for (const resource of RESOURCES) expect(validateObject(resource, deep)).toHaveLength(1);
  });

  it.each<[string, ResourceType, JsonObject, JsonObject, string[]]>([
    [
      'name',
      CONFIG_MAPS,
      {},
      { metadata: { name: 'other' } },
      ['metadata.name: Invalid value: "other": field is immutable'],
    ],
    [
      'uid',
      CONFIG_MAPS,
      { metadata: { uid: 'a' } },
      { metadata: { uid: 'b' } },
      ['metadata.uid: Invalid value: "b": field is immutable'],
    ],
    [
      'selector',
      DEPLOYMENTS,
      { spec: workload },
      deployment({
        selector: { matchLabels: { app: 'web', x: 'y' } },
        template: { ...template, metadata: { labels: { app: 'web', x: 'y' } } },
      }),
      ['spec.selector: Invalid value: {"matchLabels":{"app":"web","x":"y"}}: field is immutable'],
    ],
    [
      'address',
      SERVICES,
      service({ clusterIP: '10.96.0.7' }),
      service({ clusterIP: '10.96.0.8' }),
      ['spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'],
    ],
    [
      'data of an immutable ConfigMap',
      CONFIG_MAPS,
      { immutable: true, data: { a: '1' } },
      { immutable: true, data: { a: '2' } },
      ['data: Forbidden: field is immutable when `immutable` is set'],
    ],
    [
      'immutability of a Secret',
      SECRETS,
      { immutable: true, data: {} },
      { data: {} },
      ['immutable: Forbidden: field is immutable when `immutable` is set'],
    ],
    ['type of a Secret', SECRETS, { type: 'a' }, { type: 'b' }, ['type: Invalid value: "b": field is immutable']],
    [
      'number of containers',
      PODS,
      { spec: podSpec },
      pod({ containers: [...podSpec.containers, { name: 'b', image: 'b:1' }] }),
      ['spec.containers: Forbidden: pod updates may not add or remove containers'],
    ],
    [
      'command of a container',
      PODS,
      { spec: podSpec },
      container({ command: ['sh'] }),
      [
        'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
      ],
    ],
    [
      'range of a node',
      NODES,
      { spec: { podCIDR: '10.244.0.0/24' } },
      { spec: { podCIDR: '10.244.1.0/24' } },
      ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
    ],
    [
      'type of addresses',
      ENDPOINT_SLICES,
      { addressType: 'IPv4' },
      { addressType: 'IPv6' },
      ['addressType: Invalid value: "IPv6": field is immutable'],
    ],
    [
      'finalizers of an object that goes',
      CONFIG_MAPS,
      { metadata: { deletionTimestamp: '2024-01-01T00:00:00Z' } },
      { metadata: { deletionTimestamp: '2024-01-01T00:00:00Z', finalizers: ['a/b'] } },
      [
        'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ["a/b"]',
      ],
    ],
    ['history', RENDERED_SETS, { data: 'a' }, { data: 'b' }, ['data: Forbidden: field is immutable']],
  ])('does not let an update change the %s', (_name, resource, before, after, expected) => {
    const issues = validateUpdate(resource, objectOf(resource, after), objectOf(resource, before));
    expect(issues.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
  });

  it.each<[string, ResourceType, JsonObject, JsonObject]>([
    ['image of a pod', PODS, { spec: podSpec }, container({ image: 'web:2', imagePullPolicy: 'IfNotPresent' })],
    [
      'tolerations of a pod by adding',
      PODS,
      { spec: podSpec },
      pod({ tolerations: [{ key: 'a', operator: 'Exists' }] }),
    ],
    [
      'template of a Deployment',
      DEPLOYMENTS,
      { spec: workload },
      deployment({ template: { ...template, spec: container({ image: 'web:2' }).spec } }),
    ],
    [
      'type of a Service',
      SERVICES,
      service({ clusterIP: '10.96.0.7' }),
      service({ clusterIP: '10.96.0.7', type: 'NodePort' }),
    ],
    ['labels', CONFIG_MAPS, {}, { metadata: { labels: { a: 'b' } } }],
  ])('lets an update change the %s', (_name, resource, before, after) => {
    expect(validateUpdate(resource, objectOf(resource, after), objectOf(resource, before))).toEqual([]);
  });

  it('does not judge again what did not change', () => {
    const wrong = { ...objectOf(PODS, container({ image: '' })), status: { phase: 'Pending' } };
    expect(validateUpdate(PODS, { ...wrong, status: { phase: 'Running' } }, wrong)).toEqual([]);
    expect(validateUpdate(PODS, { ...wrong, status: { phase: 1 } }, wrong)).toHaveLength(1);
    const node = objectOf(NODES, { status: { capacity: { cpu: '1' } } });
    expect(validateUpdate(NODES, { ...node, status: { capacity: { cpu: '-1' } } }, node)).toHaveLength(1);
  });

  it('compares with nothing where what is stored has wrong types', () => {
    const stored = { ...objectOf(SERVICES, service({ clusterIP: '10.96.0.7' })), spec: null };
    expect(validateUpdate(SERVICES, objectOf(SERVICES, service({ clusterIP: '10.96.0.8' })), stored)).toEqual([]);
  });

  // Right objects with one wrong part each reach further into the rules than random JSON does.
  it('never throws, whatever stands in whatever field', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom<unknown>(-1, 2 ** 40, '', '__proto__', [[]], [{}], {}),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...RIGHT),
        fc.array(fc.tuple(fc.nat(), value), { maxLength: 3 }),
        (right, changes) => {
          const [resource, fields] = right;
          const object = cloneJson(objectOf(resource, fields));
          for (const [where, what] of changes) replacePart(object, where, what);
          expect(Array.isArray(validateObject(resource, object))).toBe(true);
          expect(Array.isArray(validateUpdate(resource, object, objectOf(resource, fields)))).toBe(true);
          expect(Array.isArray(validateUpdate(resource, objectOf(resource, fields), object))).toBe(true);
          expect(() => validateObject(resource, defaultObject(resource, object))).not.toThrow();
        },
      ),
      { numRuns: 300 },
    );
  });

  // Each of these took minutes or more with one careless pattern or one loop within a loop.
  it.each<[string, ResourceType, JsonObject, JsonObject]>([
    ['line breaks', SECRETS, {}, { data: { a: `${'\n'.repeat(1_000_000)}!` } }],
    ['digits', PODS, { spec: podSpec }, container({ resources: { limits: { cpu: `${'1'.repeat(1_000_000)}!` } } })],
    ['dots', SERVICES, service({}), service({ type: 'ExternalName', externalName: '.'.repeat(1_000_000) })],
    ['colons', ENDPOINT_SLICES, {}, { addressType: 'IPv6', endpoints: [{ addresses: [':'.repeat(1_000_000)] }] }],
    [
      'tolerations',
      PODS,
      pod({ tolerations: Array.from({ length: 20_000 }, (_, index) => ({ key: `a${index}`, operator: 'Exists' })) }),
      pod({ tolerations: Array.from({ length: 20_000 }, (_, index) => ({ key: `b${index}`, operator: 'Exists' })) }),
    ],
    [
      'containers',
      PODS,
      { spec: podSpec },
      pod({ containers: Array.from({ length: 20_000 }, () => ({ name: 'a', image: 'a:1' })) }),
    ],
    ['labels', CONFIG_MAPS, {}, { metadata: { labels: { ['a.'.repeat(500_000)]: 'b-'.repeat(500_000) } } }],
  ])('takes bounded time over %s', (_name, resource, before, after) => {
    const [object, old] = [objectOf(resource, after), objectOf(resource, before)];
    const started = performance.now();
    expect(validateUpdate(resource, object, old).length).toBeGreaterThan(0);
    expect(validateObject(resource, object).length).toBeLessThanOrEqual(MAX_ISSUES);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('never throws on any JSON', () => {
    fc.assert(
      fc.property(fc.constantFrom(...RESOURCES), fc.jsonValue(), (resource, value) => {
        expect(Array.isArray(validateObject(resource, value))).toBe(true);
      }),
    );
  });
});

/** Puts `what` in the place of the part that a walk of `where` steps ends at. */
function replacePart(object: JsonObject, where: number, what: unknown): void {
  const places: [JsonObject, string][] = [];
  const walk = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(walk);
    else if (isJsonObject(part)) {
      for (const name of Object.keys(part)) {
        places.push([part, name]);
        walk(part[name]);
      }
    }
  };
  walk(object);
  const place = places[where % Math.max(1, places.length)];
  if (place !== undefined) place[0][place[1]] = what;
}
