import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { parse, YAMLParseError } from 'yaml';
import { PlumblineError } from '#base';
import { isRecord } from './http/errors.ts';
import { httpClientLimits } from './http/limits.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';

export class KubeconfigError extends PlumblineError {}

/** What a kubeconfig says about how to reach a server and as whom. */
export type KubeconfigConnection = Omit<HttpClientOptions, 'userAgent' | 'fieldManager' | 'clock'>;

export interface KubeconfigClientOptions extends Pick<HttpClientOptions, 'userAgent' | 'fieldManager' | 'clock'> {
  /** The current one when absent. */
  readonly context?: string;
}

/** A client for the server that a kubeconfig's context names. */
export async function clientFromKubeconfig(file: string, options: KubeconfigClientOptions): Promise<HttpClient> {
  const { context, ...rest } = options;
  return createHttpClient({ ...(await readKubeconfig(file, context)), ...rest });
}

/**
 * Reads a kubeconfig: authority, bearer token or token file, client certificate, TLS server name. Programs that fetch
 * credentials (`exec`) are not started: say so, rather than connect as nobody.
 */
export async function readKubeconfig(file: string, context?: string): Promise<KubeconfigConnection> {
  const config = await parseFile(file);
  const contextName = context ?? text(config['current-context']);
  const chosen = named(config['contexts'], contextName, 'context', file);
  const cluster = named(config['clusters'], text(chosen['cluster']), 'cluster', file);
  const user = named(config['users'], text(chosen['user']), 'user', file);
  const server = text(cluster['server']);
  if (server === undefined) throw broken(file, 'its cluster names no server');
  if (user['exec'] !== undefined || user['auth-provider'] !== undefined) {
    throw broken(file, 'its user gets credentials from a program, which is not supported; use a token');
  }
  const directory = path.dirname(file);
  const [ca, certificate, key] = await Promise.all([
    material(cluster, 'certificate-authority', directory),
    material(user, 'client-certificate', directory),
    material(user, 'client-key', directory),
  ]);
  const tlsServerName = text(cluster['tls-server-name']);
  const token = tokenOf(user, directory);
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined || key === undefined ? {} : { clientCertificate: { certificate, key } }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecureSkipTlsVerify: true } : {}),
    ...(token === undefined ? {} : { token }),
  };
}

async function parseFile(file: string): Promise<Readonly<Record<string, unknown>>> {
  const { size } = await stat(file);
  if (size > httpClientLimits.kubeconfigBytes)
    throw broken(file, `it is larger than ${httpClientLimits.kubeconfigBytes} bytes`);
  const config = parseYaml(await readFile(file, 'utf8'), file);
  if (!isRecord(config)) throw broken(file, 'it is not a kubeconfig');
  return config;
}

/** The parser's own words quote the line, which may hold a token: only its place is told. */
function parseYaml(text: string, file: string): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    const at = error instanceof YAMLParseError ? error.linePos?.[0] : undefined;
    throw broken(file, at === undefined ? 'it is not YAML' : `it is not YAML at line ${at.line}, column ${at.col}`);
  }
}

/** `clusters: [{name, cluster: {…}}]` → the inner map of the one with that name. */
function named(list: unknown, name: string | undefined, kind: string, file: string): Readonly<Record<string, unknown>> {
  if (name === undefined) throw broken(file, `it names no ${kind}`);
  const entry = (Array.isArray(list) ? list : []).find((item) => isRecord(item) && item['name'] === name);
  const inner: unknown = isRecord(entry) ? entry[kind] : undefined;
  if (!isRecord(inner)) throw broken(file, `it has no ${kind} named ${JSON.stringify(name)}`);
  return inner;
}

/** `name-data` in base64, or the file that `name` points at, relative to the kubeconfig. */
async function material(
  from: Readonly<Record<string, unknown>>,
  name: string,
  directory: string,
): Promise<string | undefined> {
  const data = text(from[`${name}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const file = text(from[name]);
  return file === undefined ? undefined : readFile(path.resolve(directory, file), 'utf8');
}

function tokenOf(user: Readonly<Record<string, unknown>>, directory: string): HttpClientOptions['token'] {
  const token = text(user['token']);
  if (token !== undefined) return token;
  const file = text(user['tokenFile']);
  return file === undefined ? undefined : async () => (await readFile(path.resolve(directory, file), 'utf8')).trim();
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function broken(file: string, why: string): KubeconfigError {
  return new KubeconfigError(`${file}: ${why}`, { code: 'KubeconfigInvalid' });
}
