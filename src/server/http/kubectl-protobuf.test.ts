import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NODES, POD_DISRUPTION_BUDGETS, PODS } from '#api';
import { findKubectl } from '../../../test/support/kubectl.ts';
import { type KubectlBed, startKubectlBed } from '../../../test/support/kubectl-bed.ts';

const kubectlPath = findKubectl('1.32');
const title = `src/server/http protobuf with kubectl 1.32${kubectlPath === undefined ? ' (skipped: there is no kubectl)' : ''}`;

interface Created {
  /** What follows `kubectl create`. */
  readonly args: string;
  /** What kubectl says is created. */
  readonly says: string;
  /** Fields of the object as it is read back. */
  readonly fields: object;
}

const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }];

/** Every one of these is sent as protobuf: kubectl builds the object itself. */
const CREATED: readonly Created[] = [
  { args: 'namespace made', says: 'namespace/made', fields: { metadata: { name: 'made' } } },
  {
    // Zero replicas must not become the default of one, and an empty strategy must not stay empty.
    args: 'deployment none --image=sample:1 --replicas=0 --port=80',
    says: 'deployment.apps/none',
    fields: {
      metadata: { labels: { app: 'none' } },
      spec: {
        replicas: 0,
        strategy: { type: 'RollingUpdate' },
        template: { spec: { containers: [{ name: 'sample', image: 'sample:1', ports: [{ containerPort: 80 }] }] } },
      },
    },
  },
  {
    args: 'deployment some --image=sample:1',
    says: 'deployment.apps/some',
    fields: { spec: { replicas: 1, template: { spec: { restartPolicy: 'Always' } } } },
  },
  {
    args: 'configmap words --from-literal=a=b --from-literal=empty= --from-file=blob=BLOB',
    says: 'configmap/words',
    fields: { data: { a: 'b', empty: '' }, binaryData: { blob: '/wCA/g==' } },
  },
  {
    args: 'secret generic keys --from-literal=user=vera --type=example.com/own',
    says: 'secret/keys',
    fields: { data: { user: 'dmVyYQ==' }, type: 'example.com/own' },
  },
  { args: 'serviceaccount robot', says: 'serviceaccount/robot', fields: { metadata: { name: 'robot' } } },
  {
    args: 'service clusterip inner --tcp=80:8080',
    says: 'service/inner',
    fields: { spec: { ports: [{ name: '80-8080', port: 80, targetPort: 8080, protocol: 'TCP' }] } },
  },
  {
    args: 'service nodeport outer --tcp=80:web --node-port=30080',
    says: 'service/outer',
    fields: { spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 'web', nodePort: 30080 }] } },
  },
  {
    args: 'service clusterip headless --clusterip=None',
    says: 'service/headless',
    fields: { spec: { clusterIP: 'None' } },
  },
  {
    args: 'ingress front --class=proxy --rule=a.example/x*=inner:80',
    says: 'ingress.networking.k8s.io/front',
    fields: {
      spec: {
        ingressClassName: 'proxy',
        rules: [
          {
            host: 'a.example',
            http: { paths: [{ path: '/x', backend: { service: { name: 'inner', port: { number: 80 } } } }] },
          },
        ],
      },
    },
  },
  {
    args: 'role reader --verb=get,list --resource=pods',
    says: 'role.rbac.authorization.k8s.io/reader',
    fields: { rules },
  },
  {
    args: 'rolebinding reads --role=reader --serviceaccount=default:robot',
    says: 'rolebinding.rbac.authorization.k8s.io/reads',
    fields: {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
      subjects: [{ kind: 'ServiceAccount', name: 'robot', namespace: 'default' }],
    },
  },
  {
    args: 'clusterrole any --verb=get --non-resource-url=/logs',
    says: 'clusterrole.rbac.authorization.k8s.io/any',
    fields: { rules: [{ verbs: ['get'], nonResourceURLs: ['/logs'] }] },
  },
  {
    args: 'clusterrolebinding all-read --clusterrole=any --group=readers',
    says: 'clusterrolebinding.rbac.authorization.k8s.io/all-read',
    fields: { subjects: [{ kind: 'Group', name: 'readers', apiGroup: 'rbac.authorization.k8s.io' }] },
  },
  {
    args: 'quota few --hard=pods=3,cpu=1500m',
    says: 'resourcequota/few',
    fields: { spec: { hard: { pods: '3', cpu: '1500m' } } },
  },
  {
    args: 'job once --image=sample:1 -- node -e 1',
    says: 'job.batch/once',
    fields: {
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ command: ['node', '-e', '1'] }] } } },
    },
  },
  {
    args: 'cronjob nightly --image=sample:1 --schedule=@daily',
    says: 'cronjob.batch/nightly',
    fields: {
      spec: { schedule: '@daily', jobTemplate: { spec: { template: { spec: { restartPolicy: 'OnFailure' } } } } },
    },
  },
  {
    args: 'poddisruptionbudget half --selector=app=some --max-unavailable=50%',
    says: 'poddisruptionbudget.policy/half',
    fields: { spec: { maxUnavailable: '50%', selector: { matchLabels: { app: 'some' } } } },
  },
  {
    args: 'priorityclass first --value=1000 --preemption-policy=Never',
    says: 'priorityclass.scheduling.k8s.io/first',
    fields: { value: 1000, preemptionPolicy: 'Never' },
  },
];

