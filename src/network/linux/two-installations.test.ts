import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bundle, bundle } from '../../../test/support/bundle.ts';
import { networkObstacle, networkSource, Remote } from '../../../test/support/network-process.ts';
import { linkName } from '../address.plan.ts';
import { CLAIM_TABLE } from '../claim.plan.ts';
import type { ServicePortRoute } from '../network.ts';

const RANGES = {
  podCidr: '10.244.0.0/24',
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  dnsIP: '10.96.0.10',
  clusterDomain: 'cluster.local',
};
const POD_IP = '10.244.0.2';
const WEB: ServicePortRoute = {
  service: 'default/web:http',
  protocol: 'TCP',
  clusterIP: '10.96.7.7',
  port: 80,
  backends: [{ ip: POD_IP, port: 8080 }],
};
/** A pod that answers one word to every connection. */
const POD = `require('node:net').createServer((s) => s.on('error', () => {}).end('pod')).listen(8080, () => process.send({ id: 1 })); process.on('disconnect', () => process.exit());`;
/** Exit code 0 when the Service answers. */
const VISIT = `require('node:net').connect(80, '10.96.7.7').once('data', () => process.exit(0)).once('error', () => process.exit(1)).setTimeout(2000, () => process.exit(2));`;

const reason = networkObstacle();

describe.skipIf(reason !== undefined)(
  `two installations in one network namespace${reason ? ` (${reason})` : ''}`,
  () => {
    const remotes: Remote[] = [];
    let namespace = '';
    let folder = '';
    let built: Bundle;
    let pod: Remote;

    const inside = (...args: readonly string[]) =>
      execFileSync('nsenter', [`--net=/run/netns/${namespace}`, ...args], { encoding: 'utf8' });
    const started = (...command: readonly string[]) => {
      const remote = new Remote(command[0] ?? '', command.slice(1));
      remotes.push(remote);
      return remote;
    };
    const ownerOf = (name: string) => ({ id: `cluster-${name}/node`, directory: join(folder, `${name} it's`) });
    /** An agent's network of the installation `name`, whose folder is made unless it is there. */
    const agentOf = async (name: string) => {
      const owner = ownerOf(name);
      await mkdir(owner.directory, { recursive: true });
      await writeFile(join(folder, 'resolv.conf'), 'nameserver 192.0.2.1\n');
      const script = join(folder, `${name}.mjs`);
      await writeFile(script, networkSource(built.url('network'), { ...RANGES, owner }, join(folder, 'resolv.conf')));
      return started('nsenter', `--net=/run/netns/${namespace}`, process.execPath, script);
    };
    const startWithPod = async (agent: Remote) => {
      await agent.call('start');
      await agent.call('attachPod', { id: 'uid-pod', ip: POD_IP, pid: pod.pid });
      await agent.call('setServices', [WEB]);
    };
    const serviceAnswers = () =>
      spawnSync('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, '-e', VISIT]).status === 0;
    const links = () => inside('ip', '-br', 'link');

    beforeEach(async () => {
      namespace = `plbt-2-${randomBytes(3).toString('hex')}`;
      folder = await mkdtemp(join(tmpdir(), 'plumbline-two-'));
      built = await bundle({ network: new URL('./linux-network.ts', import.meta.url) });
      execFileSync('ip', ['netns', 'add', namespace]);
      inside('ip', 'link', 'set', 'lo', 'up');
      pod = started('unshare', '-n', process.execPath, '-e', POD);
      await new Promise((resolve) => pod.child.once('message', resolve));
    });
    afterEach(async () => {
      for (const remote of remotes.splice(0)) await remote.end();
      spawnSync('ip', ['netns', 'delete', namespace]);
      await rm(folder, { recursive: true, force: true });
      await built.remove();
    });

    it('refuses the second, by the name of the first and with the way out, and leaves the first untouched', async () => {
      const first = await agentOf('first');
      await startWithPod(first);
      expect(serviceAnswers()).toBe(true);
      const before = [links(), inside('nft', 'list', 'ruleset'), inside('ip', 'route')];

      const second = await agentOf('second');
      const refusal = await second.call('start').catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: 'NetworkHeld' });
      expect((refusal as Error).message).toContain(`${ownerOf('first').directory} (node agent: process ${first.pid})`);
      expect((refusal as Error).message).toContain(
        `plumb reset --yes --state-dir '${ownerOf('first').directory.replace("'", "'\\''")}'`,
      );
      await second.call('remove'); // its reset has nothing to take away
      expect([links(), inside('nft', 'list', 'ruleset'), inside('ip', 'route')]).toEqual(before);

      // Pods go on without their agent, and so does the hold on their network.
      await first.end();
      await expect(second.call('start')).rejects.toMatchObject({ code: 'NetworkHeld' });
      expect(serviceAnswers()).toBe(true);
      const again = await agentOf('first');
      await startWithPod(again);
      expect(links()).toBe(before[0]);

      await again.call('remove');
      expect(inside('nft', 'list', 'tables')).toBe('');
      await startWithPod(second);
      expect(serviceAnswers()).toBe(true);
    });

    it('refuses a second agent of the same installation while the first runs', async () => {
      const first = await agentOf('one');
      await startWithPod(first);
      const twin = await agentOf('one');
      const refusal = await twin.call('start').catch((error: unknown) => error);
      expect((refusal as Error).message).toContain(`runs already, as process ${first.pid}`);
      await expect(twin.call('remove')).rejects.toMatchObject({ code: 'NetworkHeld' });
      expect(serviceAnswers()).toBe(true);
    });

    it('takes over from one whose folder and agent are gone, and touches no link that is not its own', async () => {
      const lost = await agentOf('lost');
      await startWithPod(lost);
      await rm(ownerOf('lost').directory, { recursive: true });
      const next = await agentOf('next');
      const refusal = await next.call('start').catch((error: unknown) => error);
      expect((refusal as Error).message).toContain(
        `its folder is gone but its node agent runs; end it: kill ${lost.pid}`,
      );
      await lost.end();
      await next.call('start');
      expect(next.logs.join('\n')).toContain('taken over');
      await next.call('remove');
      expect(inside('nft', 'list', 'tables')).toBe('');
      expect(links()).toContain(linkName(ownerOf('lost').id, 'uid-pod'));
    });

    it('refuses where the table does not say whose the network is', async () => {
      inside('nft', 'add', 'table', 'ip', CLAIM_TABLE);
      const agent = await agentOf('one');
      await expect(agent.call('start')).rejects.toThrow(`nft delete table ip ${CLAIM_TABLE}`);
      inside('nft', 'delete', 'table', 'ip', CLAIM_TABLE);
      await startWithPod(agent);
      expect(serviceAnswers()).toBe(true);
    });

    it('gives it to exactly one of two that come at the same time', async () => {
      const agents = await Promise.all(['one', 'two'].map(agentOf));
      const outcomes = await Promise.allSettled(agents.map((agent) => agent.call('start')));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    });
  },
);
