import colors from 'picocolors';
import { errorMessage, PlumblineError } from '#base';
import { type Output, plain } from '../output.ts';
import { openSession, type SessionOptions } from '../session.ts';
import { version } from '../version.ts';
import { document } from './get.ts';

/** Under kubectl's keys, so that scripts find them. */
interface Versions {
  readonly clientVersion: { readonly version: string; readonly node: string; readonly platform: string };
  readonly serverVersion?: ServerVersion;
}

interface ServerVersion {
  /** Of the product; absent for a Kubernetes API that is not ours. */
  readonly version?: string;
  /** Of the Kubernetes API that is served, such as `v1.32.0`. */
  readonly kubernetes: string;
  readonly platform: string;
}

export interface VersionOptions extends SessionOptions {
  /** Asks no server. */
  readonly client?: boolean;
  readonly form?: 'json' | 'yaml';
}

/** What the server's `/version` says. Ours has the product's version behind a plus sign. */
export function serverVersionOf({ gitVersion, platform }: { gitVersion: string; platform: string }): ServerVersion {
  const [kubernetes = '', ours] = gitVersion.split('+plumbline-');
  return { ...(ours === undefined ? {} : { version: ours }), kubernetes, platform };
}

async function askServer(options: SessionOptions, output: Output): Promise<ServerVersion> {
  const { client } = await openSession(options, output);
  try {
    return serverVersionOf(await client.read('/version'));
  } finally {
    client.close();
  }
}

/** Prints both versions. Resolves to whether all that was asked for could be told. */
export async function printVersion(options: VersionOptions, output: Output): Promise<boolean> {
  const clientVersion = { version, node: process.version, platform: `${process.platform}/${process.arch}` };
  let versions: Versions = { clientVersion };
  let silence: PlumblineError | undefined;
  if (options.client !== true) {
    try {
      versions = { clientVersion, serverVersion: await askServer(options, output) };
    } catch (error) {
      if (!(error instanceof PlumblineError)) throw error;
      silence = error;
    }
  }
  output.write(options.form === undefined ? inWords(versions) : document(versions, options.form));
  if (silence === undefined) return true;
  output.note(`${colors.red('Server: not reachable:')} ${plain(errorMessage(silence))}`);
  output.note(
    'Start it (npm start, or plumb up REPO), name its kubeconfig with --kubeconfig FILE, or ask with --client.',
  );
  return false;
}

function inWords({ clientVersion, serverVersion }: Versions): string {
  const client = `Client: plumb ${clientVersion.version} (Node ${clientVersion.node}, ${clientVersion.platform})`;
  if (serverVersion === undefined) return client;
  const { version: ours, kubernetes, platform } = serverVersion;
  const product = ours === undefined ? 'not Plumbline' : `plumb ${plain(ours)}`;
  return `${client}\nServer: ${product} (Kubernetes API ${plain(kubernetes)}, ${plain(platform)})`;
}
