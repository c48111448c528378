import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '#api';
import { backoffMs, type Clock, errorCode, errorMessage, type Log, shortHash, type Timer } from '#base';
import type { Client } from '#client';
import {
  type RenewalOptions,
  renewAfterMs,
  type TokenSource,
  type TokenState,
  type Tokens,
  tokenKey,
  tokenSourcesOf,
} from './token.plan.ts';

export interface TokenStoreDeps {
  /** As this node: it gets tokens for pods that are bound to it, and to nothing else. */
  readonly client: Pick<Client, 'requestToken'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Where copies lie in memory, so that pods restart while the server is out of reach; none are kept when absent. */
  readonly memoryDir: string | undefined;
  readonly renewal: RenewalOptions;
  /** A pod's token came, was renewed, or cannot be had. */
  readonly onChange: (podUid: string) => void;
  /** In [0, 1); `Math.random` when absent. */
  readonly random?: () => number;
}

/** Between attempts to get a token. */
const RETRY = { initialMs: 200, maxMs: 60_000 };

/** How often the clock is looked at, in ms; and how far it may be back before that counts as set. */
const CLOCK_LOOK_MS = 10_000;
const CLOCK_HAIR_MS = 5_000;

interface Kept {
  readonly token: string;
  readonly givenAtMs: number;
  readonly lifetimeMs: number;
}

interface Held {
  readonly source: TokenSource;
  readonly account: { readonly namespace: string; readonly name: string };
  readonly pod: { readonly name: string; readonly uid: string };
  kept: Kept | undefined;
  /** Why there is none yet. */
  failure: string | undefined;
  failures: number;
  timer: Timer | undefined;
  readonly abort: AbortController;
  /** Resolves with the first token, or the first failure. */
  answered: Promise<void>;
  /** The pod has left: nothing of it is to lie around. */
  forgotten: boolean;
}

/**
 * The tokens of service accounts that pods of this node have mounted: asked for when a pod comes, renewed well before
 * they end, forgotten with the pod. Requests go through the client's connections, whose number is bounded. No token is ever logged.
 */
export class TokenStore {
  readonly #deps: TokenStoreDeps;
  readonly #random: () => number;
  readonly #pods = new Map<string, ReadonlyMap<string, Held>>();
  readonly #copying = new Set<Promise<void>>();

  constructor(deps: TokenStoreDeps) {
    this.#deps = deps;
    this.#random = deps.random ?? Math.random;
  }

  /** Gets and keeps the tokens of a pod. Again for the same pod: nothing. */
  hold(pod: Pod): void {
    const { uid, name, namespace = '' } = pod.metadata;
    const sources = tokenSourcesOf(pod);
    if (sources.length === 0 || this.#pods.has(uid)) return;
    const account = { namespace, name: pod.spec.serviceAccountName ?? 'default' };
    const held = new Map<string, Held>();
    this.#pods.set(uid, held);
    for (const source of sources) held.set(tokenKey(source), this.#begin(source, account, { name, uid }));
  }

  /** Renews none any more, and forgets them. */
  release(podUid: string): void {
    const held = this.#pods.get(podUid);
    if (held === undefined) return;
    this.#pods.delete(podUid);
    for (const each of held.values()) {
      stop(each);
      each.forgotten = true;
      this.#aside(this.#dropCopy(each));
    }
  }

  /** What the pod's tokens are now. */
  read(podUid: string): Tokens {
    const held = this.#pods.get(podUid) ?? new Map<string, Held>();
    return new Map(
      [...held].map(([key, { kept, failure }]): [string, TokenState] => {
        if (kept !== undefined) return [key, { state: 'present', token: kept.token }];
        return [key, failure === undefined ? { state: 'unknown' } : { state: 'failed', message: failure }];
      }),
    );
  }

  /** Resolves once there is an answer for each of the pod's tokens; after `timeoutMs` in any case. */
  async settled(podUid: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const waits = [...(this.#pods.get(podUid)?.values() ?? [])].map(({ answered }) => answered);
    if (waits.length === 0) return;
    let timer: Timer | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = this.#deps.clock.after(timeoutMs, resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (signal.aborted) resolve();
    });
    await Promise.race([Promise.all(waits), enough]);
    timer?.cancel();
  }

  /** Ends all renewals; copies stay for the next run. */
  async close(): Promise<void> {
    for (const held of this.#pods.values()) for (const each of held.values()) stop(each);
    this.#pods.clear();
    await Promise.all(this.#copying);
  }

  /** Nobody waits for a copy but `close`. */
  #aside(copying: Promise<void>): void {
    this.#copying.add(copying);
    void copying.finally(() => this.#copying.delete(copying));
  }

  #begin(source: TokenSource, account: Held['account'], pod: Held['pod']): Held {
    const held: Held = {
      source,
      account,
      pod,
      kept: undefined,
      failure: undefined,
      failures: 0,
      timer: undefined,
      abort: new AbortController(),
      answered: Promise.resolve(),
      forgotten: false,
    };
    held.answered = this.#first(held);
    return held;
  }

  /** Ends with a token, or with the first failure. */
  async #first(held: Held): Promise<void> {
    const copy = await this.#readCopy(held);
    if (copy === undefined) await this.#renew(held);
    else this.#keep(held, copy);
  }

  #keep(held: Held, kept: Kept): void {
    if (held.abort.signal.aborted) return;
    held.kept = kept;
    held.failure = undefined;
    held.failures = 0;
    const dueMs = kept.givenAtMs + renewAfterMs(kept.lifetimeMs, this.#random(), this.#deps.renewal);
    this.#renewAt(held, kept.givenAtMs, dueMs);
    this.#deps.onChange(held.pod.uid);
  }

  /** By the clock that others judge the token by, which may be set meanwhile: forward, it ends early; back, it is not good yet. */
  #renewAt(held: Held, givenAtMs: number, dueMs: number): void {
    const { clock } = this.#deps;
    const look = () => {
      const nowMs = clock.nowMs();
      if (nowMs >= dueMs || nowMs < givenAtMs - CLOCK_HAIR_MS) void this.#renew(held);
      else held.timer = clock.after(Math.min(dueMs - nowMs, CLOCK_LOOK_MS), look);
    };
    look();
  }

  #renewIn(held: Held, delayMs: number): void {
    held.timer = this.#deps.clock.after(Math.max(0, delayMs), () => void this.#renew(held));
  }

