import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createHollowRuntime } from '#runtime';
import type { Pod } from '../pod/pod.types.ts';
import type { References } from '../pod/references.plan.ts';
import { type Tokens, tokenKey } from '../tokens/token.plan.ts';
import { writeAtomically } from './atomic-writer.ts';
import { openPodFolders, removeAgentFolder } from './pod-folders.ts';
import { holdSubPath, resolveOwnSubPath } from './sub-path.ts';
import { isCleanPath, planVolume, type VolumeFile } from './volume.plan.ts';
import { mountsOf, setUpVolumes } from './volumes.ts';

const isRoot = process.getuid?.() === 0;
const metadata = {
  uid: 'uid-1',
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
  namespace: 'default',
};
const references: References = new Map([
  [
    'configMap/files',
    {
      state: 'present',
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { ...metadata, name: 'files' },
        data: { a: 'one', b: 'two' },
        binaryData: { c: Buffer.from([0, 255]).toString('base64') },
      },
    },
  ],
  [
    'secret/token',
    {
      state: 'present',
      object: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { ...metadata, name: 'token' },
        data: { value: 'czNjcmV0' },
      },
    },
  ],
  ['configMap/gone', { state: 'absent' }],
]);
type Volume = NonNullable<Pod['spec']['volumes']>[number];
const podOf = (...volumes: Volume[]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...metadata, name: 'web', labels: { app: 'web' } },
  spec: { containers: [{ name: 'app' }], volumes },
});
const tokens: Tokens = new Map([
  [tokenKey({ audience: '', expirationSeconds: 3600 }), { state: 'present', token: 'a.b.c' }],
  [tokenKey({ audience: 'vault', expirationSeconds: 3600 }), { state: 'failed', message: 'the account is gone' }],
]);
const facts = {
  references,
  tokens,
  claims: new Map(),
  engine: createHollowRuntime({ clock: systemClock }),
  podIP: undefined,
  hostIP: '192.0.2.1',
  node: { cpuMillis: 1000, memoryBytes: 2 ** 30 },
};
const planOf = (volume: Omit<Volume, 'name'>) =>
  planVolume({ ...facts, pod: podOf(), volume: { name: 'v', ...volume } });

