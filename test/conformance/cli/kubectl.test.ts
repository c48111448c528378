/** Source: kubernetes test/e2e/kubectl/kubectl.go (v1.32). Skipped where there is no kubectl 1.32. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEPLOYMENTS, ENDPOINTS, PODS, REPLICATION_CONTROLLERS, SERVICES } from '#api';
import { type ConformanceBed, kubectlBinary, startConformanceBed } from '../support/bed.ts';
import { soon } from '../support/soon.ts';

const itWithKubectl = it.skipIf(kubectlBinary === undefined);

let bed: ConformanceBed;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 1 });
});
afterAll(() => bed.close());

/** The output of a command that must succeed. */
async function ok(namespace: string, args: string | readonly string[], input?: string): Promise<string> {
  const { stdout, stderr, code } = await bed.kubectl(namespace, args, input);
  expect(code, `kubectl ${args}: ${stderr}`).toBe(0);
  return stdout;
}

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl api-versions should check if v1 is in available api versions [Conformance]',
  async () => {
    expect((await ok('default', 'api-versions')).split('\n')).toContain('v1');
  },
);

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl cluster-info should check if Kubernetes control plane services is included in cluster-info [Conformance]',
  async () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours that kubectl always prints here
    const said = (await ok('default', 'cluster-info')).replace(/\x1b\[[\d;]*m/g, '');
    expect(said).toContain(`Kubernetes control plane is running at ${bed.server.url}`);
  },
);

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl version should check is all data is printed [Conformance]',
  async () => {
    const said = await ok('default', 'version');
    expect(said).toMatch(/Client Version: v\d\.\d+\.[\d\w\-.+]+/);
    expect(said).toMatch(/Server Version: v\d\.\d+\.[\d\w\-.+]+/);
  },
);

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl diff should check if kubectl diff finds a difference for Deployments [Conformance]',
  async () => {
    const namespace = await bed.namespace('kubectl');
    const manifest = (image: string) =>
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'httpd-deployment' },
        spec: {
          selector: { matchLabels: { app: 'httpd' } },
          template: { metadata: { labels: { app: 'httpd' } }, spec: { containers: [{ name: 'httpd', image }] } },
        },
      });
    await ok(namespace, 'create -f -', manifest('httpd:2.4.38'));
    const { stdout, stderr, code } = await bed.kubectl(namespace, 'diff -f -', manifest('busybox:1.36'));
    expect(stderr).toBe('');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^- +- image: httpd:2\.4\.38$/m);
    expect(stdout).toMatch(/^\+ +- image: busybox:1\.36$/m);
    expect((await bed.kubectl(namespace, 'diff -f -', manifest('httpd:2.4.38'))).code).toBe(0);
    expect(
      (await bed.of(DEPLOYMENTS, namespace).get('httpd-deployment')).spec.template.spec?.containers[0]?.image,
    ).toBe('httpd:2.4.38');
  },
);

/** Runs `kubectl proxy` until `work` is done; `work` gets what it printed first. */
async function withProxy(args: readonly string[], work: (printed: string) => Promise<void>): Promise<void> {
  const child = spawn(kubectlBinary ?? '', ['proxy', ...args], {
    env: { ...process.env, KUBECONFIG: bed.kubeconfig },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [printed] = (await once(child.stdout, 'data')) as [Buffer];
    await work(printed.toString());
  } finally {
    const ended = once(child, 'exit');
    child.kill();
    await ended;
  }
}

async function versionsOf(where: object): Promise<readonly string[]> {
  const [message] = await once(request({ ...where, path: '/api/' }).end(), 'response');
  return (JSON.parse(await text(message)) as { versions: readonly string[] }).versions;
}

itWithKubectl('[sig-cli] Kubectl client Proxy server should support proxy with --port 0 [Conformance]', async () => {
  await withProxy(['-p', '0', '--disable-filter'], async (printed) => {
    const port = /Starting to serve on 127\.0\.0\.1:(\d+)/.exec(printed)?.[1];
    expect(await versionsOf({ host: '127.0.0.1', port })).toEqual(['v1']);
  });
});

itWithKubectl('[sig-cli] Kubectl client Proxy server should support --unix-socket=/path [Conformance]', async () => {
  const socketPath = path.join(bed.server.directory, 'proxy.sock');
  await withProxy([`--unix-socket=${socketPath}`], async (printed) => {
    expect(printed).toContain(`Starting to serve on ${socketPath}`);
    expect(await versionsOf({ socketPath })).toEqual(['v1']);
  });
});

const runs = (namespace: string, name: string) =>
  soon(`${name} runs`, async () => (await bed.of(PODS, namespace).find(name))?.status?.phase === 'Running');
const imageOf = async (namespace: string, name: string) =>
  (await bed.of(PODS, namespace).get(name)).spec.containers[0]?.image;

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl label should update the label on a resource [Conformance]',
  async () => {
    const namespace = await bed.namespace('kubectl');
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pause', labels: { name: 'pause' } } };
    await ok(
      namespace,
      'create -f -',
      JSON.stringify({ ...pod, spec: { containers: [{ name: 'pause', image: 'pause:3.10' }] } }),
    );
    await runs(namespace, 'pause');
    await ok(namespace, 'label pods pause testing-label=testing-label-value');
    expect(await ok(namespace, 'get pod pause -L testing-label')).toMatch(
      /TESTING-LABEL\npause .* testing-label-value\n/,
    );
    await ok(namespace, 'label pods pause testing-label-');
    expect(await ok(namespace, 'get pod pause -L testing-label')).not.toContain('testing-label-value');
  },
);

