import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DecodedPacket, decode, encode, type RecordType } from 'dns-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundle } from '../../../test/support/bundle.ts';
import { networkObstacle, networkSource, Remote } from '../../../test/support/network-process.ts';
import { until } from '../../../test/support/until.ts';
import { linkName } from '../address.plan.ts';
import { NO_RECORDS } from '../dns/dns.plan.ts';
import { networkContract } from '../network.contract.ts';
import type { HostPortRoute, Network, NetworkOptions, ServicePortRoute } from '../network.ts';
import { processStartTime } from './process.ts';

const HOST_IP = '192.168.77.1';
const OUTSIDE_IP = '192.168.77.2';
const OPTIONS: NetworkOptions = {
  owner: { id: 'cluster/node', directory: import.meta.dirname },
  podCidr: '10.244.1.0/24',
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  dnsIP: '10.96.0.10',
  clusterDomain: 'cluster.local',
  // On another machine, where no pod could go by itself if it were on loopback.
  api: { serviceIP: '10.96.0.1', host: OUTSIDE_IP, port: 8080 },
};
const POD_IP = { a: '10.244.1.2', b: '10.244.1.3', c: '10.244.1.4' } as const;
const VIP = '10.96.7.7';

/** Somebody on the network: serves TCP and UDP on 8080 under its name, and opens connections on demand. */
const PEER_SOURCE = `
  import { createSocket } from 'node:dgram';
  import { connect, createServer } from 'node:net';
  const name = process.argv[2];
  // Says its name and whom it sees, then echoes; what follows the client's FIN shows that half-open works.
  createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    socket.write(name + ' ' + socket.remoteAddress + '\\n');
    socket.on('data', (chunk) => socket.write(name + ' echoes ' + chunk));
    socket.on('end', () => socket.end(name + ' says bye\\n'));
  }).listen(8080, '0.0.0.0');
  const udp = createSocket('udp4');
  udp.on('message', (message, from) => udp.send(name + ' ' + message, from.port, from.address));
  udp.bind(8080, '0.0.0.0');
  const open = new Map();
  const sender = createSocket('udp4');
  sender.bind(0);
  const calls = {
    async dial({ host, port }) {
      const socket = connect({ host, port });
      socket.setEncoding('utf8');
      socket.setTimeout(3000, () => socket.destroy(Object.assign(new Error('timeout'), { code: 'TIMEOUT' })));
      const first = await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject).once('end', () => reject(new Error('ended'))));
      socket.setTimeout(0); // it may be silent for as long as a test likes
      socket.on('error', () => {});
      const id = open.size + 1;
      open.set(id, socket);
      return { id, first: first.trim() };
    },
    async visit(target) {
      const { id, first } = await calls.dial(target);
      open.get(id).destroy();
      return first;
    },
    async say({ id, text }) {
      const socket = open.get(id);
      const heard = new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject).once('close', () => reject(new Error('closed'))));
      socket.write(text);
      return (await heard).trim();
    },
    async finish({ id }) {
      const socket = open.get(id);
      let heard = '';
      socket.on('data', (chunk) => { heard += chunk; });
      socket.end();
      await new Promise((resolve) => socket.once('close', resolve));
      return heard.trim();
    },
    async datagram({ host, port, bytes, fresh }) {
      const socket = fresh ? createSocket('udp4') : sender;
      try {
        return await new Promise((resolve, reject) => {
          const timer = setTimeout(() => reject(Object.assign(new Error('timeout'), { code: 'TIMEOUT' })), 1500);
          socket.once('message', (message) => { clearTimeout(timer); resolve(message.toString('base64')); });
          socket.send(Buffer.from(bytes, 'base64'), port, host);
        });
      } finally {
        if (fresh) socket.close();
        else socket.removeAllListeners('message');
      }
    },
    async hold({ host, port }) {
      const server = createServer((socket) => socket.end('held')).listen(port, host);
      await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
      open.set(port, server);
    },
    async release({ port }) {
      await new Promise((resolve) => open.get(port).close(resolve));
    },
    async framed({ host, port, bytes }) {
      const query = Buffer.from(bytes, 'base64');
      const socket = connect({ host, port });
      socket.write(Buffer.concat([Buffer.of(query.length >> 8, query.length & 255), query]));
      let heard = Buffer.alloc(0);
      for await (const chunk of socket) {
        heard = Buffer.concat([heard, chunk]);
        if (heard.length > 2 && heard.length >= 2 + heard.readUInt16BE(0)) break;
      }
      return heard.subarray(2).toString('base64');
    },
  };
  process.on('message', async ({ id, method, args }) => {
    try {
      process.send({ id, answer: await calls[method](...args) });
    } catch (error) {
      process.send({ id, error: { code: error.code, message: error.message } });
    }
  });
`;

