import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { mountsBelow, unmount } from '#runtime';
import type { Pod } from '../pod/pod.types.ts';
import type { ClaimMount } from './claim.plan.ts';
import { openPodFolders } from './pod-folders.ts';
import { setUpVolumes } from './volumes.ts';

const isRoot = process.getuid?.() === 0;
const facts = {
  references: new Map(),
  tokens: new Map(),
  podIP: undefined,
  hostIP: '192.0.2.1',
  node: { cpuMillis: 1000, memoryBytes: 2 ** 30 },
  engine: { ensureVolume: () => Promise.reject(new Error('no volume of the engine was asked for')) },
};

/**
 * The server is a folder, and the network to it a program `mount` that binds that folder where it is told to mount the
 * share: all else, mount table and `umount` included, is the kernel's own.
 */
describe.runIf(isRoot)('src/node-agent/volumes, shares of a server', () => {
  let directory: string;
  let server: string;
  const environment = process.env['PATH'];
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'plumb-nfs-'));
    server = path.join(directory, 'server');
    await mkdir(server);
    await mkdir(path.join(directory, 'bin'));
    await mountIs(`for target; do :; done\nexec "$MOUNT" --bind -- ${server} "$target"`);
    process.env['PATH'] = `${path.join(directory, 'bin')}:${environment}`;
  });
  afterEach(async () => {
    process.env['PATH'] = environment;
    for (const point of await mountsBelow(directory)) await unmount(point);
    await rm(directory, { recursive: true, force: true });
  });

  /** What stands for `mount -t nfs`; other mounts are the system's own. It writes down what it was told. */
  const mountIs = async (script: string) => {
    const file = path.join(directory, 'bin', 'mount');
    const head = `#!/bin/sh\nMOUNT=$(PATH='${environment}' command -v mount)\n[ "$2" = nfs ] || exec "$MOUNT" "$@"`;
    await writeFile(file, `${head}\nprintf '%s\\n' "$*" >> ${directory}/told\n${script}\n`);
    await chmod(file, 0o755);
  };
  const told = async () => (await readFile(path.join(directory, 'told'), 'utf8')).trim().split('\n');
  /** A new run of the agent each time. */
  const folders = () => openPodFolders(path.join(directory, 'state'), silentLog);
  const setUp = async (volume: object, claims = new Map<string, ClaimMount>()) => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default', uid: 'uid-1' },
      spec: { containers: [{ name: 'app' }], volumes: [{ name: 'share', ...volume }] },
    } as unknown as Pod;
    const [ready] = (await setUpVolumes(await folders(), pod, { ...facts, claims })).ready;
    return ready;
  };
  const NFS = { nfs: { server: 'nas', path: '/export' } };

  it('are mounted once for a pod, also by the next run of the agent, and only unmounted with it', async () => {
    const ready = await setUp(NFS);
    await writeFile(path.join(ready?.hostPath ?? '', 'file'), 'kept');
    expect(await readFile(path.join(server, 'file'), 'utf8')).toBe('kept');
    expect(await setUp(NFS)).toEqual(ready);
    expect(await told()).toEqual([`-t nfs -- nas:/export ${ready?.hostPath}`]);

    await (await folders()).removeVolumes('uid-1');
    expect(await mountsBelow(ready?.hostPath ?? '')).toEqual([]);
    expect(existsSync(ready?.hostPath ?? '')).toBe(false);
    expect(await readdir(server)).toEqual(['file']);
    await setUp(NFS);
    await (await folders()).remove('uid-1');
    expect(await (await folders()).list()).toEqual([]);
    expect(await readFile(path.join(server, 'file'), 'utf8')).toBe('kept');
  });

  it('of a claim are mounted with the options of its volume, and read-only where pod or volume says so', async () => {
    const source = { type: 'nfs', server: 'nas', path: '/export', options: ['nfsvers=4.1', 'ro'] } as const;
    const claims = new Map([['share', { volume: 'v', source, readOnly: true, exclusive: false }]]);
    const ready = await setUp({ persistentVolumeClaim: { claimName: 'share' } }, claims);
    expect(await told()).toEqual([`-t nfs -o nfsvers=4.1,ro -- nas:/export ${ready?.hostPath}`]);
    expect(ready).toMatchObject({ readOnly: true, ours: false });
  });

  it('that cannot be mounted are told with the way out, and leave nothing behind', async () => {
    await mountIs('echo "mount: bad option; you might need a /sbin/mount.<type> helper program." >&2; exit 32');
    await expect(setUp(NFS)).rejects.toMatchObject({
      code: 'FailedMount',
      message: expect.stringMatching(/^MountVolume.SetUp failed for volume "share" : mount: .*install nfs-common/),
    });
    const [uid = ''] = await (await folders()).list();
    expect(await readdir(path.join((await folders()).disk(uid), 'volumes'))).toEqual([]);
    await expect(setUp({ nfs: { server: '-o', path: '/' } })).rejects.toThrow('no name or address of an NFS server');
  });

  it('are what the kernel says they are, where it says no', async () => {
    process.env['PATH'] = environment;
    // Port 1 has no server; a kernel without a client, or a node without the program, says so before it asks.
    const source = {
      type: 'nfs',
      server: '127.0.0.1',
      path: '/',
      options: ['port=1', 'nfsvers=4', 'retry=0'],
    } as const;
    const claims = new Map([['share', { volume: 'v', source, readOnly: false, exclusive: false }]]);
    await expect(setUp({ persistentVolumeClaim: { claimName: 'share' } }, claims)).rejects.toMatchObject({
      code: 'FailedMount',
      message: expect.stringMatching(/NFS client|install nfs-common|refused|no answer/),
    });
  }, 90_000);
});