itWithKubectl(
  "[sig-cli] Kubectl client Kubectl replace should update a single-container pod's image [Conformance]",
  async () => {
    const namespace = await bed.namespace('kubectl');
    const name = 'e2e-test-httpd-pod';
    await ok(namespace, `run ${name} --image=httpd:2.4.38 --labels=run=${name}`);
    await runs(namespace, name);
    const json = await ok(namespace, `get pod ${name} -o json`);
    await ok(namespace, 'replace -f -', json.replaceAll('httpd:2.4.38', 'busybox:1.36'));
    expect(await imageOf(namespace, name)).toBe('busybox:1.36');
  },
);

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl run pod should create a pod from an image when restart is Never [Conformance]',
  async () => {
    const namespace = await bed.namespace('kubectl');
    const name = 'e2e-test-httpd-pod';
    await ok(namespace, `run ${name} --restart=Never --pod-running-timeout=2m0s --image=httpd:2.4.38`);
    expect((await bed.of(PODS, namespace).get(name)).spec).toMatchObject({
      containers: [{ image: 'httpd:2.4.38' }],
      restartPolicy: 'Never',
    });
  },
);

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl server-side dry-run should check if kubectl can dry-run update Pods [Conformance]',
  async () => {
    const namespace = await bed.namespace('kubectl');
    const name = 'e2e-test-httpd-pod';
    await ok(namespace, `run ${name} --image=httpd:2.4.38 --labels=run=${name}`);
    const patch = JSON.stringify({ spec: { containers: [{ name, image: 'busybox:1.36' }] } });
    expect(await ok(namespace, ['patch', 'pod', name, '-p', patch, '--dry-run=server'])).toContain('patched');
    expect(await imageOf(namespace, name)).toBe('httpd:2.4.38');
  },
);

const NAME = 'agnhost-primary';
const ROLE = { app: 'agnhost', role: 'primary' };

/** The ReplicationController of the official manifests, running. Answers its pod's name. */
async function runPrimary(namespace: string): Promise<string> {
  const ports = [{ name: 'agnhost-server', containerPort: 6379 }];
  const spec = { containers: [{ name: NAME, image: 'agnhost:2.53', ports }] };
  const controller = {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: { name: NAME, labels: ROLE },
    spec: { replicas: 1, selector: ROLE, template: { metadata: { labels: ROLE }, spec } },
  };
  await ok(namespace, 'create -f -', JSON.stringify(controller));
  const pods = bed.of(PODS, namespace);
  const name = await soon(
    'it has a pod',
    async () => (await pods.list({ labelSelector: 'app=agnhost' })).items[0]?.metadata.name,
  );
  await runs(namespace, name);
  return name;
}

