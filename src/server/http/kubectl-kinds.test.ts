import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectl } from '../../../test/support/kubectl.ts';
import { type KubectlBed, startKubectlBed } from '../../../test/support/kubectl-bed.ts';
import { until } from '../../../test/support/until.ts';

const kubectlPath = findKubectl('1.32');
const title = `src/server/http kinds with kubectl 1.32${kubectlPath === undefined ? ' (skipped: there is no kubectl)' : ''}`;

interface Shown {
  readonly kind: string;
  readonly apiVersion: string;
  /** What a person types: the short name, where there is one. */
  readonly word: string;
  readonly body: object;
  readonly isClusterWide?: boolean;
  /** What the server adds to a Job may not go: as in Kubernetes, one that is sent anew without it is refused. */
  readonly isNeverReplaced?: boolean;
  /** The columns of `get -o wide`, and the cells below them; `AGE` stands for any age, `TIME` for any time. */
  readonly header: string;
  readonly cells: string;
  /** What `describe` has to tell. */
  readonly described: readonly string[];
  /** A field that `explain` knows, and its type. */
  readonly explained: readonly [string, string];
}

const NETWORKING = 'networking.k8s.io/v1';
const RBAC = 'rbac.authorization.k8s.io/v1';
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];
const subjects = [
  { kind: 'User', name: 'vera' },
  { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
];
const backend = { service: { name: 'web', port: { number: 80 } } };

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'sample:1' }] } };
const workload = { selector: { matchLabels: { app: 'web' } }, template };

