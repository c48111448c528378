/**
 * Official tests of the form "a pod with this spec ends well and has said that". Source: kubernetes test/e2e/common/node:
 * configmap.go, containers.go, downwardapi.go, expansion.go, kubelet.go, secrets.go, security_context.go (v1.32).
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { CONFIG_MAPS, PODS, SECRETS } from '#api';
import { type DockerBed, official, prints, startDockerBed } from '../../conformance/support/docker-bed.ts';
import type { Body } from '../../conformance/support/resource.ts';
import { STAND_IN_IMAGE } from '../../support/stand-in.ts';

let bed: DockerBed;
beforeAll(async () => {
  bed = await startDockerBed();
});
afterAll(() => bed.close());

const shows = (
  codename: string,
  prepare: (namespace: string) => Promise<Body> | Body,
  expected: readonly (string | RegExp)[],
) => prints(() => bed, codename, prepare, expected);

/** A pod that runs once; `container` on top of the stand-in. */
const once = (container: object, spec: object = {}): Body => ({
  metadata: { name: 'once', labels: { name: 'foo' } },
  spec: {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: STAND_IN_IMAGE, ...container }],
    ...spec,
  },
});
const shell = (script: string, container: object = {}, spec: object = {}) =>
  once({ command: ['sh', '-c', script], ...container }, spec);
const telling = (env: readonly object[], container: object = {}) => shell('env', { env, ...container });
const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } });
const amount = (name: string, resource: string) => ({ name, valueFrom: { resourceFieldRef: { resource } } });

const DATA = { data_1: 'value-1', data_2: 'value-2', data_3: 'value-3' };
const ENCODED = Object.fromEntries(Object.entries(DATA).map(([key, value]) => [key, btoa(value)]));
const BOTH_WAYS = ['', 'p_'].flatMap((prefix) =>
  Object.entries(DATA).map(([key, value]) => `${prefix}${key}=${value}`),
);

shows(
  '[sig-node] ConfigMap should be consumable via environment variable [NodeConformance] [Conformance]',
  async (namespace) => {
    await bed.of(CONFIG_MAPS, namespace).create({ metadata: { name: 'words' }, data: DATA });
    return telling([{ name: 'CONFIG_DATA_1', valueFrom: { configMapKeyRef: { name: 'words', key: 'data_1' } } }]);
  },
  ['CONFIG_DATA_1=value-1'],
);

shows(
  '[sig-node] ConfigMap should be consumable via the environment [NodeConformance] [Conformance]',
  async (namespace) => {
    await bed.of(CONFIG_MAPS, namespace).create({ metadata: { name: 'words' }, data: DATA });
    const configMapRef = { name: 'words' };
    return telling([], { envFrom: [{ configMapRef }, { prefix: 'p_', configMapRef }] });
  },
  BOTH_WAYS,
);

shows(
  '[sig-node] Secrets should be consumable from pods in env vars [NodeConformance] [Conformance]',
  async (namespace) => {
    await bed.of(SECRETS, namespace).create({ metadata: { name: 'words' }, data: ENCODED });
    return telling([{ name: 'SECRET_DATA', valueFrom: { secretKeyRef: { name: 'words', key: 'data_1' } } }]);
  },
  ['SECRET_DATA=value-1'],
);

shows(
  '[sig-node] Secrets should be consumable via the environment [NodeConformance] [Conformance]',
  async (namespace) => {
    await bed.of(SECRETS, namespace).create({ metadata: { name: 'words' }, data: ENCODED });
    const secretRef = { name: 'words' };
    return telling([], { envFrom: [{ secretRef }, { prefix: 'p_', secretRef }] });
  },
  BOTH_WAYS,
);

