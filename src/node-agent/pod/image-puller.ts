import { backoffMs, type Clock, canonicalJson, errorMessage } from '#base';
import { type ImageStatus, parseImageReference, type RegistryLogin, type Runtime } from '#runtime';
import type { ImageKeeper } from '../garbage/image-keeper.ts';
import { StartError, type StartErrorCode } from './start-error.ts';

export interface ImageRequest {
  readonly podUid: string;
  readonly image: string;
  readonly policy: string | undefined;
  readonly signal: AbortSignal;
  /** What the pod's pull secrets say, asked only when there is something to pull; none: the host's own logins. */
  readonly logins: () => Promise<readonly RegistryLogin[]>;
  /** Told as it goes, for the pod's events. */
  readonly tell: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

export interface ImagePullerDeps {
  readonly runtime: Pick<Runtime, 'imageStatus' | 'pullImage'>;
  readonly keeper: Pick<ImageKeeper, 'pulled' | 'used'>;
  readonly clock: Clock;
  /** Pulls at the same time; others wait their turn. */
  readonly maxParallelPulls: number;
}

/** Source: kubelet.go, imageBackOff 10 s → MaxContainerBackOff (v1.32). */
const PULL_BACKOFF = { initialMs: 10_000, maxMs: 300_000 };
/** After so long without another failure the back-off begins anew, in ms. Source: client-go flowcontrol/backoff.go, hasExpired. */
const FORGET_MS = 2 * PULL_BACKOFF.maxMs;
/** Failures that are remembered, each of one image for one pod. */
const MAX_REMEMBERED = 1_000;

interface Pull {
  readonly done: Promise<ImageStatus>;
  /** When its turn came; undefined while it waits. */
  startedMs: number | undefined;
}

interface Failure {
  readonly count: number;
  readonly atMs: number;
  /** Containers that waited for the same pull have failed once, together. */
  readonly pull: Pull;
}

/** Brings images: looked up by policy, pulled once for however many ask, a few at a time, with a back-off per pod and image. */
export class ImagePuller {
  readonly #deps: ImagePullerDeps;
  readonly #pulls = new Map<string, Pull>();
  readonly #failures = new Map<string, Failure>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(deps: ImagePullerDeps) {
    this.#deps = deps;
  }

  /** The image, present on this host. Throws `StartError` with Kubernetes' reason. */
  async ensure(request: ImageRequest): Promise<ImageStatus> {
    const { image, policy: wanted, tell } = request;
    const { runtime, keeper } = this.#deps;
    const reference = parseImageReference(image);
    if (reference === undefined) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name`;
      tell('Warning', 'InspectFailed', message);
      throw failed(tell, 'InvalidImageName', message, undefined);
    }
    const policy = wanted ?? (reference.tag === 'latest' ? 'Always' : 'IfNotPresent');
    const present = policy === 'Always' ? undefined : await runtime.imageStatus(image);
    if (present !== undefined) {
      keeper.used(present.id);
      tell('Normal', 'Pulled', `Container image "${image}" already present on machine`);
      return present;
    }
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      tell('Warning', 'ErrImageNeverPull', message);
      throw failed(tell, 'ErrImageNeverPull', message, PULL_BACKOFF.initialMs);
    }
    return await this.#pull(request);
  }

  async #pull({ podUid, image, signal, logins, tell }: ImageRequest): Promise<ImageStatus> {
    const { clock, keeper } = this.#deps;
    const key = `${podUid} ${image}`;
    const askedMs = clock.monotonicMs();
    tell('Normal', 'Pulling', `Pulling image "${image}"`);
    const pull = this.#shared(image, await logins());
    try {
      const status = await aborted(pull.done, signal);
      this.#failures.delete(key);
      keeper.used(status.id);
      const nowMs = clock.monotonicMs();
      const took = goDuration(nowMs - Math.max(askedMs, pull.startedMs ?? askedMs));
      const inAll = `${took} (${goDuration(nowMs - askedMs)} including waiting)`;
      tell(
        'Normal',
        'Pulled',
        `Successfully pulled image "${image}" in ${inAll}. Image size: ${status.sizeBytes} bytes.`,
      );
      return status;
    } catch (error) {
      if (signal.aborted) throw error;
      const count = this.#count(key, pull);
      tell('Warning', 'Failed', `Failed to pull image "${image}": ${errorMessage(error)}`);
      throw failed(tell, 'ErrImagePull', errorMessage(error), backoffMs(count, PULL_BACKOFF), error);
    }
  }

  /** One pull for all that ask with the same logins: nobody gets an image by another pod's secret while it is pulled. */
  #shared(image: string, logins: readonly RegistryLogin[]): Pull {
    const key = canonicalJson([image, logins]);
    const known = this.#pulls.get(key);
    if (known !== undefined) return known;
    const { runtime, keeper, clock } = this.#deps;
    const task = async () => {
      await this.#turn();
      pull.startedMs = clock.monotonicMs();
      try {
        return await keeper.pulled(image, () => runtime.pullImage(image, { logins }));
      } finally {
        this.#pulls.delete(key);
        this.#leave();
      }
    };
    const pull: Pull = { startedMs: undefined, done: Promise.resolve().then(task) };
    this.#pulls.set(key, pull);
    return pull;
  }

  /** Resolves when fewer than the limit run. */
  async #turn(): Promise<void> {
    if (this.#running < this.#deps.maxParallelPulls) {
      this.#running += 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }

  /** Failures of this image for this pod, without a long silence between. */
  #count(key: string, pull: Pull): number {
    const before = this.#failures.get(key);
    if (before?.pull === pull) return before.count;
    const atMs = this.#deps.clock.monotonicMs();
    const count = before === undefined || atMs - before.atMs > FORGET_MS ? 1 : before.count + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, atMs, pull });
    if (this.#failures.size > MAX_REMEMBERED) {
      const [oldest] = this.#failures.keys();
      if (oldest !== undefined) this.#failures.delete(oldest);
    }
    return count;
  }
}

function failed(
  tell: ImageRequest['tell'],
  reason: StartErrorCode,
  message: string,
  retryAfterMs: number | undefined,
  cause?: unknown,
): StartError {
  tell('Warning', 'Failed', `Error: ${reason}`);
  return new StartError(reason, message, retryAfterMs, cause);
}

/** As Go prints a duration in whole milliseconds: `812ms`, `1.234s`, `2m3.5s`. */
function goDuration(durationMs: number): string {
  const ms = Math.trunc(durationMs);
  if (ms < 1000) return ms === 0 ? '0s' : `${ms}ms`;
  const seconds = ms / 1000;
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${(ms % 60_000) / 1000}s`;
}

/** Waits for a shared promise, but no longer than this waiter wants to. */
function aborted<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    shared.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
