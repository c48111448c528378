import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CUSTOM_RESOURCE_DEFINITIONS } from '#api';
import type { Runtime } from '#runtime';
import { type AgentBed, BED_NODE, bedOwner, bedPod, startAgentBed } from '../support/agent-bed.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { definitionObject } from '../support/definitions.ts';
import { dockerForTests } from '../support/images.ts';
import { until } from '../support/until.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };
const docker = await dockerForTests(bedOwner());

/** Keeps what is written to it as text. */
class Sink extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('latin1');
    done();
  }
}

/** One with `columns` and `rows`: to the client a terminal. */
class Screen extends Sink {
  columns = 97;
  rows = 31;

  resize(columns: number, rows: number): void {
    this.columns = columns;
    this.rows = rows;
    this.emit('resize');
  }
}

/** A way to the server that can be broken. */
class Detour {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('it does not listen on a port');
    return `https://127.0.0.1:${address.port}`;
  }

  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.drop();
    this.#server.close();
  }
}

/** A pod that hears, echoes on a port, and has a `tar` that leaves out what the client asks for and cannot read: compression. */
function podOf(image: string) {
  const script = [
    'mkdir -p /tmp/cp',
    `printf '#!/bin/sh\\ncase $1 in zcf) shift; exec busybox tar cf "$@";; esac\\nexec busybox tar "$@"\\n' > /bin/tar`,
    'busybox chmod +x /bin/tar',
    'nc -ll -p 7000 -e cat &',
    'while read -r line; do echo "heard $line"; done; echo over',
    'trap "exit 0" TERM; while :; do sleep 0.05; done',
  ].join('\n');
  return bedPod('web', image, { command: ['/bin/sh', '-c', script], stdin: true, stdinOnce: true });
}

