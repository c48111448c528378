import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubeObject, PODS, type Pod, SECRETS } from '#api';
import { type AgentBed, BED_NODE, startAgentBed } from '../../test/support/agent-bed.ts';
import { dockerForTests } from '../../test/support/images.ts';
import { REGISTRY_PASSWORD, REGISTRY_USER, type Registry, startRegistry } from '../../test/support/registry.ts';
import { until } from '../../test/support/until.ts';

// The runtime looks for Docker's logins here; the person's own are left alone.
const logins = await mkdtemp(path.join(tmpdir(), 'plumb-logins-'));
process.env['DOCKER_CONFIG'] = logins;
const docker = await dockerForTests(`test/${randomUUID()}`);

describe.skipIf(!docker.ok)(
  `pulls from a registry that asks for a password${docker.ok ? '' : ` (skipped: ${docker.reason})`}`,
  () => {
    let bed: AgentBed;
    let registry: Registry;
    const pushed: string[] = [];
    beforeAll(async () => {
      if (!docker.ok) return;
      registry = await startRegistry();
      bed = await startAgentBed(docker.runtime);
    });
    afterAll(async () => {
      await bed?.close();
      if (docker.ok) await docker.runtime.removeAll();
      await registry?.close();
      for (const ref of pushed) execFileSync('docker', ['rmi', '--force', ref], { stdio: 'ignore' });
      await rm(logins, { recursive: true, force: true });
    });

    /** A pod of an image that only the registry has. */
    const podOf = async (name: string, secret?: string): Promise<KubeObject> => {
      const image = await registry.push(docker.ok ? docker.image : '', `team/${name}:1`);
      pushed.push(image);
      return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default' },
        spec: {
          nodeName: BED_NODE,
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'app', image, command: ['/bin/sleep', '3600'] }],
          ...(secret === undefined ? {} : { imagePullSecrets: [{ name: secret }] }),
        },
      };
    };
    const createSecret = (name: string, password: string) => {
      const auth = Buffer.from(`${REGISTRY_USER}:${password}`).toString('base64');
      const config = JSON.stringify({ auths: { [registry.address]: { auth } } });
      return bed.client.create(SECRETS, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace: 'default' },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
      } as KubeObject);
    };
    /** The state in which the pod waits for its image, once it is put off. */
    const backOffOf = (name: string) =>
      until(`${name} is put off`, async () => {
        const pod = await bed.client.get<Pod>(PODS, { namespace: 'default', name });
        const waiting = pod?.status?.containerStatuses?.[0]?.state?.waiting;
        return waiting?.reason === 'ImagePullBackOff' && waiting;
      });

    it("succeeds with a pod's imagePullSecrets", async () => {
      await createSecret('right', REGISTRY_PASSWORD);
      const pod = await bed.run(await podOf('secret', 'right'));
      expect(pod.status?.containerStatuses?.[0]?.imageID).toContain('sha256:');
    });

    it('waits in ImagePullBackOff with a wrong password, and says that the login was not taken', async () => {
      await createSecret('wrong', 'incorrect horse');
      await bed.client.create(PODS, await podOf('mistaken', 'wrong'));
      const { message } = await backOffOf('mistaken');
      expect(message).toContain(`${registry.address} does not take the login it was given`);
      expect(message).not.toContain('horse');
    });

    it('waits without any login and says how to give one; comes up once Docker has one of its own', async () => {
      await bed.client.create(PODS, await podOf('nobody'));
      const { message } = await backOffOf('nobody');
      expect(message).toContain(
        `there is no login for ${registry.address}: docker login ${registry.address} on the node, or imagePullSecrets`,
      );
      await registry.login(logins);
      await bed.run(await podOf('person'));
      await until('the one that waited runs too', async () => {
        const pod = await bed.client.get<Pod>(PODS, { namespace: 'default', name: 'nobody' });
        return pod?.status?.containerStatuses?.[0]?.ready;
      });
    });
  },
);
