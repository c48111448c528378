import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PODS, SERVICE_ACCOUNTS } from '#api';
import { createHttpClient } from '#client';
import { type AgentBed, bedOwner, bedPod, startAgentBed } from '../../../test/support/agent-bed.ts';
import { dockerForTests } from '../../../test/support/images.ts';
import { until } from '../../../test/support/until.ts';

const docker = await dockerForTests(bedOwner());
const PLACE = '/var/run/secrets/kubernetes.io/serviceaccount';
/*
 * In the order of the tests, what Kubernetes' conformance calls `[sig-auth] ServiceAccounts should mount an API token into
 * pods`, `should allow opting out of API token automount` and `should mount projected service account token`; and what it
 * does not ask for.
 */

/** Every token is renewed after two seconds, not after 48 minutes. */
const renewal = { share: 0.8, oldestMs: 2_000 };

if (docker.ok) {
  const { runtime, image } = docker;

  describe('src/node-agent/tokens, in containers of a real engine', () => {
    let bed: AgentBed;
    beforeAll(async () => {
      bed = await startAgentBed(runtime, { agent: { renewal } });
    });
    afterAll(async () => {
      await bed?.close();
      await runtime.removeAll();
    });

    const containerOf = async (pod: string) => {
      const found = (await runtime.listContainers()).find(
        ({ pod: { name }, state }) => name === pod && state === 'running',
      );
      if (found === undefined) throw new Error(`no container of ${pod} runs`);
      return found.id;
    };
    /** What a shell in the pod's container says to a command. */
    const sh = async (pod: string, script: string) => {
      const { exitCode, output } = await runtime.exec(await containerOf(pod), ['/bin/sh', '-c', script], 10_000);
      return { exitCode, output: output.trim() };
    };
    const read = async (pod: string, file: string) => (await sh(pod, `cat ${file}`)).output;
    /** Whom the API takes the bearer of a token for, over TLS as the pod would check it; the status code of a refusal. */
    const bearerOf = async (token: string, ca = bed.server.ca) => {
      const client = createHttpClient({ server: bed.server.url, ca, token, userAgent: 'pod' });
      try {
        const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
        const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
        const { status } = await client.post<{ status: { userInfo: { username: string; extra: object } } }>(
          path,
          review,
        );
        return status.userInfo;
      } catch (error) {
        return (error as { httpStatus?: number }).httpStatus;
      } finally {
        client.close();
      }
    };

    it('mounts token, certificate and namespace, by which the API knows the account and the pod', async () => {
      const { metadata } = await bed.run(bedPod('mounted', image));
      expect(await read('mounted', `${PLACE}/namespace`)).toBe('default');
      const ca = await read('mounted', `${PLACE}/ca.crt`);
      expect(ca).toBe(bed.server.ca.trim());
      expect(await bearerOf(await read('mounted', `${PLACE}/token`), ca)).toMatchObject({
        username: 'system:serviceaccount:default:default',
        extra: { 'authentication.kubernetes.io/pod-uid': [metadata.uid] },
      });
      expect((await sh('mounted', `touch ${PLACE}/x`)).exitCode).not.toBe(0);
    });

    it('renews it in a container that goes on, the old one staying good, and lets both die with the pod', async () => {
      await bed.run(bedPod('long', image));
      const container = await containerOf('long');
      const first = await read('long', `${PLACE}/token`);
      const second = await until('there is another token', async () => {
        const now = await read('long', `${PLACE}/token`);
        return now !== first && now;
      });
      expect(await containerOf('long')).toBe(container);
      for (const token of [first, second]) {
        expect(await bearerOf(token)).toMatchObject({ username: 'system:serviceaccount:default:default' });
      }
      await bed.client.delete(PODS, { namespace: 'default', name: 'long' });
      await until('the pod is gone', async () => !(await bed.client.get(PODS, { namespace: 'default', name: 'long' })));
      expect([await bearerOf(first), await bearerOf(second)]).toEqual([401, 401]);
    });

    it('mounts none into a pod that declines it, by itself or by its account', async () => {
      await bed.client.create(SERVICE_ACCOUNTS, {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'shy', namespace: 'default' },
        automountServiceAccountToken: false,
      });
      await Promise.all([
        bed.run(bedPod('without', image, {}, { automountServiceAccountToken: false })),
        bed.run(bedPod('shy', image, {}, { serviceAccountName: 'shy' })),
      ]);
      for (const pod of ['without', 'shy']) expect((await sh(pod, `ls ${PLACE}`)).exitCode, pod).not.toBe(0);
    });

    it('gives tokens for others to whom the pod says, as files of its user and group', async () => {
      const projected = {
        sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } }],
      };
      const spec = (securityContext: object) => ({ securityContext, volumes: [{ name: 'vault', projected }] });
      const mount = { volumeMounts: [{ name: 'vault', mountPath: '/vault' }] };
      await Promise.all([
        bed.run(bedPod('user', image, mount, spec({ runAsUser: 1_000 }))),
        bed.run(bedPod('group', image, mount, spec({ runAsUser: 1_000, fsGroup: 2_000 }))),
        bed.run(bedPod('anyone', image, mount, spec({}))),
      ]);
      const seen = (pod: string) => sh(pod, 'stat -L -c "%a %u %g" /vault/token && cat /vault/token >/dev/null');
      expect(await seen('user')).toEqual({ exitCode: 0, output: '600 1000 0' });
      expect(await seen('group')).toEqual({ exitCode: 0, output: '640 1000 2000' });
      expect(await seen('anyone')).toEqual({ exitCode: 0, output: '644 0 0' });
      const token = await read('user', '/vault/token');
      expect(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).aud).toEqual(['vault']);
      // It is not for the API.
      expect(await bearerOf(token)).toBe(401);
    });
  });
} else {
  describe.skip(`src/node-agent/tokens, in containers of a real engine (skipped: ${docker.reason})`, () => {
    it('needs a container engine', () => undefined);
  });
}
