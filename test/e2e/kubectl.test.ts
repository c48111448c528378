import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKubectl, findKubectl } from '../support/kubectl.ts';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const binary = findKubectl('1.32');
let product: Product;
let scratch: string;

beforeAll(async () => {
  if (binary === undefined) return;
  scratch = await mkdtemp(path.join(tmpdir(), 'plumb-kubectl-'));
  product = await startProduct();
  await product.untilTrue('web');
  await product.untilTrue('clock');
});
afterAll(async () => {
  await product?.close();
  if (scratch !== undefined) await rm(scratch, { recursive: true, force: true });
});

const NAMESPACE = ['-n', 'hand'];
const hello = (image = 'plumbline.local/sample:1', replicas = 2) => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: hello, labels: {app: hello}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: hello}}
  template:
    metadata: {labels: {app: hello}}
    spec:
      containers:
        - name: hello
          image: ${image}
          args: [/app/clock.mjs]
          readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {greeting: hello}
`;

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };

const container = (name: string, code: string) => ({
  name,
  image: 'plumbline.local/sample:1',
  command: ['node', '-e', code],
});
/** A pod whose one container runs a line of JavaScript. */
const podOf = (name: string, code: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 1, containers: [container('main', code)], ...more },
});
const pods = [
  podOf('crash', "console.log('run'); process.exit(3)"),
  podOf('once', "console.log('run')", { restartPolicy: 'Never' }),
  podOf('slow', '', { initContainers: [container('first', 'setTimeout(() => {}, 60000)')] }),
]
  .map((pod) => JSON.stringify(pod))
  .join('\n');

/** One command, what it must print, in order: later rows build on earlier ones. */
interface Row {
  readonly args: readonly string[];
  readonly prints?: RegExp;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly code?: number;
  /** Printed on stderr. */
  readonly warns?: RegExp;
}

const rows: readonly Row[] = [
  { args: ['version'], prints: /Server Version: v1\.32\./ },
  { args: ['api-resources'], prints: /deployments +deploy +apps\/v1 +true +Deployment[\s\S]*applications/ },
  { args: ['api-versions'], prints: /apps\/v1/ },
  { args: ['get', 'nodes'], prints: /NAME +STATUS +ROLES +AGE +VERSION\n\S+ +Ready/ },
  { args: ['get', 'nodes', '-o', 'wide'], prints: /INTERNAL-IP[\s\S]*docker:\/\// },
  {
    args: ['get', 'pods', '-n', 'demo'],
    prints: /NAME +READY +STATUS +RESTARTS +AGE\n(\S+ +1\/1 +Running +0 +\S+\n){4}/,
  },
  { args: ['get', 'pods', '-n', 'demo', '-o', 'wide'], prints: /10\.244\.\d+\.\d+/ },
  {
    args: ['get', 'pods', '-A', '-l', 'app=clock', '--no-headers'],
    prints: /^demo +clock-\S+ +1\/1 +Running[^\n]*\n$/,
  },
  {
    args: ['get', 'pods', '-n', 'demo', '-l', 'app in (web),app!=clock', '-o', 'name'],
    prints: /^(pod\/web-\S+\n){3}$/,
  },
  {
    args: ['get', 'pods', '-n', 'demo', '--field-selector', 'status.phase=Running', '-o', 'name'],
    prints: /^(pod\/\S+\n){4}$/,
  },
  { args: ['get', 'pods', '-n', 'demo', '--chunk-size=1', '-o', 'name'], prints: /^(pod\/\S+\n){4}$/ },
  { args: ['get', 'deploy', 'web', '-n', 'demo', '-o', 'jsonpath={.status.readyReplicas}'], prints: /^3$/ },
  { args: ['get', 'deploy', 'web', '-n', 'demo', '-o', 'yaml'], prints: /kind: Deployment[\s\S]*readyReplicas: 3/ },
  {
    args: ['get', 'svc,endpointslices,cm,secret,sa,rs', '-n', 'demo'],
    prints: /service\/web +NodePort +10\.96\.\d+\.\d+ +<none> +80:30080\/TCP/,
  },
  { args: ['get', 'applications', '-n', 'argocd'], prints: /web +Synced +Healthy/ },
  { args: ['get', 'syncruns', '-n', 'argocd'], prints: /Succeeded/ },
  { args: ['get', 'leases', '-A'], prints: /kube-node-lease/ },
  {
    args: ['describe', 'pod', '-n', 'demo', '-l', 'app=clock'],
    prints: /Status: +Running[\s\S]*Events:[\s\S]*Started/,
  },
  { args: ['describe', 'deploy', 'web', '-n', 'demo'], prints: /3 desired \| 3 updated \| 3 total \| 3 available/ },
  { args: ['describe', 'node'], prints: /Non-terminated Pods: +\(4 in total\)/ },
  { args: ['describe', 'svc', 'web', '-n', 'demo'], prints: /NodePort: +http +30080\/TCP/ },
  { args: ['top', 'nodes'], prints: /NAME +CPU\(cores\)[^\n]*\n\S+ +\d+m +\d+% +\d+Mi +\d+%/ },
  {
    args: ['top', 'pods', '-n', 'demo', '--containers', '-l', 'app=web'],
    prints: /POD +NAME +CPU\(cores\) +MEMORY\(bytes\) *\n(web-\S+ +web +\d+m +\d+Mi *\n){3}/,
  },
  { args: ['get', '--raw', '/api/v1/namespaces/demo/services/http:web:80/proxy/healthz'], prints: /\S/ },
  {
    args: ['create', '-f', '-'],
    input: '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"hand"}}',
    prints: /namespace\/hand created/,
  },
  {
    args: ['apply', ...NAMESPACE, '-f', '-'],
    input: hello(),
    prints: /deployment\.apps\/hello created\nconfigmap\/words created/,
  },
  { args: ['rollout', 'status', 'deploy/hello', ...NAMESPACE, '--timeout=60s'], prints: /successfully rolled out/ },
  {
    args: ['wait', ...NAMESPACE, '--for=condition=Available', 'deploy/hello', '--timeout=30s'],
    prints: /condition met/,
  },
  {
    args: ['apply', ...NAMESPACE, '-f', '-'],
    input: hello(),
    prints: /deployment\.apps\/hello unchanged\nconfigmap\/words unchanged/,
  },
  { args: ['diff', ...NAMESPACE, '-f', '-'], input: hello(undefined, 3), prints: /\+ {2}replicas: 3/, code: 1 },
  { args: ['apply', ...NAMESPACE, '-f', '-'], input: hello(undefined, 1), prints: /hello configured/ },
  {
    args: ['apply', '--server-side', ...NAMESPACE, '-f', '-'],
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: "1"}\n',
    prints: /applied serverside-applied/,
  },
  {
    args: ['apply', '--server-side', '--field-manager=other', ...NAMESPACE, '-f', '-'],
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: "2"}\n',
    code: 1,
    warns: /conflict with "kubectl"/,
  },
  {
    args: ['apply', '--server-side', '--force-conflicts', '--field-manager=other', ...NAMESPACE, '-f', '-'],
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: "2"}\n',
    prints: /serverside-applied/,
  },
  {
    args: ['edit', 'cm', 'words', ...NAMESPACE],
    env: { KUBE_EDITOR: 'sed -i s/hello/edited/' },
    prints: /configmap\/words edited/,
  },
  { args: ['get', 'cm', 'words', ...NAMESPACE, '-o', 'jsonpath={.data.greeting}'], prints: /^edited$/ },
  { args: ['patch', 'cm', 'words', ...NAMESPACE, '-p', '{"data":{"more":"merge"}}'], prints: /patched/ },
  {
    args: ['patch', 'cm', 'words', ...NAMESPACE, '--type=json', '-p', '[{"op":"remove","path":"/data/more"}]'],
    prints: /patched/,
  },
  {
    args: [
      'patch',
      'deploy',
      'hello',
      ...NAMESPACE,
      '-p',
      '{"spec":{"template":{"spec":{"containers":[{"name":"hello","env":[{"name":"A","value":"1"}]}]}}}}',
    ],
    prints: /patched/,
  },
  { args: ['label', 'cm', 'words', 'team=red', ...NAMESPACE], prints: /labeled/ },
  { args: ['annotate', 'cm', 'words', 'note=here', ...NAMESPACE], prints: /annotated/ },
  { args: ['get', 'cm', ...NAMESPACE, '-l', 'team=red', '-o', 'name'], prints: /^configmap\/words\n$/ },
  { args: ['scale', 'deploy/hello', '--replicas=2', ...NAMESPACE], prints: /scaled/ },
  { args: ['scale', 'deploy/hello', '--current-replicas=2', '--replicas=3', ...NAMESPACE], prints: /scaled/ },
  { args: ['rollout', 'status', 'deploy/hello', ...NAMESPACE, '--timeout=60s'], prints: /successfully rolled out/ },
  { args: ['set', 'env', 'deploy/hello', 'B=2', ...NAMESPACE], prints: /env updated/ },
  { args: ['rollout', 'status', 'deploy/hello', ...NAMESPACE, '--timeout=60s'], prints: /successfully rolled out/ },
  { args: ['rollout', 'history', 'deploy/hello', ...NAMESPACE], prints: /REVISION/ },
  { args: ['rollout', 'undo', 'deploy/hello', ...NAMESPACE], prints: /rolled back/ },
  { args: ['rollout', 'restart', 'deploy/hello', ...NAMESPACE], prints: /restarted/ },
  { args: ['rollout', 'status', 'deploy/hello', ...NAMESPACE, '--timeout=60s'], prints: /successfully rolled out/ },
  { args: ['logs', 'deploy/hello', ...NAMESPACE, '--tail=5'], prints: /listening on 8080/ },
  { args: ['logs', '-n', 'demo', '-l', 'app=web', '--prefix'], prints: /\[pod\/web-\S+\/web\] listening on 8080/ },
  { args: ['events', ...NAMESPACE], prints: /Started/ },
  { args: ['get', 'events', ...NAMESPACE, '--sort-by=.lastTimestamp'], prints: /ScalingReplicaSet/ },
  { args: ['explain', 'deployment.spec.replicas'], prints: /FIELD: replicas <integer>/ },
  { args: ['explain', 'pod.spec.containers'], prints: /image\s+<string>/ },
  { args: ['explain', 'application.spec'], prints: /source/ },
  {
    args: ['create', '--dry-run=server', ...NAMESPACE, '-f', '-'],
    input: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry"}}',
    prints: /dry created \(server dry run\)/,
  },
  { args: ['get', 'cm', 'dry', ...NAMESPACE], code: 1, warns: /configmaps "dry" not found/ },
  {
    args: ['create', ...NAMESPACE, '-f', '-'],
    input: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"dat":{"a":"b"}}',
    code: 1,
    warns: /unknown field "dat"/,
  },
  {
    args: ['apply', ...NAMESPACE, '-f', '-'],
    input: 'apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: []}\n',
    code: 1,
    warns: /is invalid|Invalid value/,
  },
  {
    args: ['replace', ...NAMESPACE, '-f', '-'],
    input: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"words"},"data":{"greeting":"replaced"}}',
    prints: /replaced/,
  },
  {
    args: ['apply', ...NAMESPACE, '-f', '-'],
    input: 'apiVersion: apps/v1\nkind: Gizmo\nmetadata: {name: x}\n',
    code: 1,
    warns: /no matches for kind "Gizmo" in version "apps\/v1"/,
  },
  {
    args: ['apply', ...NAMESPACE, '-f', '-'],
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x\n',
    code: 1,
    warns: /error parsing STDIN/,
  },
  {
    args: ['apply', ...NAMESPACE, '-f', '-'],
    input: JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ ...CONFIG_MAP, metadata: { name: 'listed' } }],
    }),
    prints: /^configmap\/listed created\n$/,
  },
  {
    args: ['create', ...NAMESPACE, '-f', '-'],
    input: JSON.stringify({ ...CONFIG_MAP, metadata: { name: 'large' }, data: { a: 'x'.repeat(1_200_000) } }),
    code: 1,
    warns: /The ConfigMap "large" is invalid: data: Too long: may not be more than 1048576 bytes/,
  },
  {
    args: ['create', ...NAMESPACE, '-f', '-'],
    input: JSON.stringify({ ...CONFIG_MAP, metadata: { name: 'huge' }, data: { a: 'x'.repeat(3_500_000) } }),
    code: 1,
    warns: /RequestEntityTooLarge/,
  },
  {
    args: ['patch', 'cm', 'words', ...NAMESPACE, '--type=merge', '-p', '{"metadata":{"name":"other"}}'],
    code: 1,
    warns: /the name of the object \(other\) does not match the name on the URL \(words\)/,
  },
  { args: ['patch', 'cm', 'words', ...NAMESPACE, '-p', '{bad'], code: 1, warns: /BadRequest/ },
  {
    args: ['get', 'deploy', 'hello', ...NAMESPACE, '--subresource=scale'],
    prints: /DESIRED +AVAILABLE[^\n]*\nhello +3 /,
  },
  { args: ['rollout', 'undo', 'deploy/hello', ...NAMESPACE, '--to-revision=99'], code: 1, warns: /revision 99/ },
  {
    args: ['create', ...NAMESPACE, '-f', '-'],
    input: pods,
    prints: /crash created\npod\/once created\npod\/slow created/,
  },
  {
    args: ['wait', ...NAMESPACE, '--for=jsonpath={.status.initContainerStatuses[0].state.running}', 'pod/slow'],
    prints: /condition met/,
  },
  { args: ['get', 'pod', 'slow', ...NAMESPACE], prints: /Init:0\/1/ },
  {
    args: [
      'debug',
      'slow',
      ...NAMESPACE,
      '--image=plumbline.local/sample:1',
      '-c',
      'look',
      '--',
      'node',
      '-p',
      '"looked"',
    ],
  },
  {
    args: [
      'wait',
      ...NAMESPACE,
      '--for=jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}=0',
      'pod/slow',
    ],
    prints: /condition met/,
  },
  { args: ['logs', 'slow', '-c', 'look', ...NAMESPACE], prints: /^looked\n$/ },
  { args: ['logs', 'slow', '-c', 'main', ...NAMESPACE], code: 1, warns: /is waiting to start: PodInitializing/ },
  {
    args: ['wait', ...NAMESPACE, '--for=jsonpath={.status.containerStatuses[0].restartCount}=1', 'pod/crash'],
    prints: /condition met/,
  },
  { args: ['logs', 'crash', '--previous', ...NAMESPACE], prints: /^run\n$/ },
  { args: ['wait', ...NAMESPACE, '--for=jsonpath={.status.phase}=Succeeded', 'pod/once'], prints: /condition met/ },
  { args: ['logs', 'once', '-f', ...NAMESPACE], prints: /^run\n$/ },
  {
    args: ['logs', 'once', '--previous', ...NAMESPACE],
    code: 1,
    warns: /previous terminated container "main" in pod "once" not found/,
  },
  {
    args: ['create', ...NAMESPACE, '-f', '-'],
    input: JSON.stringify({ ...CONFIG_MAP, metadata: { name: 'kept', finalizers: ['example.com/keep'] } }),
    prints: /created/,
  },
  { args: ['delete', 'cm', 'kept', ...NAMESPACE, '--timeout=1s'], code: 1, warns: /timed out waiting/ },
  { args: ['get', 'cm', 'kept', ...NAMESPACE, '-o', 'jsonpath={.metadata.deletionTimestamp}'], prints: /^\d{4}-/ },
  { args: ['delete', 'ns', 'default'], code: 1, warns: /may not be deleted/ },
  { args: ['get', 'pod', 'nowhere', ...NAMESPACE], code: 1, warns: /pods "nowhere" not found/ },
  { args: ['cordon', '--selector=kubernetes.io/os=linux'], prints: /cordoned/ },
  { args: ['uncordon', '--selector=kubernetes.io/os=linux'], prints: /uncordoned/ },
  { args: ['delete', 'deploy', 'hello', ...NAMESPACE], prints: /deployment\.apps "hello" deleted/ },
  { args: ['wait', ...NAMESPACE, '--for=delete', 'pod', '-l', 'app=hello', '--timeout=60s'] },
  { args: ['delete', 'ns', 'hand', '--timeout=3s'], code: 1, warns: /timed out waiting/ },
  {
    args: ['create', ...NAMESPACE, '-f', '-'],
    input: JSON.stringify({ ...CONFIG_MAP, metadata: { name: 'late' } }),
    code: 1,
    warns: /because it is being terminated/,
  },
  {
    args: ['wait', '--for=condition=NamespaceFinalizersRemaining', 'ns/hand', '--timeout=30s'],
    prints: /condition met/,
  },
  { args: ['describe', 'ns', 'hand'], prints: /SomeFinalizersRemain +.*example\.com\/keep in 1 resource instances/ },
  {
    args: ['patch', 'cm', 'kept', ...NAMESPACE, '--type=json', '-p', '[{"op":"remove","path":"/metadata/finalizers"}]'],
    prints: /patched/,
  },
  { args: ['wait', '--for=delete', 'ns/hand', '--timeout=60s'] },
  { args: ['get', 'ns', 'hand'], code: 1, warns: /not found/ },
];

describe.skipIf(binary === undefined)('kubectl 1.32, unmodified', () => {
  it.each(rows.map((row, index) => ({ ...row, title: `${index + 1}. kubectl ${row.args.join(' ')}` })))(
    '$title',
    async ({ args, prints, input, env, code = 0, warns }) => {
      const kubectl = createKubectl(binary ?? '', product.kubeconfig, path.join(scratch, 'cache'));
      const result = await kubectl(args, {
        ...(input === undefined ? {} : { input }),
        ...(env === undefined ? {} : { env }),
        timeoutMs: 90_000,
      });
      expect(result, result.stderr).toMatchObject({ code });
      if (prints !== undefined) expect(result.stdout).toMatch(prints);
      if (warns !== undefined) expect(result.stderr).toMatch(warns);
    },
  );

  it('get -w shows changes as they happen', async () => {
    const child = spawn(binary ?? '', ['get', 'cm', '-n', 'default', '-w', '--no-headers'], {
      env: { ...process.env, KUBECONFIG: product.kubeconfig, HOME: scratch },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    try {
      const kubectl = createKubectl(binary ?? '', product.kubeconfig, path.join(scratch, 'cache'));
      const file = path.join(scratch, 'watched.yaml');
      await writeFile(
        file,
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: watched, namespace: default}\ndata: {a: "1"}\n',
      );
      // Written again and again until the watch, which may not have begun yet, shows it.
      await until('the watch shows the new object', async () => {
        await kubectl(['apply', '-f', file]);
        return /watched +1 /.test(output);
      });
      await kubectl(['patch', 'cm', 'watched', '-n', 'default', '-p', '{"data":{"b":"2"}}']);
      await until('the watch shows the change', () => /watched +2 /.test(output));
    } finally {
      child.kill();
    }
  });

  it('logs -f follows until the pod ends', async () => {
    const child = spawn(binary ?? '', ['logs', '-n', 'demo', '-f', 'deploy/clock'], {
      env: { ...process.env, KUBECONFIG: product.kubeconfig, HOME: scratch },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    await until('the log so far', () => output.includes('listening on 8080'));
    expect((await product.kubectl('delete', 'pod', '-n', 'demo', '-l', 'app=clock', '--wait=false')).code).toBe(0);
    expect(await ended).toBe(0);
    expect(output).toContain('leaving');
  });
});
