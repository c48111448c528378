import { createPublicKey, verify } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PODS, SERVICE_ACCOUNTS } from '#api';
import type { HttpClient } from '#client';
import { createHttpClient } from '#client';
import { type ApiServer, startApiServer } from '../../../../test/support/api-server.ts';
import { FakeClock } from '../../../../test/support/fake-clock.ts';
import { createKubectl, findKubectl } from '../../../../test/support/kubectl.ts';
import { writeKubeconfig } from '../../pki/kubeconfig.ts';
import { nodeUser } from '../groups.plan.ts';
import { createServiceAccountTokens, SERVICE_ACCOUNT_ISSUER } from './service-account-tokens.ts';
import { ensureSigningKey } from './signing-key.ts';

const kubectlPath = findKubectl('1.32');
const title = `src/server/auth/service-accounts with kubectl 1.32${kubectlPath === undefined ? ' (skipped: there is no kubectl)' : ''}`;
const payloadOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe.skipIf(kubectlPath === undefined)(title, () => {
  let server: ApiServer;
  let admin: HttpClient;
  let kubectl: (args: string, input?: string) => Promise<{ stdout: string; stderr: string; code: number }>;

  beforeAll(async () => {
    server = await startApiServer();
    admin = await server.client({ name: 'admin', groups: ['system:masters'] });
    const kubeconfig = await server.kubeconfig({ name: 'admin', groups: ['system:masters'] });
    const run = createKubectl(kubectlPath ?? '', kubeconfig, path.join(server.directory, 'cache'));
    kubectl = (args, input) => run(args.split(' '), { timeoutMs: 30_000, ...(input === undefined ? {} : { input }) });
    await account('bot');
  });
  afterAll(() => server.close());

  const account = (name: string) =>
    admin.create(SERVICE_ACCOUNTS, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name, namespace: 'default' },
    });
  const pod = (name: string, serviceAccountName: string) =>
    admin.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { serviceAccountName, containers: [{ name: 'c', image: 'sample:1' }] },
    });

  async function tokenOf(args: string): Promise<string> {
    const { stdout, stderr } = await kubectl(`create token ${args}`);
    expect(stderr).toBe('');
    return stdout.trim();
  }

  /** Lists pods with a token: the message of the refusal, or `ok`. */
  async function listsPods(token: string): Promise<string> {
    const client = createHttpClient({ server: server.url, ca: server.ca, token, userAgent: 'bot/1' });
    try {
      await client.list(PODS, { namespace: 'default' });
      return 'ok';
    } catch (error) {
      return String((error as Error).message);
    } finally {
      client.close();
    }
  }

  it('lets an account do what a binding gives it, and tells who it is', async () => {
    const token = await tokenOf('bot');
    const user = 'system:serviceaccount:default:bot';
    expect(await listsPods(token)).toContain(`User "${user}" cannot list resource "pods"`);
    await kubectl('create rolebinding bot --clusterrole=view --serviceaccount=default:bot -n default');
    expect(await listsPods(token)).toBe('ok');
    const file = path.join(server.directory, 'bot.kubeconfig');
    await writeKubeconfig({ path: file, server: server.url, ca: server.ca, user: 'bot', token });
    const bot = createKubectl(kubectlPath ?? '', file, path.join(server.directory, 'cache-bot'));
    const { stdout } = await bot(['auth', 'whoami']);
    expect(stdout).toContain(user);
    expect(stdout).toMatch(/Groups +\[system:serviceaccounts system:serviceaccounts:default system:authenticated\]/);
  });

  it('gives a token as long as asked, within bounds', async () => {
    const { exp, iat, aud, iss } = payloadOf(await tokenOf('bot --duration 20m --audience vault'));
    expect([exp - iat, aud, iss]).toEqual([1_200, ['vault'], SERVICE_ACCOUNT_ISSUER]);
    const { exp: end, iat: begin } = payloadOf(await tokenOf('bot --duration 720h'));
    expect(end - begin).toBe(24 * 3_600);
    expect((await kubectl('create token bot --duration 1m')).stderr).toContain(
      'spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
    );
    expect((await kubectl('create token nobody')).stderr).toContain('serviceaccounts "nobody" not found');
  });

  it('takes a token only for its audience, and reviews it for others', async () => {
    const token = await tokenOf('bot --audience vault');
    expect(await listsPods(token)).toContain('Unauthorized');
    const review = async (audiences: string[]) => {
      const spec = { token, ...(audiences.length === 0 ? {} : { audiences }) };
      const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec });
      return JSON.parse((await kubectl('create -f - -o json', body)).stdout).status;
    };
    expect(await review(['vault', 'other'])).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
      user: { username: 'system:serviceaccount:default:bot' },
    });
    expect((await review([])).authenticated).toBeUndefined();
    expect((await review(['other'])).authenticated).toBeUndefined();
  });

  it('can be checked with the public keys alone', async () => {
    const token = await tokenOf('bot');
    const { stdout: configuration } = await kubectl('get --raw /.well-known/openid-configuration');
    expect(JSON.parse(configuration)).toMatchObject({ issuer: SERVICE_ACCOUNT_ISSUER });
    const { pathname } = new URL(JSON.parse(configuration).jwks_uri);
    const { keys } = JSON.parse((await kubectl(`get --raw ${pathname}`)).stdout);
    const [head, body, signature = ''] = token.split('.');
    const key = { key: createPublicKey({ key: keys[0], format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
    expect(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
    expect(Object.keys(keys[0])).not.toContain('d');
  });

  it('makes a token worthless with its account, also when another of that name comes', async () => {
    await account('brief');
    await kubectl('create rolebinding brief --clusterrole=view --serviceaccount=default:brief -n default');
    const token = await tokenOf('brief');
    expect(await listsPods(token)).toBe('ok');
    await admin.delete(SERVICE_ACCOUNTS, { name: 'brief', namespace: 'default' });
    expect(await listsPods(token)).toContain('Unauthorized');
    await account('brief');
    expect(await listsPods(token)).toContain('Unauthorized');
  });

  it('makes a token worthless with the pod it is bound to, and binds it to no pod of others', async () => {
    await pod('mine', 'bot');
    await pod('other', 'default');
    const token = await tokenOf('bot --bound-object-kind Pod --bound-object-name mine');
    expect(payloadOf(token)['kubernetes.io'].pod.name).toBe('mine');
    expect(await listsPods(token)).toBe('ok');
    await admin.delete(PODS, { name: 'mine', namespace: 'default' }, { gracePeriodSeconds: 0 });
    expect(await listsPods(token)).toContain('Unauthorized');
    const { stderr } = await kubectl('create token bot --bound-object-kind Pod --bound-object-name other');
    expect(stderr).toContain(
      'cannot bind token for serviceaccount "bot" to pod running with different serviceaccount name',
    );
  });

  it('gives a node tokens for its own pods only', async () => {
    const node = await server.kubeconfig(nodeUser('n1'));
    const asNode = createKubectl(kubectlPath ?? '', node, path.join(server.directory, 'cache-n1'));
    await pod('here', 'bot');
    const ask = (name: string) =>
      asNode(['create', 'token', 'bot', '--bound-object-kind', 'Pod', '--bound-object-name', name, '-n', 'default']);
    expect((await ask('here')).stderr).toContain('cannot create resource "serviceaccounts/token"');
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'here', namespace: 'default' } };
    await admin.update(PODS, { ...binding, target: { kind: 'Node', name: 'n1' } }, { subresource: 'binding' });
    expect((await ask('here')).stdout).toMatch(/^[^.\s]+\.[^.\s]+\.[^.\s]+\s*$/);
    await pod('there', 'bot');
    expect((await ask('there')).stderr).toContain('bound to a pod scheduled on a different node');
    expect((await asNode(['create', 'token', 'bot', '-n', 'default'])).stderr).toContain('not bound to a pod');
  });

  it('runs pods as `default`, and none as an account that is not there', async () => {
    const made = await admin.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'plain', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'sample:1' }] },
    });
    expect(made.spec.serviceAccountName).toBe('default');
    await expect(pod('lost', 'nobody')).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'pods "lost" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
    });
  });

  it('lets a token end', async () => {
    const clock = new FakeClock();
    const key = await ensureSigningKey(path.join(server.directory, 'ending.key'));
    const tokens = createServiceAccountTokens({ api: server.api, key, clock });
    const context = { user: { name: 'admin', groups: ['system:masters'] }, defaultManager: 'test' };
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: {} };
    const { token } = (await tokens.issue(context, 'default', 'bot', request))['status'] as { token: string };
    expect((await tokens.authenticate(token))?.user.name).toBe('system:serviceaccount:default:bot');
    await clock.advance(3_599_000);
    expect(await tokens.authenticate(token)).toBeDefined();
    await clock.advance(2_000);
    expect(await tokens.authenticate(token)).toBeUndefined();
  });
});
