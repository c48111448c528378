import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubectl } from '../../../test/support/kubectl.ts';
import { type KubectlBed, startKubectlBed } from '../../../test/support/kubectl-bed.ts';

/** One command line, in the order in which they are run; `FILE` is the folder of the manifests below. */
interface Line {
  readonly run: string;
  readonly input?: string;
  /** What it prints, on stdout or, when it fails, on stderr. */
  readonly says: RegExp;
  readonly code?: number;
}

const MANIFESTS = {
  'web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web, tier: front}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: "web:1", ports: [{containerPort: 80}]}
`,
  'settings.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, labels: {tier: front}}\ndata: {a: "1"}\n',
  'list.yaml': `apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {k: v}}
  - {apiVersion: v1, kind: Secret, metadata: {name: two}, stringData: {k: v}}
`,
  'pod.yaml': `apiVersion: v1
kind: Pod
metadata: {name: alone, labels: {app: alone}}
spec: {containers: [{name: c, image: "c:1"}]}
`,
  'wrong.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wrong}\ndatas: {a: "1"}\n',
} as const;

const LINES: readonly Line[] = [
  // Finding out.
  { run: 'version -o json', says: /"gitVersion": "v1\.32/ },
  { run: 'api-versions', says: /^apps\/v1$/m },
  { run: 'api-resources --namespaced=true --verbs=list -o name', says: /^deployments\.apps$/m },
  {
    run: 'api-resources --api-group=argoproj.io --no-headers',
    says: /^applications +app,apps +argoproj\.io\/v1alpha1 +true +Application$/m,
  },
  { run: 'cluster-info', says: /is running at/ },
  { run: 'explain deployments.spec.strategy.rollingUpdate', says: /maxSurge/ },
  { run: 'explain pods --recursive', says: /containerPort/ },
  { run: 'explain nothing', says: /the server doesn't have a resource type "nothing"/, code: 1 },
  { run: 'get --raw /readyz', says: /^ok$/ },
  { run: 'config view --minify -o jsonpath={.contexts[0].context.user}', says: /^admin$/ },
  { run: 'auth can-i create deployments', says: /^yes/ },
  { run: 'auth can-i --list', says: /\*\.\*/ },
  { run: 'auth whoami', says: /Username +admin/ },
  { run: 'auth can-i delete nodes --as bea', says: /^no$/m, code: 1 },
  // Making.
  { run: 'create namespace made', says: /^namespace\/made created$/m },
  { run: 'create configmap lit --from-literal=a=1 --from-literal=b=2', says: /^configmap\/lit created$/m },
  { run: 'create configmap files --from-file=FILE/web.yaml', says: /^configmap\/files created$/m },
  { run: 'create secret generic sec --from-literal=p=q', says: /^secret\/sec created$/m },
  { run: 'create secret tls tls --cert=FILE/tls.crt --key=FILE/tls.key', says: /./, code: 1 },
  {
    run: 'create secret docker-registry reg --docker-server=r --docker-username=u --docker-password=p',
    says: /^secret\/reg created$/m,
  },
  { run: 'create serviceaccount robot', says: /^serviceaccount\/robot created$/m },
  {
    run: 'create role reader --verb=get,list --resource=pods',
    says: /^role\.rbac\.authorization\.k8s\.io\/reader created$/m,
  },
  {
    run: 'create rolebinding readers --role=reader --serviceaccount=default:robot',
    says: /^rolebinding\.rbac\.authorization\.k8s\.io\/readers created$/m,
  },
  { run: 'create clusterrole lister --verb=list --resource=nodes', says: /created$/m },
  { run: 'create clusterrolebinding listers --clusterrole=lister --user=bea', says: /created$/m },
  { run: 'auth can-i list nodes --as bea', says: /^yes$/m },
  { run: 'create quota small --hard=pods=10', says: /^resourcequota\/small created$/m },
  { run: 'create job once --image=job:1', says: /^job\.batch\/once created$/m },
  { run: 'create cronjob hourly --image=job:1 --schedule=0_*_*_*_*', says: /^cronjob\.batch\/hourly created$/m },
  { run: 'create ingress front --rule=a.example/*=web:80', says: /^ingress\.networking\.k8s\.io\/front created$/m },
  {
    run: 'create poddisruptionbudget pdb --selector=app=web --min-available=1',
    says: /^poddisruptionbudget\.policy\/pdb created$/m,
  },
  { run: 'create priorityclass high --value=1000', says: /^priorityclass\.scheduling\.k8s\.io\/high created$/m },
  { run: 'create service clusterip svc --tcp=80:8080', says: /^service\/svc created$/m },
  { run: 'create service nodeport np --tcp=80', says: /^service\/np created$/m },
  { run: 'create deployment dep --image=dep:1 --replicas=3', says: /^deployment\.apps\/dep created$/m },
  { run: 'create deployment dry --image=dep:1 --dry-run=server -o name', says: /^deployment\.apps\/dry$/m },
  { run: 'get deployment dry', says: /deployments\.apps "dry" not found/, code: 1 },
  { run: 'run bare --image=bare:1 --labels=app=bare', says: /^pod\/bare created$/m },
  { run: 'create -f FILE/pod.yaml', says: /^pod\/alone created$/m },
  { run: 'create -f FILE/pod.yaml', says: /pods "alone" already exists/, code: 1 },
  { run: 'create -f FILE/wrong.yaml', says: /unknown field "datas"/, code: 1 },
  { run: 'create -f FILE/wrong.yaml --validate=warn', says: /unknown field "datas"[\s\S]*created/ },
  // Applying.
  { run: 'diff -f FILE/web.yaml', says: /^\+ {2}name: web$/m, code: 1 },
  { run: 'apply -f FILE/web.yaml', says: /^deployment\.apps\/web created$/m },
  { run: 'apply -f FILE/web.yaml', says: /^deployment\.apps\/web unchanged$/m },
  { run: 'diff -f FILE/web.yaml', says: /^$/ },
  {
    run: 'diff -f - --server-side --field-manager=ci',
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: lit}\ndata: {c: "3"}\n',
    says: /^\+ {2}c: "3"$/m,
    code: 1,
  },
  { run: 'apply -f FILE/settings.yaml --server-side', says: /^configmap\/settings serverside-applied$/m },
  {
    run: 'apply -f - --server-side --field-manager=other',
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: "2"}\n',
    says: /conflict with "kubectl"[\s\S]*\.data\.a/,
    code: 1,
  },
  {
    run: 'apply -f - --server-side --field-manager=other --force-conflicts',
    input: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: "2"}\n',
    says: /serverside-applied$/m,
  },
  { run: 'apply -f FILE/list.yaml', says: /^configmap\/one created\nsecret\/two created$/m },
  { run: 'apply -f FILE/settings.yaml --dry-run=server', says: /configmap\/settings .*\(server dry run\)$/m },
  { run: 'apply view-last-applied deployment/web -o json', says: /"image": "web:1"/ },
  { run: 'replace -f FILE/settings.yaml', says: /^configmap\/settings replaced$/m },
  { run: 'replace --force -f FILE/pod.yaml --grace-period=0', says: /^pod\/alone replaced$/m },
  // Looking.
  { run: 'get all', says: /^deployment\.apps\/web +0\/2/m },
  { run: 'get deploy,cm -l tier=front --no-headers', says: /deployment\.apps\/web[\s\S]*configmap\/settings/ },
  { run: 'get pods -A --field-selector=metadata.name=bare -o name', says: /^pod\/bare$/m },
  { run: 'get deploy web -o wide', says: /^web +0\/2 .* web +web:1 +app=web$/m },
  { run: 'get deploy web -o yaml --show-managed-fields', says: /manager: kubectl-client-side-apply/ },
  { run: 'get deploy web -o jsonpath={.spec.replicas}', says: /^2$/ },
  {
    run: 'get cm -o custom-columns=N:.metadata.name --sort-by=.metadata.name',
    says: /^N\n[\s\S]*lit\n[\s\S]*settings/,
  },
  { run: 'get cm lit --server-print=false', says: /^lit +\S+$/m },
  { run: 'get cm --chunk-size=1 -o name', says: /configmap\/lit\n[\s\S]*configmap\/settings/ },
  { run: 'get --raw /api/v1/namespaces/default/configmaps/lit', says: /"kind":"ConfigMap"/ },
  { run: 'get pods nothing', says: /pods "nothing" not found/, code: 1 },
  { run: 'get nothings', says: /the server doesn't have a resource type "nothings"/, code: 1 },
  { run: 'describe deploy web', says: /StrategyType: +RollingUpdate/ },
  { run: 'describe pod bare', says: /Image: +bare:1/ },
  { run: 'describe svc np', says: /Type: +NodePort/ },
  { run: 'describe cm lit', says: /^a:\n----\n1$/m },
  { run: 'describe quota small', says: /Name: +small/ },
  { run: 'describe ns default', says: /Status: +Active/ },
  { run: 'events', says: /./ },
  // Changing.
  { run: 'label cm lit a=b', says: /^configmap\/lit labeled$/m },
  { run: 'label cm lit a=c', says: /already has a value/, code: 1 },
  { run: 'label cm lit a=c --overwrite', says: /^configmap\/lit labeled$/m },
  { run: 'label cm lit a-', says: /^configmap\/lit unlabeled$/m },
  { run: 'annotate cm lit note=x', says: /^configmap\/lit annotated$/m },
  { run: 'scale deploy web --replicas=3', says: /^deployment\.apps\/web scaled$/m },
  { run: 'scale deploy web --current-replicas=3 --replicas=1', says: /^deployment\.apps\/web scaled$/m },
  { run: 'scale deploy web --current-replicas=9 --replicas=1', says: /Expected replicas to be 9, was 1/i, code: 1 },
  { run: 'set image deploy/web web=web:2', says: /^deployment\.apps\/web image updated$/m },
  { run: 'set env deploy/web A=1', says: /^deployment\.apps\/web env updated$/m },
  {
    run: 'set resources deploy/web --limits=memory=64Mi',
    says: /^deployment\.apps\/web resource requirements updated$/m,
  },
  { run: 'set serviceaccount deploy/web robot', says: /serviceaccount updated$/m },
  { run: 'set selector svc/svc app=web', says: /selector updated$/m },
  { run: 'patch deploy web -p {"spec":{"minReadySeconds":5}}', says: /^deployment\.apps\/web patched$/m },
  { run: 'patch deploy web --type=merge -p {"spec":{"paused":true}}', says: /^deployment\.apps\/web patched$/m },
  {
    run: 'patch deploy web --type=json -p [{"op":"remove","path":"/spec/paused"}]',
    says: /^deployment\.apps\/web patched$/m,
  },
  { run: 'patch deploy web --subresource=status --type=merge -p {"status":{"observedGeneration":1}}', says: /patched/ },
  { run: 'patch deploy web --subresource=scale --type=merge -p {"spec":{"replicas":2}}', says: /patched/ },
  { run: 'rollout pause deploy/web', says: /^deployment\.apps\/web paused$/m },
  { run: 'rollout resume deploy/web', says: /^deployment\.apps\/web resumed$/m },
  { run: 'rollout restart deploy/web', says: /^deployment\.apps\/web restarted$/m },
  { run: 'rollout history deploy/web', says: /REVISION +CHANGE-CAUSE|No rollout history/ },
  { run: 'rollout status deploy/web --timeout=1s', says: /Waiting for|timed out|waiting for/i, code: 1 },
  { run: 'expose deploy web --port=80 --name=exposed', says: /^service\/exposed exposed$/m },
  { run: 'autoscale deploy web --min=1 --max=3', says: /^horizontalpodautoscaler\.autoscaling\/web autoscaled$/m },
  { run: 'wait deploy/web --for=jsonpath={.spec.replicas}=2 --timeout=5s', says: /condition met$/m },
  { run: 'wait pod/bare --for=condition=Ready --timeout=1s', says: /timed out waiting for the condition/, code: 1 },
  {
    run: 'get cm lit --as bea',
    says: /User "bea" cannot get resource "configmaps" in API group "" in the namespace "default"/,
    code: 1,
  },
  // Taking away.
  { run: 'delete cm lit --dry-run=server', says: /deleted \(server dry run\)/ },
  { run: 'get cm lit -o name', says: /^configmap\/lit$/m },
  { run: 'delete cm lit', says: /^configmap "lit" deleted/m },
  { run: 'delete -f FILE/list.yaml', says: /^configmap "one" deleted[\s\S]*secret "two" deleted/m },
  { run: 'delete deploy web --cascade=orphan --wait=false', says: /^deployment\.apps "web" deleted/m },
  { run: 'delete pod bare --grace-period=0 --force', says: /pod "bare" force deleted/ },
  { run: 'delete cm -l tier=front', says: /^configmap "settings" deleted/m },
  { run: 'delete svc --all', says: /service "np" deleted/ },
  { run: 'delete cm nothing', says: /configmaps "nothing" not found/, code: 1 },
  { run: 'delete cm nothing --ignore-not-found', says: /^$/ },
  { run: 'wait cm/nothing --for=delete --timeout=5s', says: /^$/ },
];

describe.each(['1.30', '1.31', '1.32', '1.33'])('src/server/http with every command of kubectl %s', (minor) => {
  const found = findKubectl(minor);
  const binary = found?.endsWith(`kubectl.${minor}`) === true ? found : undefined;
  let bed: KubectlBed;
  let folder: string;

  beforeAll(async () => {
    if (binary === undefined) return;
    bed = await startKubectlBed(binary);
    folder = await mkdtemp(path.join(os.tmpdir(), 'plumbline-kubectl-'));
    for (const [name, text] of Object.entries(MANIFESTS)) await writeFile(path.join(folder, name), text);
  });
  afterAll(async () => {
    if (binary === undefined) return;
    await bed.close();
    await rm(folder, { recursive: true });
  });

  it.skipIf(binary === undefined)('does what each is for', { timeout: 600_000 }, async () => {
    const failed: object[] = [];
    for (const { run, input, says, code = 0 } of LINES) {
      const args = run.split(' ').map((part) => part.replaceAll('FILE', folder).replaceAll('_', ' '));
      const answer = await bed.kubectl(args, input);
      // What it tells on the way goes to stderr, as warnings do.
      const told = `${answer.stderr}${answer.stdout}`;
      if (answer.code !== code || !says.test(answer.code === 0 && says.source === '^$' ? answer.stdout : told))
        failed.push({ run, code: answer.code, told: told.slice(0, 400) });
    }
    expect(failed).toEqual([]);
  });
});
