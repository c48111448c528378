import { isApiError, type Json, PODS, type Pod, type PodStatus } from '#api';
import { backoffMs, type Clock, equalJson, type Log, sleep } from '#base';
import type { Client } from '#client';
import { RECONNECT_MAX_MS } from '../reconnect.ts';

/** Field manager of everything the agent writes. */
export const FIELD_MANAGER = 'plumbline-node-agent';

/** Waits between tries while the server is out of reach. */
const RETRY = { initialMs: 50, maxMs: RECONNECT_MAX_MS };

export interface StatusWriterDeps {
  readonly client: Pick<Client, 'get' | 'patch'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The server answered with a newer pod: it is to be looked at. */
  readonly onFresh: (pod: Pod) => void;
}

/**
 * Writes one pod's status, newest first: what was overtaken while a write was under way is never sent. Goes on trying
 * while the server is out of reach.
 */
export class StatusWriter {
  readonly #deps: StatusWriterDeps;
  readonly #uid: string;
  #pod: Pod;
  #wanted: PodStatus | undefined;
  /** What was sent last, and what the server made of it. */
  #written: { readonly sent: PodStatus; readonly echo: PodStatus | undefined } | undefined;
  #running: Promise<void> | undefined;
  #gone = false;

  constructor(deps: StatusWriterDeps, pod: Pod) {
    this.#deps = deps;
    this.#pod = pod;
    this.#uid = pod.metadata.uid;
  }

  /** The pod as the API has it now. */
  saw(pod: Pod): void {
    if (Number(pod.metadata.resourceVersion) < Number(this.#pod.metadata.resourceVersion)) return;
    this.#pod = pod;
    if (!equalJson(pod.status, this.#written?.echo)) this.#written = undefined;
  }

  /** Makes the API's status equal to this one, soon. Nothing is sent when it is already. */
  want(status: PodStatus): void {
    this.#wanted = status;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when everything wanted so far is written, or the pod is gone. */
  async flush(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#wanted !== undefined && !this.#gone && !this.#deps.signal.aborted) {
      const status = this.#wanted;
      if (this.#isShown(status)) {
        this.#wanted = undefined;
        return;
      }
      try {
        await this.#write(status);
        failures = 0;
      } catch (error) {
        if (this.#deps.signal.aborted) return;
        failures += 1;
        await this.#recover(error, failures);
      }
    }
  }

  /** The server may complete what we send (and does not echo it word for word): what it answered to counts as shown. */
  #isShown(status: PodStatus): boolean {
    return equalJson(this.#pod.status, status) || equalJson(this.#written?.sent, status);
  }

  async #write(status: PodStatus): Promise<void> {
    const { namespace = '', name, resourceVersion } = this.#pod.metadata;
    const body = { metadata: { uid: this.#uid, resourceVersion }, status: withNulls(this.#pod.status, status) };
    const written = await this.#deps.client.patch(
      PODS,
      { namespace, name },
      { type: 'merge', body: body as unknown as Json },
      { subresource: 'status', fieldManager: FIELD_MANAGER, signal: this.#deps.signal },
    );
    this.#written = { sent: status, echo: written.status };
    this.#pod = written;
    this.#deps.onFresh(written);
  }

  async #recover(error: unknown, failures: number): Promise<void> {
    const { log, clock, signal } = this.#deps;
    const { namespace = '', name } = this.#pod.metadata;
    if (isApiError(error, 'NotFound')) {
      this.#gone = true;
      return;
    }
    if (isApiError(error, 'Conflict')) {
      await this.#refresh(namespace, name).catch((failure: unknown) => {
        log.warn({ err: failure, pod: name, namespace }, 'a pod cannot be read');
      });
    } else {
      log.warn({ err: error, pod: name, namespace, failures }, 'a pod status cannot be written, it is tried again');
    }
    await sleep(clock, backoffMs(failures, RETRY), signal).catch(() => undefined);
  }

  /** Somebody wrote meanwhile: what they made of it is the new ground. */
  async #refresh(namespace: string, name: string): Promise<void> {
    const fresh = await this.#deps.client.get(PODS, { namespace, name }, { signal: this.#deps.signal });
    if (fresh?.metadata.uid !== this.#uid) {
      this.#gone = true;
      return;
    }
    this.#pod = fresh;
    this.#written = undefined;
    this.#deps.onFresh(fresh);
  }
}

/** A merge patch removes only what is named: fields that are no more are sent as null. */
function withNulls(before: PodStatus | undefined, after: PodStatus): Record<string, unknown> {
  const removed = Object.keys(before ?? {}).filter((key) => !Object.hasOwn(after, key));
  return { ...after, ...Object.fromEntries(removed.map((key) => [key, null])) };
}
