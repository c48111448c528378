import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { errorCode, type Log } from '#base';
import { type ImageReference, parseImageReference } from '../image/reference.ts';
import type { RegistryLogin } from '../runtime.ts';

/** One entry of `auths`: `kubectl create secret docker-registry` writes user and password beside `auth`. */
interface StoredLogin {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

/** `~/.docker/config.json`, as far as logins go. Source: docker/cli cli/config/configfile/file.go. */
interface DockerConfig {
  readonly auths?: Readonly<Record<string, StoredLogin>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

const HELPER_TIMEOUT_MS = 10_000;
const MAX_HELPER_OUTPUT = 64 * 1024;
const HUB_ADDRESS = 'https://index.docker.io/v1/';

/** Finds the login a person made with `docker login`, on every pull anew. */
export class RegistryLogins {
  readonly #configDir: string;
  readonly #log: Log;

  constructor(log: Log, configDir: string = process.env.DOCKER_CONFIG ?? path.join(homedir(), '.docker')) {
    this.#configDir = configDir;
    this.#log = log;
  }

  /** The login for a registry such as `docker.io` or `ghcr.io`; undefined to pull as nobody. */
  async find(registry: string): Promise<RegistryLogin | undefined> {
    const config = await this.#read();
    const addresses = registry === 'docker.io' ? [HUB_ADDRESS, 'index.docker.io', 'docker.io'] : [registry];
    for (const address of addresses) {
      const helper = config.credHelpers?.[address] ?? config.credsStore;
      const login =
        (helper === undefined ? undefined : await this.#askHelper(helper, address)) ?? fromConfig(config, address);
      if (login !== undefined) return login;
    }
    return undefined;
  }

  async #read(): Promise<DockerConfig> {
    const file = path.join(this.#configDir, 'config.json');
    try {
      const parsed = parsePrivate(await readFile(file, 'utf8'));
      return typeof parsed === 'object' && parsed !== null ? (parsed as DockerConfig) : {};
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') this.#log.warn({ file, err: error }, 'docker logins cannot be read');
      return {};
    }
  }

  async #askHelper(name: string, address: string): Promise<RegistryLogin | undefined> {
    if (!/^[A-Za-z0-9_.-]+$/.test(name)) return undefined;
    try {
      const answer = parsePrivate(await runHelper(`docker-credential-${name}`, address));
      const { Username: user, Secret: secret } = answer as { Username?: unknown; Secret?: unknown };
      if (typeof user !== 'string' || typeof secret !== 'string') return undefined;
      // Source: docker-credential-helpers client: a user of this name means the secret is a token.
      if (user === '<token>') return { identitytoken: secret, serveraddress: address };
      return { username: user, password: secret, serveraddress: address };
    } catch (error) {
      this.#log.debug({ helper: name, registry: address, err: error }, 'credential helper has no login');
      return undefined;
    }
  }
}

function fromConfig(config: DockerConfig, address: string): RegistryLogin | undefined {
  const entry = config.auths?.[address] ?? config.auths?.[`https://${address}`];
  return entry === undefined ? undefined : stored(entry, address);
}

function stored(entry: StoredLogin, address: string): RegistryLogin | undefined {
  if (entry.identitytoken !== undefined && entry.identitytoken !== '') {
    return { identitytoken: entry.identitytoken, serveraddress: address };
  }
  if (entry.username !== undefined && entry.password !== undefined) {
    return { username: entry.username, password: entry.password, serveraddress: address };
  }
  const [username, ...password] = Buffer.from(entry.auth ?? '', 'base64')
    .toString('utf8')
    .split(':');
  if (username === undefined || username === '' || password.length === 0) return undefined;
  return { username, password: password.join(':'), serveraddress: address };
}

/**
 * The logins for an image in the text of a pull secret, the most specific address first; undefined when the text holds no
 * logins at all. Addresses may have a scheme, `/v1/` or `/v2/`, and the beginning of a repository; `*` in a host is not read.
 * Source: kubernetes pkg/credentialprovider/keyring.go (v1.32).
 */
export function loginsIn(text: string, type: PullSecretType, image: string): readonly RegistryLogin[] | undefined {
  const reference = parseImageReference(image);
  const parsed = parsedOrNothing(text);
  const auths: unknown = type === 'kubernetes.io/dockercfg' ? parsed : (parsed as DockerConfig | undefined)?.auths;
  if (typeof auths !== 'object' || auths === null || reference === undefined) return undefined;
  return Object.entries(auths as Readonly<Record<string, StoredLogin | null>>)
    .map(([address, entry]) => ({ address, entry, reach: reachOf(address) }))
    .filter(({ reach }) => covers(reach, reference))
    .sort((a, b) => b.reach.length - a.reach.length)
    .flatMap(({ address, entry }) => (entry === null ? [] : (stored(entry, address) ?? [])));
}

/** The types of Secret that Kubernetes takes as `imagePullSecrets`; the data's key is the type's last word, with a dot before it. */
export type PullSecretType = 'kubernetes.io/dockerconfigjson' | 'kubernetes.io/dockercfg';

/** `ghcr.io/team` of `https://ghcr.io/team/`; Docker Hub under its own name. */
function reachOf(address: string): string {
  const bare = address
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replace(/\/v[12]$/, '');
  return bare === 'index.docker.io' || bare === 'registry-1.docker.io' ? 'docker.io' : bare;
}

function covers(reach: string, { registry, repository }: ImageReference): boolean {
  return `${registry}/${repository}/`.startsWith(`${reach}/`);
}

function parsedOrNothing(text: string): unknown {
  try {
    return parsePrivate(text);
  } catch {
    return undefined; // Told as a secret without logins; a parser's own words would quote it.
  }
}

/** Parses what holds passwords. The parser's own words would quote them, so they are not passed on. */
function parsePrivate(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('it is not JSON');
  }
}

/** The helper protocol: the registry on stdin, JSON on stdout. */
function runHelper(program: string, address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], timeout: HELPER_TIMEOUT_MS });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > MAX_HELPER_OUTPUT) child.kill('SIGKILL');
    });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${code ?? 'a signal'}`));
    });
    child.stdin.once('error', reject);
    child.stdin.end(address);
  });
}