shows(
  "[sig-node] Downward API should provide container's limits.cpu/memory and requests.cpu/memory as env vars [NodeConformance] [Conformance]",
  () =>
    telling(
      [
        amount('CPU_LIMIT', 'limits.cpu'),
        amount('MEMORY_LIMIT', 'limits.memory'),
        amount('CPU_REQUEST', 'requests.cpu'),
        amount('MEMORY_REQUEST', 'requests.memory'),
      ],
      { resources: { requests: { cpu: '25m', memory: '32Mi' }, limits: { cpu: '1250m', memory: '64Mi' } } },
    ),
  ['CPU_LIMIT=2\n', 'MEMORY_LIMIT=67108864\n', 'CPU_REQUEST=1\n', 'MEMORY_REQUEST=33554432\n'],
);

shows(
  '[sig-node] Downward API should provide default limits.cpu/memory from node allocatable [NodeConformance] [Conformance]',
  () => telling([amount('CPU_LIMIT', 'limits.cpu'), amount('MEMORY_LIMIT', 'limits.memory')]),
  [/CPU_LIMIT=[1-9]/, /MEMORY_LIMIT=[1-9]/],
);

shows(
  '[sig-node] Downward API should provide host IP as an env var [NodeConformance] [Conformance]',
  () => telling([field('HOST_IP', 'status.hostIP')]),
  [/HOST_IP=(?:\d+\.){3}\d+/],
);

shows(
  '[sig-node] Downward API should provide pod UID as env vars [NodeConformance] [Conformance]',
  () => telling([field('POD_UID', 'metadata.uid')]),
  [/POD_UID=[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}/],
);

official(
  '[sig-node] Downward API should provide pod name, namespace and IP address as env vars [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('downward-api');
    const fields = [field('POD_NAME', 'metadata.name'), field('POD_NAMESPACE', 'metadata.namespace')];
    const { status } = await bed.ended(namespace, telling([...fields, field('POD_IP', 'status.podIP')]));
    const said = await bed.log(namespace, 'once');
    expect(status?.podIP).toMatch(/^10\.244\./);
    for (const words of ['POD_NAME=once', `POD_NAMESPACE=${namespace}`, `POD_IP=${status?.podIP}`])
      expect(said).toContain(`${words}\n`);
  },
);

shows(
  '[sig-node] Variable Expansion should allow composing env vars into new env vars [NodeConformance] [Conformance]',
  () =>
    telling([
      { name: 'FOO', value: 'foo-value' },
      { name: 'BAR', value: 'bar-value' },
      { name: 'FOOBAR', value: '$(FOO);;$(BAR)' },
    ]),
  ['FOO=foo-value', 'BAR=bar-value', 'FOOBAR=foo-value;;bar-value'],
);

const TEST_VAR = [{ name: 'TEST_VAR', value: 'test-value' }];
const SUBSTITUTED = 'TEST_VAR=wrong echo "$(TEST_VAR)"';

shows(
  "[sig-node] Variable Expansion should allow substituting values in a container's command [NodeConformance] [Conformance]",
  () => shell(SUBSTITUTED, { env: TEST_VAR }),
  ['test-value'],
);

shows(
  "[sig-node] Variable Expansion should allow substituting values in a container's args [NodeConformance] [Conformance]",
  () => once({ command: ['sh', '-c'], args: [SUBSTITUTED], env: TEST_VAR }),
  ['test-value'],
);

shows(
  '[sig-node] Variable Expansion should allow substituting values in a volume subpath [Conformance]',
  () =>
    shell(
      'test -d /testcontainer/once; echo $?',
      {
        env: [field('POD_NAME', 'metadata.name')],
        volumeMounts: [
          { name: 'workdir', mountPath: '/logscontainer', subPathExpr: '$(POD_NAME)' },
          { name: 'workdir', mountPath: '/testcontainer' },
        ],
      },
      { volumes: [{ name: 'workdir', emptyDir: {} }] },
    ),
  [/^0$/m],
);

shows(
  "[sig-node] Containers should be able to override the image's default arguments (container cmd) [NodeConformance] [Conformance]",
  () => once({ args: ['entrypoint-tester', 'override', 'arguments'] }),
  ['[/agnhost entrypoint-tester override arguments]'],
);

