import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { simpleGit } from 'simple-git';
import { errorCode } from '#base';

/** Stands in the sample's Applications where the repository's address belongs. */
const PLACEHOLDER = 'REPOSITORY_URL';

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Makes a Git repository out of the sample, with one commit, so that a person can edit, commit and watch.
 * A repository that is there already is left as it is. Returns whether it was made now.
 */
export async function createDemoRepository(sampleDir: string, demoDir: string): Promise<boolean> {
  if (await exists(path.join(demoDir, '.git'))) return false;
  await cp(sampleDir, demoDir, { recursive: true });
  for (const name of await readdir(demoDir)) {
    if (!name.endsWith('.yaml')) continue;
    const file = path.join(demoDir, name);
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(PLACEHOLDER, demoDir));
  }
  const git = simpleGit({
    baseDir: demoDir,
    config: ['user.name=Plumbline', 'user.email=demo@plumbline.local', 'commit.gpgSign=false'],
  });
  await git.init(['--initial-branch=main']);
  await git.add('.');
  await git.commit('Start with the sample');
  // A person's own commits need a name; only where this machine has none.
  for (const [key, value] of [
    ['user.name', 'Demo'],
    ['user.email', 'demo@plumbline.local'],
  ] as const) {
    const known = await simpleGit({ baseDir: demoDir }).getConfig(key);
    if (known.value === null) await simpleGit({ baseDir: demoDir }).addConfig(key, value);
  }
  return true;
}