/** Each list stands in one line, in that order. */
function expectLines(said: string, required: readonly (readonly string[])[]) {
  for (const words of required) {
    const holds = said.split('\n').some((line) => {
      const places = words.map((word) => line.indexOf(word));
      return places.every((place, at) => place > (places[at - 1] ?? -1));
    });
    expect(holds, `${words.join(' … ')} in\n${said}`).toBe(true);
  }
}

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl describe should check if kubectl describe prints relevant information for rc and pods [Conformance]',
  async () => {
    const namespace = await bed.namespace('kubectl');
    const pod = await runPrimary(namespace);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: NAME, labels: ROLE } };
    const ports = [{ port: 6379, targetPort: 'agnhost-server' }];
    await ok(namespace, 'create -f -', JSON.stringify({ ...service, spec: { ports, selector: ROLE } }));
    const labels = [['Namespace:', namespace], ['Labels:', 'app=agnhost'], ['role=primary'], ['Annotations:']];
    expectLines(await ok(namespace, `describe pod ${pod}`), [
      ['Name:', `${NAME}-`],
      ...labels,
      ['Node:', 'node-1'],
      ['Status:', 'Running'],
      ['IP:'],
      ['Controlled By:', `ReplicationController/${NAME}`],
      ['Image:', 'agnhost:2.53'],
      ['State:', 'Running'],
      ['QoS Class:', 'BestEffort'],
    ]);
    await soon(
      'the controller counts it',
      async () => (await bed.of(REPLICATION_CONTROLLERS, namespace).get(NAME)).status?.readyReplicas === 1,
    );
    expectLines(await ok(namespace, `describe rc ${NAME}`), [
      ['Name:', NAME],
      ...labels,
      ['Selector:', 'app=agnhost,role=primary'],
      ['Replicas:', '1 current', '1 desired'],
      ['Pods Status:', '1 Running', '0 Waiting', '0 Succeeded', '0 Failed'],
      ['Pod Template:'],
      ['Image:', 'agnhost:2.53'],
      ['Events:'],
      ['SuccessfulCreate', 'replication-controller', `Created pod: ${pod}`],
    ]);
    expectLines(await ok(namespace, `describe service ${NAME}`), [
      ['Name:', NAME],
      ...labels,
      ['Selector:', 'app=agnhost,role=primary'],
      ['Type:', 'ClusterIP'],
      ['IP:'],
      ['Port:', '<unset>', '6379/TCP'],
      ['Endpoints:'],
      ['Session Affinity:', 'None'],
    ]);
    expectLines(await ok(namespace, 'describe node node-1'), [
      ['Name:', 'node-1'],
      ['Labels:'],
      ['Annotations:'],
      ['CreationTimestamp:'],
      ['Conditions:'],
      ['Type', 'Status', 'LastHeartbeatTime', 'LastTransitionTime', 'Reason', 'Message'],
      ['Addresses:'],
      ['Capacity:'],
      ['Kubelet Version:'],
      ['Pods:'],
    ]);
    expectLines(await ok(namespace, `describe namespace ${namespace}`), [
      ['Name:', namespace],
      ['Labels:'],
      ['Annotations:'],
      ['Status:', 'Active'],
    ]);
  },
);

itWithKubectl('[sig-cli] Kubectl client Kubectl expose should create services for rc [Conformance]', async () => {
  const namespace = await bed.namespace('kubectl');
  const pod = await runPrimary(namespace);
  const { uid } = (await bed.of(PODS, namespace).get(pod)).metadata;
  /** That a Service of this port leads to the pod's port 6379. */
  async function expectServed(name: string, port: number) {
    const subset = await soon(
      `${name} has an endpoint`,
      async () => (await bed.of(ENDPOINTS, namespace).find(name))?.subsets?.[0],
    );
    expect(subset.addresses).toMatchObject([{ targetRef: { kind: 'Pod', name: pod, uid } }]);
    expect(subset.ports).toMatchObject([{ port: 6379 }]);
    const { spec } = await bed.of(SERVICES, namespace).get(name);
    expect(spec.ports).toMatchObject([{ port, targetPort: 6379 }]);
  }
  await ok(namespace, `expose rc ${NAME} --name=rm2 --port=1234 --target-port=6379`);
  await expectServed('rm2', 1234);
  await ok(namespace, 'expose service rm2 --name=rm3 --port=2345 --target-port=6379');
  await expectServed('rm3', 2345);
});

itWithKubectl(
  '[sig-cli] Kubectl client Kubectl patch should add annotations for pods in rc [Conformance]',
  async () => {
    const namespace = await bed.namespace('kubectl');
    const pod = await runPrimary(namespace);
    await ok(namespace, ['patch', 'pod', pod, '-p', JSON.stringify({ metadata: { annotations: { x: 'y' } } })]);
    const { items } = await bed.of(PODS, namespace).list({ labelSelector: 'app=agnhost' });
    expect(items.map(({ metadata }) => metadata.annotations)).toEqual([{ x: 'y' }]);
  },
);