const KINDS: readonly Shown[] = [
  {
    kind: 'ReplicationController',
    apiVersion: 'v1',
    word: 'rc',
    body: { spec: { replicas: 2, template } },
    header: 'NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR',
    cells: 'x 2 0 0 AGE main sample:1 app=web',
    described: ['Replicas: 0 current / 2 desired', 'Pod Template: Labels: app=web'],
    explained: ['spec.replicas', '<integer>'],
  },
  {
    kind: 'PodTemplate',
    apiVersion: 'v1',
    word: 'podtemplates',
    body: { template },
    header: 'NAME CONTAINERS IMAGES POD LABELS',
    cells: 'x main sample:1 app=web',
    described: ['Name: x'],
    explained: ['template', '<PodTemplateSpec>'],
  },
  {
    kind: 'StatefulSet',
    apiVersion: 'apps/v1',
    word: 'sts',
    body: { spec: { ...workload, replicas: 2, serviceName: 'web' } },
    header: 'NAME READY AGE CONTAINERS IMAGES',
    cells: 'x 0/2 AGE main sample:1',
    described: ['Update Strategy: RollingUpdate Partition: 0'],
    explained: ['spec.podManagementPolicy', '<string>'],
  },
  {
    kind: 'DaemonSet',
    apiVersion: 'apps/v1',
    word: 'ds',
    body: { spec: workload },
    header: 'NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE CONTAINERS IMAGES SELECTOR',
    cells: 'x 0 0 0 0 0 <none> AGE main sample:1 app=web',
    described: ['Desired Number of Nodes Scheduled: 0', 'Annotations: deprecated.daemonset.template.generation: 1'],
    explained: ['spec.updateStrategy', '<DaemonSetUpdateStrategy>'],
  },
  {
    kind: 'ControllerRevision',
    apiVersion: 'apps/v1',
    word: 'controllerrevisions',
    body: { data: { spec: {} }, revision: 3 },
    header: 'NAME CONTROLLER REVISION AGE',
    cells: 'x <none> 3 AGE',
    described: ['Revision: 3'],
    explained: ['revision', '<integer>'],
  },
  {
    kind: 'Job',
    apiVersion: 'batch/v1',
    word: 'job',
    isNeverReplaced: true,
    body: { spec: { suspend: true, template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
    header: 'NAME STATUS COMPLETIONS DURATION AGE CONTAINERS IMAGES SELECTOR',
    cells: 'x Running 0/1 AGE main sample:1 batch.kubernetes.io/controller-uid=UID',
    described: ['Parallelism: 1 Completions: 1 Completion Mode: NonIndexed Suspend: true Backoff Limit: 6'],
    explained: ['spec.podReplacementPolicy', '<string>'],
  },
  {
    kind: 'CronJob',
    apiVersion: 'batch/v1',
    word: 'cj',
    body: {
      spec: {
        schedule: '*/5 * * * *',
        jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } },
      },
    },
    header: 'NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE CONTAINERS IMAGES SELECTOR',
    cells: 'x */5 * * * * <none> False 0 <none> AGE main sample:1 <none>',
    described: ['Concurrency Policy: Allow', 'Successful Job History Limit: 3 Failed Job History Limit: 1'],
    explained: ['spec.jobTemplate.spec.parallelism', '<integer>'],
  },
  {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v2',
    word: 'hpa',
    body: { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 } },
    header: 'NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE',
    cells: 'x Deployment/web cpu: <unknown>/80% 1 3 0 AGE',
    described: ['Reference: Deployment/web', 'Min replicas: 1 Max replicas: 3'],
    explained: ['spec.behavior', '<HorizontalPodAutoscalerBehavior>'],
  },
  {
    kind: 'HorizontalPodAutoscaler',
    apiVersion: 'autoscaling/v1',
    word: 'horizontalpodautoscalers.v1.autoscaling',
    body: {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 60,
      },
    },
    header: 'NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE',
    cells: 'x Deployment/web cpu: <unknown>/60% 1 3 0 AGE',
    described: ['Reference: Deployment/web', '<unknown> / 60%'],
    explained: ['spec.targetCPUUtilizationPercentage', '<integer>'],
  },
  {
    kind: 'PodDisruptionBudget',
    apiVersion: 'policy/v1',
    word: 'pdb',
    body: { spec: { minAvailable: '50%', selector: { matchLabels: { app: 'web' } } } },
    header: 'NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE',
    cells: 'x 50% N/A 0 AGE',
    described: ['Min available: 50%', 'Allowed disruptions: 0'],
    explained: ['spec.minAvailable', '<IntOrString>'],
  },
  {
    kind: 'PriorityClass',
    apiVersion: 'scheduling.k8s.io/v1',
    word: 'pc',
    body: { value: 1000 },
    isClusterWide: true,
    header: 'NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY',
    cells: 'x 1000 false AGE PreemptLowerPriority',
    described: ['Value: 1000', 'PreemptionPolicy: PreemptLowerPriority'],
    explained: ['preemptionPolicy', '<string>'],
  },
  {
    kind: 'RuntimeClass',
    apiVersion: 'node.k8s.io/v1',
    word: 'runtimeclasses',
    body: { handler: 'runsc' },
    isClusterWide: true,
    header: 'NAME HANDLER AGE',
    cells: 'x runsc AGE',
    described: ['Handler: runsc'],
    explained: ['overhead.podFixed', '<map[string]Quantity>'],
  },
  {
    kind: 'ValidatingWebhookConfiguration',
    apiVersion: 'admissionregistration.k8s.io/v1',
    word: 'validatingwebhookconfigurations',
    body: {},
    isClusterWide: true,
    header: 'NAME WEBHOOKS AGE',
    cells: 'x 0 AGE',
    described: ['Kind: ValidatingWebhookConfiguration'],
    explained: ['webhooks.failurePolicy', '<string>'],
  },
  {
    kind: 'MutatingWebhookConfiguration',
    apiVersion: 'admissionregistration.k8s.io/v1',
    word: 'mutatingwebhookconfigurations',
    body: {},
    isClusterWide: true,
    header: 'NAME WEBHOOKS AGE',
    cells: 'x 0 AGE',
    described: ['Kind: MutatingWebhookConfiguration'],
    explained: ['webhooks.reinvocationPolicy', '<string>'],
  },
  {
    kind: 'CSINode',
    apiVersion: 'storage.k8s.io/v1',
    word: 'csinodes',
    body: { spec: { drivers: [{ name: 'disk.example.com', nodeID: 'n1' }] } },
    isClusterWide: true,
    header: 'NAME DRIVERS AGE',
    cells: 'x 1 AGE',
    described: ['Drivers: disk.example.com: Node ID: n1'],
    explained: ['spec.drivers.nodeID', '<string>'],
  },
  {
    kind: 'PersistentVolume',
    apiVersion: 'v1',
    word: 'pv',
    body: { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } } },
    isClusterWide: true,
    header:
      'NAME CAPACITY ACCESS MODES RECLAIM POLICY STATUS CLAIM STORAGECLASS VOLUMEATTRIBUTESCLASS REASON AGE VOLUMEMODE',
    cells: 'x 1Gi RWO Retain Pending <unset> AGE Filesystem',
    described: ['Type: HostPath (bare host directory volume) Path: /data'],
    explained: ['spec.hostPath.path', '<string>'],
  },
  {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    word: 'pvc',
    body: {
      spec: { storageClassName: 'fast', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    header: 'NAME STATUS VOLUME CAPACITY ACCESS MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE VOLUMEMODE',
    cells: 'x Pending fast <unset> AGE Filesystem',
    described: ['StorageClass: fast', 'Used By: <none>'],
    explained: ['spec.resources.requests', '<map[string]Quantity>'],
  },
  {
    kind: 'StorageClass',
    apiVersion: 'storage.k8s.io/v1',
    word: 'sc',
    body: { provisioner: 'example.com/disk', parameters: { type: 'ssd' } },
    isClusterWide: true,
    header: 'NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE',
    cells: 'x example.com/disk Delete Immediate false AGE',
    described: ['Parameters: type=ssd'],
    explained: ['allowedTopologies.matchLabelExpressions.values', '<[]string>'],
  },
  {
    kind: 'LimitRange',
    apiVersion: 'v1',
    word: 'limits',
    body: { spec: { limits: [{ type: 'Container', max: { cpu: '1' }, min: { cpu: '100m' } }] } },
    header: 'NAME CREATED AT',
    cells: 'x TIME',
    described: ['Container cpu 100m 1 1 1 -'],
    explained: ['spec.limits.maxLimitRequestRatio', '<map[string]Quantity>'],
  },
  {
    kind: 'ResourceQuota',
    apiVersion: 'v1',
    word: 'quota',
    body: { spec: { hard: { pods: '4' }, scopes: ['NotTerminating'] } },
    header: 'NAME REQUEST LIMIT AGE',
    cells: 'x pods: 0/4 AGE',
    described: ['Scopes: NotTerminating'],
    explained: ['spec.hard', '<map[string]Quantity>'],
  },
  {
    kind: 'Endpoints',
    apiVersion: 'v1',
    word: 'ep',
    body: { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
    header: 'NAME ENDPOINTS AGE',
    cells: 'x 10.0.0.1:80 AGE',
    described: ['Addresses: 10.0.0.1', '<unset> 80 TCP'],
    explained: ['subsets.addresses.nodeName', '<string>'],
  },
  {
    kind: 'Ingress',
    apiVersion: NETWORKING,
    word: 'ing',
    body: {
      spec: {
        ingressClassName: 'proxy',
        rules: [{ host: 'a.example', http: { paths: [{ path: '/a', pathType: 'Prefix', backend }] } }],
      },
    },
    header: 'NAME CLASS HOSTS ADDRESS PORTS AGE',
    cells: 'x proxy a.example 80 AGE',
    described: ['Ingress Class:    proxy', '/a   web:80'],
    explained: ['spec.rules.http.paths.pathType', '<string>'],
  },
  {
    kind: 'IngressClass',
    apiVersion: NETWORKING,
    word: 'ingressclass',
    body: { spec: { controller: 'example.com/proxy', parameters: { kind: 'Settings', name: 'a' } } },
    isClusterWide: true,
    header: 'NAME CONTROLLER PARAMETERS AGE',
    cells: 'x example.com/proxy Settings/a AGE',
    described: ['Controller:   example.com/proxy'],
    explained: ['spec.parameters.scope', '<string>'],
  },
  {
    kind: 'NetworkPolicy',
    apiVersion: NETWORKING,
    word: 'netpol',
    body: { spec: { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ ports: [{ port: 80 }] }] } },
    header: 'NAME POD-SELECTOR AGE',
    cells: 'x app=web AGE',
    described: ['PodSelector:     app=web', 'To Port: 80/TCP', 'Policy Types: Ingress'],
    explained: ['spec.ingress.ports.endPort', '<integer>'],
  },
  {
    kind: 'Role',
    apiVersion: RBAC,
    word: 'role',
    body: { rules },
    header: 'NAME CREATED AT',
    cells: 'x TIME',
    described: ['pods       []                 []              [get list]'],
    explained: ['rules.verbs', '<[]string>'],
  },
  {
    kind: 'RoleBinding',
    apiVersion: RBAC,
    word: 'rolebinding',
    body: { roleRef: { kind: 'Role', name: 'x' }, subjects },
    header: 'NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS',
    cells: 'x Role/x AGE vera ci/bot',
    described: ['ServiceAccount  bot   ci'],
    explained: ['roleRef.name', '<string>'],
  },
  {
    kind: 'ClusterRole',
    apiVersion: RBAC,
    word: 'clusterrole',
    body: { rules },
    isClusterWide: true,
    header: 'NAME CREATED AT',
    cells: 'x TIME',
    described: ['pods       []                 []              [get list]'],
    explained: ['aggregationRule', '<AggregationRule>'],
  },
  {
    kind: 'ClusterRoleBinding',
    apiVersion: RBAC,
    word: 'clusterrolebinding',
    body: { roleRef: { kind: 'ClusterRole', name: 'x' }, subjects },
    isClusterWide: true,
    header: 'NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS',
    cells: 'x ClusterRole/x AGE vera ci/bot',
    described: ['Kind:  ClusterRole'],
    explained: ['subjects.kind', '<string>'],
  },
];