describe('src/node-agent/volumes/volume.plan.ts', () => {
  const shown = (volume: Omit<Volume, 'name'>) => {
    const plan = planOf(volume);
    if (plan.type !== 'files') return plan;
    return Object.fromEntries(
      [...plan.files].map(([file, { content, mode }]) => [file, `${content.toString('latin1')} ${mode.toString(8)}`]),
    );
  };

  it.each<[string, Omit<Volume, 'name'>, unknown]>([
    ['a whole ConfigMap', { configMap: { name: 'files' } }, { a: 'one 644', b: 'two 644', c: '\u0000\u00ff 644' }],
    [
      'chosen keys, at other paths and modes',
      {
        configMap: {
          name: 'files',
          defaultMode: 0o400,
          items: [
            { key: 'a', path: 'x/y', mode: 0o440 },
            { key: 'b', path: 'z' },
          ],
        },
      },
      { 'x/y': 'one 440', z: 'two 400' },
    ],
    ['a Secret', { secret: { secretName: 'token', defaultMode: 0o400 } }, { value: 's3cret 400' }],
    ['nothing of what is optional', { configMap: { name: 'gone', optional: true } }, {}],
    [
      'facts about the pod',
      { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
      { name: 'web 644' },
    ],
    [
      'several together',
      {
        projected: {
          sources: [
            { configMap: { name: 'files', items: [{ key: 'a', path: 'c/a' }] } },
            { secret: { name: 'token' } },
            { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
          ],
        },
      },
      { 'c/a': 'one 644', value: 's3cret 644', labels: 'app="web" 644' },
    ],
    [
      'a token, by the mode of its volume',
      { projected: { defaultMode: 0o444, sources: [{ serviceAccountToken: { path: 'token' } }] } },
      { token: 'a.b.c 444' },
    ],
    [
      'a token that cannot be had',
      { projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault' } }] } },
      { type: 'failed', message: 'failed to fetch token: the account is gone' },
    ],
    [
      'a token that is not there yet',
      { projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'other' } }] } },
      { type: 'failed', message: 'failed to fetch token: there is none yet' },
    ],
    ['an empty folder', { emptyDir: {} }, { type: 'emptyDir', memory: false }],
    [
      'one in memory, bounded',
      { emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { type: 'emptyDir', memory: true, sizeBytes: 1048576 },
    ],
    ['a missing ConfigMap', { configMap: { name: 'gone' } }, { type: 'failed', message: 'configmap "gone" not found' }],
    [
      'an unknown one',
      { configMap: { name: 'later' } },
      { type: 'failed', message: 'configmap "later" is not known yet' },
    ],
    [
      'a missing key',
      { secret: { secretName: 'token', items: [{ key: 'x', path: 'x' }] } },
      { type: 'failed', message: 'references non-existent secret key: x' },
    ],
    [
      'a path that leads out',
      { configMap: { name: 'files', items: [{ key: 'a', path: '../../etc/passwd' }] } },
      { type: 'failed', message: 'the path "../../etc/passwd" leads out of the volume' },
    ],
    [
      'a kind that is not known',
      { iscsi: { targetPortal: 's', iqn: 'i', lun: 0 } },
      { type: 'failed', message: 'volumes of the kind iscsi are not supported' },
    ],
    [
      'what a server shares, read-only',
      { nfs: { server: 's', path: '/x', readOnly: true } },
      { type: 'nfs', server: 's', path: '/x', options: ['ro'], readOnly: true },
    ],
  ])('gives %s', (_, volume, expected) => {
    expect(shown(volume)).toEqual(expected);
  });

  it.each<[string, object, object]>([
    ['the group of the pod', { securityContext: { fsGroup: 70 } }, { mode: 0o600 }],
    ['the one user of the pod', { securityContext: { runAsUser: 7 } }, { mode: 0o600, user: 7 }],
    [
      'the volume, where containers run as different users',
      { containers: [{ name: 'a', securityContext: { runAsUser: 7 } }, { name: 'b' }] },
      { mode: 0o644 },
    ],
    [
      'the user that its containers agree upon',
      { containers: [{ name: 'a', securityContext: { runAsUser: 7 } }], securityContext: { runAsUser: 8 } },
      { mode: 0o600, user: 7 },
    ],
  ])('gives a token to %s', (_, spec, expected) => {
    const projected = { sources: [{ serviceAccountToken: { path: 'token' } }, { configMap: { name: 'files' } }] };
    const pod = { ...podOf(), spec: { ...podOf().spec, ...spec } } as Pod;
    const plan = planVolume({ ...facts, pod, volume: { name: 'v', projected } });
    if (plan.type !== 'files') throw new Error(JSON.stringify(plan));
    expect(plan.secret).toBe(true);
    const { content: _content, ...owner } = plan.files.get('token') ?? { content: '' };
    expect(owner).toEqual(expected);
    expect(plan.files.get('a')).toMatchObject({ mode: 0o644 });
  });

  it('lets no path out of its volume, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', 'a', '', '..data', '/', '\u0000'), { maxLength: 5 }), (parts) => {
        const text = parts.join('/');
        if (!isCleanPath(text)) return;
        expect(path.posix.join('/v', text).startsWith('/v/')).toBe(true);
        expect(text.startsWith('..')).toBe(false);
      }),
    );
  });
});