/** The quota that is made here counts the CPU of pods. */
const modest = { name: 'a', image: 'sample:1', resources: { requests: { cpu: '100m' } } };

describe.skipIf(kubectlPath === undefined)(title, () => {
  let bed: KubectlBed;
  let blob: string;
  const kubectl = (args: string) => bed.kubectl(args.replace('BLOB', blob));

  beforeAll(async () => {
    bed = await startKubectlBed(kubectlPath);
    blob = path.join(bed.server.directory, 'blob');
    await writeFile(blob, Buffer.from([0xff, 0x00, 0x80, 0xfe]));
  });
  afterAll(() => bed.close());

  it.each(CREATED)('creates $args', async ({ args, says, fields }) => {
    const { stdout, stderr, code } = await kubectl(`-v=7 create ${args}`);
    expect(stdout, stderr).toBe(`${says} created\n`);
    expect(code).toBe(0);
    expect(stderr).toMatch(/Content-Type: application\/vnd\.kubernetes\.protobuf/);
    const read = await kubectl(`get ${says} -o json`);
    expect(JSON.parse(read.stdout)).toMatchObject(fields);
  });

  it('tells a mistake by its field, as it does in JSON', async () => {
    const { stderr } = await kubectl('create deployment bad_name --image=sample:1');
    expect(stderr).toMatch(/Deployment\.apps "bad_name" is invalid: metadata\.name: Invalid value/);
  });

  it('takes the options of a deletion', async () => {
    const client = await bed.server.client({ name: 'admin', groups: ['system:masters'] });
    await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'old' } });
    const spec = { nodeName: 'old', containers: [modest] };
    await client.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'last', namespace: 'default' },
      spec,
    });
    const drain = await kubectl('drain old --disable-eviction --force --grace-period=0 --timeout=15s -v=8');
    expect(drain.stdout, drain.stderr).toContain('node/old drained\n');
    expect(drain.stderr).toMatch(
      /DELETE https:\/\/\S+\/pods\/last[\s\S]*Content-Type: application\/vnd\.kubernetes\.protobuf/,
    );
    expect((await kubectl('get pod last')).stderr).toContain('pods "last" not found');
  });

  it('drains a node only as far as a disruption budget lets it', async () => {
    const client = await bed.server.client({ name: 'admin', groups: ['system:masters'] });
    const at = { namespace: 'default', name: 'guarded' };
    const metadata = { ...at, labels: { app: 'guarded' } };
    await client.create(NODES, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'full' } });
    // Never on a node that would have to let it go: it ends at once.
    const spec = { nodeName: 'full', terminationGracePeriodSeconds: 0, containers: [modest] };
    await client.create(PODS, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    await client.patch(PODS, at, { type: 'merge', body: { status } }, { subresource: 'status' });
    const selector = { matchLabels: { app: 'guarded' } };
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: at, spec: { selector } };
    await client.create(POD_DISRUPTION_BUDGETS, budget);
    const allow = (disruptionsAllowed: number) =>
      client.patch(
        POD_DISRUPTION_BUDGETS,
        at,
        { type: 'merge', body: { status: { observedGeneration: 1, disruptionsAllowed } } },
        { subresource: 'status' },
      );
    await allow(0);
    const eviction = path.join(bed.server.directory, 'eviction.json');
    await writeFile(eviction, JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: at }));
    const refused = await kubectl(`create --raw /api/v1/namespaces/default/pods/guarded/eviction -f ${eviction}`);
    expect(refused.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(refused.code).not.toBe(0);
    await allow(1);
    const drained = await kubectl('drain full --force --timeout=20s');
    expect(drained.stdout, drained.stderr).toContain('evicting pod default/guarded');
    expect(drained.stdout).toContain('node/full drained\n');
    const charged = await client.get(POD_DISRUPTION_BUDGETS, at);
    expect(charged?.status).toMatchObject({ disruptionsAllowed: 0, disruptedPods: { guarded: expect.any(String) } });
  });
});
