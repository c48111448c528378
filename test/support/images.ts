import { readFile } from 'node:fs/promises';
import { errorMessage, silentLog, systemClock } from '#base';
import { buildScratchImage, createDockerRuntime, type DockerRuntime, type ScratchFile } from '#runtime';
import { fileOfPackage } from './debian.ts';

/** Debian's static busybox, alone in an image of 2 MB: a shell and its friends, without a registry. */
export const BUSYBOX_IMAGE = 'plumbline.test/busybox:1';

/** The programs tests call by name. */
const APPLETS = [
  'cat',
  'date',
  'env',
  'false',
  'hostname',
  'httpd',
  'id',
  'ip',
  'kill',
  'ls',
  'nc',
  'nslookup',
  'printenv',
];
const MORE_APPLETS = ['sh', 'sleep', 'stat', 'true', 'wget', 'touch', 'mkdir', 'ln', 'df', 'mount', 'ps', 'head', 'dd'];

/** The bytes of Debian's busybox-static, which conflicts with `busybox` and so is never installed. */
export const busyboxProgram = async (): Promise<Uint8Array> =>
  // `/bin/busybox` before Debian merged /bin into /usr/bin.
  readFile(await fileOfPackage('busybox-static', ['bin/busybox', 'usr/bin/busybox']));

/** The busybox image as a tar for `docker load`. */
export async function busyboxTar(): Promise<Iterable<Uint8Array>> {
  const files: ScratchFile[] = [
    { path: 'bin/busybox', content: await busyboxProgram(), mode: 0o755 },
    ...[...APPLETS, ...MORE_APPLETS].map((name) => ({ path: `bin/${name}`, linkTo: 'busybox' })),
    { path: 'etc/passwd', content: Buffer.from('root:x:0:0:root:/:/bin/sh\n'), mode: 0o644 },
    { path: 'tmp/.keep', content: new Uint8Array(0), mode: 0o644 },
  ];
  return buildScratchImage({
    tag: BUSYBOX_IMAGE,
    files,
    config: { cmd: ['/bin/sh'], env: ['PATH=/bin'] },
  });
}

/** A Docker runtime under an owner of its own, with the busybox image in place; or why there can be none here. */
export type DockerForTests =
  | { readonly ok: true; readonly runtime: DockerRuntime; readonly image: string }
  | { readonly ok: false; readonly reason: string };

export async function dockerForTests(owner: string): Promise<DockerForTests> {
  const runtime = createDockerRuntime({ owner, clock: systemClock, log: silentLog });
  try {
    await runtime.version();
  } catch (error) {
    return { ok: false, reason: `no Docker engine: ${errorMessage(error)}` };
  }
  try {
    if ((await runtime.imageStatus(BUSYBOX_IMAGE)) === undefined) await runtime.loadImage(await busyboxTar());
    return { ok: true, runtime, image: BUSYBOX_IMAGE };
  } catch (error) {
    return { ok: false, reason: `no busybox image: ${errorMessage(error)}` };
  }
}
