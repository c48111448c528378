import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cloneJson, deepFreeze } from '#base';
import { RESOURCES } from '../kinds/resources.ts';
import { defaultObject } from './default-object.ts';
import { pullPolicyOf } from './pod.ts';

const POD = { group: '', version: 'v1', kind: 'Pod' };
const SERVICE = { group: '', version: 'v1', kind: 'Service' };
const DEPLOYMENT = { group: 'apps', version: 'v1', kind: 'Deployment' };

const CONTAINER = {
  imagePullPolicy: 'IfNotPresent',
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  resources: {},
};
const TEMPLATE_SPEC = {
  restartPolicy: 'Always',
  dnsPolicy: 'ClusterFirst',
  schedulerName: 'default-scheduler',
  terminationGracePeriodSeconds: 30,
  securityContext: {},
};

function podSpec(spec: object): unknown {
  return (defaultObject<{ spec: unknown }>(POD, { spec }) as { spec: unknown }).spec;
}

function container(fields: object): unknown {
  const spec = podSpec({ containers: [{ name: 'a', image: 'a:1', ...fields }] });
  return (spec as { containers: unknown[] }).containers[0];
}

describe('src/api/defaults/default-object', () => {
  it('fills a pod as the API server does', () => {
    expect(defaultObject<unknown>(POD, { spec: { containers: [{ name: 'a', image: 'a:1' }] } })).toEqual({
      spec: {
        ...TEMPLATE_SPEC,
        enableServiceLinks: true,
        containers: [{ name: 'a', image: 'a:1', ...CONTAINER }],
      },
    });
  });

  it('fills a Deployment and its template, which asks for no service links', () => {
    const deployment = { spec: { selector: {}, template: { spec: { containers: [{ name: 'a', image: 'a:1' }] } } } };
    expect(defaultObject<unknown>(DEPLOYMENT, deployment)).toEqual({
      spec: {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        selector: {},
        template: { spec: { ...TEMPLATE_SPEC, containers: [{ name: 'a', image: 'a:1', ...CONTAINER }] } },
      },
    });
  });

  const filledTemplate = {
    metadata: { labels: { app: 'a' } },
    spec: { ...TEMPLATE_SPEC, containers: [{ name: 'a', image: 'a:1', ...CONTAINER }] },
  };
  const bareTemplate = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'a', image: 'a:1' }] } };
  it.each<[kind: string, version: string, given: object, expected: object]>([
    [
      'ReplicationController',
      'v1',
      { metadata: {}, spec: { template: bareTemplate } },
      {
        metadata: { labels: { app: 'a' } },
        spec: { replicas: 1, selector: { app: 'a' }, template: filledTemplate },
      },
    ],
    [
      'ReplicationController',
      'v1',
      { metadata: { labels: { b: 'c' } }, spec: { replicas: 0, selector: { d: 'e' }, template: bareTemplate } },
      { metadata: { labels: { b: 'c' } }, spec: { replicas: 0, selector: { d: 'e' }, template: filledTemplate } },
    ],
    ['PodTemplate', 'v1', { template: bareTemplate }, { template: filledTemplate }],
    [
      'StatefulSet',
      'apps/v1',
      {
        spec: {
          template: bareTemplate,
          volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { resources: { requests: { storage: '1024Mi' } } } }],
        },
      },
      {
        spec: {
          serviceName: '',
          podManagementPolicy: 'OrderedReady',
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          replicas: 1,
          revisionHistoryLimit: 10,
          template: filledTemplate,
          volumeClaimTemplates: [
            {
              apiVersion: 'v1',
              kind: 'PersistentVolumeClaim',
              metadata: { name: 'd' },
              spec: { resources: { requests: { storage: '1Gi' } }, volumeMode: 'Filesystem' },
              status: { phase: 'Pending' },
            },
          ],
        },
      },
    ],
    [
      'StatefulSet',
      'apps/v1',
      { spec: { updateStrategy: { type: 'RollingUpdate' } } },
      {
        spec: {
          serviceName: '',
          podManagementPolicy: 'OrderedReady',
          updateStrategy: { type: 'RollingUpdate' },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          replicas: 1,
          revisionHistoryLimit: 10,
        },
      },
    ],
    [
      'DaemonSet',
      'apps/v1',
      { spec: { template: bareTemplate } },
      {
        spec: {
          revisionHistoryLimit: 10,
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
          template: filledTemplate,
        },
      },
    ],
    [
      'DaemonSet',
      'apps/v1',
      { spec: { updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 0 } },
      { spec: { updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 0 } },
    ],
    [
      'Job',
      'batch/v1',
      { metadata: {}, spec: { template: bareTemplate } },
      {
        metadata: { labels: { app: 'a' } },
        spec: {
          completions: 1,
          parallelism: 1,
          backoffLimit: 6,
          completionMode: 'NonIndexed',
          suspend: false,
          podReplacementPolicy: 'TerminatingOrFailed',
          manualSelector: false,
          template: filledTemplate,
        },
      },
    ],
    [
      'Job',
      'batch/v1',
      {
        spec: {
          parallelism: 3,
          backoffLimitPerIndex: 1,
          podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }] },
        },
      },
      {
        spec: {
          parallelism: 3,
          backoffLimit: 2_147_483_647,
          backoffLimitPerIndex: 1,
          completionMode: 'NonIndexed',
          suspend: false,
          podReplacementPolicy: 'Failed',
          manualSelector: false,
          podFailurePolicy: {
            rules: [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
          },
        },
      },
    ],
    [
      'CronJob',
      'batch/v1',
      { spec: { schedule: '@daily', jobTemplate: { spec: { template: bareTemplate } } } },
      {
        spec: {
          schedule: '@daily',
          concurrencyPolicy: 'Allow',
          suspend: false,
          successfulJobsHistoryLimit: 3,
          failedJobsHistoryLimit: 1,
          jobTemplate: { spec: { template: filledTemplate } },
        },
      },
    ],
    [
      'HorizontalPodAutoscaler',
      'autoscaling/v2',
      { spec: { maxReplicas: 3 } },
      {
        spec: {
          maxReplicas: 3,
          minReplicas: 1,
          metrics: [
            {
              type: 'Resource',
              resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
            },
          ],
        },
      },
    ],
    [
      'HorizontalPodAutoscaler',
      'autoscaling/v2',
      { spec: { minReplicas: 2, metrics: [{ type: 'Pods' }], behavior: { scaleDown: { selectPolicy: 'Disabled' } } } },
      {
        spec: {
          minReplicas: 2,
          metrics: [{ type: 'Pods' }],
          behavior: {
            scaleUp: {
              stabilizationWindowSeconds: 0,
              selectPolicy: 'Max',
              policies: [
                { type: 'Pods', value: 4, periodSeconds: 15 },
                { type: 'Percent', value: 100, periodSeconds: 15 },
              ],
            },
            scaleDown: {
              selectPolicy: 'Disabled',
              policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
            },
          },
        },
      },
    ],
    ['PriorityClass', 'scheduling.k8s.io/v1', { value: 1 }, { value: 1, preemptionPolicy: 'PreemptLowerPriority' }],
    ['PodDisruptionBudget', 'policy/v1', { spec: { minAvailable: 1 } }, { spec: { minAvailable: 1 } }],
    [
      'MutatingWebhookConfiguration',
      'admissionregistration.k8s.io/v1',
      { webhooks: [{ rules: [{}], clientConfig: { service: { name: 'a' } } }] },
      {
        webhooks: [
          {
            rules: [{ scope: '*' }],
            clientConfig: { service: { name: 'a', port: 443 } },
            failurePolicy: 'Fail',
            matchPolicy: 'Equivalent',
            namespaceSelector: {},
            objectSelector: {},
            timeoutSeconds: 10,
            reinvocationPolicy: 'Never',
          },
        ],
      },
    ],
    [
      'ValidatingWebhookConfiguration',
      'admissionregistration.k8s.io/v1',
      {
        webhooks: [
          { failurePolicy: 'Ignore', matchPolicy: 'Exact', timeoutSeconds: 5, objectSelector: { matchLabels: {} } },
        ],
      },
      {
        webhooks: [
          {
            failurePolicy: 'Ignore',
            matchPolicy: 'Exact',
            timeoutSeconds: 5,
            objectSelector: { matchLabels: {} },
            namespaceSelector: {},
          },
        ],
      },
    ],
    [
      'APIService',
      'apiregistration.k8s.io/v1',
      { spec: { service: { name: 'a' } } },
      { spec: { service: { name: 'a', port: 443 } } },
    ],
    [
      'RuntimeClass',
      'node.k8s.io/v1',
      { handler: 'a', overhead: { podFixed: { memory: '1024Mi' } } },
      { handler: 'a', overhead: { podFixed: { memory: '1Gi' } } },
    ],
  ])('fills a %s of %s', (kind, apiVersion, given, expected) => {
    const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    expect(defaultObject<unknown>({ group, version, kind }, given)).toEqual(expected);
  });

  it('keeps what was set, zero replicas too', () => {
    const spec = { replicas: 0, revisionHistoryLimit: 0, strategy: { type: 'Recreate' } };
    expect(defaultObject(DEPLOYMENT, { spec }).spec).toMatchObject(spec);
    expect(defaultObject<{ spec: object }>(DEPLOYMENT, { spec }).spec).toHaveProperty('strategy', { type: 'Recreate' });
  });

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.27', 'IfNotPresent'],
    ['host:5000/nginx', 'Always'],
    ['host:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:0123', 'IfNotPresent'],
    ['nginx:latest@sha256:0123', 'Always'],
    ['', 'IfNotPresent'],
  ])('pulls %s %s', (image, policy) => {
    expect(pullPolicyOf(image)).toBe(policy);
  });

  it.each<[string, object, object]>([
    [
      'a probe',
      { readinessProbe: { httpGet: { port: 80 }, timeoutSeconds: 0 } },
      {
        readinessProbe: {
          httpGet: { port: 80, path: '/', scheme: 'HTTP' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
      },
    ],
    [
      'a lifecycle hook',
      { lifecycle: { preStop: { httpGet: { port: 80 } } } },
      { lifecycle: { preStop: { httpGet: { port: 80, path: '/', scheme: 'HTTP' } } } },
    ],
    ['a port', { ports: [{ containerPort: 80 }] }, { ports: [{ containerPort: 80, protocol: 'TCP' }] }],
    [
      'fields in the environment',
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] },
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name', apiVersion: 'v1' } } }] },
    ],
    [
      'limits without requests',
      { resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m' } } },
      { resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m', memory: '1Gi' } } },
    ],
    [
      'quantities',
      { resources: { requests: { cpu: 0.5, memory: '1024Mi', 'x.io/y': '1000m', z: '1n' } } },
      { resources: { requests: { cpu: '500m', memory: '1Gi', 'x.io/y': '1', z: '1m' } } },
    ],
  ])('fills %s of a container', (_name, given, expected) => {
    expect(container(given)).toEqual({ name: 'a', image: 'a:1', ...CONTAINER, ...expected });
  });

  it.each<[string, object, object]>([
    ['no source', {}, { emptyDir: {} }],
    ['a ConfigMap', { configMap: { name: 'c' } }, { configMap: { name: 'c', defaultMode: 420 } }],
    ['a Secret', { secret: { secretName: 's', defaultMode: 256 } }, { secret: { secretName: 's', defaultMode: 256 } }],
    ['a host path', { hostPath: { path: '/x' } }, { hostPath: { path: '/x', type: '' } }],
    ['an empty folder with a limit', { emptyDir: { sizeLimit: '1024Ki' } }, { emptyDir: { sizeLimit: '1Mi' } }],
    [
      'a projection',
      { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }] } },
    ],
    [
      'fields',
      { downwardAPI: { items: [{ path: 'a', resourceFieldRef: { resource: 'limits.cpu' } }] } },
      {
        downwardAPI: {
          defaultMode: 420,
          items: [{ path: 'a', resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } }],
        },
      },
    ],
  ])('fills a volume of %s', (_name, given, expected) => {
    expect(podSpec({ volumes: [{ name: 'v', ...given }] })).toMatchObject({ volumes: [{ name: 'v', ...expected }] });
  });

  it('keeps both names of the service account equal', () => {
    expect(podSpec({ serviceAccount: 'a' })).toMatchObject({ serviceAccount: 'a', serviceAccountName: 'a' });
    expect(podSpec({ serviceAccountName: 'b', serviceAccount: 'a' })).toMatchObject({ serviceAccount: 'b' });
  });

  it('opens the ports of a pod in the network of its host', () => {
    const ports = [{ containerPort: 80 }];
    expect(podSpec({ hostNetwork: true, containers: [{ ports }] })).toMatchObject({
      containers: [{ ports: [{ containerPort: 80, hostPort: 80 }] }],
    });
  });

  const ipv4 = { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', internalTrafficPolicy: 'Cluster' };
  it.each<[string, object, object]>([
    [
      'plain',
      { ports: [{ port: 80 }] },
      {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        ...ipv4,
      },
    ],
    [
      'with a node port',
      { type: 'NodePort', ports: [{ port: 80, targetPort: 'http' }] },
      {
        type: 'NodePort',
        sessionAffinity: 'None',
        externalTrafficPolicy: 'Cluster',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 'http' }],
        ...ipv4,
      },
    ],
    [
      'without an address',
      { clusterIP: 'None' },
      { type: 'ClusterIP', sessionAffinity: 'None', clusterIP: 'None', clusterIPs: ['None'], ...ipv4 },
    ],
    [
      'that is a name elsewhere',
      { type: 'ExternalName', externalName: 'a.b' },
      { type: 'ExternalName', externalName: 'a.b', sessionAffinity: 'None' },
    ],
    [
      'that keeps its clients',
      { sessionAffinity: 'ClientIP' },
      {
        type: 'ClusterIP',
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
        ...ipv4,
      },
    ],
  ])('fills a Service %s', (_name, spec, expected) => {
    expect(defaultObject<unknown>(SERVICE, { spec })).toEqual({ spec: expected });
  });

  it('writes the texts of a Secret as data, and takes line breaks out of it', () => {
    const secret = { data: { a: 'b2xk', c: 'aGVs\nbG8=\n' }, stringData: { a: 'neü' } };
    expect(defaultObject<unknown>({ group: '', version: 'v1', kind: 'Secret' }, secret)).toEqual({
      type: 'Opaque',
      data: { a: 'bmXDvA==', c: 'aGVsbG8=' },
    });
  });

  it('labels a Namespace with its name, and finalizes it only while it lives', () => {
    const resource = { group: '', version: 'v1', kind: 'Namespace' };
    expect(defaultObject<unknown>(resource, { metadata: { name: 'a' } })).toEqual({
      metadata: { name: 'a', labels: { 'kubernetes.io/metadata.name': 'a' } },
      spec: { finalizers: ['kubernetes'] },
    });
    const going = { metadata: { name: 'a', deletionTimestamp: '2024-01-01T00:00:00Z' }, spec: {} };
    expect(defaultObject(resource, going).spec).toEqual({});
  });

  it('never changes its argument', () => {
    const object = deepFreeze({ metadata: { name: 'a' }, spec: { containers: [{ ports: [{}] }], volumes: [{}] } });
    for (const resource of RESOURCES) expect(() => defaultObject(resource, object)).not.toThrow();
  });

  it('changes nothing the second time, whatever it is given', () => {
    const names = ['containers', 'volumes', 'strategy', 'template', 'spec', 'ports', 'name', 'clusterIP', 'clusterIPs'];
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('NodePort', '1000m', 0, '', 'ClientIP'));
    const part = fc.dictionary(fc.constantFrom(...names, 'type', 'limits', 'resources', 'stringData', 'port'), value);
    const nested = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        part,
        fc.dictionary(fc.constantFrom(...names), tie('node')),
        fc.array(tie('node'), { maxLength: 2 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.constantFrom(...RESOURCES), nested, fc.jsonValue(), (resource, spec, metadata) => {
        const object = deepFreeze(cloneJson({ spec, metadata, data: spec, stringData: metadata, ports: spec }));
        const once = defaultObject<unknown>(resource, object);
        expect(defaultObject(resource, once)).toEqual(once);
      }),
    );
  });
});
