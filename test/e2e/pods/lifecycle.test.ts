/**
 * Official tests of how containers begin, are looked after and end. Source: kubernetes test/e2e/common/node:
 * container_probe.go, ephemeral_containers.go, init_container.go, lifecycle_hook.go, pods.go, runtime.go; test/e2e/node:
 * pre_stop.go (v1.32).
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { PODS, type Pod, SERVICES } from '#api';
import { type DockerBed, isReady, official, prints, startDockerBed } from '../../conformance/support/docker-bed.ts';
import type { Body } from '../../conformance/support/resource.ts';
import { STAND_IN_IMAGE } from '../../support/stand-in.ts';
import { until } from '../../support/until.ts';

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

const image = STAND_IN_IMAGE;
const script = (text: string) => ({ image, command: ['/bin/sh', '-c', text] });
const podOf = (name: string, container: object, spec: object = {}): Body => ({
  metadata: { name, labels: { test: name } },
  spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'main', image, ...container }], ...spec },
});
const firstOf = ({ status }: Pod) => status?.containerStatuses?.[0];
const restartsOf = (pod: Pod) => firstOf(pod)?.restartCount ?? 0;
const conditionOf = ({ status }: Pod, type: string) => status?.conditions?.find((one) => one.type === type);

// Termination messages.

interface Ending {
  readonly container: object;
  readonly phase: 'Succeeded' | 'Failed';
  readonly message: string;
}

async function endsWith({ container, phase, message }: Ending): Promise<void> {
  const namespace = await bed.namespace('termination');
  const ended = await bed.ended(namespace, podOf('termination-message', container, { restartPolicy: 'Never' }));
  expect(ended.status?.phase).toBe(phase);
  expect(firstOf(ended)?.state?.terminated?.message ?? '').toBe(message);
}
const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' };

official(
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message if TerminationMessagePath is set as non-root user and at a non-default path [NodeConformance] [Conformance]',
  () =>
    endsWith({
      container: {
        ...script('echo -n DONE > /dev/termination-custom-log'),
        terminationMessagePath: '/dev/termination-custom-log',
        securityContext: { runAsUser: 65534 },
      },
      phase: 'Succeeded',
      message: 'DONE',
    }),
);

official(
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message from log output if TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]',
  () => endsWith({ container: { ...script('echo -n DONE; false'), ...fallback }, phase: 'Failed', message: 'DONE' }),
);

official(
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]',
  () => endsWith({ container: { ...script('echo -n DONE; true'), ...fallback }, phase: 'Succeeded', message: '' }),
);

official(
  '[sig-node] Container Runtime blackbox test on terminated container should report termination message from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set [NodeConformance] [Conformance]',
  () =>
    endsWith({
      container: { ...script('echo -n OK > /dev/termination-log; echo DONE; true'), ...fallback },
      phase: 'Succeeded',
      message: 'OK',
    }),
);

// Fails the first time, ends well the second, and runs on from the third.
const THREE_LIVES = `f=/restart-count/count
echo hello >>$f
[ $(wc -l <$f) -eq 1 ] && exit 1
[ $(wc -l <$f) -eq 2 ] && exit 0
trap 'exit 0' TERM
sleep 100000 & wait $!`;

official(
  '[sig-node] Container Runtime blackbox test when starting a container that exits should run with the expected status [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('runtime');
    const cases = [
      { restartPolicy: 'Always', phase: 'Running', state: 'running', restarts: 2, ready: true },
      { restartPolicy: 'OnFailure', phase: 'Succeeded', state: 'terminated', restarts: 1, ready: false },
      { restartPolicy: 'Never', phase: 'Failed', state: 'terminated', restarts: 0, ready: false },
    ] as const;
    const run = async ({ restartPolicy, phase, state, restarts, ready }: (typeof cases)[number]) => {
      const name = `terminate-cmd-${restartPolicy.toLowerCase()}`;
      const volumeMounts = [{ name: 'restart-count', mountPath: '/restart-count' }];
      const spec = { restartPolicy, volumes: [{ name: 'restart-count', emptyDir: {} }] };
      await bed.of(PODS, namespace).create(podOf(name, { ...script(THREE_LIVES), volumeMounts }, spec));
      const pod = await bed.sees(namespace, name, `is ${phase} after ${restarts} restarts`, (seen) => {
        return restartsOf(seen) === restarts && seen.status?.phase === phase && isReady(seen) === ready;
      });
      expect(Object.keys(firstOf(pod)?.state ?? {})).toEqual([state]);
    };
    await Promise.all(cases.map(run));
  },
);

// Init containers.

const initPod = (name: string, [one, two]: readonly [string, string], main: object, restartPolicy: string) =>
  podOf(name, main, {
    restartPolicy,
    initContainers: [
      { name: 'init1', ...script(one) },
      { name: 'init2', ...script(two) },
    ],
  });

const expectInitialised = (pod: Pod) => {
  expect(conditionOf(pod, 'Initialized')?.status).toBe('True');
  for (const status of pod.status?.initContainerStatuses ?? [])
    expect(status).toMatchObject({ ready: true, state: { terminated: { exitCode: 0 } } });
  expect(pod.status?.initContainerStatuses).toHaveLength(2);
};

official(
  '[sig-node] InitContainer [NodeConformance] should invoke init containers on a RestartNever pod [Conformance]',
  async () => {
    const namespace = await bed.namespace('init');
    const pod = await bed.ended(namespace, initPod('pod-init', ['true', 'true'], script('true'), 'Never'));
    expect(pod.status?.phase).toBe('Succeeded');
    expectInitialised(pod);
  },
);

official(
  '[sig-node] InitContainer [NodeConformance] should invoke init containers on a RestartAlways pod [Conformance]',
  async () => {
    const namespace = await bed.namespace('init');
    const pod = await bed.ready(namespace, initPod('pod-init', ['true', 'true'], {}, 'Always'));
    expect(pod.status?.phase).toBe('Running');
    expectInitialised(pod);
  },
);

official(
  '[sig-node] InitContainer [NodeConformance] should not start app containers if init containers fail on a RestartAlways pod [Conformance]',
  async () => {
    const namespace = await bed.namespace('init');
    const pods = bed.of(PODS, namespace);
    const watch = await pods.watch();
    await pods.create(initPod('pod-init', ['false', 'true'], {}, 'Always'));
    const pod = await bed.sees(namespace, 'pod-init', 'has tried again', ({ status }) => {
      return (status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 2;
    });
    watch.stop();
    expect(pod.status?.phase).toBe('Pending');
    expect(conditionOf(pod, 'Initialized')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotInitialized',
      message: 'containers with incomplete status: [init1 init2]',
    });
    for (const { object } of watch.seen) {
      const [init1, init2] = object.status?.initContainerStatuses ?? [];
      expect(init1?.state?.terminated?.exitCode).not.toBe(0);
      expect(init2?.state?.waiting?.reason ?? 'PodInitializing').toBe('PodInitializing');
      expect(firstOf(object)?.state?.waiting?.reason ?? 'PodInitializing').toBe('PodInitializing');
    }
  },
);

official(
  '[sig-node] InitContainer [NodeConformance] should not start app containers and fail the pod if init containers fail on a RestartNever pod [Conformance]',
  async () => {
    const namespace = await bed.namespace('init');
    const pod = await bed.ended(namespace, initPod('pod-init', ['true', 'false'], {}, 'Never'));
    expect(pod.status?.phase).toBe('Failed');
    expect(pod.status?.initContainerStatuses).toMatchObject([
      { state: { terminated: { exitCode: 0 } }, ready: true },
      { state: { terminated: { exitCode: 1 } }, ready: false },
    ]);
    expect(firstOf(pod)?.state?.waiting?.reason).toBe('PodInitializing');
    expect(conditionOf(pod, 'Initialized')).toMatchObject({
      status: 'False',
      message: 'containers with incomplete status: [init2]',
    });
  },
);

// Probes. Times are a tenth of the official ones.

/** Long enough for several askings once a second, in ms. */
const A_WHILE_MS = 6_000;

