import { execFile } from 'node:child_process';
import { readdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { StartError } from '../errors.ts';

const run = promisify(execFile);

/** The tag says what it is: a local image of this project, first version. */
export const SAMPLE_IMAGE = 'plumbline.local/sample:1';

/** A file of an image: where it stands inside, what it holds. */
export interface ImageFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly mode: number;
}

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
export async function sampleImageFiles(programsDir: string): Promise<readonly ImageFile[]> {
  const node = await realpath(process.execPath);
  const files: ImageFile[] = [{ path: 'usr/local/bin/node', content: await readFile(node), mode: 0o755 }];
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
