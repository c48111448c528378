import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  apiVersionOf,
  type CustomResourceDefinition,
  isEstablished,
  type KubeObject,
  RESOURCES,
  type ResourceType,
  type StoredObject,
} from '#api';
import { silentLog, systemClock } from '#base';
import { createMemoryStore } from '#store';
import { definitionObject } from '../../../test/support/definitions.ts';
import { until } from '../../../test/support/until.ts';
import type { Api, ResourceRow } from './api.ts';
import { createApi } from './create-api.ts';
import { definitionRow } from './rows/definitions.ts';
import { isEncryptedKey, RESOURCE_ROWS } from './rows.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const containers = [{ name: 'main', image: 'sample:1' }];
const template = { metadata: { labels: { app: 'a' } }, spec: { containers } };
const workload = { selector: { matchLabels: { app: 'a' } }, template };

/** One object of every kind, as a person would write it. */
const SAMPLES: Readonly<Record<string, object>> = {
  Namespace: {},
  Node: {},
  Pod: { spec: { containers } },
  Service: { spec: { selector: { app: 'a' }, ports: [{ port: 80 }] } },
  ConfigMap: { data: { a: '1' } },
  Secret: { stringData: { a: '1' } },
  ServiceAccount: {},
  Event: { involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' }, reason: 'Started', message: 'up' },
  LimitRange: { spec: { limits: [] } },
  ResourceQuota: {},
  PersistentVolume: {
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } },
  },
  PersistentVolumeClaim: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  StorageClass: { provisioner: 'example.com/disk' },
  CertificateSigningRequest: { spec: { request: 'AAAA', signerName: 'example.com/people', usages: ['client auth'] } },
  CSINode: { spec: { drivers: [] } },
  ValidatingWebhookConfiguration: {},
  MutatingWebhookConfiguration: {},
  APIService: {
    metadata: { name: 'v1.example.com' },
    spec: { group: 'example.com', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10 },
  },
  Endpoints: {},
  ReplicationController: { spec: { template } },
  PodTemplate: { template },
  StatefulSet: { spec: { ...workload, serviceName: 'a' } },
  DaemonSet: { spec: workload },
  ControllerRevision: { data: { spec: {} }, revision: 1 },
  Job: { spec: { template: { spec: { containers, restartPolicy: 'Never' } } } },
  CronJob: {
    spec: {
      schedule: '@daily',
      jobTemplate: { spec: { template: { spec: { containers, restartPolicy: 'OnFailure' } } } },
    },
  },
  HorizontalPodAutoscaler: { spec: { scaleTargetRef: { kind: 'Deployment', name: 'a' }, maxReplicas: 3 } },
  PodDisruptionBudget: {},
  PriorityClass: { value: 5 },
  RuntimeClass: { handler: 'a' },
  ReplicaSet: { spec: workload },
  Deployment: { spec: workload },
  EndpointSlice: { addressType: 'IPv4', endpoints: [{ addresses: ['10.244.0.2'] }], ports: [{ port: 80 }] },
  Lease: { spec: { holderIdentity: 'a' } },
  Ingress: { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } },
  IngressClass: { spec: { controller: 'example.com/proxy' } },
  NetworkPolicy: {},
  Role: {},
  RoleBinding: { roleRef: { kind: 'Role', name: 'a' } },
  ClusterRole: {},
  ClusterRoleBinding: { roleRef: { kind: 'ClusterRole', name: 'a' } },
  CustomResourceDefinition: definitionObject(),
  Application: { spec: { source: { repoURL: '/repo', path: 'web' }, destination: { namespace: 'web' } } },
  ApplicationSet: {
    spec: {
      generators: [{ list: { elements: [{ name: 'web' }] } }],
      template: { metadata: { name: '{{name}}' }, spec: { source: { repoURL: '/repo' } } },
    },
  },
  AppProject: { spec: { sourceRepos: ['*'] } },
  SyncRun: {
    spec: {
      application: 'a',
      revision: '0123456789abcdef0123456789abcdef01234567',
      trigger: 'commit',
      requestedBy: 'git',
      digest: 'd',
      plan: [],
      renderedSets: [],
    },
  },
  RenderedSet: { data: '{}\n' },
  Inventory: { application: 'a', entries: [] },
};

function sampleOf(type: ResourceType): KubeObject {
  const metadata = type.namespaced ? { name: 'a', namespace: 'default' } : { name: 'a' };
  return { apiVersion: apiVersionOf(type), kind: type.kind, metadata, ...SAMPLES[type.kind] };
}

