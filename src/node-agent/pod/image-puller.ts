import { backoffMs, type Clock, canonicalJson, errorMessage } from '#base';
import { type ImageStatus, parseImageReference, type RegistryLogin, type Runtime } from '#runtime';
import { StartError, type StartErrorCode } from './start-error.ts';

export interface ImageRequest {
  readonly image: string;
  readonly policy: string | undefined;
  readonly signal: AbortSignal;
  /** What the pod's pull secrets say, asked only when there is something to pull; none: the host's own logins. */
  readonly logins: () => Promise<readonly RegistryLogin[]>;
  /** Told as it goes, for the pod's events. */
  readonly tell: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

/** Source: kubelet.go, imageBackOff 10 s → MaxContainerBackOff (v1.32). */
const PULL_BACKOFF = { initialMs: 10_000, maxMs: 300_000 };
/** Different images whose failures are remembered. */
const MAX_REMEMBERED = 1_000;

interface Pull {
  readonly promise: Promise<ImageStatus>;
}

/** Brings images: looked up by policy, pulled once for however many ask, with a back-off per image. */
export class ImagePuller {
  readonly #runtime: Pick<Runtime, 'imageStatus' | 'pullImage'>;
  readonly #clock: Clock;
  readonly #pulls = new Map<string, Pull>();
  readonly #failures = new Map<string, { readonly count: number; readonly atMs: number }>();

  constructor(runtime: Pick<Runtime, 'imageStatus' | 'pullImage'>, clock: Clock) {
    this.#runtime = runtime;
    this.#clock = clock;
  }

  /** The image, present on this host. Throws `StartError` with Kubernetes' reason. */
  async ensure(request: ImageRequest): Promise<ImageStatus> {
    const { image, policy: wanted, tell } = request;
    const reference = parseImageReference(image);
    if (reference === undefined) {
      throw this.#failed(
        tell,
        'InvalidImageName',
        `Failed to apply default image tag "${image}": couldn't parse image name`,
        undefined,
      );
    }
    const policy = wanted ?? (reference.tag === 'latest' ? 'Always' : 'IfNotPresent');
    const present = policy === 'Always' ? undefined : await this.#runtime.imageStatus(image);
    if (present !== undefined) {
      tell('Normal', 'Pulled', `Container image "${image}" already present on machine`);
      return present;
    }
    if (policy === 'Never') {
      throw this.#failed(
        tell,
        'ErrImageNeverPull',
        `Container image "${image}" is not present with pull policy of Never`,
        PULL_BACKOFF.initialMs,
      );
    }
    return await this.#pull(request);
  }

  async #pull({ image, signal, logins, tell }: ImageRequest): Promise<ImageStatus> {
    const startedMs = this.#clock.monotonicMs();
    tell('Normal', 'Pulling', `Pulling image "${image}"`);
    try {
      const status = await aborted(this.#shared(image, await logins()), signal);
      this.#failures.delete(image);
      const seconds = ((this.#clock.monotonicMs() - startedMs) / 1000).toFixed(3);
      tell('Normal', 'Pulled', `Successfully pulled image "${image}" in ${seconds}s`);
      return status;
    } catch (error) {
      if (signal.aborted) throw error;
      const count = (this.#failures.get(image)?.count ?? 0) + 1;
      this.#remember(image, count);
      tell('Warning', 'Failed', `Failed to pull image "${image}": ${errorMessage(error)}`);
      throw this.#failed(tell, 'ErrImagePull', errorMessage(error), backoffMs(count, PULL_BACKOFF), error);
    }
  }

  /** One pull for all that ask with the same logins: nobody gets an image by another pod's secret while it is pulled. */
  #shared(image: string, logins: readonly RegistryLogin[]): Promise<ImageStatus> {
    const key = canonicalJson([image, logins]);
    const known = this.#pulls.get(key);
    if (known !== undefined) return known.promise;
    const promise = this.#runtime.pullImage(image, { logins }).finally(() => this.#pulls.delete(key));
    this.#pulls.set(key, { promise });
    return promise;
  }

  #remember(image: string, count: number): void {
    this.#failures.set(image, { count, atMs: this.#clock.nowMs() });
    if (this.#failures.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  #failed(
    tell: ImageRequest['tell'],
    reason: StartErrorCode,
    message: string,
    retryAfterMs: number | undefined,
    cause?: unknown,
  ): StartError {
    tell(
      'Warning',
      reason === 'InvalidImageName' ? 'InspectFailed' : 'Failed',
      `Error: ${reason}${cause === undefined ? `: ${message}` : ''}`,
    );
    return new StartError(reason, message, retryAfterMs, cause);
  }
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