describe('src/node-agent/volumes', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'plumb-volumes-'));
  });
  afterEach(() => removeAgentFolder(folder));

  const filesOf = (content: Readonly<Record<string, string>>): ReadonlyMap<string, VolumeFile> =>
    new Map(Object.entries(content).map(([name, text]) => [name, { content: Buffer.from(text), mode: 0o644 }]));
  const seen = async () => {
    const names = (await readdir(folder)).filter((name) => !name.startsWith('..'));
    return Object.fromEntries(
      await Promise.all(
        names.map(async (name) => {
          const found = path.join(folder, name);
          return [name, (await stat(found)).isFile() ? await readFile(found, 'utf8') : await readdir(found)];
        }),
      ),
    );
  };

  it('swaps all files at once, and leaves nothing of before', async () => {
    expect(await writeAtomically(folder, filesOf({ a: '1', 'sub/b': '1', old: '1' }), undefined)).toBe(true);
    expect(await seen()).toEqual({ a: '1', sub: ['b'], old: '1' });
    expect(await writeAtomically(folder, filesOf({ a: '2', 'sub/b': '2' }), undefined)).toBe(true);
    expect(await seen()).toEqual({ a: '2', sub: ['b'] });
    expect((await readdir(folder)).filter((name) => /^\.\.\d/.test(name))).toHaveLength(1);
  });

  it('writes nothing when nothing changed', async () => {
    await writeAtomically(folder, filesOf({ a: '1' }), undefined);
    const before = await readlink(path.join(folder, '..data'));
    expect(await writeAtomically(folder, filesOf({ a: '1' }), undefined)).toBe(false);
    expect(await readlink(path.join(folder, '..data'))).toBe(before);
  });

  it('never shows a reader half of a change', async () => {
    const version = (number: number) => filesOf({ a: String(number), b: String(number) });
    await writeAtomically(folder, version(0), undefined);
    let writing = true;
    const mixed: string[] = [];
    const reader = (async () => {
      while (writing) {
        // As a careful program does: resolve the folder once, then read from it.
        const current = path.join(folder, await readlink(path.join(folder, '..data')));
        const texts = await Promise.all(['a', 'b'].map((name) => readFile(path.join(current, name), 'utf8'))).catch(
          () => undefined, // Replaced and removed meanwhile: it reads again.
        );
        if (texts !== undefined && texts[0] !== texts[1]) mixed.push(texts.join(' '));
      }
    })();
    for (let number = 1; number <= 30; number += 1) await writeAtomically(folder, version(number), undefined);
    writing = false;
    await reader;
    expect(mixed).toEqual([]);
    expect(await seen()).toEqual({ a: '30', b: '30' });
  });

  it.each([
    ['a link', async (root: string) => symlink('/etc', path.join(root, 'part')), 'part/passwd'],
    ['a link at the end', async (root: string) => symlink('/etc', path.join(root, 'part')), 'part'],
    ['two dots', async () => undefined, '../x'],
    ['a path from the root', async () => undefined, '/etc'],
  ])('holds no part of a volume through %s', async (_, prepare, subPath) => {
    await prepare(folder);
    await expect(holdSubPath(folder, subPath)).rejects.toMatchObject({ code: 'SubPathInvalid' });
  });

  it('holds the place it looked at, whatever takes its name afterwards', async () => {
    await mkdir(path.join(folder, 'part'));
    await writeFile(path.join(folder, 'part', 'mine'), '');
    const held = await holdSubPath(folder, 'part');
    await rm(path.join(folder, 'part'), { recursive: true });
    await symlink('/etc', path.join(folder, 'part'));
    await expect(readFile(`/proc/self/fd/${held.handle}/passwd`)).rejects.toMatchObject({ code: 'ENOENT' });
    await held.close();
  });

  it('makes missing folders of a part, and follows only its own links', async () => {
    const held = await holdSubPath(folder, 'a/b');
    expect(held.isFolder).toBe(true);
    await held.close();
    expect((await stat(path.join(folder, 'a/b'))).isDirectory()).toBe(true);
    await writeAtomically(path.join(folder, 'own'), filesOf({ x: '1' }), undefined);
    expect(await readFile(await resolveOwnSubPath(path.join(folder, 'own'), 'x'), 'utf8')).toBe('1');
    await symlink('/etc/passwd', path.join(folder, 'own', 'out'));
    await expect(resolveOwnSubPath(path.join(folder, 'own'), 'out')).rejects.toMatchObject({ code: 'SubPathInvalid' });
  });

  it.runIf(isRoot)('mounts parts of volumes, and removes a pod without touching what was mounted', async () => {
    const folders = await openPodFolders(folder, silentLog);
    const host = await mkdtemp(path.join(tmpdir(), 'plumb-host-'));
    await mkdir(path.join(host, 'part'));
    await writeFile(path.join(host, 'part', 'precious'), 'kept');
    const pod = podOf(
      { name: 'host', hostPath: { path: host } },
      { name: 'token', secret: { secretName: 'token' } },
      { name: 'small', emptyDir: { medium: 'Memory', sizeLimit: '64Ki' } },
    );
    const { ready } = await setUpVolumes(folders, pod, facts);
    const mounts = await mountsOf({
      spec: { name: 'app', volumeMounts: [{ name: 'host', mountPath: '/data', subPath: 'part' }] },
      volumes: ready,
      expandSubPath: (text) => text,
      partsFolder: path.join(folders.disk('uid-1'), 'parts', 'app-0'),
    });
    expect(await readFile(path.join(mounts[0]?.hostPath ?? '', 'precious'), 'utf8')).toBe('kept');
    const token = ready.find(({ name }) => name === 'token')?.hostPath ?? '';
    expect(token.startsWith(folders.memory('uid-1'))).toBe(true);
    const small = ready.find(({ name }) => name === 'small')?.hostPath ?? '';
    await expect(writeFile(path.join(small, 'big'), Buffer.alloc(1024 * 1024))).rejects.toMatchObject({
      code: 'ENOSPC',
    });

    await folders.remove('uid-1');
    expect(await readFile(path.join(host, 'part', 'precious'), 'utf8')).toBe('kept');
    expect(await folders.list()).toEqual([]);
    await rm(host, { recursive: true });
  });

  it.runIf(isRoot)(
    'gives a claim to the group of a pod once, also across a restart, and never what is mounted read-only',
    async () => {
      const volume = { name: 'data', persistentVolumeClaim: { claimName: 'data' } };
      const source = { type: 'folder', handle: 'pvc-1' } as const;
      const setUp = async (uid: string, readOnly = false) => {
        const pod = podOf(volume);
        const claims = new Map([['data', { volume: 'pvc-1', source, readOnly, exclusive: false }]]);
        await setUpVolumes(
          await openPodFolders(folder, silentLog),
          { ...pod, metadata: { ...pod.metadata, uid }, spec: { ...pod.spec, securityContext: { fsGroup: 4242 } } },
          { ...facts, claims },
        );
      };
      const key = path.join(await (await openPodFolders(folder, silentLog)).volumes.make('pvc-1'), 'key');
      await writeFile(key, '');
      const modeOf = async () => ((await stat(key)).mode & 0o777).toString(8);
      await setUp('uid-1');
      expect([(await stat(key)).gid, await modeOf()]).toEqual([4242, '664']);
      await chmod(key, 0o600);
      await setUp('uid-1');
      await setUp('uid-2', true);
      expect(await modeOf()).toBe('600');
      await setUp('uid-3');
      expect(await modeOf()).toBe('660');
    },
  );

  it('has the engine make its own volumes, and mounts them whole', async () => {
    const source = { type: 'engine', name: 'pvc-1', driver: 'local', options: { type: 'tmpfs' } } as const;
    const claims = new Map([['data', { volume: 'pvc-1', source, readOnly: true, exclusive: false }]]);
    const pod = podOf({ name: 'data', persistentVolumeClaim: { claimName: 'data' } });
    const { ready } = await setUpVolumes(await openPodFolders(folder, silentLog), pod, { ...facts, claims });
    const mountsWith = (more: object) =>
      mountsOf({
        spec: { name: 'app', volumeMounts: [{ name: 'data', mountPath: '/data', ...more }] },
        volumes: ready,
        expandSubPath: (text) => text,
        partsFolder: folder,
      });
    expect(await mountsWith({})).toEqual([{ hostPath: '', volume: 'pvc-1', containerPath: '/data', readOnly: true }]);
    await expect(mountsWith({ subPath: 'part' })).rejects.toThrow('no part can be mounted: leave out subPath');
    // It is there, by the driver that it was made with.
    await expect(facts.engine.ensureVolume({ name: 'pvc-1', driver: 'other', options: {} })).rejects.toMatchObject({
      code: 'EngineRefused',
    });
  });

  it('says which volume cannot be made', async () => {
    const folders = await openPodFolders(folder, silentLog);
    await expect(setUpVolumes(folders, podOf({ name: 'v', configMap: { name: 'gone' } }), facts)).rejects.toMatchObject(
      {
        code: 'FailedMount',
        message: 'MountVolume.SetUp failed for volume "v" : configmap "gone" not found',
      },
    );
    await expect(
      setUpVolumes(folders, podOf({ name: 'v', hostPath: { path: '/dev/null', type: 'Directory' } }), facts),
    ).rejects.toMatchObject({ code: 'FailedMount' });
  });

  describe('a path of the host', () => {
    const types = ['Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket', 'CharDevice', 'BlockDevice'];
    /** One of each kind, and `none`, where nothing is. A block device only where this user may make one. */
    const makeEach = async () => {
      await mkdir(path.join(folder, 'folder'));
      await writeFile(path.join(folder, 'file'), 'kept');
      execFileSync('mkfifo', [path.join(folder, 'pipe')]);
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(path.join(folder, 'socket'), resolve));
      const block = spawnSync('mknod', [path.join(folder, 'block'), 'b', '7', '250']).status === 0;
      await symlink('/dev/null', path.join(folder, 'char'));
      return { block, close: () => new Promise((resolve) => server.close(resolve)) };
    };
    const fitting: Readonly<Record<string, readonly string[]>> = {
      folder: ['Directory', 'DirectoryOrCreate'],
      file: ['File', 'FileOrCreate'],
      pipe: [],
      socket: ['Socket'],
      char: ['CharDevice'],
      block: ['BlockDevice'],
    };

    it('is of the type that the volume names, or the pod waits', async () => {
      const folders = await openPodFolders(path.join(folder, 'agent'), silentLog);
      const { block, close } = await makeEach();
      try {
        for (const [name, fit] of Object.entries(fitting).filter(([each]) => block || each !== 'block')) {
          const host = path.join(folder, name);
          const accepts = async (type: string) => {
            const made = setUpVolumes(folders, podOf({ name: 'v', hostPath: { path: host, type } }), facts);
            return await made.then(
              ({ ready }) => ready[0]?.hostPath === host,
              (error: Error) => {
                const words = `MountVolume.SetUp failed for volume "v" : hostPath type check failed: ${host} is not a ${type}`;
                expect(error.message).toBe(words);
                return false;
              },
            );
          };
          const accepted: string[] = [];
          for (const type of ['', ...types]) if (await accepts(type)) accepted.push(type);
          expect([name, accepted]).toEqual([name, ['', ...fit]]);
        }
        expect(await readFile(path.join(folder, 'file'), 'utf8')).toBe('kept');
      } finally {
        await close();
      }
    });

    it.each(['', ...types])('that is not there: %j', async (type) => {
      const folders = await openPodFolders(path.join(folder, 'agent'), silentLog);
      const host = path.join(folder, type === 'DirectoryOrCreate' ? 'a/b' : 'none');
      const made = setUpVolumes(folders, podOf({ name: 'v', hostPath: { path: host, type } }), facts);
      if (type !== '' && !type.endsWith('OrCreate')) {
        await expect(made).rejects.toThrow(`hostPath type check failed: ${host} is not a ${type}`);
        expect(existsSync(host)).toBe(false);
        return;
      }
      await made;
      const found = await stat(host);
      expect([found.isDirectory(), found.isFile()]).toEqual(
        { '': [true, false], DirectoryOrCreate: [true, false], FileOrCreate: [false, true] }[type],
      );
    });
  });

  it.each(['../x', 'a/b', '', '.', '..'])('takes no %j for a pod', async (uid) => {
    const folders = await openPodFolders(folder, silentLog);
    expect(() => folders.disk(uid)).toThrow(expect.objectContaining({ code: 'PodUidInvalid' }));
  });
});
