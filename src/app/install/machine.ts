import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from '#base';
import { StartError } from '../errors.ts';
import type { InstallInput } from './units.plan.ts';

const run = promisify(execFile);

/**
 * Refuses a state folder that another user than the control plane's has: the store in it would not open, and nobody hands
 * it over silently, because the files of pods lie below.
 */
export async function requireOwnState({ stateDir, user }: Pick<InstallInput, 'stateDir' | 'user'>): Promise<void> {
  const uid = await uidOf(user);
  for (const folder of [stateDir, path.join(stateDir, 'agent')]) {
    const owner = await ownerOf(folder);
    if (owner === undefined || owner === uid) continue;
    throw new StartError(
      'StateDirOwner',
      `${folder} belongs to the user of id ${owner}, and the control plane runs as ${user}`,
      `Choose another --state-dir or --user, or hand over all but the files of pods: ${handOver(stateDir, user, uid)}`,
    );
  }
}

/** Refuses a program that the control plane's user cannot start, as where Node lies below a home folder of another. */
export async function requireReachable({ program, user }: Pick<InstallInput, 'program' | 'user'>): Promise<void> {
  const uid = await uidOf(user);
  // A user that is still to be made has the rights of everybody.
  const as =
    uid === undefined
      ? ['--reuid=65534', '--regid=65534', '--clear-groups']
      : [`--reuid=${uid}`, `--regid=${(await run('id', ['-g', '--', user])).stdout.trim()}`, '--init-groups'];
  for (const [at, file] of program.filter((one) => path.isAbsolute(one)).entries()) {
    if (await answersYes('setpriv', [...as, 'test', at === 0 ? '-x' : '-r', file])) continue;
    throw new StartError(
      'ProgramUnreachable',
      `the control plane runs as ${user}, who cannot reach ${file}`,
      `namei -l ${file} shows which folder others may not enter. Install below /opt or /usr/local, or choose --user.`,
    );
  }
}

/** What the agent keeps stays whose it is, but for the credential, which the control plane writes. */
function handOver(stateDir: string, user: string, uid: number | undefined): string {
  const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const pods = `${stateDir.replaceAll(/[\\*?[\]]/g, '\\$&')}/agent/*`;
  const find = `find ${quote(stateDir)} -path ${quote(pods)} ! -name agent.json -prune -o -exec chown -h ${quote(user)} {} +`;
  return uid === undefined ? `useradd --system --no-create-home ${quote(user)} && ${find}` : find;
}

async function ownerOf(folder: string): Promise<number | undefined> {
  try {
    return (await stat(folder)).uid;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined: no such user yet. Source: id(1). */
async function uidOf(user: string): Promise<number | undefined> {
  return (await answersYes('id', ['-u', '--', user]))
    ? Number((await run('id', ['-u', '--', user])).stdout)
    : undefined;
}

/** Of a program whose exit code 1 means no. */
async function answersYes(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(program, args);
    return true;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 1) return false;
    throw error;
  }
}