  /** Asks once; a failure is waited out, longer each time in a row. What is there stays until there is a new one. */
  async #renew(held: Held): Promise<void> {
    const { client, clock, log, onChange } = this.#deps;
    const { account, pod, source, abort } = held;
    const spec = {
      ...(source.audience === '' ? {} : { audiences: [source.audience] }),
      expirationSeconds: source.expirationSeconds,
      boundTo: { kind: 'Pod', ...pod },
    } as const;
    const givenAtMs = clock.nowMs();
    try {
      const { token, lifetimeSeconds } = await client.requestToken(account, spec, { signal: abort.signal });
      const kept = { token, givenAtMs, lifetimeMs: lifetimeSeconds * 1_000 };
      this.#keep(held, kept);
      this.#aside(this.#keepCopy(held, kept));
    } catch (error) {
      if (abort.signal.aborted) return;
      held.failures += 1;
      held.failure = errorMessage(error);
      const fields = { namespace: account.namespace, account: account.name, pod: pod.name, failures: held.failures };
      log.warn({ ...fields, err: error }, 'a token of a service account cannot be had, it is tried again');
      this.#renewIn(held, backoffMs(held.failures, RETRY));
      onChange(pod.uid);
    }
  }

  /** One that is still good; it is renewed when it is due. */
  async #readCopy(held: Held): Promise<Kept | undefined> {
    const file = this.#copyFile(held);
    if (file === undefined) return undefined;
    try {
      const copy = JSON.parse(await readFile(file, 'utf8')) as Kept;
      return copy.givenAtMs + copy.lifetimeMs > this.#deps.clock.nowMs() ? copy : undefined;
    } catch (error) {
      // A parser's words quote what it read: only the code is told.
      const code = errorCode(error) ?? 'NotJson';
      if (code !== 'ENOENT') this.#deps.log.warn({ code, pod: held.pod.name }, 'the copy of a token cannot be read');
      return undefined;
    }
  }

  async #keepCopy(held: Held, kept: Kept): Promise<void> {
    const file = this.#copyFile(held);
    if (file === undefined) return;
    try {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(`${file}.new`, JSON.stringify(kept), { mode: 0o600 });
      await rename(`${file}.new`, file);
      if (held.forgotten) await this.#dropCopy(held);
    } catch (error) {
      this.#deps.log.warn({ err: error, pod: held.pod.name }, 'a token cannot be copied');
    }
  }

  async #dropCopy(held: Held): Promise<void> {
    const file = this.#copyFile(held);
    if (file === undefined) return;
    await rm(file, { force: true }).catch((error: unknown) => {
      this.#deps.log.warn({ err: error, pod: held.pod.name }, 'the copy of a token cannot be removed');
    });
  }

  #copyFile({ pod, source }: Held): string | undefined {
    const { memoryDir } = this.#deps;
    const name = shortHash(`${pod.uid} ${tokenKey(source)}`, 32);
    return memoryDir === undefined ? undefined : path.join(memoryDir, `${name}.json`);
  }
}

function stop({ abort, timer }: Held): void {
  abort.abort();
  timer?.cancel();
}
