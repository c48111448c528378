import { readFile } from 'node:fs/promises';
import { parse, stringify } from 'yaml';
import { errorCode } from '#base';
import { clientFromKubeconfig } from '#client';
import { CliError } from '../errors.ts';
import type { Output } from '../output.ts';

const LOGIN_LINKS = '/plumbline/v1/login-links';
const TOKENS = '/plumbline/v1/tokens';

async function kubeconfigText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new CliError(`no kubeconfig at ${file}`, {
      hint: 'Start Plumbline here first (npm start, or plumb up REPO).',
      exitCode: 2,
      cause: error,
    });
  }
}

/** A new one-time link to the dashboard, for the kubeconfig's user. */
export async function printLoginLink(kubeconfig: string, output: Output): Promise<void> {
  await kubeconfigText(kubeconfig);
  const client = await clientFromKubeconfig(kubeconfig, { userAgent: 'plumb' });
  const { url } = await client.post<{ url: string }>(LOGIN_LINKS, {});
  client.close();
  output.write(url);
}

interface Kubeconfig {
  users?: { name: string; user: Record<string, unknown> }[];
  contexts?: { context: { user: string } }[];
}

/** The kubeconfig as it is, or one for another user with a token made now. The token is shown only here. */
export async function printKubeconfig(
  kubeconfig: string,
  options: { readonly user?: string; readonly group: readonly string[] },
  output: Output,
): Promise<void> {
  const text = await kubeconfigText(kubeconfig);
  if (options.user === undefined) {
    output.write(text.trimEnd());
    return;
  }
  const client = await clientFromKubeconfig(kubeconfig, { userAgent: 'plumb' });
  const { token } = await client.post<{ token: string }>(TOKENS, { user: options.user, groups: options.group });
  client.close();
  const config = parse(text) as Kubeconfig;
  config.users = [{ name: options.user, user: { token } }];
  for (const { context } of config.contexts ?? []) context.user = options.user;
  output.write(stringify(config).trimEnd());
}
