import 'reflect-metadata';
import { readFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import path from 'node:path';
import { TLSSocket } from 'node:tls';
import { PemConverter, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CERTIFICATE_SIGNING_REQUESTS,
  type CertificateSigningRequest,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  ROLE_BINDINGS,
} from '#api';
import type { HttpClient } from '#client';
import { type ApiServer, startApiServer } from '../../../test/support/api-server.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { createKubectl, findKubectl } from '../../../test/support/kubectl.ts';
import { until } from '../../../test/support/until.ts';
import { createUserOfConnection } from '../auth/client-certificates.ts';
import { createAuthority, type KeyedCertificate } from '../pki/certificates.ts';
import { issueClientCertificate, readCertificateRequest } from '../pki/client-certificate.ts';

const SIGNER = 'kubernetes.io/kube-apiserver-client';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const MINUTE_MS = 60_000;

async function makeRequest(name: string): Promise<{ readonly pem: string; readonly key: string }> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: ALGORITHM });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { pem: made.toString('pem'), key };
}

describe('src/server/certificates', () => {
  let server: ApiServer;
  let admin: HttpClient;
  let authority: KeyedCertificate;
  beforeAll(async () => {
    server = await startApiServer();
    admin = await server.client({ name: 'admin', groups: ['system:masters'] });
    const file = (name: string) => readFile(path.join(server.directory, 'pki', name), 'utf8');
    authority = { certificate: await file('client-ca.crt'), key: await file('client-ca.key') };
    const subjects = [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'team' }];
    await admin.create(ROLE_BINDINGS, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'team', namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects,
    } as never);
  });
  afterAll(() => server.close());

  const ask = (name: string, pem: string, spec: object = {}, client: HttpClient = admin) =>
    client.create<CertificateSigningRequest>(CERTIFICATE_SIGNING_REQUESTS, {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name },
      spec: { request: Buffer.from(pem).toString('base64'), signerName: SIGNER, usages: ['client auth'], ...spec },
    });
  const statusOf = async (name: string) => (await admin.get(CERTIFICATE_SIGNING_REQUESTS, { name }))?.status;
  /** As a client with a certificate, and a token when one is given. */
  const call = (
    url: string,
    { certificate, key, token }: { readonly certificate?: string; readonly key?: string; readonly token?: string },
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> =>
    new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const body = url.endsWith('reviews') ? '{}' : '';
      const method = body === '' ? 'GET' : 'POST';
      const sent = httpsRequest(server.url + url, {
        ca: server.ca,
        cert: certificate,
        key,
        headers,
        method,
        agent: false,
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (piece) => (text += piece));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
      });
      sent.end(body);
    });
  const CONFIG = '/api/v1/namespaces/default/configmaps';
  const WHO = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

  it.skipIf(findKubectl('1.32') === undefined)(
    'gives who asks and is approved a certificate, and he is who it names',
    async () => {
      const { pem, key } = await makeRequest('CN=bea, O=team, O=other');
      const kubeconfig = await server.kubeconfig({ name: 'admin', groups: ['system:masters'] });
      const run = createKubectl(findKubectl('1.32') ?? '', kubeconfig, path.join(server.directory, 'cache'));
      const kubectl = async (...args: string[]) => {
        const { stdout, stderr, code } = await run(args);
        expect(code, stderr).toBe(0);
        return stdout;
      };
      const file = path.join(server.directory, 'csr.json');
      const made = await ask('dry', pem, { expirationSeconds: 3_600 });
      expect(made.spec).toMatchObject({ username: 'admin', groups: ['system:masters', 'system:authenticated'] });
      const { username: _, groups: __, ...spec } = made.spec;
      const { apiVersion, kind } = made;
      await writeFile(file, JSON.stringify({ apiVersion, kind, metadata: { name: 'bea' }, spec }));
      await kubectl('create', '-f', file);
      expect(await kubectl('get', 'csr', 'bea')).toMatch(
        /^NAME\s+AGE\s+SIGNERNAME\s+REQUESTOR\s+REQUESTEDDURATION\s+CONDITION\nbea\s+\d+s\s+kubernetes.io\/kube-apiserver-client\s+admin\s+60m\s+Pending/,
      );
      expect(await kubectl('certificate', 'approve', 'bea')).toContain('bea approved');
      const status = await until('it is signed', async () => {
        const found = await statusOf('bea');
        return found?.certificate !== undefined && found;
      });
      expect(await kubectl('get', 'csr', 'bea')).toContain('Approved,Issued');
      const certificate = Buffer.from(status.certificate ?? '', 'base64').toString();

      expect((await call(CONFIG, { certificate, key })).status).toBe(200);
      expect((await call('/api/v1/nodes', { certificate, key })).status).toBe(403);
      const { body } = await call(WHO, {
        certificate,
        key,
        token: await server.tokens.issue({ name: 't', groups: [] }),
      });
      expect(body).toMatchObject({
        status: {
          userInfo: {
            username: 'bea',
            groups: ['team', 'other', 'system:authenticated'],
            extra: {
              'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[0-9a-f]{64}$/)],
            },
          },
        },
      });
      expect(await kubectl('certificate', 'deny', 'dry')).toContain('dry denied');
      expect((await statusOf('dry'))?.conditions).toMatchObject([{ type: 'Denied', status: 'True' }]);
    },
  );

  it('takes no certificate that is foreign, ended or of a server, but a token besides', async () => {
    const { pem, key } = await makeRequest('CN=bea, O=team');
    const asked = await readCertificateRequest(pem);
    const nowMs = Date.now();
    const life = { usages: ['client auth'], seconds: 600 };
    const issue = (by: KeyedCertificate, atMs: number) => issueClientCertificate(by, asked, { ...life, nowMs: atMs });
    const other = await createAuthority('plumbline-client-ca', nowMs);
    const good = await issue(authority, nowMs);
    expect((await call(CONFIG, { certificate: good, key })).status).toBe(200);
    const foreign = await issue(other, nowMs);
    const ended = await issue(authority, nowMs - 30 * MINUTE_MS);
    for (const certificate of [foreign, ended]) {
      expect((await call(CONFIG, { certificate, key })).status).toBe(401);
      const token = await server.tokens.issue({ name: 'a', groups: ['system:masters'] });
      expect((await call(CONFIG, { certificate, key, token })).status).toBe(200);
    }
    expect((await call(CONFIG, {})).status).toBe(401);
    const own = (name: string) => readFile(path.join(server.directory, 'pki', name), 'utf8');
    const served = { certificate: await own('server.crt'), key: await own('server.key') };
    expect((await call(CONFIG, served)).status).toBe(401);
  });

  it('looks at the time of a certificate for every request of a connection', async () => {
    const { pem } = await makeRequest('CN=bea, O=team');
    const clock = new FakeClock();
    const certificate = await issueClientCertificate(authority, await readCertificateRequest(pem), {
      usages: ['client auth'],
      seconds: 600,
      nowMs: clock.nowMs(),
    });
    const raw = PemConverter.decodeFirst(certificate);
    const socket: TLSSocket = Object.create(TLSSocket.prototype, {
      authorized: { value: true },
      getPeerX509Certificate: { value: () => ({ raw: Buffer.from(raw) }) },
    });
    const userOf = createUserOfConnection(clock);
    expect(userOf(socket)).toMatchObject({ name: 'bea', groups: ['team'] });
    await clock.advance(9 * MINUTE_MS);
    expect(userOf(socket)).toBeDefined();
    await clock.advance(2 * MINUTE_MS);
    expect(userOf(socket)).toBeUndefined();
  });

  it('lets nobody approve or sign without the right on the signer', async () => {
    const { pem } = await makeRequest('CN=eve, O=team');
    await ask('eve', pem);
    const rules = [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: [
          'certificatesigningrequests',
          'certificatesigningrequests/approval',
          'certificatesigningrequests/status',
        ],
        verbs: ['get', 'patch', 'update'],
      },
    ];
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
    await admin.create(CLUSTER_ROLES, { ...rbac, kind: 'ClusterRole', metadata: { name: 'writer' }, rules } as never);
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' }];
    const bind = (role: string) =>
      admin.create(CLUSTER_ROLE_BINDINGS, {
        ...rbac,
        kind: 'ClusterRoleBinding',
        metadata: { name: role },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects,
      } as never);
    await bind('writer');
    const eve = await server.client({ name: 'eve', groups: [] });
    const { url } = server;
    const write = async (part: string, status: object) => {
      const token = await server.tokens.issue({ name: 'eve', groups: [] });
      return send(`${url}/apis/certificates.k8s.io/v1/certificatesigningrequests/eve/${part}`, token, { status });
    };
    const verdict = { conditions: [{ type: 'Approved', status: 'True', reason: 'R' }] };
    expect(await write('approval', verdict)).toContain(
      `user not permitted to approve requests with signerName \\"${SIGNER}\\"`,
    );
    expect(await write('status', { certificate: 'AAAA' })).toContain('user not permitted to sign requests');
    expect(await write('status', verdict)).toContain('updates may not add a condition of type');
    const signers = [
      {
        apiGroups: ['certificates.k8s.io'],
        resources: ['signers'],
        resourceNames: ['kubernetes.io/*'],
        verbs: ['approve'],
      },
    ];
    await admin.create(CLUSTER_ROLES, {
      ...rbac,
      kind: 'ClusterRole',
      metadata: { name: 'approver' },
      rules: signers,
    } as never);
    await bind('approver');
    expect(await write('approval', verdict)).toContain('"type":"Approved"');
    await until('it is signed', async () => (await statusOf('eve'))?.certificate !== undefined);
    // What was asked stands.
    const changed = await admin.patch<CertificateSigningRequest>(
      CERTIFICATE_SIGNING_REQUESTS,
      { name: 'eve' },
      { type: 'merge', body: { spec: { username: 'root' }, metadata: { labels: { a: 'b' } } } },
    );
    expect(changed.spec.username).toBe('admin');
    expect(changed.metadata.labels).toEqual({ a: 'b' });
    eve.close();
  });

  const send = (url: string, token: string, body: object): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/merge-patch+json' };
      const sent = httpsRequest(url, { ca: server.ca, method: 'PATCH', headers, agent: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (piece) => (text += piece));
        response.on('end', () => resolve(text));
      });
      sent.end(JSON.stringify(body));
    });

  it('says why it does not sign', async () => {
    const { pem } = await makeRequest('CN=web, O=team');
    await ask('web', pem, { usages: ['server auth'] });
    const body = { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'R' }] } };
    const token = await server.tokens.issue({ name: 'a', groups: ['system:masters'] });
    await send(`${server.url}/apis/certificates.k8s.io/v1/certificatesigningrequests/web/approval`, token, body);
    const failed = await until('it failed', async () =>
      (await statusOf('web'))?.conditions?.find(({ type }) => type === 'Failed'),
    );
    expect(failed).toMatchObject({ reason: 'SignerValidationFailure', status: 'True' });
    expect((await statusOf('web'))?.certificate).toBeUndefined();
  });

  it('takes only requests that are sound', async () => {
    const { pem } = await makeRequest('CN=m, O=system:masters');
    await expect(ask('m', pem)).rejects.toThrow(`use of ${SIGNER} signer with system:masters group is not allowed`);
    await expect(ask('n', 'nonsense')).rejects.toThrow('PEM block type must be CERTIFICATE REQUEST');
    await expect(ask('n', authority.certificate)).rejects.toThrow('PEM block type must be CERTIFICATE REQUEST');
    const der = Buffer.from(PemConverter.decodeFirst((await makeRequest('CN=x')).pem));
    der[der.length - 5] = (der[der.length - 5] ?? 0) ^ 1;
    const broken = PemConverter.encode(der, 'CERTIFICATE REQUEST');
    await expect(ask('n', broken)).rejects.toThrow('spec.request: Invalid value');
    const fine = (await makeRequest('CN=x')).pem;
    await expect(ask('n', fine, { expirationSeconds: 599 })).rejects.toThrow('less than 600 seconds');
    await expect(ask('n', fine, { usages: [] })).rejects.toThrow('spec.usages: Required value');
    await expect(ask('n', fine, { usages: ['flying'] })).rejects.toThrow('spec.usages[0]: Unsupported value: "flying"');
    await expect(ask('n', fine, { signerName: 'mine' })).rejects.toThrow('must be a fully qualified domain and path');
  });
});
