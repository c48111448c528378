import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Who runs this process, as far as rights go. */
export interface Invoker {
  readonly uid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const invoker = (): Invoker => ({ uid: process.getuid?.() ?? 0, env: process.env });

/** A command as root: as it is for root, through sudo for anyone else. `set` reaches it either way: sudo drops variables. */
export function asRoot(
  command: readonly string[],
  { uid }: Pick<Invoker, 'uid'>,
  set: Readonly<Record<string, string>> = {},
): readonly string[] {
  const variables = Object.entries(set).map(([name, value]) => `${name}=${value}`);
  const whole = variables.length === 0 ? command : ['env', ...variables, ...command];
  return uid === 0 ? whole : ['sudo', '--', ...whole];
}

/** How a command line that needs root is typed by this person. */
export const typedAsRoot = (line: string, uid = invoker().uid) => (uid === 0 ? line : `sudo ${line}`);

/**
 * The folder of the logins that the person behind this process made with `docker login`. The agent runs as root, whose home is
 * another: started through sudo it is told the person's. Undefined: root's own will do.
 */
export function dockerConfigDir(
  { uid, env }: Invoker,
  homeOf: (user: string) => string | undefined,
): string | undefined {
  const named = env['DOCKER_CONFIG'];
  if (named !== undefined && named !== '') return path.resolve(named);
  const user = uid === 0 ? env['SUDO_USER'] : undefined;
  const home = uid === 0 ? (user === undefined ? undefined : homeOf(user)) : env['HOME'];
  return home === undefined || home === '' ? undefined : path.join(home, '.docker');
}

/** The home folder of a user of this machine. Source: getent(1), passwd(5): the sixth field. */
export async function homeOfUser(user: string): Promise<string | undefined> {
  try {
    const { stdout } = await run('getent', ['passwd', '--', user]);
    return stdout.trim().split(':')[5];
  } catch {
    return undefined; // no such user, or no getent: then root's own logins serve
  }
}