const reason = networkObstacle();

describe.skipIf(reason !== undefined)(
  `src/network/linux/linux-network.ts${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    const suffix = randomBytes(3).toString('hex');
    const host = `plbt-h-${suffix}`;
    const outside = `plbt-o-${suffix}`;
    const remotes: Remote[] = [];
    let folder = '';
    let built: Bundle;
    let agent: Remote;
    let onHost: Remote;
    let beyond: Remote;
    const pods = {} as Record<'a' | 'b' | 'c', Remote>;

    const sh = (...args: readonly string[]) => execFileSync(args[0] ?? '', args.slice(1), { encoding: 'utf8' });
    const inHost = (...args: readonly string[]) => sh('ip', 'netns', 'exec', host, ...args);
    const remote = (...command: readonly string[]) => {
      const made = new Remote(command[0] ?? '', command.slice(1));
      remotes.push(made);
      return made;
    };
    const inNamespace = (namespace: string, script: string, name: string) =>
      remote('nsenter', `--net=/run/netns/${namespace}`, process.execPath, join(folder, script), name);
    const newPod = (name: string) => remote('unshare', '-n', process.execPath, join(folder, 'peer.mjs'), name);
    const network = new Proxy({} as Network, {
      get:
        (_target, method: string) =>
        (...args: readonly unknown[]) =>
          agent.call(method, ...args),
    });
    const attach = (name: 'a' | 'b' | 'c') =>
      network.attachPod({ id: `uid-${name}`, ip: POD_IP[name], pid: pods[name].pid });
    const backends = (...names: readonly ('a' | 'b' | 'c')[]) =>
      names.map((name) => ({ ip: POD_IP[name], port: 8080 }));
    const web = (route: Partial<ServicePortRoute> = {}): ServicePortRoute => ({
      service: 'default/web:http',
      protocol: 'TCP',
      clusterIP: VIP,
      port: 80,
      backends: backends('a', 'b'),
      ...route,
    });
    /** The names that answer `times` new connections. */
    const visits = async (from: Remote, ip: string, port: number, times = 1) => {
      const seen = new Set<string>();
      for (let i = 0; i < times; i += 1)
        seen.add(String(await from.call('visit', { host: ip, port })).split(' ')[0] ?? '');
      return [...seen].sort();
    };
    const ask = async (from: Remote, name: string, type: RecordType, by: 'datagram' | 'framed' = 'datagram') => {
      const query = encode({ type: 'query', id: 7, flags: 256, questions: [{ name, type }] });
      const bytes = query.toString('base64');
      const reply = await from.call(by, { host: OPTIONS.dnsIP, port: 53, bytes, fresh: true });
      return decode(Buffer.from(String(reply), 'base64')) as DecodedPacket & { readonly rcode: string };
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'plumbline-network-'));
      built = await bundle({ network: new URL('./linux-network.ts', import.meta.url) });
      await writeFile(join(folder, 'resolv.conf'), `nameserver ${OPTIONS.dnsIP}\nnameserver ${OUTSIDE_IP}\n`);
      await writeFile(
        join(folder, 'agent.mjs'),
        networkSource(built.url('network'), OPTIONS, join(folder, 'resolv.conf')),
      );
      await writeFile(join(folder, 'peer.mjs'), PEER_SOURCE);
      sh('ip', 'netns', 'add', host);
      sh('ip', 'netns', 'add', outside);
      inHost('ip', 'link', 'set', 'lo', 'up');
      inHost('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up0', 'netns', outside);
      inHost('ip', 'addr', 'add', `${HOST_IP}/24`, 'dev', 'up0');
      inHost('ip', 'link', 'set', 'up0', 'up');
      sh('ip', '-n', outside, 'addr', 'add', `${OUTSIDE_IP}/24`, 'dev', 'up0');
      sh('ip', '-n', outside, 'link', 'set', 'up0', 'up');
      // As Docker leaves a host.
      inHost('iptables', '-N', 'DOCKER-USER');
      inHost('iptables', '-A', 'DOCKER-USER', '-j', 'RETURN');
      inHost('iptables', '-A', 'FORWARD', '-j', 'DOCKER-USER');
      inHost('iptables', '-P', 'FORWARD', 'DROP');
      agent = inNamespace(host, 'agent.mjs', 'agent');
      onHost = inNamespace(host, 'peer.mjs', 'host');
      beyond = inNamespace(outside, 'peer.mjs', 'outside');
      for (const name of ['a', 'b', 'c'] as const) pods[name] = newPod(name);
      expect(await network.support()).toEqual({ ok: true });
      await network.start(new AbortController().signal);
      for (const name of ['a', 'b', 'c'] as const) await attach(name);
    });

    afterAll(async () => {
      for (const each of remotes) await each.end();
      for (const namespace of [host, outside]) spawnSync('ip', ['netns', 'delete', namespace]);
      await rm(folder, { recursive: true, force: true });
      await built?.remove();
    });

    describe('pods', () => {
      it('get their address within 100 ms, and lose it with the pod', async () => {
        const extra = newPod('extra');
        await extra.call('visit', { host: '127.0.0.1', port: 1 }).catch(() => undefined);
        const fromMs = performance.now();
        await network.attachPod({ id: 'uid-extra', ip: '10.244.1.9', pid: extra.pid });
        const tookMs = performance.now() - fromMs;
        expect(await visits(pods.a, '10.244.1.9', 8080)).toEqual(['extra']);
        // The promise is 100 ms; the rest is for a machine that does much else at once.
        expect(tookMs).toBeLessThan(500);
        await network.detachPod('uid-extra');
        await network.detachPod('uid-extra');
        expect(inHost('ip', '-br', 'link')).not.toContain(linkName(OPTIONS.owner.id, 'uid-extra'));
        await extra.end();
      });

      it('reach each other, the host and, with its address, the world; under FORWARD DROP', async () => {
        expect(await pods.a.call('visit', { host: POD_IP.b, port: 8080 })).toBe(`b ${POD_IP.a}`);
        expect(await pods.a.call('visit', { host: HOST_IP, port: 8080 })).toBe(`host ${POD_IP.a}`);
        expect(await pods.a.call('visit', { host: OUTSIDE_IP, port: 8080 })).toBe(`outside ${HOST_IP}`);
        expect(await visits(onHost, POD_IP.a, 8080)).toEqual(['a']);
      });

      it('keep their interface when attached again, by this agent or the next', async () => {
        const { id } = (await pods.a.call('dial', { host: POD_IP.b, port: 8080 })) as { id: number };
        const before = inHost('ip', '-br', 'link');
        await attach('a');
        await attach('b');
        expect(inHost('ip', '-br', 'link')).toBe(before);
        expect(await pods.a.call('say', { id, text: 'still' })).toBe('b echoes still');
      });

      it('get a whole interface again after a half-made or damaged one', async () => {
        sh('nsenter', '-t', `${pods.c.pid}`, '-n', 'ip', 'addr', 'flush', 'dev', 'eth0');
        await attach('c');
        expect(await visits(pods.a, POD_IP.c, 8080)).toEqual(['c']);
        inHost('ip', 'route', 'delete', `${POD_IP.c}/32`);
        await attach('c');
        expect(await visits(pods.a, POD_IP.c, 8080)).toEqual(['c']);
      });

      it('are refused when the process is gone, another one, or the host itself', async () => {
        const code = (pod: { pid: number; ip?: string; startTime?: number }) =>
          network.attachPod({ id: 'uid-x', ip: '10.244.1.50', ...pod }).then(
            () => 'attached',
            (error) => error.code,
          );
        const startTime = (await processStartTime(pods.a.pid)) ?? 0;
        expect(await code({ pid: 4_194_304 })).toBe('SandboxGone');
        expect(await code({ pid: onHost.pid })).toBe('SandboxGone');
        expect(await code({ pid: pods.a.pid, startTime: startTime + 1 })).toBe('SandboxGone');
        expect(await code({ pid: pods.a.pid, ip: '10.245.0.1' })).toBe('NetworkAddress');
        expect(inHost('ip', '-br', 'link')).not.toContain(linkName(OPTIONS.owner.id, 'uid-x'));
        await network.attachPod({ id: 'uid-a', ip: POD_IP.a, pid: pods.a.pid, startTime });
      });
    });

    describe('services', () => {
      it('spread connections of pods and of the host over the ready pods', async () => {
        await network.setServices([web()]);
        expect(await visits(pods.c, VIP, 80, 30)).toEqual(['a', 'b']);
        expect(await visits(onHost, VIP, 80, 30)).toEqual(['a', 'b']);
        expect(await pods.c.call('visit', { host: VIP, port: 80 })).toContain(POD_IP.c);
      });

      it('lead a pod back to itself', async () => {
        await network.setServices([web({ backends: backends('a') })]);
        expect(await visits(pods.a, VIP, 80, 3)).toEqual(['a']);
      });

      it('answer at the node port of every address of the host, from outside, from pods and from the host', async () => {
        await network.setServices([web({ nodePort: 30_080 })]);
        expect(await visits(beyond, HOST_IP, 30_080, 30)).toEqual(['a', 'b']);
        expect(await visits(onHost, HOST_IP, 30_080, 20)).toEqual(['a', 'b']);
        expect(await visits(pods.a, HOST_IP, 30_080, 20)).toEqual(['a', 'b']);
        expect(await visits(onHost, '127.0.0.1', 30_080, 30)).toEqual(['a', 'b']);
      });

      it('let the client of a relayed connection finish first and still hear the rest', async () => {
        await network.setServices([web({ nodePort: 30_080, backends: backends('a') })]);
        const { id } = (await onHost.call('dial', { host: '127.0.0.1', port: 30_080 })) as { id: number };
        expect(await onHost.call('say', { id, text: 'hello' })).toBe('a echoes hello');
        expect(await onHost.call('finish', { id })).toBe('a says bye');
      });

      it('lead pods and the host to the API as the node reaches it, whatever its endpoints are, and nobody from outside', async () => {
        const api = { service: 'default/kubernetes:https', clusterIP: '10.96.0.1', port: 443 };
        await network.setServices([web({ ...api, backends: [{ ip: '10.96.0.1', port: 443 }] })]);
        // Whom the API sees is the node.
        expect(await pods.a.call('visit', { host: '10.96.0.1', port: 443 })).toBe(`outside ${HOST_IP}`);
        expect(await onHost.call('visit', { host: '10.96.0.1', port: 443 })).toBe(`outside ${HOST_IP}`);
        sh('ip', '-n', outside, 'route', 'add', OPTIONS.serviceCidr, 'via', HOST_IP);
        await expect(beyond.call('visit', { host: '10.96.0.1', port: 443 })).rejects.toMatchObject({
          code: 'ECONNRESET',
        });
        const { id } = (await pods.a.call('dial', { host: '10.96.0.1', port: 443 })) as { id: number };
        expect(await pods.a.call('say', { id, text: 'still' })).toBe('outside echoes still');
        expect(await pods.a.call('finish', { id })).toBe('outside says bye');
      });

      it('refuse at once when they have no ready pod, or are unknown', async () => {
        await network.setServices([web({ backends: [], nodePort: 30_080 })]);
        const refused = async (from: Remote, ip: string, port: number) => {
          const fromMs = performance.now();
          await expect(from.call('visit', { host: ip, port })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
          expect(performance.now() - fromMs).toBeLessThan(1_000);
        };
        await refused(pods.a, VIP, 80);
        await refused(onHost, VIP, 80);
        await refused(pods.a, '10.96.200.200', 80);
        await refused(onHost, '127.0.0.1', 30_080);
        await refused(beyond, HOST_IP, 30_080);
      });

      it('refuse at once for a pod that is gone, and go to the others from loopback', async () => {
        await network.setServices([web({ nodePort: 30_080, backends: [{ ip: '10.244.1.99', port: 8080 }] })]);
        const refused = async (from: Remote, ip: string, port: number) => {
          const fromMs = performance.now();
          await expect(from.call('visit', { host: ip, port }), `${ip}:${port}`).rejects.toMatchObject({
            code: 'ECONNREFUSED',
          });
          expect(performance.now() - fromMs).toBeLessThan(900); // the first SYN is sent again after a second
        };
        await refused(onHost, '10.244.1.99', 8080);
        await refused(pods.a, '10.244.1.99', 8080);
        await refused(onHost, VIP, 80);
        await refused(pods.a, VIP, 80);
        await refused(onHost, HOST_IP, 30_080);
        await refused(beyond, HOST_IP, 30_080);
        await network.setServices([
          web({ nodePort: 30_080, backends: [{ ip: '10.244.1.99', port: 8080 }, ...backends('b')] }),
        ]);
        expect(await visits(onHost, '127.0.0.1', 30_080, 20)).toEqual(['b']);
      });

      it('cut no established connection when its pod leaves the service; new ones go elsewhere', async () => {
        await network.setServices([web({ nodePort: 30_080, backends: backends('a') })]);
        const lines = await Promise.all([
          pods.c.call('dial', { host: VIP, port: 80 }),
          onHost.call('dial', { host: '127.0.0.1', port: 30_080 }),
          beyond.call('dial', { host: HOST_IP, port: 30_080 }),
        ]);
        await network.setServices([web({ nodePort: 30_080, backends: backends('b') })]);
        for (const [index, from] of [pods.c, onHost, beyond].entries()) {
          const { id } = lines[index] as { id: number };
          expect(await from.call('say', { id, text: 'there?' })).toBe('a echoes there?');
        }
        expect(await visits(pods.c, VIP, 80, 10)).toEqual(['b']);
        expect(await visits(onHost, '127.0.0.1', 30_080, 10)).toEqual(['b']);
        await network.setServices([web({ nodePort: 30_080, backends: [] })]);
        const { id } = lines[0] as { id: number };
        expect(await pods.c.call('say', { id, text: 'and now?' })).toBe('a echoes and now?');
      });

      it.skipIf(spawnSync('conntrack', ['--version']).error !== undefined)(
        'lead a talking UDP client to the new pod at once (needs conntrack)',
        async () => {
          const dns = (name: 'a' | 'b') =>
            web({ service: 'default/udp:x', protocol: 'UDP', port: 53, backends: backends(name) });
          const say = () =>
            pods.c.call('datagram', { host: VIP, port: 53, bytes: Buffer.from('hi').toString('base64') });
          const heard = async () => Buffer.from(String(await say()), 'base64').toString();
          await network.setServices([dns('a')]);
          expect(await heard()).toBe('a hi');
          await network.setServices([dns('b')]);
          expect(await heard()).toBe('b hi');
        },
      );

      it('change in one transaction whatever the number, and show no other program a mark of ours', async () => {
        const many = Array.from({ length: 300 }, (_, i) =>
          web({
            service: `many/s${i}:http`,
            clusterIP: `10.96.${20 + (i >> 7)}.${(i & 127) + 1}`,
            backends: backends('a', 'b', 'c').slice(0, (i % 3) + 1),
          }),
        );
        await network.setServices(many);
        expect(await visits(pods.c, '10.96.20.1', 80, 2)).toEqual(['a']);
        expect(await visits(pods.c, '10.96.20.3', 80, 40)).toEqual(['a', 'b', 'c']);
        inHost('iptables', '-t', 'mangle', '-A', 'FORWARD', '-m', 'mark', '!', '--mark', '0', '-j', 'DROP');
        expect(await visits(pods.c, '10.96.20.2', 80, 5)).not.toEqual([]);
        inHost('iptables', '-t', 'mangle', '-F', 'FORWARD');
        await network.setServices([]);
        await expect(visits(pods.c, '10.96.20.1', 80)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      });
    });

    describe('services whose clients stay', () => {
      const sticky = (change: Partial<ServicePortRoute> = {}) =>
        web({ affinitySeconds: 100, nodePort: 30_080, backends: backends('a', 'b', 'c'), ...change });
      const remembered = () =>
        [...inHost('nft', 'list', 'table', 'ip', 'plumbline').matchAll(/[ ,{](\d+[.\d]+) (?:timeout \S+ )?expires/g)]
          .map(([, client]) => client)
          .sort();

      it('meet one pod, by the Service and by the node port, from pods, from outside and on loopback', async () => {
        await network.setServices([sticky()]);
        const own = await visits(pods.c, VIP, 80, 20);
        expect(own).toHaveLength(1);
        expect(await visits(pods.c, HOST_IP, 30_080, 20)).toEqual(own);
        expect(await visits(beyond, HOST_IP, 30_080, 20)).toHaveLength(1);
        expect(await visits(onHost, '127.0.0.1', 30_080, 20)).toHaveLength(1);
        expect(remembered()).toEqual([OUTSIDE_IP, POD_IP.c].sort());
      });

      it('are remembered by the next agent too, and through changes of other pods', async () => {
        const [own = ''] = await visits(pods.c, VIP, 80);
        await agent.end();
        agent = inNamespace(host, 'agent.mjs', 'agent');
        await network.setServices([sticky()]);
        await network.start(new AbortController().signal);
        for (const name of ['a', 'b', 'c'] as const) await attach(name);
        expect(await visits(pods.c, VIP, 80, 10)).toEqual([own]);
        const [other = 'a'] = (['a', 'b', 'c'] as const).filter((name) => name !== own);
        await network.setServices([sticky({ backends: backends(own as 'a', other) })]);
        expect(await visits(pods.c, VIP, 80, 10)).toEqual([own]);
        await network.setServices([sticky({ backends: backends(other) })]);
        expect(await visits(pods.c, VIP, 80, 10)).toEqual([other]);
        await network.setServices([sticky()]);
        expect(await visits(pods.c, VIP, 80, 10)).toEqual([other]);
      });

      it('are forgotten when they stay away, and when the Service keeps none any more', {
        timeout: 120_000,
      }, async () => {
        await network.setServices([sticky({ affinitySeconds: 2 })]);
        await visits(pods.c, VIP, 80);
        expect(remembered()).toEqual([POD_IP.c]);
        await until('the client is forgotten', () => remembered().length === 0, 60_000);
        await network.setServices([sticky()]);
        expect(await visits(pods.c, VIP, 80, 10)).toHaveLength(1);
        await network.setServices([web({ backends: backends('a', 'b', 'c') })]);
        expect(await visits(pods.c, VIP, 80, 60)).toEqual(['a', 'b', 'c']);
        expect(inHost('nft', 'list', 'table', 'ip', 'plumbline')).not.toMatch(/(stay|to)-[0-9a-f]/);
        // Changes were changes: a table loaded anew forgets its clients.
        expect(agent.logs.join('\n')).not.toMatch(/loaded anew|replaced as a whole/);
      });

      it('are the same for UDP', async () => {
        await network.setServices([sticky({ protocol: 'UDP' })]);
        const bytes = Buffer.from('hi').toString('base64');
        const seen = new Set<string>();
        for (let time = 0; time < 12; time += 1) {
          const said = await pods.c.call('datagram', { host: VIP, port: 80, bytes, fresh: true });
          seen.add(Buffer.from(String(said), 'base64').toString());
        }
        expect(seen.size).toBe(1);
        await network.setServices([]);
      });
    });

    describe('host ports', () => {
      const hostPort = (name: 'a' | 'b' | 'c', change: Partial<HostPortRoute> = {}): HostPortRoute => ({
        pod: `default/${name}`,
        protocol: 'TCP',
        hostPort: 8_081,
        backend: { ip: POD_IP[name], port: 8080 },
        ...change,
      });
      const hi = Buffer.from('hi').toString('base64');
      const heard = async (from: Remote, host: string, port: number) =>
        Buffer.from(String(await from.call('datagram', { host, port, bytes: hi, fresh: true })), 'base64').toString();

      it('lead to the pod from outside, from pods, from itself and from the host, and tell it who asks', async () => {
        await network.setHostPorts([hostPort('a')]);
        expect(await beyond.call('visit', { host: HOST_IP, port: 8_081 })).toBe(`a ${OUTSIDE_IP}`);
        expect(await pods.b.call('visit', { host: HOST_IP, port: 8_081 })).toBe(`a ${POD_IP.b}`);
        expect(await visits(pods.a, HOST_IP, 8_081)).toEqual(['a']);
        expect(await visits(onHost, HOST_IP, 8_081)).toEqual(['a']);
        expect(await visits(onHost, '127.0.0.1', 8_081)).toEqual(['a']);
      });

      it('of one number are of different pods by address and by protocol', async () => {
        await network.setHostPorts([
          hostPort('a', { hostIP: '127.0.0.1' }),
          hostPort('b', { hostIP: HOST_IP }),
          hostPort('c', { hostIP: HOST_IP, protocol: 'UDP' }),
        ]);
        expect(await visits(onHost, '127.0.0.1', 8_081, 5)).toEqual(['a']);
        expect(await visits(beyond, HOST_IP, 8_081, 5)).toEqual(['b']);
        expect(await heard(beyond, HOST_IP, 8_081)).toBe('c hi');
        expect(await heard(pods.a, HOST_IP, 8_081)).toBe('c hi');
      });

      it('take nothing that is not of this host: no address beyond, no Service, no name', async () => {
        await network.setServices([web({ backends: backends('b') })]);
        await network.setHostPorts([
          hostPort('a', { hostIP: OUTSIDE_IP, hostPort: 8_080 }),
          hostPort('a', { hostIP: VIP, hostPort: 80 }),
          hostPort('a', { hostPort: 53 }),
          hostPort('a', { hostPort: 53, protocol: 'UDP' }),
        ]);
        expect(await visits(pods.c, OUTSIDE_IP, 8_080)).toEqual(['outside']);
        expect(await visits(pods.c, VIP, 80, 5)).toEqual(['b']);
        expect(await ask(pods.c, 'nope.default.svc.cluster.local', 'A')).toMatchObject({ rcode: 'NXDOMAIN' });
        expect(await ask(pods.c, 'nope.default.svc.cluster.local', 'A', 'framed')).toMatchObject({ rcode: 'NXDOMAIN' });
      });

      it.skipIf(spawnSync('conntrack', ['--version']).error !== undefined)(
        'lead a talking UDP client to the pod at once, and end no flow of a program here to that port elsewhere (needs conntrack)',
        async () => {
          const say = async (from: Remote, host: string) =>
            Buffer.from(String(await from.call('datagram', { host, port: 8_080, bytes: hi })), 'base64').toString();
          const flows = () => inHost('conntrack', '-L', '-p', 'udp', '--orig-port-dst', '8080');
          await network.setHostPorts([hostPort('a', { hostPort: 8_082, protocol: 'UDP' })]);
          expect(await say(onHost, OUTSIDE_IP)).toBe('outside hi');
          expect(await say(beyond, HOST_IP)).toBe('host hi');
          const own = new RegExp(`src=${HOST_IP} dst=${OUTSIDE_IP} sport=\\d+ dport=8080`);
          expect(flows()).toMatch(own);
          const others = new RegExp(`^udp\\s+17 \\d+ src=${OUTSIDE_IP} dst=${HOST_IP}`, 'm');
          expect(flows()).toMatch(others);
          await network.setHostPorts([
            hostPort('a', { hostPort: 8_082, protocol: 'UDP' }),
            hostPort('a', { hostPort: 8_080, protocol: 'UDP' }),
          ]);
          expect(flows()).toMatch(own);
          expect(flows()).not.toMatch(others);
          expect(await say(beyond, HOST_IP)).toBe('a hi');
        },
      );

      it('stand while the agent is gone, are taken over by the next, and go with the pod', async () => {
        await network.setHostPorts([hostPort('a')]);
        await agent.end();
        expect(await visits(beyond, HOST_IP, 8_081, 3)).toEqual(['a']);
        agent = inNamespace(host, 'agent.mjs', 'agent');
        await network.setHostPorts([hostPort('a')]);
        await network.start(new AbortController().signal);
        for (const name of ['a', 'b', 'c'] as const) await attach(name);
        expect(await visits(beyond, HOST_IP, 8_081, 3)).toEqual(['a']);
        await network.setHostPorts([]);
        for (const [from, ip] of [
          [beyond, HOST_IP],
          [onHost, HOST_IP],
          [onHost, '127.0.0.1'],
        ] as const) {
          await expect(visits(from, ip, 8_081)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
        }
      });
    });

    describe('names', () => {
      it('of the cluster are answered, to pods and to the host, by UDP and TCP', async () => {
        await network.setDnsRecords({
          ...NO_RECORDS,
          a: new Map([
            ['web.default.svc.cluster.local', [VIP]],
            ['db.default.svc.cluster.local', [POD_IP.a, POD_IP.b]],
          ]),
          srv: new Map([
            ['_http._tcp.web.default.svc.cluster.local', [{ port: 80, target: 'web.default.svc.cluster.local' }]],
          ]),
        });
        for (const from of [pods.a, onHost]) {
          for (const by of ['datagram', 'framed'] as const) {
            const answer = await ask(from, 'web.default.svc.cluster.local', 'A', by);
            expect(answer).toMatchObject({ rcode: 'NOERROR', flag_aa: true, answers: [{ data: VIP }] });
          }
        }
        expect(await ask(pods.a, 'db.default.svc.cluster.local', 'A')).toMatchObject({ answers: { length: 2 } });
        expect(await ask(pods.a, 'nope.default.svc.cluster.local', 'A')).toMatchObject({ rcode: 'NXDOMAIN' });
        expect(await ask(pods.a, '_http._tcp.web.default.svc.cluster.local', 'SRV')).toMatchObject({
          answers: [{ data: { port: 80 } }],
        });
      });

      it('of the world fail by SERVFAIL when no nameserver answers, instead of hanging', async () => {
        expect(await ask(pods.a, 'example.com', 'A')).toMatchObject({ rcode: 'SERVFAIL' });
      });
    });

    it('puts back within 5 s what others took away', { timeout: 30_000 }, async () => {
      await network.setServices([web()]);
      inHost('nft', 'flush', 'ruleset');
      inHost('iptables', '-N', 'DOCKER-USER');
      inHost('iptables', '-A', 'FORWARD', '-j', 'DOCKER-USER');
      inHost('iptables', '-P', 'FORWARD', 'DROP');
      inHost('ip', 'addr', 'delete', `${OPTIONS.dnsIP}/32`, 'dev', 'lo');
      const lostMs = performance.now();
      await until('the service answers again', () => visits(pods.c, VIP, 80).catch(() => false), 10_000);
      await until(
        'DNS answers again',
        () => ask(pods.c, 'web.default.svc.cluster.local', 'A').catch(() => undefined),
        10_000,
      );
      expect(performance.now() - lostMs).toBeLessThan(6_500);
      expect(agent.logs.join('\n')).toContain('put back');
    });

    it('takes a node port within 5 s of its being free', { timeout: 30_000 }, async () => {
      await network.setServices([]);
      await onHost.call('hold', { host: '127.0.0.1', port: 30_090 });
      await network.setServices([web({ nodePort: 30_090 })]);
      await until('it says so', () => agent.logs.join('\n').includes('127.0.0.1:30090: EADDRINUSE'), 5_000);
      expect(await visits(onHost, '127.0.0.1', 30_090)).toEqual(['held']);
      await onHost.call('release', { port: 30_090 });
      const freeMs = performance.now();
      await until(
        'the relay has it',
        async () => ['a', 'b'].includes((await visits(onHost, '127.0.0.1', 30_090).catch(() => []))[0] ?? ''),
        20_000,
      );
      expect(performance.now() - freeMs).toBeLessThan(6_000);
    });

    it('loads everything anew when a change meets rules that are not as it left them', async () => {
      await network.setServices([web()]);
      inHost('nft', 'flush', 'map', 'ip', 'plumbline', 'backend-ip');
      await network.setServices([web({ backends: backends('b') })]);
      expect(await visits(pods.c, VIP, 80, 5)).toEqual(['b']);
    });

    it('leaves services working while the agent is gone, and takes over again', async () => {
      await network.setServices([web({ nodePort: 30_080 })]);
      const { id } = (await pods.c.call('dial', { host: VIP, port: 80 })) as { id: number };
      await agent.end();
      expect(await visits(pods.c, VIP, 80, 20)).toEqual(['a', 'b']);
      agent = inNamespace(host, 'agent.mjs', 'agent');
      await network.setServices([web({ nodePort: 30_080 })]);
      await network.start(new AbortController().signal);
      for (const name of ['a', 'b', 'c'] as const) await attach(name);
      expect(await visits(pods.c, VIP, 80, 20)).toEqual(['a', 'b']);
      expect(await visits(onHost, '127.0.0.1', 30_080, 20)).toEqual(['a', 'b']);
      expect(await pods.c.call('say', { id, text: 'still' })).toMatch(/echoes still/);
    });

    it('takes everything of its own away, and nothing else', async () => {
      inHost('nft', 'add', 'table', 'ip', 'somebody');
      await network.remove();
      await network.remove();
      const links = inHost('ip', '-br', 'link');
      expect(links).not.toContain('plb');
      expect(links).toContain('up0');
      expect(inHost('nft', 'list', 'tables')).not.toContain('plumbline');
      expect(inHost('nft', 'list', 'tables')).toContain('somebody');
      expect(inHost('iptables', '-S')).not.toContain('plb');
      expect(inHost('ip', 'addr')).not.toContain('10.96');
      expect(inHost('ip', 'route')).not.toContain('10.');
      await network.close();
      await expect(attach('a')).rejects.toMatchObject({ code: 'NetworkClosed' });
    });

    networkContract(
      () => {
        const other = inNamespace(host, 'agent.mjs', 'agent');
        return new Proxy({} as Network, {
          get:
            (_target, method: string) =>
            (...args: readonly unknown[]) => {
              // A signal does not cross to another process: what it means does.
              const [signal] = args;
              if (!(signal instanceof AbortSignal)) return other.call(method, ...args);
              signal.addEventListener('abort', () => void other.call('close'));
              return other.call(method);
            },
        });
      },
      (id) => ({ id, ip: '10.244.1.77', pid: pods.b.pid }),
    );
  },
);
