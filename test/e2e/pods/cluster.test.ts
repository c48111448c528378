/**
 * Official tests of what reaches into containers, and out of them to the API. Source: kubernetes test/e2e/auth:
 * service_accounts.go; test/e2e/common/node: pods.go; test/e2e/kubectl: logs.go (v1.32).
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { SERVICE_ACCOUNTS } from '#api';
import { type DockerBed, official, startDockerBed } from '../../conformance/support/docker-bed.ts';
import { accepted, type Body } from '../../conformance/support/resource.ts';
import { STAND_IN_IMAGE } from '../../support/stand-in.ts';
import { until } from '../../support/until.ts';

let bed: DockerBed;
beforeAll(async () => {
  bed = await startDockerBed();
});
afterAll(() => bed.close());

const image = STAND_IN_IMAGE;
const script = (text: string) => ({ name: 'main', image, command: ['/bin/sh', '-c', text] });
const podOf = (name: string, container: object, spec: object = {}): Body => ({
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 1, restartPolicy: 'Never', containers: [container], ...spec },
});

interface Review {
  readonly status: {
    readonly authenticated: boolean;
    readonly user: { readonly username: string; readonly groups: string[] };
  };
}

/** Whose token the API says that it is. */
async function reviewOf(token: string): Promise<Review['status']> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } });
  const path = '/apis/authentication.k8s.io/v1/tokenreviews';
  const headers = { 'content-type': 'application/json' };
  return accepted<Review>(await bed.https.send({ method: 'POST', path, headers, body })).status;
}

official('[sig-auth] ServiceAccounts should mount an API token into pods [Conformance]', async () => {
  const namespace = await bed.namespace('svcaccounts');
  await bed.of(SERVICE_ACCOUNTS, namespace).create({ metadata: { name: 'mount-test' } });
  const place = '/var/run/secrets/kubernetes.io/serviceaccount';
  const show = script(`for f in token ca.crt namespace; do echo "== $f"; cat ${place}/$f; echo; done`);
  await bed.ended(namespace, podOf('pod-service-account', show, { serviceAccountName: 'mount-test' }));
  const said = await bed.log(namespace, 'pod-service-account');
  const [, token = '', ca = '', own = ''] = said.split(/^== .*$/m).map((part) => part.trim());
  expect(own).toBe(namespace);
  expect(ca).toBe(bed.server.ca.trim());
  expect(await reviewOf(token)).toMatchObject({
    authenticated: true,
    user: {
      username: `system:serviceaccount:${namespace}:mount-test`,
      groups: expect.arrayContaining([
        'system:serviceaccounts',
        `system:serviceaccounts:${namespace}`,
        'system:authenticated',
      ]),
    },
  });
});

official('[sig-auth] ServiceAccounts should mount projected service account token [Conformance]', async () => {
  const namespace = await bed.namespace('svcaccounts');
  const file = '/test/service-account/token';
  const container = {
    name: 'main',
    image,
    args: ['mounttest', `--file_content=${file}`],
    volumeMounts: [{ name: 'token', mountPath: '/test/service-account' }],
  };
  const volume = {
    name: 'token',
    projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] },
  };
  await bed.ended(namespace, podOf('test-pod', container, { volumes: [volume] }));
  const said = await bed.log(namespace, 'test-pod');
  const token = new RegExp(`content of file "${file}": (\\S+)`).exec(said)?.[1] ?? '';
  expect((await reviewOf(token)).user.username).toBe(`system:serviceaccount:${namespace}:default`);
});

official(
  '[sig-node] Pods should support remote command execution over websockets [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('pods');
    await bed.ready(namespace, podOf('pod-exec-websocket', { name: 'main', image }));
    const said = await bed.exec(namespace, 'pod-exec-websocket', ['echo', 'remote execution test']);
    expect(said).toBe('remote execution test\n');
  },
);

official(
  '[sig-node] Pods should support retrieving logs from the container over websockets [NodeConformance] [Conformance]',
  async () => {
    const namespace = await bed.namespace('pods');
    await bed.ready(namespace, podOf('pod-logs-websocket', script('echo container is alive; sleep 100000')));
    const path = 'pod-logs-websocket/log?container=main';
    await until('the log is there', async () => {
      const said = Buffer.concat(await bed.messages(namespace, path, 'binary.k8s.io')).toString();
      return said === 'container is alive\n';
    });
  },
);

official('[sig-cli] Kubectl logs logs should be able to retrieve and filter logs [Conformance]', async () => {
  const namespace = await bed.namespace('logs');
  const kubectl = async (args: readonly string[]) => {
    const { stdout, stderr, code } = await bed.kubectl(namespace, args);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  const generate =
    'i=0; while [ $i -lt 100 ]; do echo "I0102 03:04:05 1 logs_generator.go:76] $i POST /api/v1/x"; i=$((i+1)); done';
  await kubectl([
    'run',
    'logs-generator',
    `--image=${image}`,
    '--restart=Never',
    '--command',
    '--',
    'sh',
    '-c',
    `${generate}; sleep 100000`,
  ]);
  const logs = (...more: string[]) => kubectl(['logs', 'logs-generator', 'logs-generator', ...more]);
  const all = await until('it has said all', async () => {
    const said = await logs();
    return said.includes(' 99 POST') ? said : undefined;
  });
  expect(all).toMatch(/^I\d+ .* 0 POST/);
  const last = await logs('--tail=1');
  expect(last.trim().split('\n')).toHaveLength(1);
  expect(await logs('--limit-bytes=1')).toHaveLength(1);
  const [time = ''] = (await logs('--tail=1', '--timestamps')).split(' ');
  expect(Number.isNaN(Date.parse(time))).toBe(false);
  const recent = await logs('--since=24h');
  expect(recent.split('\n').length).toBe(all.split('\n').length);
  await until('the last second says nothing', async () => (await logs('--since=1s')) === '');
});
