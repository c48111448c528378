import { Readable } from 'node:stream';
import type { Log } from '#base';
import { isRuntimeError, RuntimeError } from '../errors.ts';
import { PAUSE_IMAGE, pauseImageTar } from '../image/pause.ts';
import { parseImageReference } from '../image/reference.ts';
import type { ImageStatus, PullOptions, RegistryLogin } from '../runtime.ts';
import type { ImageCommand } from './create.ts';
import type { Engine } from './engine.ts';
import { pullError } from './errors.ts';
import { RegistryLogins } from './registry-login.ts';

/** Longest pull, in ms. */
const PULL_TIMEOUT_MS = 30 * 60_000;
/** Longest load of a local tar, in ms. */
const LOAD_TIMEOUT_MS = 5 * 60_000;
/** Longest line of progress that is read, in characters. */
const MAX_LINE = 64 * 1024;

/** The part of Docker's answer that we read. Source: Docker Engine API v1.41, ImageInspect. */
interface DockerImage {
  readonly Id: string;
  readonly Size: number;
  readonly Config?: {
    readonly User?: string;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
  } | null;
}

/** Images of the engine: looked up, loaded, pulled. Nothing is ever removed here. */
export class Images {
  readonly #engine: Engine;
  readonly #logins: RegistryLogins;
  #pause: Promise<void> | undefined;

  constructor(engine: Engine, log: Log, dockerConfigDir: string | undefined) {
    this.#engine = engine;
    this.#logins = new RegistryLogins(log, dockerConfigDir);
  }

  async status(ref: string): Promise<ImageStatus | undefined> {
    try {
      const found = await this.#inspect(ref);
      return { ref: nameOf(ref), id: found.Id, user: found.Config?.User ?? '', sizeBytes: found.Size };
    } catch (error) {
      if (isRuntimeError(error, 'ImageNotFound')) return undefined;
      throw error;
    }
  }

  /** What the image runs when it is not told otherwise. */
  async command(ref: string): Promise<ImageCommand> {
    const { Config } = await this.#inspect(ref);
    return {
      ...(Config?.Entrypoint ? { entrypoint: Config.Entrypoint } : {}),
      ...(Config?.Cmd ? { cmd: Config.Cmd } : {}),
    };
  }

  async #inspect(ref: string): Promise<DockerImage> {
    return await this.#engine.get<DockerImage>(`/images/${nameOf(ref)}/json`);
  }

  async load(tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    await this.#engine.call(
      async (docker, abortSignal) => {
        const source = Readable.from(tar, { objectMode: false });
        await readProgress(await docker.loadImage(source, { quiet: true, abortSignal }));
      },
      { timeoutMs: LOAD_TIMEOUT_MS },
    );
  }

  async pull(ref: string, { logins = [], signal }: PullOptions = {}): Promise<ImageStatus> {
    const reference = parseImageReference(ref);
    if (reference === undefined) throw new RuntimeError('InvalidContainerConfig', `${ref} is not an image name`);
    const { registry, full } = reference;
    const tries = logins.length > 0 ? logins : [await this.#logins.find(registry)];
    for (const [index, login] of tries.entries()) {
      try {
        await this.#pullAs(login, full, signal);
        break;
      } catch (error) {
        const failure = pullError({ ref, registry, loggedIn: login !== undefined }, error);
        if (failure.code !== 'ImagePullDenied' || index === tries.length - 1) throw failure;
      }
    }
    const present = await this.status(ref);
    if (present === undefined) throw new RuntimeError('ImagePullFailed', `${ref} was pulled but is not there`);
    return present;
  }

  async #pullAs(login: RegistryLogin | undefined, image: string, signal: AbortSignal | undefined): Promise<void> {
    await this.#engine.call(
      async (docker, abortSignal) => {
        const query = { fromImage: image, abortSignal };
        await readProgress(await docker.createImage(login ?? {}, query));
      },
      { timeoutMs: PULL_TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) },
    );
  }

  /** Makes the sandbox image stand, once; after `forgetPause` again. */
  ensurePause(): Promise<void> {
    this.#pause ??= this.#loadPause().catch((error: unknown) => {
      this.#pause = undefined;
      throw error;
    });
    return this.#pause;
  }

  /** Somebody removed the sandbox image. */
  forgetPause(): void {
    this.#pause = undefined;
  }

  async #loadPause(): Promise<void> {
    if ((await this.status(PAUSE_IMAGE)) === undefined) await this.load(pauseImageTar());
  }
}

/** The complete name: an engine takes a short one for the beginning of an image id. */
function nameOf(ref: string): string {
  const name = parseImageReference(ref)?.full;
  if (name === undefined) throw new RuntimeError('InvalidContainerConfig', `${ref} is not an image name`);
  return name;
}

/** Reads JSON lines of progress to their end. Failure is told in a line, not by the HTTP status. */
async function readProgress(stream: NodeJS.ReadableStream): Promise<void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as unknown as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new RuntimeError('EngineRefused', 'the engine answered with an endless line');
    for (const line of lines) checkProgress(line);
  }
  checkProgress(rest);
}

function checkProgress(line: string): void {
  if (line.trim() === '') return;
  const { error } = JSON.parse(line) as { readonly error?: unknown };
  if (typeof error === 'string') throw new RuntimeError('EngineRefused', error);
}