const probing = (name: string, container: object) => podOf(name, container);
/** As the official tests have it: one failure counts, and an answer may take its time on a busy machine. */
const every = (probe: object) => ({ ...probe, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 1 });

/** It runs, and goes on running through several askings, without a restart. */
async function isLeftAlone(container: object): Promise<void> {
  const namespace = await bed.namespace('probe');
  await bed.ready(namespace, probing('liveness', container));
  const pod = await bed.sees(namespace, 'liveness', 'was asked for a while', (seen) => {
    return Date.now() - Date.parse(firstOf(seen)?.state?.running?.startedAt ?? '') > A_WHILE_MS;
  });
  expect(restartsOf(pod)).toBe(0);
}

/** It is restarted, so often, and the count never falls. */
async function isRestarted(container: object, times = 1): Promise<void> {
  const namespace = await bed.namespace('probe');
  const pods = bed.of(PODS, namespace);
  const watch = await pods.watch();
  await pods.create(probing('liveness', container));
  await bed.sees(namespace, 'liveness', `is restarted ${times} times`, (pod) => restartsOf(pod) >= times);
  watch.stop();
  const counts = watch.seen.map(({ object }) => restartsOf(object));
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
}

const exec = (...command: string[]) => ({ exec: { command } });
const HEALTHY_FOREVER = 'echo ok >/tmp/health; trap "exit 0" TERM; sleep 100000 & wait $!';
const HEALTHY_AT_FIRST = 'echo ok >/tmp/health; trap "exit 0" TERM; sleep 2; rm /tmp/health; sleep 100000 & wait $!';
const healthz = { httpGet: { path: '/healthz', port: 8080 } };