describe('@kubernetes/client-node, unmodified', () => {
  // With Docker a node that runs pods; without, the API alone.
  let bed: AgentBed | undefined;
  let server: ApiServer;
  let config: k8s.KubeConfig;
  let detour: Detour;
  let core: k8s.CoreV1Api;

  beforeAll(async () => {
    bed = docker.ok ? await startAgentBed(docker.runtime) : undefined;
    server = bed?.server ?? (await startApiServer());
    const file = bed?.kubeconfig ?? (await server.kubeconfig(ADMIN));
    detour = new Detour(Number(new URL(server.url).port));
    config = new k8s.KubeConfig();
    config.loadFromString((await readFile(file, 'utf8')).replaceAll(server.url, await detour.start()));
    core = config.makeApiClient(k8s.CoreV1Api);
    if (docker.ok) await bed?.run(podOf(docker.image));
  });
  afterAll(async () => {
    detour?.close();
    await (bed ?? server)?.close();
    if (docker.ok) await docker.runtime.removeAll();
  });

  const configMap = (name: string, data: Record<string, string>): k8s.V1ConfigMap => ({
    metadata: { name, labels: { part: 'typed' } },
    data,
  });

  describe('typed', () => {
    it('creates, reads, lists, replaces and deletes', async () => {
      const created = await core.createNamespacedConfigMap({
        namespace: 'default',
        body: configMap('one', { a: '1' }),
      });
      expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
      await core.createNamespacedConfigMap({ namespace: 'default', body: configMap('two', {}) });
      const first = await core.listNamespacedConfigMap({ namespace: 'default', labelSelector: 'part=typed', limit: 1 });
      const rest = await core.listNamespacedConfigMap({
        namespace: 'default',
        labelSelector: 'part=typed',
        limit: 1,
        _continue: first.metadata?._continue ?? '',
      });
      expect([...first.items, ...rest.items].map(({ metadata }) => metadata?.name)).toEqual(['one', 'two']);
      await core.replaceNamespacedConfigMap({
        name: 'one',
        namespace: 'default',
        body: { ...created, data: { b: '2' } },
      });
      expect((await core.readNamespacedConfigMap({ name: 'one', namespace: 'default' })).data).toEqual({ b: '2' });
      const stale = { name: 'one', namespace: 'default', body: { ...created, data: { c: '3' } } };
      await expect(core.replaceNamespacedConfigMap(stale)).rejects.toMatchObject({ code: 409 });
      await core.deleteNamespacedConfigMap({ name: 'two', namespace: 'default' });
      const gone = core.readNamespacedConfigMap({ name: 'two', namespace: 'default' });
      await expect(gone).rejects.toSatisfy((error) => error instanceof k8s.ApiException && error.code === 404);
    });

    it.each([
      [k8s.PatchStrategy.MergePatch, { data: { a: null, b: '2' } }, { b: '2' }],
      [k8s.PatchStrategy.StrategicMergePatch, { data: { b: '2' } }, { a: '1', b: '2' }],
      [k8s.PatchStrategy.JsonPatch, [{ op: 'replace', path: '/data/a', value: '9' }], { a: '9' }],
      [
        k8s.PatchStrategy.ServerSideApply,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { c: '3' } },
        { a: '1', c: '3' },
      ],
    ])('patches: %s', async (strategy, body, data) => {
      const target = { name: 'patched', namespace: 'default' };
      await core.createNamespacedConfigMap({ namespace: 'default', body: configMap('patched', { a: '1' }) });
      const isApply = strategy === k8s.PatchStrategy.ServerSideApply;
      const patched = await core.patchNamespacedConfigMap(
        { ...target, body, ...(isApply ? { fieldManager: 'suite' } : {}) },
        k8s.setHeaderOptions('Content-Type', strategy),
      );
      expect(patched.data).toEqual(data);
      const managers = patched.metadata?.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);
      if (isApply) expect(managers).toContain('suite Apply');
      await core.deleteNamespacedConfigMap(target);
    });
  });

  describe('KubernetesObjectApi', () => {
    it('creates, patches, reads, lists and deletes by apiVersion and kind, a custom resource too', async () => {
      const objects = k8s.KubernetesObjectApi.makeApiClient(config);
      // Not by this client: it leaves out of a schema what it writes otherwise (`default`).
      await (await server.client(ADMIN)).create(CUSTOM_RESOURCE_DEFINITIONS, definitionObject());
      const spec = {
        apiVersion: 'stable.example.com/v1',
        kind: 'CronTab',
        metadata: { name: 'tab', namespace: 'default' },
      };
      const created = await until('the custom kind is served', () =>
        objects.create({ ...spec, spec: { cronSpec: '* * * * *' } } as k8s.KubernetesObject),
      );
      expect(created).toMatchObject({ spec: { replicas: 1 } });
      await objects.patch(
        { ...spec, spec: { replicas: 3 } } as k8s.KubernetesObject,
        undefined,
        undefined,
        undefined,
        undefined,
        k8s.PatchStrategy.MergePatch,
      );
      expect(await objects.read(spec)).toMatchObject({ spec: { cronSpec: '* * * * *', replicas: 3 } });
      const { items } = await objects.list('stable.example.com/v1', 'CronTab', 'default');
      expect(items.map(({ metadata }) => metadata?.name)).toEqual(['tab']);
      await objects.delete(spec);
      await expect(objects.read(spec)).rejects.toMatchObject({ code: 404 });
    });
  });

  describe('watches', () => {
    const PATH = '/api/v1/namespaces/default/configmaps';

    it('sends what there is and its bookmark, then what changes, from a version on, until its time is over', async () => {
      await core.createNamespacedConfigMap({ namespace: 'default', body: configMap('seen', { a: '1' }) });
      const watch = new k8s.Watch(config);
      const initial = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true };
      const seen: string[] = [];
      let bookmark: k8s.KubernetesObject | undefined;
      let ended: unknown = 'not yet';
      const options = { ...initial, fieldSelector: 'metadata.name=seen', timeoutSeconds: 30 };
      const first = await watch.watch(
        PATH,
        options,
        (type, object: k8s.KubernetesObject) => {
          if (type === 'BOOKMARK') bookmark = object;
          else seen.push(`${type} ${object.metadata?.name}`);
        },
        (error) => {
          ended = error;
        },
      );
      await until('the beginning is over', () => bookmark !== undefined);
      expect(bookmark?.metadata?.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
      await core.deleteNamespacedConfigMap({ name: 'seen', namespace: 'default' });
      await until('both are seen', () => seen.length === 2);
      expect(seen).toEqual(['ADDED seen', 'DELETED seen']);
      first.abort();
      await until('it was called off', () => ended !== 'not yet');
      expect(ended).toMatchObject({ name: 'AbortError' });

      const again: string[] = [];
      const since = { resourceVersion: bookmark?.metadata?.resourceVersion, timeoutSeconds: 1 };
      const end = await new Promise((resolve) => {
        void watch.watch(PATH, since, (type, { metadata }) => again.push(`${type} ${metadata?.name}`), resolve);
      });
      expect([end, again]).toEqual([null, ['DELETED seen']]);
    });

    it('refuses to go on from a version that is too old to know', async () => {
      const why = await new Promise((resolve) => {
        const since = { resourceVersion: '1', timeoutSeconds: 1 };
        void new k8s.Watch(config).watch(PATH, since, () => undefined, resolve);
      });
      // By this number its informers list again.
      expect(why).toMatchObject({ statusCode: 410 });
    });

    it('keeps an informer right across a connection that broke', async () => {
      const informer = k8s.makeInformer(config, PATH, () => core.listNamespacedConfigMap({ namespace: 'default' }));
      const told: string[] = [];
      let broke = 0;
      for (const event of ['add', 'update', 'delete'] as const) {
        informer.on(event, ({ metadata }) => {
          if (metadata?.name?.startsWith('kept')) told.push(`${event} ${metadata.name}`);
        });
      }
      informer.on('error', () => {
        broke += 1;
        void informer.start();
      });
      await core.createNamespacedConfigMap({ namespace: 'default', body: configMap('kept-1', {}) });
      await informer.start();
      await core.createNamespacedConfigMap({ namespace: 'default', body: configMap('kept-2', {}) });
      await until('it saw the second', () => told.includes('add kept-2'));
      detour.drop();
      await until('it saw that the connection broke', () => broke > 0);
      await core.deleteNamespacedConfigMap({ name: 'kept-1', namespace: 'default' });
      await core.createNamespacedConfigMap({ namespace: 'default', body: configMap('kept-3', {}) });
      await until('it saw what happened since', () => told.includes('add kept-3'));
      expect(told).toEqual(['add kept-1', 'add kept-2', 'delete kept-1', 'add kept-3']);
      expect(informer.list().filter(({ metadata }) => metadata?.name?.startsWith('kept'))).toHaveLength(2);
      await informer.stop();
    });
  });

  if (docker.ok) describe('with a pod', () => podSuite(docker.runtime));
  else it.skip(`needs Docker for exec, attach, cp, port-forward and logs (${docker.reason})`, () => undefined);

  function podSuite(runtime: Runtime): void {
    it('runs commands: both outputs, input to its end, and the status', async () => {
      const [out, err, input] = [new Sink(), new Sink(), new PassThrough()];
      const command = ['sh', '-c', 'cat; echo problem >&2; exit 3'];
      const status = await new Promise<k8s.V1Status>((resolve, reject) => {
        const exec = new k8s.Exec(config);
        exec.exec('default', 'web', 'app', command, out, err, input, false, resolve).catch(reject);
        input.end('question\n');
      });
      expect([out.text, err.text]).toEqual(['question\n', 'problem\n']);
      expect(status).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode' });
      expect(status.details?.causes).toEqual([{ reason: 'ExitCode', message: '3' }]);
    });

    it('gives a terminal that follows its size', async () => {
      const [out, input] = [new Screen(), new PassThrough()];
      const status = new Promise<k8s.V1Status>((resolve, reject) => {
        const exec = new k8s.Exec(config);
        const command = ['sh', '-c', 'while read -r line; do busybox stty size; done'];
        exec.exec('default', 'web', 'app', command, out, null, input, true, resolve).catch(reject);
      });
      const sees = (size: string) =>
        until(`it is ${size}`, () => {
          input.write('\n');
          return out.text.includes(size);
        });
      await sees('31 97');
      out.resize(120, 40);
      await sees('40 120');
      input.write('\u0004');
      expect(await status).toMatchObject({ status: 'Success' });
    });

    it('attaches: output from now on, and input', async () => {
      const [out, input] = [new Sink(), new PassThrough()];
      const socket = await new k8s.Attach(config).attach('default', 'web', 'app', out, null, input, false);
      input.end('you\n');
      await until('it answered', () => out.text.includes('heard you\nover\n'));
      socket.close();
    });

    it('follows a log, and takes its end', async () => {
      const sink = new Sink();
      const log = new k8s.Log(config);
      const following = await log.log('default', 'web', 'app', sink, { follow: true, tailLines: 1 });
      await until('the last line came', () => sink.text === 'over\n');
      following.abort();
      const text = await core.readNamespacedPodLog({ name: 'web', namespace: 'default', container: 'app' });
      expect(text).toBe('heard you\nover\n');
    });

    it('forwards a port in the channels of a WebSocket', async () => {
      const [out, err, input] = [new Sink(), new Sink(), new PassThrough()];
      await new k8s.PortForward(config).portForward('default', 'web', [7000], out, err, input);
      input.write('echo this');
      await until('it came back', () => out.text === 'echo this');
      expect(err.text).toBe('');
      input.end();
    });

    it('says that nothing listens on a port', async () => {
      const [out, err, input] = [new Sink(), new Sink(), new PassThrough()];
      await new k8s.PortForward(config).portForward('default', 'web', [7999], out, err, input);
      await until('it complained', () => err.text.includes('connection refused'));
      expect(err.text).toContain('error forwarding port 7999 to pod web');
      expect(out.text).toBe('');
    });

    it('tells what nodes and pods use', async () => {
      const metrics = new k8s.Metrics(config);
      const [pod] = await until('the pod has figures', async () => {
        const { items } = await metrics.getPodMetrics('default');
        return items.length > 0 && items;
      });
      expect(pod?.containers.map(({ name }) => name)).toEqual(['app']);
      const top = await k8s.topPods(core, metrics, 'default');
      expect(Number(top.find(({ Pod }) => Pod.metadata?.name === 'web')?.Memory.CurrentUsage)).toBeGreaterThan(0);
      const { items } = await metrics.getNodeMetrics();
      expect(items).toMatchObject([{ metadata: { name: BED_NODE }, usage: { memory: expect.stringMatching(/Ki$/) } }]);
    });

    it('copies there and back', async () => {
      const cp = new k8s.Cp(config);
      const folder = await mkdtemp(path.join(server.directory, 'cp-'));
      await mkdir(path.join(folder, 'there'));
      await writeFile(path.join(folder, 'there', 'words'), 'some words');
      await cp.cpToPod('default', 'web', 'app', path.join(folder, 'there'), '/tmp/cp');
      const [container] = (await runtime.listContainers()).filter(({ pod }) => pod.name === 'web');
      await until('the file is there', async () => {
        const { output } = await runtime.exec(container?.id ?? '', ['cat', '/tmp/cp/words'], 5_000);
        return output === 'some words';
      });
      await cp.cpFromPod('default', 'web', 'app', 'words', path.join(folder, 'back'), '/tmp/cp');
      await until(
        'it is back',
        async () => (await readFile(path.join(folder, 'back', 'words'), 'utf8')) === 'some words',
      );
    });
  }
});
