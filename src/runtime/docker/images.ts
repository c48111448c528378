import { Readable } from 'node:stream';
import type { Clock, Log, Timer } from '#base';
import { isRuntimeError, RuntimeError } from '../errors.ts';
import { PAUSE_IMAGE, pauseImageTar } from '../image/pause.ts';
import { parseImageReference } from '../image/reference.ts';
import type { HostImage, ImageStatus, PullOptions, RegistryLogin } from '../runtime.ts';
import type { ImageCommand } from './create.ts';
import type { Engine } from './engine.ts';
import { engineStatus, pullError } from './errors.ts';
import { RegistryLogins } from './registry-login.ts';

/** Longest pull, in ms. */
const PULL_TIMEOUT_MS = 30 * 60_000;
/** Longest time in which a pull gets no further, in ms. Source: dockershim libdocker, defaultImagePullingProgressReportInterval and its 1 min (v1.23). */
const STALL_MS = 60_000;
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

/** The part of Docker's list of images that we read. Source: Docker Engine API v1.41, ImageList. */
interface DockerImageSummary {
  readonly Id: string;
  readonly Size: number;
  readonly RepoTags?: readonly string[] | null;
  readonly RepoDigests?: readonly string[] | null;
}

/** The part of Docker's list of containers that we read. Source: Docker Engine API v1.41, ContainerList. */
interface DockerContainerSummary {
  readonly ImageID: string;
}

export interface ImagesOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly log: Log;
  readonly dockerConfigDir: string | undefined;
  /** Longest time in which a pull gets no further, in ms. */
  readonly stallMs?: number | undefined;
}

/** Images of the engine: looked up, loaded, pulled, removed by name. */
export class Images {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #logins: RegistryLogins;
  #pause: Promise<void> | undefined;

  constructor({ engine, clock, log, dockerConfigDir, stallMs = STALL_MS }: ImagesOptions) {
    this.#engine = engine;
    this.#clock = clock;
    this.#stallMs = stallMs;
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

  async list(): Promise<readonly HostImage[]> {
    const found = await this.#engine.get<readonly DockerImageSummary[]>('/images/json');
    return found.map(({ Id, Size, RepoTags, RepoDigests }) => ({
      id: Id,
      tags: namesIn(RepoTags),
      digests: namesIn(RepoDigests),
      sizeBytes: Size,
    }));
  }

  /** Of every container, whoever's. */
  async used(): Promise<ReadonlySet<string>> {
    const found = await this.#engine.get<readonly DockerContainerSummary[]>('/containers/json', { all: 'true' });
    return new Set(found.map(({ ImageID }) => ImageID));
  }

  /** Never by force: an engine that knows of a use refuses. */
  async remove(name: string): Promise<void> {
    const ref = IMAGE_ID.test(name) ? name : nameOf(name);
    try {
      await this.#engine.call((docker, abortSignal) => docker.getImage(ref).remove({ force: false, abortSignal }));
    } catch (error) {
      if (isRuntimeError(error, 'ImageNotFound')) return;
      if (engineStatus(error) === 409) throw new RuntimeError('ImageInUse', (error as RuntimeError).message, error);
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
    const stall = new StallWatch(this.#clock, this.#stallMs, signal);
    try {
      await this.#engine.call(
        async (docker, abortSignal) => {
          const query = { fromImage: image, abortSignal };
          await readProgress(await docker.createImage(login ?? {}, query), (line) => stall.saw(line));
        },
        { timeoutMs: PULL_TIMEOUT_MS, signal: stall.signal },
      );
    } finally {
      stall.close();
    }
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

const IMAGE_ID = /^sha256:[0-9a-f]{64}$/;

/** Complete names; an engine says `<none>` of what has none. */
function namesIn(names: readonly string[] | null | undefined): readonly string[] {
  return (names ?? []).flatMap((name) => parseImageReference(name)?.full ?? []);
}

/** The complete name: an engine takes a short one for the beginning of an image id. */
function nameOf(ref: string): string {
  const name = parseImageReference(ref)?.full;
  if (name === undefined) throw new RuntimeError('InvalidContainerConfig', `${ref} is not an image name`);
  return name;
}

/** Reads JSON lines of progress to their end. Failure is told in a line, not by the HTTP status. */
async function readProgress(
  stream: NodeJS.ReadableStream,
  saw: (line: string) => void = () => undefined,
): Promise<void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as unknown as Uint8Array, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw new RuntimeError('EngineRefused', 'the engine answered with an endless line');
    for (const line of lines) {
      checkProgress(line);
      saw(line);
    }
  }
  checkProgress(rest);
}

function checkProgress(line: string): void {
  if (line.trim() === '') return;
  const { error } = JSON.parse(line) as { readonly error?: unknown };
  if (typeof error === 'string') throw new RuntimeError('EngineRefused', error);
}

/** Longest progress that is quoted, in characters. */
const MAX_QUOTE = 200;

/** Aborts when the same is told for too long, or nothing at all. */
class StallWatch {
  readonly #abort = new AbortController();
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuter = () => this.#abort.abort(this.#outer?.reason);
  #last = '';
  #timer: Timer;

  constructor(clock: Clock, stallMs: number, outer: AbortSignal | undefined) {
    this.#clock = clock;
    this.#stallMs = stallMs;
    this.#outer = outer;
    if (outer?.aborted) this.#onOuter();
    outer?.addEventListener('abort', this.#onOuter, { once: true });
    this.#timer = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  saw(line: string): void {
    if (line === this.#last) return;
    this.#last = line;
    this.#timer.cancel();
    this.#timer = this.#arm();
  }

  close(): void {
    this.#timer.cancel();
    this.#outer?.removeEventListener('abort', this.#onOuter);
  }

  #arm(): Timer {
    return this.#clock.after(this.#stallMs, () => {
      const latest = this.#last.trim().slice(0, MAX_QUOTE);
      const message = `given up because of no progress for ${this.#stallMs / 1000} s, latest progress: ${latest || 'none'}`;
      this.#abort.abort(new RuntimeError('ImagePullFailed', message));
    });
  }
}