official(
  '[sig-node] Probing container should be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]',
  () => isRestarted({ ...script(HEALTHY_AT_FIRST), livenessProbe: every(exec('cat', '/tmp/health')) }),
);

official(
  '[sig-node] Probing container should *not* be restarted with a exec "cat /tmp/health" liveness probe [NodeConformance] [Conformance]',
  () => isLeftAlone({ ...script(HEALTHY_FOREVER), livenessProbe: every(exec('cat', '/tmp/health')) }),
);

official(
  '[sig-node] Probing container should be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]',
  () => isRestarted({ args: ['liveness', '2', '8080'], livenessProbe: every({ ...healthz, initialDelaySeconds: 1 }) }),
);

official(
  '[sig-node] Probing container should *not* be restarted with a /healthz http liveness probe [NodeConformance] [Conformance]',
  () => isLeftAlone({ args: ['netexec', '8080'], livenessProbe: every({ ...healthz, initialDelaySeconds: 1 }) }),
);

official(
  '[sig-node] Probing container should have monotonically increasing restart count [NodeConformance] [Conformance]',
  () =>
    isRestarted({ args: ['liveness', '2', '8080'], livenessProbe: every({ ...healthz, initialDelaySeconds: 1 }) }, 2),
);

official(
  '[sig-node] Probing container should *not* be restarted with a tcp:8080 liveness probe [NodeConformance] [Conformance]',
  () =>
    isLeftAlone({
      args: ['netexec', '8080'],
      livenessProbe: every({ tcpSocket: { port: 8080 }, initialDelaySeconds: 1 }),
    }),
);

official(
  '[sig-node] Probing container should *not* be restarted with a GRPC liveness probe [NodeConformance] [Conformance]',
  () =>
    isLeftAlone({
      args: ['grpc-health-checking'],
      livenessProbe: every({ grpc: { port: 5000 }, initialDelaySeconds: 3 }),
    }),
);

official(
  '[sig-node] Probing container should be restarted with a GRPC liveness probe [NodeConformance] [Conformance]',
  () =>
    isRestarted({
      args: ['grpc-health-checking'],
      livenessProbe: every({ grpc: { port: 2333 }, initialDelaySeconds: 1 }),
    }),
);

official(
  '[sig-node] Probing container with readiness probe should not be ready before initial delay and never restart [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('probe');
    const initialDelaySeconds = 3;
    const readinessProbe = { httpGet: { path: '/', port: 80 }, initialDelaySeconds };
    const pod = await bed.ready(namespace, probing('test-webserver', { args: ['test-webserver'], readinessProbe }));
    const readyAt = Date.parse(conditionOf(pod, 'Ready')?.lastTransitionTime ?? '');
    const startedAt = Date.parse(firstOf(pod)?.state?.running?.startedAt ?? '');
    expect(readyAt - startedAt).toBeGreaterThanOrEqual(initialDelaySeconds * 1_000);
    expect(restartsOf(pod)).toBe(0);
  },
);

