import Docker from 'dockerode';
import type { Clock } from '#base';
import { RuntimeError } from '../errors.ts';
import { toRuntimeError } from './errors.ts';

/** Oldest API we need: Docker 20.10. */
const OLDEST_API = '1.41';
/** Newest API whose notes we have read (Docker 28.3). What we use has not changed since the oldest. */
const NEWEST_API = '1.51';
/** Longest wait for an ordinary answer, in ms. A stopped engine must not pile up calls. */
const CALL_TIMEOUT_MS = 60_000;
const VERSION_TIMEOUT_MS = 5_000;

type Query = Readonly<Record<string, string>>;

/** The part of Docker's version answer that we read. */
interface DockerVersion {
  readonly ApiVersion: string;
  readonly Version: string;
}

export interface EngineOptions {
  /** A socket's path, or an URL as in DOCKER_HOST. DOCKER_HOST or the default socket when absent. */
  readonly host?: string;
  readonly clock: Clock;
}

/** One Docker engine: calls with a deadline, errors as `RuntimeError`s, API version agreed on before the first call. */
export class Engine {
  readonly #host: string | undefined;
  readonly #clock: Clock;
  #connected: Promise<Docker> | undefined;
  #apiVersion = '';

  constructor({ host, clock }: EngineOptions) {
    this.#host = host;
    this.#clock = clock;
  }

  /** `1.41`; '' before the first call succeeded. */
  get apiVersion(): string {
    return this.#apiVersion;
  }

  /** Makes one call. It is given up after `timeoutMs`, or when `signal` aborts. */
  async call<T>(
    task: (docker: Docker, signal: AbortSignal) => Promise<T>,
    { timeoutMs = CALL_TIMEOUT_MS, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const docker = await this.#connect();
    return await this.#withDeadline(timeoutMs, signal, (deadline) => task(docker, deadline));
  }

  /** Reads one JSON answer. `path` is ours or made of an engine's id, never of a user's words. */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    return await this.call(async (docker, signal) => (await dial(docker, path, query, signal, false)) as T);
  }

  /** Opens a stream (events, logs). No deadline once it is open. */
  async stream(path: string, query: Query, signal: AbortSignal | undefined): Promise<AsyncIterable<Uint8Array>> {
    const docker = await this.#connect();
    try {
      return (await dial(docker, path, query, signal, true)) as AsyncIterable<Uint8Array>;
    } catch (error) {
      throw toRuntimeError(error);
    }
  }

  #connect(): Promise<Docker> {
    this.#connected ??= this.#negotiate().catch((error: unknown) => {
      this.#connected = undefined;
      throw error;
    });
    return this.#connected;
  }

  async #negotiate(): Promise<Docker> {
    const first = new Docker(connectOptions(this.#host));
    const offered = await this.#withDeadline(VERSION_TIMEOUT_MS, undefined, async (signal) => {
      return (await dial(first, '/version', {}, signal, false)) as DockerVersion;
    });
    const version = agreeOnApi(offered.ApiVersion);
    if (version === undefined) {
      throw new RuntimeError(
        'EngineTooOld',
        `Docker ${offered.Version} speaks API ${offered.ApiVersion}; at least ${OLDEST_API} (Docker 20.10) is needed`,
      );
    }
    this.#apiVersion = version;
    return new Docker({ ...connectOptions(this.#host), version: `v${version}` });
  }

  async #withDeadline<T>(
    timeoutMs: number,
    outer: AbortSignal | undefined,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const abort = new AbortController();
    const timer = this.#clock.after(timeoutMs, () =>
      abort.abort(new RuntimeError('EngineUnavailable', `the Docker engine did not answer within ${timeoutMs} ms`)),
    );
    const onOuter = () => abort.abort(outer?.reason);
    if (outer?.aborted) onOuter();
    outer?.addEventListener('abort', onOuter, { once: true });
    try {
      return await task(abort.signal);
    } catch (error) {
      throw abort.signal.aborted && abort.signal.reason instanceof RuntimeError
        ? abort.signal.reason
        : toRuntimeError(error);
    } finally {
      timer.cancel();
      outer?.removeEventListener('abort', onOuter);
    }
  }
}

/** The newest version both sides know; undefined when the engine is too old. Engines refuse versions newer than theirs. */
export function agreeOnApi(offered: string): string | undefined {
  if (compareApi(offered, OLDEST_API) < 0) return undefined;
  return compareApi(offered, NEWEST_API) < 0 ? offered : NEWEST_API;
}

function compareApi(left: string, right: string): number {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number);
  return leftMajor - rightMajor || leftMinor - rightMinor;
}

/** A GET that dockerode has no method for, or whose method cannot be given up. */
function dial(
  docker: Docker,
  path: string,
  query: Query,
  abortSignal: AbortSignal | undefined,
  isStream: boolean,
): Promise<unknown> {
  const statusCodes = { 200: true, 400: 'bad parameter', 404: 'not found', 409: 'conflict', 500: 'server error' };
  const abort = abortSignal === undefined ? {} : { abortSignal };
  const request = { method: 'GET', path: `${path}?`, options: { ...query }, isStream, statusCodes, ...abort };
  return new Promise((resolve, reject) => {
    docker.modem.dial(request, (error: unknown, answer: unknown) => {
      if (error === null || error === undefined) resolve(answer);
      else reject(error);
    });
  });
}

/** Without a version, so that any engine answers. dockerode reads DOCKER_HOST itself when nothing is given. */
function connectOptions(host: string | undefined): Docker.DockerOptions {
  if (host === undefined) return {};
  if (host.startsWith('unix://')) return { socketPath: host.slice('unix://'.length) };
  if (host.startsWith('/')) return { socketPath: host };
  const url = new URL(host.includes('://') ? host : `tcp://${host}`);
  return { protocol: url.protocol === 'https:' ? 'https' : 'http', host: url.hostname, port: url.port || '2375' };
}
