import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { errorCode, sha256Hex } from '#base';
import { buildScratchImage, type ScratchFile } from '#runtime';
import { StartError } from '../errors.ts';
import { packageRoot, type StatePaths } from '../paths.ts';

const run = promisify(execFile);

/** The tag says what it is: a local image of this project, first version. */
export const SAMPLE_IMAGE = 'plumbline.local/sample:1';

/** Shared libraries a dynamically linked program needs, at the paths where its loader looks for them. */
async function librariesOf(program: string): Promise<readonly string[]> {
  try {
    const { stdout } = await run('ldd', [program]);
    const found = stdout.split('\n').flatMap((line) => {
      const match = /(?:=>\s*)?(\/\S+)\s+\(0x[0-9a-f]+\)/.exec(line);
      return match?.[1] === undefined ? [] : [match[1]];
    });
    return [...new Set(found)];
  } catch (error) {
    const output =
      String((error as { stderr?: unknown }).stderr ?? '') + String((error as { stdout?: unknown }).stdout ?? '');
    if (output.includes('not a dynamic executable') || output.includes('statically linked')) return [];
    throw new StartError(
      'SampleImageFailed',
      `ldd could not read ${program}`,
      'Install libc-bin, or start with your own repository: plumb up REPO',
      error,
    );
  }
}

/**
 * The files of the sample image: this machine's Node, its libraries, and the sample's programs. Needs no registry and no
 * package lists, since Node is here by definition.
 */
export async function sampleImageFiles(programsDir: string): Promise<readonly ScratchFile[]> {
  const node = await realpath(process.execPath);
  const files: ScratchFile[] = [{ path: 'usr/local/bin/node', content: await readFile(node), mode: 0o755 }];
  for (const library of await librariesOf(node)) {
    files.push({ path: library.slice(1), content: await readFile(library), mode: 0o755 });
  }
  for (const name of (await readdir(programsDir)).sort()) {
    files.push({ path: `app/${name}`, content: await readFile(path.join(programsDir, name)), mode: 0o644 });
  }
  files.push({
    path: 'etc/passwd',
    content: Buffer.from('root:x:0:0:root:/:\nsample:x:65532:65532:sample:/app:\n'),
    mode: 0o644,
  });
  files.push({ path: 'etc/nsswitch.conf', content: Buffer.from('hosts: files dns\n'), mode: 0o644 });
  return files;
}

/** A digest of what the image is made of: another Node or other programs make another archive. */
function digestOf(files: readonly ScratchFile[]): string {
  const facts = files.map((file) =>
    'content' in file
      ? `${file.path} ${file.content.length} ${file.path.startsWith('app/') ? sha256Hex(file.content) : ''}`
      : file.path,
  );
  return sha256Hex(`${process.version}\n${facts.join('\n')}`).slice(0, 12);
}

/** Writes the sample image where the agent loads images from, unless it is there. About 100 MB, a second. */
export async function prepareSampleImage(paths: StatePaths): Promise<void> {
  const files = await sampleImageFiles(path.join(packageRoot, 'sample-repo/image'));
  const directory = path.join(paths.agent, 'images');
  const archive = path.join(directory, `sample-${digestOf(files)}.tar`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const there = await readdir(directory);
  if (there.includes(path.basename(archive))) return;
  const image = buildScratchImage({
    tag: SAMPLE_IMAGE,
    files,
    config: {
      entrypoint: ['/usr/local/bin/node'],
      cmd: ['/app/web.mjs'],
      workingDir: '/app',
      env: ['PATH=/usr/local/bin', 'NODE_ENV=production'],
      exposedPorts: ['8080/tcp'],
      labels: { 'plumbline.dev/image': 'sample' },
    },
  });
  const unfinished = `${archive}.${process.pid}.part`;
  try {
    await pipeline(Readable.from(image), createWriteStream(unfinished, { mode: 0o600 }));
    await rename(unfinished, archive);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (errorCode(error) === 'ENOSPC')
      throw new StartError(
        'DiskFull',
        `no room for the sample image in ${directory}`,
        'It needs about 110 MB; free some, then start again.',
        error,
      );
    throw error;
  }
  for (const name of there) if (/^sample-.*\.tar$/.test(name)) await rm(path.join(directory, name));
}