official(
  '[sig-node] Probing container with readiness probe that fails should never be ready and never restart [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('probe');
    const pods = bed.of(PODS, namespace);
    const watch = await pods.watch();
    const readinessProbe = { ...every(exec('/bin/false')), initialDelaySeconds: 1 };
    await pods.create(probing('test-webserver', { args: ['test-webserver'], readinessProbe }));
    const pod = await bed.sees(namespace, 'test-webserver', 'was asked for a while', (seen) => {
      return Date.now() - Date.parse(firstOf(seen)?.state?.running?.startedAt ?? '') > A_WHILE_MS;
    });
    watch.stop();
    expect(watch.seen.filter(({ object }) => isReady(object))).toEqual([]);
    expect(restartsOf(pod)).toBe(0);
  },
);

// Hooks.

/** A pod that tells what it is asked: its address. */
const hearing = async (namespace: string) => {
  const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
  const { status } = await bed.ready(namespace, podOf('handler', { args: ['netexec', '8080'], readinessProbe }));
  return status?.podIP ?? '';
};
const asking = (ip: string, msg: string) => exec('wget', '-q', '-O', '-', `http://${ip}:8080/cgi-bin/echo?msg=${msg}`);

const requesting = (host: string, msg: string) => ({
  httpGet: { host, port: 8080, path: `/cgi-bin/echo?msg=${msg}` },
});

official(
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart exec hook properly [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('hooks');
    const ip = await hearing(namespace);
    await bed.ready(namespace, podOf('with-hook', { lifecycle: { postStart: asking(ip, 'poststart') } }));
    await bed.says(namespace, 'handler', ['msg=poststart']);
  },
);

official(
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop exec hook properly [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('hooks');
    const ip = await hearing(namespace);
    await bed.ready(namespace, podOf('with-hook', { lifecycle: { preStop: asking(ip, 'prestop') } }));
    await bed.of(PODS, namespace).delete('with-hook');
    await bed.says(namespace, 'handler', ['msg=prestop']);
  },
);

official(
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute poststart http hook properly [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('hooks');
    const ip = await hearing(namespace);
    await bed.ready(namespace, podOf('with-hook', { lifecycle: { postStart: requesting(ip, 'poststart') } }));
    await bed.says(namespace, 'handler', ['msg=poststart']);
  },
);

official(
  '[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute prestop http hook properly [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('hooks');
    const ip = await hearing(namespace);
    await bed.ready(namespace, podOf('with-hook', { lifecycle: { preStop: requesting(ip, 'prestop') } }));
    await bed.of(PODS, namespace).delete('with-hook');
    await bed.says(namespace, 'handler', ['msg=prestop']);
  },
);

official('[sig-node] PreStop should call prestop when killing a pod [Conformance]', async () => {
  const namespace = await bed.namespace('prestop');
  const ip = await hearing(namespace);
  await bed.ready(namespace, podOf('tester', { lifecycle: { preStop: asking(ip, 'prestop-called') } }));
  await bed.of(PODS, namespace).delete('tester', { gracePeriodSeconds: 30 });
  // The official test asks the server by the proxy of the API what it has heard.
  await until('the server has heard of it', async () => {
    const path = `/api/v1/namespaces/${namespace}/pods/handler:8080/proxy/cgi-bin/heard`;
    return (await bed.https.send({ path })).text.includes('msg=prestop-called');
  });
});

// Pods.

official('[sig-node] Pods should get a host IP [NodeConformance] [Conformance]', async () => {
  const { status } = await bed.ready(await bed.namespace('pods'), podOf('pod-hostip', {}));
  expect(status?.hostIP).toMatch(/^(\d+\.){3}\d+$/);
  expect(status?.hostIPs).toEqual([{ ip: status?.hostIP }]);
});

