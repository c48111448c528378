import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '#base';
import { StartError } from '../errors.ts';
import { typedAsRoot } from '../privileges.ts';
import { requireOwnState, requireReachable } from './machine.ts';
import { type InstallInput, planInstall, planUninstall, unitProblem } from './units.plan.ts';

const run = promisify(execFile);

export interface InstallOptions extends InstallInput {
  /** Writes below this folder and runs nothing: for an image of a machine. */
  readonly root?: string;
}

/** Writes the units and starts them. Answers the files. Running it twice changes nothing but restarts them. */
export async function install({ root, ...input }: InstallOptions): Promise<readonly string[]> {
  requireRoot(root, 'plumb install');
  if (root === undefined && input.parts.includes('server')) {
    await requireReachable(input);
    await requireOwnState(input);
  }
  const problem = unitProblem([...input.program, ...input.serverArgs, ...input.agentArgs, input.stateDir, input.user]);
  if (problem !== undefined)
    throw new StartError('InvalidFlag', problem, 'Credentials of a repository belong to plumb repo add.');
  const { files, commands } = planInstall(input);
  const written: string[] = [];
  for (const { path: place, text } of files) {
    const file = path.join(root ?? '/', place);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(`${file}.new`, text, { mode: 0o644 });
    await chmod(`${file}.new`, 0o644);
    await rename(`${file}.new`, file);
    written.push(file);
  }
  if (root === undefined) for (const command of commands) await systemd(command);
  return written;
}

/** Ends the units and removes them. Answers the files; none when nothing was installed. */
export async function uninstall({ root }: { readonly root?: string }): Promise<readonly string[]> {
  requireRoot(root, 'plumb uninstall');
  const place = (file: string) => path.join(root ?? '/', file);
  const { commandsBefore, files, commandsAfter } = planUninstall((file) => existsSync(place(file)));
  if (root === undefined) for (const command of commandsBefore) await systemd(command);
  for (const file of files) await rm(place(file), { force: true });
  if (root === undefined) for (const command of commandsAfter) await systemd(command);
  return files.map(place);
}

function requireRoot(root: string | undefined, command: string): void {
  if (root !== undefined || process.getuid?.() === 0) return;
  throw new StartError('RootNeeded', `${command} writes below /etc`, `Run: ${typedAsRoot(command)}`);
}

async function systemd([program = '', ...args]: readonly string[]): Promise<void> {
  try {
    await run(program, args);
  } catch (error) {
    const line = [program, ...args].join(' ');
    throw new StartError(
      'SystemdFailed',
      `${line}: ${errorMessage(error).split('\n').at(-1)}`,
      'The units are written. Without systemd here, start plumb agent and then plumb up as they say.',
      error,
    );
  }
}
