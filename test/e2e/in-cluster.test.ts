import { readFile, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENDPOINT_SLICES, ENDPOINTS, PODS, type Pod } from '#api';
import { silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { buildScratchImage, createDockerRuntime } from '#runtime';
import { findKubectl } from '../support/kubectl.ts';
import { type Product, startProduct } from '../support/product.ts';
import { until } from '../support/until.ts';

const IMAGE = 'plumbline.test/kubectl:1';
const TEAM = 'robots';
const PLACE = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Source: statfs(2), TMPFS_MAGIC. */
const TMPFS = 0x0102_1994;

/** A program that knows nothing of us: kubectl, alone in its image, as a pod with few rights. It serves nobody; it is there to be run again. */
const MANIFEST = `
apiVersion: v1
kind: Namespace
metadata: {name: ${TEAM}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: lister, namespace: ${TEAM}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: lister, namespace: ${TEAM}}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: lister, namespace: ${TEAM}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: lister}
subjects: [{kind: ServiceAccount, name: lister, namespace: ${TEAM}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: by-name, namespace: ${TEAM}}
data:
  kubeconfig: |
    apiVersion: v1
    kind: Config
    current-context: here
    clusters: [{name: here, cluster: {server: "https://kubernetes.default.svc", certificate-authority: ${PLACE}/ca.crt}}]
    users: [{name: me, user: {tokenFile: ${PLACE}/token}}]
    contexts: [{name: here, context: {cluster: here, user: me, namespace: ${TEAM}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: operator, namespace: ${TEAM}}
spec:
  serviceAccountName: lister
  terminationGracePeriodSeconds: 1
  volumes: [{name: by-name, configMap: {name: by-name}}]
  containers:
  - name: main
    image: ${IMAGE}
    imagePullPolicy: Never
    env: [{name: HOME, value: /tmp}]
    command: [/bin/kubectl, proxy, --port=8001]
    volumeMounts: [{name: by-name, mountPath: /by-name}]
---
apiVersion: v1
kind: Pod
metadata: {name: on-host, namespace: ${TEAM}}
spec:
  serviceAccountName: lister
  hostNetwork: true
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: ${IMAGE}
    imagePullPolicy: Never
    env: [{name: HOME, value: /tmp}]
    command: [/bin/kubectl, proxy, --port=8002]
`;

describe('a program in a pod that calls the API', () => {
  let product: Product;
  let client: Client;
  let container = '';
  let onHost = '';

  beforeAll(async () => {
    const binary = findKubectl();
    if (binary === undefined) throw new Error('no kubectl here');
    const host = process.env['DOCKER_HOST'];
    const runtime = createDockerRuntime({
      owner: 'test/in-cluster',
      clock: systemClock,
      log: silentLog,
      ...(host === undefined ? {} : { host }),
    });
    const content = await readFile(binary);
    const files = [
      { path: 'bin/kubectl', content, mode: 0o755 },
      { path: 'tmp/.keep', content: new Uint8Array(0), mode: 0o644 },
    ];
    await runtime.loadImage(buildScratchImage({ tag: IMAGE, files, config: {} }));
    product = await startProduct();
    client = await product.client();
    const manifest = path.join(product.stateDir, 'robots.yaml');
    await writeFile(manifest, MANIFEST);
    const applied = await product.kubectl('apply', '-f', manifest);
    expect(applied.code, applied.stderr).toBe(0);
    [container = '', onHost = ''] = await Promise.all(['operator', 'on-host'].map(running));
  });
  afterAll(async () => {
    await product?.close();
  });

  const running = async (name: string) => {
    const pod = await until(`${name} runs`, async () => {
      const found = await client.get(PODS, { namespace: TEAM, name });
      const isReady = found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      if (isReady) return found;
      throw new Error(JSON.stringify(found?.status));
    });
    return containerIn(pod);
  };
  const containerIn = ({ status }: Pod) => status?.containerStatuses?.[0]?.containerID?.replace('docker://', '') ?? '';
  /** What kubectl says in the pod, past the API. Never throws on a non-zero exit. */
  const inContainer = async (id: string, ...args: readonly string[]) => {
    try {
      return { code: 0, output: await product.docker('exec', id, '/bin/kubectl', ...args) };
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, output: stderr.trim() };
    }
  };
  const inPod = (...args: readonly string[]) => inContainer(container, ...args);
  const byName = (server: string, ...args: readonly string[]) =>
    inPod('--kubeconfig=/by-name/kubeconfig', `--server=https://${server}`, ...args);
  const pods = ['get', 'pods', '-o', 'name'];
  const listed = { code: 0, output: 'pod/on-host\npod/operator' };
  /** Where the host has what the pod finds mounted. */
  const tokenFile = async () => {
    const mounts = JSON.parse(await product.docker('inspect', '--format', '{{json .Mounts}}', container)) as {
      readonly Source: string;
      readonly Destination: string;
    }[];
    return path.join(mounts.find(({ Destination }) => Destination === PLACE)?.Source ?? '', 'token');
  };

  it('lists pods with no configuration at all', async () => {
    expect(await inPod(...pods)).toEqual(listed);
    const env = JSON.parse(await product.docker('inspect', '--format', '{{json .Config.Env}}', container)) as string[];
    expect(env).toEqual(
      expect.arrayContaining([
        'KUBERNETES_SERVICE_HOST=10.96.0.1',
        'KUBERNETES_SERVICE_PORT=443',
        'KUBERNETES_SERVICE_PORT_HTTPS=443',
        'KUBERNETES_PORT=tcp://10.96.0.1:443',
        'KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443',
        'KUBERNETES_PORT_443_TCP_ADDR=10.96.0.1',
      ]),
    );
  });

  it("lists pods from the node's own network too", async () => {
    expect(await inContainer(onHost, ...pods)).toEqual(listed);
  });

  it('finds the API by each of its names, and trusts it', async () => {
    for (const name of ['kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local']) {
      expect(await byName(name, ...pods), name).toEqual(listed);
    }
  });

  it('is its account, and is refused what that has no right to', async () => {
    const refused = await inPod('get', 'secrets');
    expect(refused.code).toBe(1);
    expect(refused.output).toContain(
      `User "system:serviceaccount:${TEAM}:lister" cannot list resource "secrets" in API group "" in the namespace "${TEAM}"`,
    );
    expect((await inPod('get', 'pods', '-n', 'kube-system')).output).toContain('cannot list resource "pods"');
    const stranger = await inPod(
      '--server=https://10.96.0.1',
      `--certificate-authority=${PLACE}/ca.crt`,
      '--token=x.y.z',
      ...pods,
    );
    expect(stranger.code).toBe(1);
    expect(stranger.output).toContain('You must be logged in to the server');
  });

  it('is told where the API is by Endpoints and by an EndpointSlice, and reaches it there', async () => {
    const at = { namespace: 'default', name: 'kubernetes' };
    const { subsets } = (await client.get(ENDPOINTS, at)) ?? {};
    const slice = await client.get(ENDPOINT_SLICES, at);
    expect(slice?.metadata.labels).toEqual({ 'kubernetes.io/service-name': 'kubernetes' });
    const [ip] = slice?.endpoints[0]?.addresses ?? [];
    const [{ port } = {}] = slice?.ports ?? [];
    expect(subsets).toEqual([{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }]);
    expect(await byName(`${ip}:${port}`, ...pods)).toEqual(listed);
  });

  const listsAgain = () =>
    until('the program lists pods again', async () => {
      const now = await inPod(...pods);
      if (now.code === 0) return true;
      throw new Error(now.output);
    });

  it('is refused at once while the control plane is away, and goes on when it is back', async () => {
    const token = await readFile(await tokenFile(), 'utf8');
    await product.stopServer();
    const fromMs = performance.now();
    const away = await inPod('--request-timeout=60s', 'get', '--raw', '/version');
    expect(away.code).toBe(1);
    expect(away.output).toMatch(/EOF|connection reset|refused/);
    expect(performance.now() - fromMs).toBeLessThan(15_000);
    // Whoever starts meanwhile finds the token that there was.
    await product.docker('kill', container);
    container = await until('the container runs again', async () => {
      const label = 'label=io.kubernetes.pod.name=operator';
      const id = await product.docker('ps', '--quiet', '--no-trunc', '--filter', label, '--filter', 'status=running');
      return id !== '' && id !== container && id;
    });
    expect(await readFile(await tokenFile(), 'utf8')).toBe(token);
    await product.start();
    await listsAgain();
    const pod = await until('the API knows of the new container', async () => {
      const found = await client.get(PODS, { namespace: TEAM, name: 'operator' });
      return found !== undefined && containerIn(found) === container && found;
    });
    expect(pod.status?.containerStatuses?.[0]?.restartCount).toBe(1);
  });

  it('goes on with the token it has when the agent of its node is started anew', async () => {
    const token = await readFile(await tokenFile(), 'utf8');
    await product.stopServer();
    process.kill(await product.agentPid(), 'SIGKILL');
    await product.start();
    await listsAgain();
    expect(await readFile(await tokenFile(), 'utf8')).toBe(token);
  });

  it('has its token in memory only, and in no log', async () => {
    const file = await tokenFile();
    const [header, payload, signature] = (await readFile(file, 'utf8')).split('.');
    expect(header).toMatch(/^eyJ/);
    expect(payload).toMatch(/^eyJ/);
    expect((await statfs(file)).type).toBe(TMPFS);
    const logs = await Promise.all(
      ['agent.log', 'audit/audit.log'].map((name) => readFile(path.join(product.stateDir, name), 'utf8')),
    );
    for (const text of [...logs, product.output]) expect(text).not.toContain(signature);
  });
});