shows(
  "[sig-node] Containers should be able to override the image's default command (container entrypoint) [NodeConformance] [Conformance]",
  () => once({ command: ['/agnhost-2', 'entrypoint-tester'] }),
  ['[/agnhost-2 entrypoint-tester]'],
);

shows(
  "[sig-node] Containers should be able to override the image's default command and arguments [NodeConformance] [Conformance]",
  () => once({ command: ['/agnhost-2'], args: ['entrypoint-tester', 'override', 'arguments'] }),
  ['[/agnhost-2 entrypoint-tester override arguments]'],
);

official(
  '[sig-node] Containers should use the image defaults if command and args are blank [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('containers');
    await bed.ready(namespace, once({}));
    expect(await bed.says(namespace, 'once', ['Paused'])).toBe('Paused\n');
  },
);

shows(
  '[sig-node] Security Context When creating a container with runAsUser should run the container with uid 65534 [LinuxOnly] [NodeConformance] [Conformance]',
  () => shell('id -u', { securityContext: { runAsUser: 65534 } }),
  [/^65534$/m],
);

shows(
  '[sig-node] Security Context When creating a pod with privileged should run the container as unprivileged when false [LinuxOnly] [NodeConformance] [Conformance]',
  () => shell('ip link add dummy0 type dummy 2>&1 || true', { securityContext: { privileged: false } }),
  ['RTNETLINK answers: Operation not permitted'],
);

shows(
  '[sig-node] Security Context When creating a pod with readOnlyRootFilesystem should run the container with writable rootfs when readOnlyRootFilesystem=false [NodeConformance] [Conformance]',
  () => shell('touch checkfile && ls checkfile', { securityContext: { readOnlyRootFilesystem: false } }),
  [/^checkfile$/m],
);

// The official image raises itself by a program with setuid; the kernel's own word is what decides over that.
shows(
  '[sig-node] Security Context when creating containers with AllowPrivilegeEscalation should not allow privilege escalation when false [LinuxOnly] [NodeConformance] [Conformance]',
  () =>
    shell('echo "Effective uid: $(id -u)"; grep NoNewPrivs /proc/self/status', {
      securityContext: { runAsUser: 1000, allowPrivilegeEscalation: false },
    }),
  ['Effective uid: 1000', /NoNewPrivs:\s+1/],
);

shows(
  '[sig-node] Kubelet when scheduling a busybox command in a pod should print the output to logs [NodeConformance] [Conformance]',
  () => shell("echo 'Hello World'"),
  [/^Hello World\n$/],
);

shows(
  '[sig-node] Kubelet when scheduling a read only busybox container should not write to root filesystem [LinuxOnly] [NodeConformance] [Conformance]',
  () => shell('(echo test > /file) 2>&1; true', { securityContext: { readOnlyRootFilesystem: true } }),
  ["can't create /file: Read-only file system"],
);

shows(
  '[sig-node] Kubelet when scheduling an agnhost Pod with hostAliases should write entries to /etc/hosts [NodeConformance] [Conformance]',
  () => shell('cat /etc/hosts', {}, { hostAliases: [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }] }),
  ['123.45.67.89\tfoo\tbar'],
);

const failing = (name: string) => ({
  ...once({ command: ['/bin/false'] }, { restartPolicy: 'Always' }),
  metadata: { name },
});

official(
  '[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should have an terminated reason [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('kubelet');
    await bed.of(PODS, namespace).create(failing('bin-false'));
    const isTold = (state: { exitCode: number; reason?: string } | undefined) =>
      state !== undefined && state.exitCode !== 0 && state.reason === 'Error';
    await bed.sees(namespace, 'bin-false', 'has a reason', ({ status }) =>
      isTold(status?.containerStatuses?.[0]?.state?.terminated),
    );
  },
);

official(
  '[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('kubelet');
    const pods = bed.of(PODS, namespace);
    await pods.create(failing('bin-false'));
    const watch = await pods.watch();
    await pods.delete('bin-false', {});
    await watch.next('DELETED');
    watch.stop();
    expect((await pods.list()).items).toEqual([]);
  },
);