const titled = RESOURCE_ROWS.map((row) => [row.type.kind, row] as const);

describe('src/server/registry/rows.ts', () => {
  let api: Api;
  beforeAll(async () => {
    api = await createApi({ store: createMemoryStore({ clock: systemClock }), clock: systemClock, log: silentLog });
  });
  afterAll(() => api.close());

  const context = { user: { name: 'alice', groups: [] }, defaultManager: 'test' };
  const apply = async (row: ResourceRow, object: KubeObject) => {
    const target = { context, row, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
    return api.patch({
      ...target,
      patchType: 'apply',
      patch: object as never,
      fieldManager: 'git',
      fieldValidation: 'Strict',
    });
  };

  it('has a row for every resource', () => {
    expect(RESOURCE_ROWS.map((row) => row.type)).toEqual(RESOURCES);
  });

  it.each(titled)('applies a %s twice and writes once', async (_, row) => {
    const first = await apply(row, sampleOf(row.type));
    // A definition's status is written by the server itself.
    const before =
      row === definitionRow
        ? await until('it is established', async () => {
            const { name } = first.object.metadata;
            const now = await api.get({ context, row, namespace: '', name });
            return isEstablished(now as CustomResourceDefinition) && now;
          })
        : first.object;
    const second = await apply(row, sampleOf(row.type));
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.object).toEqual(before);
  });

  it.each(titled)('can print a %s that has only what it must have', async (_, row) => {
    const { object } = await apply(row, sampleOf(row.type));
    const cells = row.columns.map((column) => column.cell(object, NOW));
    for (const [index, cell] of cells.entries()) {
      const { name, type } = row.columns[index] as (typeof row.columns)[number];
      const cellTypes = type === 'boolean' ? ['boolean', 'string'] : [type === 'integer' ? 'number' : 'string'];
      expect(cellTypes, name).toContain(typeof cell);
    }
    for (const select of Object.values(row.fieldSelectors ?? {})) expect(typeof select(object)).toBe('string');
  });

  it('encrypts Secrets and what was rendered, and nothing else', () => {
    expect(isEncryptedKey('/registry/secrets/default/a')).toBe(true);
    expect(isEncryptedKey('/registry/renderedsets.plumbline.dev/argocd/a')).toBe(true);
    expect(isEncryptedKey('/registry/configmaps/secrets/a')).toBe(false);
  });

  const metadata = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T11:00:00Z' };
  it.each<[kind: string, object: object, cells: unknown[]]>([
    ['Namespace', { status: { phase: 'Active' } }, ['Active', '60m']],
    [
      'Node',
      {
        metadata: { ...metadata, labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/edge': '' } },
        spec: { unschedulable: true },
        status: {
          conditions: [{ type: 'Ready', status: 'True' }],
          addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
          nodeInfo: {
            kubeletVersion: 'v1.32.0',
            osImage: 'Debian',
            kernelVersion: '6.1',
            containerRuntimeVersion: 'docker://20',
          },
        },
      },
      [
        'Ready,SchedulingDisabled',
        'edge,worker',
        '60m',
        'v1.32.0',
        '10.0.0.1',
        '<none>',
        'Debian',
        '6.1',
        'docker://20',
      ],
    ],
    ['Node', {}, ['Unknown', '<none>', '60m', '', '<none>', '<none>', '<unknown>', '<unknown>', '<unknown>']],
    [
      'Service',
      {
        spec: {
          type: 'NodePort',
          clusterIP: '10.96.0.7',
          ports: [
            { port: 80, nodePort: 30_080 },
            { port: 53, protocol: 'UDP' },
          ],
          selector: { b: '2', a: '1' },
        },
      },
      ['NodePort', '10.96.0.7', '<none>', '80:30080/TCP,53/UDP', '60m', 'a=1,b=2'],
    ],
    [
      'Service',
      { spec: { type: 'LoadBalancer', clusterIP: '10.96.0.7' } },
      ['LoadBalancer', '10.96.0.7', '<pending>', '<none>', '60m', '<none>'],
    ],
    [
      'Service',
      { spec: { type: 'ExternalName', externalName: 'example.com' } },
      ['ExternalName', '<none>', 'example.com', '<none>', '60m', '<none>'],
    ],
    [
      'Deployment',
      { spec: { ...workload, replicas: 3 }, status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 } },
      ['2/3', 3, 1, '60m', 'main', 'sample:1', 'app=a'],
    ],
    [
      'ReplicaSet',
      { spec: { ...workload, replicas: 3 }, status: { replicas: 2, readyReplicas: 1 } },
      [3, 2, 1, '60m', 'main', 'sample:1', 'app=a'],
    ],
    ['LimitRange', {}, ['2026-01-01T11:00:00Z']],
    [
      'ResourceQuota',
      { status: { hard: { pods: '10', 'limits.cpu': '4', cpu: '2' }, used: { pods: '3', 'limits.cpu': '500m' } } },
      ['cpu: 0/2, pods: 3/10', 'limits.cpu: 500m/4', '60m'],
    ],
    ['ResourceQuota', { spec: { hard: { pods: '10' } }, status: {} }, ['', '', '60m']],
    [
      'PersistentVolume',
      {
        spec: {
          capacity: { storage: '5Gi' },
          accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          claimRef: { namespace: 'web', name: 'data' },
          storageClassName: 'fast',
          volumeMode: 'Block',
        },
        status: { phase: 'Failed', reason: 'Broken' },
      },
      ['5Gi', 'RWO,RWX', 'Retain', 'Failed', 'web/data', 'fast', '<unset>', 'Broken', '60m', 'Block'],
    ],
    ['PersistentVolume', { spec: {} }, ['0', '', '', '', '', '', '<unset>', '', '60m', '<unset>']],
    [
      'PersistentVolumeClaim',
      {
        metadata: { ...metadata, deletionTimestamp: '2026-01-01T11:30:00Z' },
        spec: {
          volumeName: 'v',
          storageClassName: 'fast',
          volumeAttributesClassName: 'gold',
          volumeMode: 'Filesystem',
        },
        status: { phase: 'Bound', capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOncePod'] },
      },
      ['Terminating', 'v', '5Gi', 'RWOP', 'fast', 'gold', '60m', 'Filesystem'],
    ],
    [
      'PersistentVolumeClaim',
      { spec: { accessModes: ['ReadWriteOnce'] }, status: { phase: 'Pending' } },
      ['Pending', '', '', '', '', '<unset>', '60m', '<unset>'],
    ],
    [
      'StorageClass',
      {
        metadata: { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        provisioner: 'example.com/disk',
        reclaimPolicy: 'Retain',
        volumeBindingMode: 'WaitForFirstConsumer',
        allowVolumeExpansion: true,
      },
      ['a (default)', 'example.com/disk', 'Retain', 'WaitForFirstConsumer', 'true', '60m'],
    ],
    ['StorageClass', { provisioner: 'p' }, ['a', 'p', 'Delete', 'Immediate', 'false', '60m']],
    [
      'Endpoints',
      {
        subsets: [
          { addresses: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], ports: [{ port: 80 }, { port: 81 }] },
          { addresses: [{ ip: '10.0.0.3' }] },
        ],
      },
      ['10.0.0.1:80,[fd00::1]:80,10.0.0.1:81 + 2 more...', '60m'],
    ],
    ['Endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.3' }] }] }, ['10.0.0.3', '60m']],
    ['Endpoints', {}, ['<none>', '60m']],
    [
      'ReplicationController',
      { spec: { replicas: 3, selector: { b: '2', a: '1' }, template }, status: { replicas: 2, readyReplicas: 1 } },
      [3, 2, 1, '60m', 'main', 'sample:1', 'a=1,b=2'],
    ],
    ['PodTemplate', { template }, ['main', 'sample:1', 'app=a']],
    ['PodTemplate', {}, ['', '', '<none>']],
    [
      'StatefulSet',
      { spec: { ...workload, replicas: 3 }, status: { replicas: 2, readyReplicas: 1 } },
      ['1/3', '60m', 'main', 'sample:1'],
    ],
    [
      'DaemonSet',
      {
        spec: { ...workload, template: { spec: { containers, nodeSelector: { disk: 'fast' } } } },
        status: {
          desiredNumberScheduled: 5,
          currentNumberScheduled: 4,
          numberReady: 3,
          updatedNumberScheduled: 2,
          numberAvailable: 1,
        },
      },
      [5, 4, 3, 2, 1, 'disk=fast', '60m', 'main', 'sample:1', 'app=a'],
    ],
    ['DaemonSet', { spec: workload }, [0, 0, 0, 0, 0, '<none>', '60m', 'main', 'sample:1', 'app=a']],
    [
      'ControllerRevision',
      {
        metadata: {
          ...metadata,
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'web', uid: 'u', controller: true }],
        },
        data: {},
        revision: 7,
      },
      ['statefulset.apps/web', 7, '60m'],
    ],
    ['ControllerRevision', { data: {}, revision: 7 }, ['<none>', 7, '60m']],
    [
      'Job',
      {
        spec: { ...workload, completions: 3 },
        status: { succeeded: 1, startTime: '2026-01-01T11:58:00Z' },
      },
      ['Running', '1/3', '2m', '60m', 'main', 'sample:1', 'app=a'],
    ],
    [
      'Job',
      {
        spec: { parallelism: 4, template },
        status: {
          startTime: '2026-01-01T11:00:00Z',
          completionTime: '2026-01-01T11:00:45Z',
          conditions: [
            { type: 'SuccessCriteriaMet', status: 'True' },
            { type: 'Complete', status: 'True' },
          ],
        },
      },
      ['Complete', '0/1 of 4', '45s', '60m', 'main', 'sample:1', '<none>'],
    ],
    ...(
      [
        ['Failed', { conditions: [{ type: 'Failed', status: 'True' }] }],
        ['Suspended', { conditions: [{ type: 'Suspended', status: 'True' }] }],
        ['Running', { conditions: [{ type: 'Suspended', status: 'False' }] }],
        ['FailureTarget', { conditions: [{ type: 'FailureTarget', status: 'True' }] }],
      ] as const
    ).map(([said, status]): [string, object, unknown[]] => [
      'Job',
      { spec: { template }, status },
      [said, '0/1', '', '60m', 'main', 'sample:1', '<none>'],
    ]),
    [
      'Job',
      { metadata: { ...metadata, deletionTimestamp: '2026-01-01T12:00:00Z' }, spec: { template } },
      ['Terminating', '0/1', '', '60m', 'main', 'sample:1', '<none>'],
    ],
    [
      'CronJob',
      {
        spec: { schedule: '@daily', suspend: false, jobTemplate: { spec: { template } } },
        status: { active: [{}], lastScheduleTime: '2026-01-01T11:59:00Z' },
      },
      ['@daily', '<none>', 'False', 1, '60s', '60m', 'main', 'sample:1', '<none>'],
    ],
    [
      'CronJob',
      { spec: { schedule: '@daily', suspend: true, timeZone: 'Etc/UTC', jobTemplate: {} } },
      ['@daily', 'Etc/UTC', 'True', 0, '<none>', '60m', '', '', '<none>'],
    ],
    [
      'HorizontalPodAutoscaler',
      {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'web' },
          minReplicas: 2,
          maxReplicas: 5,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } },
            { type: 'Pods', pods: { target: { averageValue: '10' } } },
            { type: 'External', external: { target: { value: '5' } } },
          ],
        },
        status: {
          currentReplicas: 3,
          currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40 } } }],
        },
      },
      ['Deployment/web', 'cpu: 40%/80%, <unknown>/10 + 1 more...', '2', '5', '3', '60m'],
    ],
    [
      'HorizontalPodAutoscaler',
      {
        spec: {
          scaleTargetRef: { kind: 'Deployment', name: 'web' },
          maxReplicas: 5,
          metrics: [
            { type: 'Object', object: { target: { averageValue: '5' } } },
            { type: 'ContainerResource', containerResource: { name: 'memory', target: { averageValue: '1Gi' } } },
          ],
        },
        status: {
          currentMetrics: [
            { type: 'Object', object: { current: { averageValue: '3' } } },
            { type: 'ContainerResource', containerResource: { name: 'memory', current: { averageValue: '512Mi' } } },
          ],
        },
      },
      ['Deployment/web', '3/5 (avg), memory: 512Mi/1Gi', '<unset>', '5', '0', '60m'],
    ],
    ['PodDisruptionBudget', { spec: { minAvailable: '50%' } }, ['50%', 'N/A', 0, '60m']],
    ['PodDisruptionBudget', { spec: { maxUnavailable: 0 }, status: { disruptionsAllowed: 2 } }, ['N/A', '0', 2, '60m']],
    ['PriorityClass', { value: 5, globalDefault: true, preemptionPolicy: 'Never' }, [5, true, '60m', 'Never']],
    ['RuntimeClass', { handler: 'runsc' }, ['runsc', '60m']],
    ['ValidatingWebhookConfiguration', { webhooks: [{}, {}] }, [2, '60m']],
    ['MutatingWebhookConfiguration', {}, [0, '60m']],
    ['CSINode', { spec: { drivers: [{}] } }, [1, '60m']],
    ['APIService', { spec: {} }, ['Local', 'Unknown', '60m']],
    [
      'APIService',
      {
        spec: { service: { namespace: 'a', name: 'b' } },
        status: { conditions: [{ type: 'Available', status: 'False', reason: 'NotAggregated' }] },
      },
      ['a/b', 'False (NotAggregated)', '60m'],
    ],
    ['Secret', { type: 'Opaque', data: { a: '', b: '' } }, ['Opaque', 2, '60m']],
    ['ConfigMap', { data: { a: '' }, binaryData: { b: '' } }, ['2', '60m']],
    [
      'EndpointSlice',
      {
        addressType: 'IPv4',
        ports: [{ port: 80 }, { name: 'any' }],
        endpoints: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'].map((each) => ({ addresses: [each] })),
      },
      ['IPv4', '80,*', '10.0.0.1,10.0.0.2,10.0.0.3 + 2 more...', '60m'],
    ],
    ['EndpointSlice', { addressType: 'IPv4', endpoints: [] }, ['IPv4', '<unset>', '<unset>', '60m']],
    [
      'Event',
      {
        involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{main}' },
        type: 'Warning',
        reason: 'BackOff',
        message: 'again \n',
        source: { component: 'node-agent', host: 'n1' },
        firstTimestamp: '2026-01-01T11:50:00Z',
        lastTimestamp: '2026-01-01T11:59:00Z',
        count: 4,
      },
      ['60s', 'Warning', 'BackOff', 'pod/p', 'spec.containers{main}', 'node-agent, n1', 'again', '10m', 4, 'a'],
    ],
    [
      'Ingress',
      {
        spec: {
          ingressClassName: 'proxy',
          tls: [{}],
          rules: ['a.example', 'b.example', '', 'c.example', 'd.example'].map((host) => ({ host })),
        },
        status: { loadBalancer: { ingress: [{ ip: '10.0.0.2' }, { hostname: 'lb.example' }, { ip: '10.0.0.1' }] } },
      },
      ['proxy', 'a.example,b.example,c.example + 2 more...', '10.0.0.1,10.0.0.2,lb.example', '80, 443', '60m'],
    ],
    ['Ingress', { spec: { rules: [{ http: {} }] } }, ['<none>', '*', '', '80', '60m']],
    [
      'IngressClass',
      { spec: { controller: 'a.example/b', parameters: { apiGroup: 'a.example', kind: 'Settings', name: 's' } } },
      ['a.example/b', 'Settings.a.example/s', '60m'],
    ],
    ['IngressClass', { spec: { controller: 'a.example/b' } }, ['a.example/b', '<none>', '60m']],
    ['NetworkPolicy', { spec: { podSelector: { matchLabels: { b: '2', a: '1' } } } }, ['a=1,b=2', '60m']],
    ['NetworkPolicy', { spec: { podSelector: {} } }, ['<none>', '60m']],
    ['Role', {}, ['2026-01-01T11:00:00Z']],
    [
      'RoleBinding',
      {
        roleRef: { kind: 'ClusterRole', name: 'view' },
        subjects: [
          { kind: 'User', name: 'vera' },
          { kind: 'Group', name: 'ops' },
          { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
          { kind: 'User', name: 'anna' },
        ],
      },
      ['ClusterRole/view', '60m', 'vera, anna', 'ops', 'ci/bot'],
    ],
    ['ClusterRoleBinding', { roleRef: { kind: 'ClusterRole', name: 'view' } }, ['ClusterRole/view', '60m', '', '', '']],
    [
      'Application',
      { status: { sync: { status: 'Synced', revision: 'abc' }, health: { status: 'Healthy' } } },
      ['Synced', 'Healthy', 'abc'],
    ],
    [
      'SyncRun',
      {
        spec: { application: 'web', revision: '0123456789', trigger: 'commit', requestedBy: 'git' },
        status: { phase: 'Succeeded', durationMs: 3_200 },
      },
      ['web', '0123456', 'commit', 'Succeeded', '3s', '60m', 'git', ''],
    ],
    ['RenderedSet', { data: 'é' }, [2, '60m']],
    ['Inventory', { application: 'web', entries: [{}, {}] }, ['web', 2, '60m']],
  ])('prints a %s as kubectl shows it', (kind, object, cells) => {
    const row = RESOURCE_ROWS.find(({ type }) => type.kind === kind) as ResourceRow;
    const stored = { apiVersion: '', kind, metadata, ...object } as StoredObject;
    expect(row.columns.map((column) => column.cell(stored, NOW))).toEqual(cells);
  });
});
