/** What people see of containers that end: stock kubectl, on real Docker. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOBS, PODS } from '#api';
import { type DockerBed, startDockerBed } from '../../conformance/support/docker-bed.ts';
import type { Body } from '../../conformance/support/resource.ts';
import { STAND_IN_IMAGE } from '../../support/stand-in.ts';
import { until } from '../../support/until.ts';

describe('pods on Docker, as kubectl shows them', () => {
  let bed: DockerBed;
  let namespace: string;
  beforeAll(async () => {
    bed = await startDockerBed();
    namespace = await bed.namespace('shown');
  });
  afterAll(() => bed.close());

  const container = (script: string, more: object = {}) => ({
    name: 'main',
    image: STAND_IN_IMAGE,
    command: ['/bin/sh', '-c', script],
    ...more,
  });
  const create = (name: string, spec: object): Promise<Body> =>
    bed.of(PODS, namespace).create({ metadata: { name }, spec: { terminationGracePeriodSeconds: 1, ...spec } });
  const kubectl = async (...args: readonly string[]) => (await bed.kubectl(namespace, args)).stdout;
  /** Waits until the line of a pod has a STATUS. */
  const shows = (name: string, status: RegExp) =>
    until(`${name} is ${status}`, async () => {
      const line = await kubectl('get', 'pod', name, '--no-headers');
      if (status.test(line)) return line;
      throw new Error(line);
    });

  it.concurrent('tells that memory ran out, and with what exit code', async () => {
    const hungry = container('tail /dev/zero', { resources: { limits: { memory: '16Mi' } } });
    await create('hungry', { restartPolicy: 'Never', containers: [hungry] });
    await shows('hungry', /^hungry +0\/1 +OOMKilled +0 /);
    const told = await kubectl('describe', 'pod', 'hungry');
    expect(told).toMatch(/State: +Terminated\n +Reason: +OOMKilled\n +Exit Code: +137\n/);
    expect(told).toMatch(/Limits:\n +memory: +16Mi\n/);
  });

  it.concurrent('tells of a container that fails again and again, and waits longer each time', async () => {
    await create('crashing', { containers: [container('echo no; exit 3')] });
    await shows('crashing', /^crashing +0\/1 +Error +\d/);
    await shows('crashing', /^crashing +0\/1 +CrashLoopBackOff +1 /);
    const told = await kubectl('describe', 'pod', 'crashing');
    expect(told).toMatch(
      /State: +Waiting\n +Reason: +CrashLoopBackOff\n +Last State: +Terminated\n +Reason: +Error\n +Exit Code: +3\n/,
    );
    expect(told).toMatch(/Restart Count: +1\n/);
    expect(told).toMatch(/Warning +BackOff .*Back-off restarting failed container main in pod crashing/);
  });

  it.concurrent('tells of a program that cannot be started', async () => {
    await create('missing', { restartPolicy: 'Never', containers: [container('', { command: ['/no/such/program'] })] });
    await shows('missing', /^missing +0\/1 +ContainerCannotRun +0 /);
    expect(await kubectl('describe', 'pod', 'missing')).toMatch(/Message: +cannot run \/no\/such\/program\n/);
  });

  it.concurrent('tells of root that is not to be', async () => {
    await create('root', { containers: [container('true')], securityContext: { runAsNonRoot: true } });
    await shows('root', /^root +0\/1 +CreateContainerConfigError +0 /);
    expect(await kubectl('describe', 'pod', 'root')).toContain(
      'Error: container has runAsNonRoot and image will run as root (container: main)',
    );
  });

  it.concurrent('shows the steps of the beginning', async () => {
    const initContainers = [{ ...container('sleep 100000'), name: 'first' }];
    await create('beginning', { initContainers, containers: [container('sleep 100000')] });
    await shows('beginning', /^beginning +0\/1 +Init:0\/1 +0 /);
  });

  it.concurrent('completes a Job whose sidecar would run on, the sidecar last', async () => {
    const sidecar = container('trap "echo bye; exit 0" TERM; sleep 100000 & wait $!', { restartPolicy: 'Always' });
    const spec = {
      restartPolicy: 'Never',
      initContainers: [{ ...sidecar, name: 'helper' }],
      containers: [container('echo done')],
    };
    await bed.of(JOBS, namespace).create({ metadata: { name: 'helped' }, spec: { template: { spec } } });
    await until('the Job is complete', async () => {
      const line = await kubectl('get', 'job', 'helped', '--no-headers');
      return /^helped +Complete +1\/1 /.test(line);
    });
    const { items } = await bed.of(PODS, namespace).list({ labelSelector: 'job-name=helped' });
    const [helper] = items[0]?.status?.initContainerStatuses ?? [];
    const [main] = items[0]?.status?.containerStatuses ?? [];
    expect(helper?.state?.terminated).toMatchObject({ reason: 'Completed', exitCode: 0 });
    const ended = (time: string | undefined) => Date.parse(time ?? '');
    expect(ended(helper?.state?.terminated?.finishedAt)).toBeGreaterThanOrEqual(
      ended(main?.state?.terminated?.finishedAt),
    );
  });

  it.concurrent('refuses a setting of the kernel that is not safe', async () => {
    const sysctls = [{ name: 'kernel.msgmax', value: '10000' }];
    await create('reckless', { containers: [container('true')], securityContext: { sysctls } });
    await shows('reckless', /^reckless +0\/1 +SysctlForbidden +0 /);
    expect(await kubectl('describe', 'pod', 'reckless')).toMatch(
      /Warning +SysctlForbidden .*"kernel\.msgmax" not allowlisted/,
    );
  });
});