const REPLACE = ['replace', '--dry-run=server', '-f', '-'];

describe.skipIf(kubectlPath === undefined)(title, () => {
  let bed: KubectlBed;
  const ok: KubectlBed['ok'] = (args, input) => bed.ok(args, input);
  const run: KubectlBed['kubectl'] = (args, input) => bed.kubectl(args, input);

  beforeAll(async () => {
    bed = await startKubectlBed(kubectlPath);
  });
  afterAll(() => bed.close());

  it.each(KINDS)('creates, shows, describes, explains and deletes a $kind', async (shown) => {
    const { kind, apiVersion, word, body, isClusterWide, isNeverReplaced, header, cells, described, explained } = shown;
    const metadata = { name: 'x', ...(isClusterWide ? {} : { namespace: 'default' }) };
    const object = JSON.stringify({ apiVersion, kind, metadata, ...body });
    expect(await ok('create -f -', object)).toMatch(/\/x created\n$/);
    if (isNeverReplaced) expect((await run(REPLACE, object)).stderr).toContain('spec.selector: Required value');
    else expect(await ok(REPLACE.join(' '), object)).toMatch(/\/x replaced \(server dry run\)\n$/);

    // What the server counts by itself, such as the use of a quota, comes a moment later.
    await until(
      'it shows what it should',
      async () => {
        const [head = '', row = ''] = (await ok(`get ${word} x -o wide`)).split('\n');
        expect(words(head)).toBe(header);
        expect(
          words(row)
            .replace(/\b\d+s\b/, 'AGE')
            .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'UID')
            .replace(/\d{4}-\S+Z/, 'TIME'),
        ).toBe(cells);
        return true;
      },
      10_000,
    );
    expect(await ok(`get ${word} -o name`)).toMatch(/^\S+\/x$/m);

    const text = await ok(`describe ${word} x`);
    for (const line of described) expect(words(text)).toContain(words(line));
    const [field, type] = explained;
    const explanation = await ok(`explain --api-version=${apiVersion} ${kind.toLowerCase()}.${field}`);
    expect(words(explanation)).toContain(`FIELD: ${field.split('.').at(-1)} ${type}`);
    // What protects a volume or a claim is taken off by a controller, and none runs here.
    if (word === 'pv' || word === 'pvc') {
      await ok(`patch ${word} x -p {"metadata":{"finalizers":null}}`);
    }
    expect(await ok(`delete ${word} x`)).toContain('"x" deleted');
  });

  it.each(KINDS.filter(({ word }) => word === 'rc' || word === 'sts'))('scales a $kind', async (shown) => {
    const { kind, apiVersion, word, body } = shown;
    const metadata = { name: 'scaled', namespace: 'default' };
    await ok('create -f -', JSON.stringify({ apiVersion, kind, metadata, ...body }));
    expect(await ok(`scale ${word}/scaled --current-replicas=2 --replicas=5`)).toContain('scaled\n');
    expect(words(await ok(`get ${word} scaled --subresource=scale --no-headers`))).toMatch(/^scaled 5 0 \d+s$/);
    expect(await ok(`get ${word} scaled -o jsonpath={.spec.replicas}`)).toBe('5');
  });

  it('takes what autoscale makes, whose version is the older one, and shows it in the newer', async () => {
    const metadata = { name: 'busy', namespace: 'default' };
    await ok('create -f -', JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: workload }));
    const autoscale = 'autoscale deploy busy --min=2 --max=5 --cpu-percent=70';
    const made = await ok(`${autoscale} --dry-run=client -o json`);
    expect(JSON.parse(made)).toMatchObject({ apiVersion: 'autoscaling/v1' });
    expect(await ok(autoscale)).toBe('horizontalpodautoscaler.autoscaling/busy autoscaled\n');
    expect(await ok('apply --server-side --force-conflicts -f -', made)).toMatch(/serverside-applied\n$/);
    expect(words(await ok('get hpa busy --no-headers'))).toMatch(/^busy Deployment\/busy cpu: <unknown>\/70% 2 5 0/);
    expect(await ok('get hpa busy -o jsonpath={.apiVersion}')).toBe('autoscaling/v2');
    const older = 'get horizontalpodautoscalers.v1.autoscaling busy -o jsonpath={.spec.targetCPUUtilizationPercentage}';
    expect(await ok(older)).toBe('70');
  });

  it('takes what kubectl creates by words alone', async () => {
    expect(await ok('create job once --image=sample:1')).toBe('job.batch/once created\n');
    expect(await ok('create cronjob nightly --image=sample:1 --schedule=@daily')).toBe(
      'cronjob.batch/nightly created\n',
    );
    expect(await ok('create job now --from=cronjob/nightly')).toBe('job.batch/now created\n');
    expect(await ok('create pdb few --selector=app=web --min-available=1')).toContain('/few created\n');
    expect(await ok('create priorityclass high --value=1000')).toContain('/high created\n');
    expect(words(await ok('get job once --no-headers'))).toMatch(/^once Running 0\/1/);
  });

  it('says what may not change in the words of Kubernetes', async () => {
    const metadata = { name: 'fixed', namespace: 'default' };
    const spec = { ...workload, serviceName: 'web' };
    await ok('create -f -', JSON.stringify({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata, spec }));
    const { stderr } = await run(['patch', 'sts', 'fixed', '--type=merge', '-p', '{"spec":{"serviceName":"other"}}']);
    expect(stderr).toContain(
      'The StatefulSet "fixed" is invalid: spec: Forbidden: updates to statefulset spec for fields other than',
    );
  });
});

const words = (text: string) => text.replaceAll(/\s+/g, ' ').trim();