official(
  '[sig-node] Pods should allow activeDeadlineSeconds to be updated [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('pods');
    await bed.ready(namespace, podOf('pod-update-activedeadlineseconds', {}));
    await bed.of(PODS, namespace).change('pod-update-activedeadlineseconds', ({ spec }) => {
      spec.activeDeadlineSeconds = 5;
    });
    await bed.sees(namespace, 'pod-update-activedeadlineseconds', 'has had its time', ({ status }) => {
      return status?.phase === 'Failed' && status.reason === 'DeadlineExceeded';
    });
  },
);

shows(
  '[sig-node] Pods should contain environment variables for services [NodeConformance] [Conformance]',
  async (namespace) => {
    const service = { metadata: { name: 'fooservice' }, spec: { ports: [{ port: 8765, targetPort: 8080 }] } };
    const { spec } = await bed.of(SERVICES, namespace).create(service);
    // Variables tell of Services that the node knows when the container is made.
    await until('the node knows the Service', async () => {
      const probe = `probe-${Math.random().toString(36).slice(2, 8)}`;
      const pod = podOf(probe, script('env'), { restartPolicy: 'Never' });
      await bed.ended(namespace, pod);
      return (await bed.log(namespace, probe)).includes(`FOOSERVICE_SERVICE_HOST=${spec.clusterIP}`);
    });
    return podOf('client-envvars-pod', script('env'), { restartPolicy: 'Never' });
  },
  [
    'FOOSERVICE_SERVICE_HOST=',
    'FOOSERVICE_SERVICE_PORT=8765',
    'FOOSERVICE_PORT=tcp://',
    'FOOSERVICE_PORT_8765_TCP=tcp://',
    'FOOSERVICE_PORT_8765_TCP_PROTO=tcp',
    'FOOSERVICE_PORT_8765_TCP_PORT=8765',
    'FOOSERVICE_PORT_8765_TCP_ADDR=',
  ],
);

// Ephemeral containers.

const debugger_ = { name: 'debugger', ...script('while true; do echo polo; sleep 1; done'), tty: true, stdin: true };

official(
  '[sig-node] Ephemeral Containers [NodeConformance] will start an ephemeral container in an existing pod [Conformance]',
  async () => {
    const namespace = await bed.namespace('ephemeral');
    const pods = bed.of(PODS, namespace);
    await bed.ready(namespace, podOf('ephemeral-containers-target-pod', {}));
    const patch = { spec: { ephemeralContainers: [debugger_] } };
    await pods.patch('ephemeral-containers-target-pod', 'strategic', patch, 'ephemeralcontainers');
    await bed.sees(namespace, 'ephemeral-containers-target-pod', 'runs it', ({ status }) => {
      return status?.ephemeralContainerStatuses?.[0]?.state?.running !== undefined;
    });
    await bed.says(namespace, 'ephemeral-containers-target-pod', ['polo'], 'debugger');
  },
);

official(
  '[sig-node] Ephemeral Containers [NodeConformance] should update the ephemeral containers in an existing pod [Conformance]',
  async () => {
    const namespace = await bed.namespace('ephemeral');
    const pods = bed.of(PODS, namespace);
    const name = 'pod-ephemeral-containers';
    await bed.ready(namespace, podOf(name, {}));
    await pods.patch(name, 'strategic', { spec: { ephemeralContainers: [debugger_] } }, 'ephemeralcontainers');
    const runs = (index: number) =>
      bed.sees(namespace, name, `runs number ${index}`, ({ status }) => {
        return status?.ephemeralContainerStatuses?.[index]?.state?.running !== undefined;
      });
    await runs(0);
    const pod = await pods.get(name, 'ephemeralcontainers');
    const second = {
      ...debugger_,
      name: 'debugger2',
      terminationMessagePolicy: 'File',
      imagePullPolicy: 'IfNotPresent',
    };
    const ephemeralContainers = [...(pod.spec.ephemeralContainers ?? []), second];
    await pods.update({ ...pod, spec: { ...pod.spec, ephemeralContainers } }, 'ephemeralcontainers');
    await runs(1);
    expect((await pods.get(name)).spec.ephemeralContainers?.map((one) => one.name)).toEqual(['debugger', 'debugger2']);
  },
);
