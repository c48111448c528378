import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Application } from '#api';
import { APPLICATIONS } from '#api';
import { type Client, clientFromKubeconfig, type HttpClient } from '#client';
import { CliError } from './errors.ts';
import type { Output } from './output.ts';

/** Options every command that talks to the API takes. */
export interface SessionOptions {
  readonly stateDir?: string;
  readonly kubeconfig?: string;
}

/** What a command works with. */
export interface Session {
  readonly client: HttpClient;
  readonly output: Output;
}

/** The namespace Applications live in, as in Argo CD. */
export const APPLICATION_NAMESPACE = 'argocd';

export const defaultStateDir = () => process.env['PLUMBLINE_STATE_DIR'] ?? '.plumbline';

/** The kubeconfig a command uses: the one named, `$KUBECONFIG`, or the one in the state folder. */
export function kubeconfigPath({ kubeconfig, stateDir }: SessionOptions): string {
  const own = path.join(path.resolve(stateDir ?? defaultStateDir()), 'kubeconfig');
  if (kubeconfig !== undefined) return path.resolve(kubeconfig);
  if (stateDir === undefined && process.env['KUBECONFIG']) return path.resolve(process.env['KUBECONFIG']);
  return own;
}

export async function openSession(options: SessionOptions, output: Output): Promise<Session> {
  const file = kubeconfigPath(options);
  if (!existsSync(file)) {
    throw new CliError(`no kubeconfig at ${file}`, {
      hint: 'Start Plumbline here (npm start, or plumb up REPO), or name a kubeconfig with --kubeconfig FILE.',
      exitCode: 2,
    });
  }
  return { client: await clientFromKubeconfig(file, { userAgent: 'plumb' }), output };
}

/** The Application of this name, or an error that names the ones there are. */
export async function requireApplication(client: Client, name: string): Promise<Application> {
  const found = await client.get(APPLICATIONS, { namespace: APPLICATION_NAMESPACE, name });
  if (found !== undefined) return found;
  const { items } = await client.list(APPLICATIONS, { namespace: APPLICATION_NAMESPACE });
  const names = items.map((application) => application.metadata.name).join(', ');
  throw new CliError(`there is no Application "${name}"`, {
    hint: names === '' ? 'There are none yet: plumb up REPO makes the first.' : `There are: ${names}`,
    exitCode: 2,
  });
}
