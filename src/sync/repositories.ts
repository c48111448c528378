import { join } from 'node:path';
import {
  type Clock,
  deepFreeze,
  equalJson,
  errorCode,
  errorMessage,
  jitterMs,
  type Log,
  shortHash,
  type Timer,
} from '#base';
import {
  createRefWatcher,
  type GitMirror,
  type MirrorOptions,
  openMirror,
  parseRepositoryUrl,
  type RefWatcher,
  type RepositoryCredentials,
  sameRepository,
} from '#git';
import { type RepositorySecret, secretFor } from './credentials.plan.ts';
import type { SyncMeter } from './meter.types.ts';
import { type SignaturePolicy, trustFor } from './signature-policy.ts';

/** Why a fetch was made. */
export type FetchCause = 'start' | 'poll' | 'webhook' | 'watch' | 'refresh';

export interface RepositoryFailure {
  readonly code: string;
  readonly message: string;
  /** When the first of the fetches failed that have failed in a row. */
  readonly sinceMs: number;
}

/** One repository: its mirror, and how the fetches go. */
export interface Repository {
  readonly url: string;
  /** The mirror, once it could be opened. Throws what opening or the first fetch threw while nothing was ever fetched. */
  mirror(): Promise<GitMirror>;
  readonly failure: RepositoryFailure | undefined;
  /** When the last fetch succeeded; undefined: never in this process. */
  readonly fetchedAtMs: number | undefined;
  /** When the newest fetch that has ended, well or badly, began, by the monotonic clock: what was pushed before is in it. */
  readonly lookedAtMs: number | undefined;
  /** Ids of the webhooks that the last good fetch answers. */
  readonly lastHints: readonly string[];
  /** The files that the webhooks which the last fetch answers say were changed; undefined: any may have been. */
  readonly lastPaths: readonly string[] | undefined;
}

export interface RepositoriesOptions {
  readonly stateDir: string;
  /** Paths of this machine that the operator named: only these, and what lies below them, are read as repositories. */
  readonly localPaths: readonly string[];
  readonly pollMs: number;
  /** Polls are spread over this share of the interval, so that many repositories do not poll at once. */
  readonly pollJitter: number;
  /** Least time between two fetches of one repository that are asked for from outside, ms. */
  readonly hintMs: number;
  /** Fetches at once. */
  readonly concurrency: number;
}

/** How long the first fetch is waited for before a mirror of an earlier process is read instead, ms. */
const FIRST_FETCH_MS = 5_000;
/** Changed files that one fetch remembers of its webhooks; of more any may have been changed. */
const MAX_HINT_PATHS = 10_000;
/** Webhook ids that one fetch remembers; the newest are kept. Their senders get them from the answer. */
export const MAX_HINT_IDS = 20;

export const repositoriesDefaults = { pollMs: 60_000, pollJitter: 0.2, hintMs: 5_000, concurrency: 4 };

export interface RepositoriesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly meter: Pick<SyncMeter, 'gitRequest'>;
  /** Opens the mirror of a repository; Git's own when absent. */
  readonly openMirror?: (options: MirrorOptions) => Promise<GitMirror>;
  /** Called after each fetch, good or bad. `failureChanged`: it failed and did not before, or the other way, or differently. */
  readonly onFetched: (url: string, failureChanged: boolean) => void;
}

/** What a webhook told. */
export interface Told {
  /** What its sender was told. */
  readonly id: string;
  /** The files that a push changed; undefined: any may have been. */
  readonly paths?: readonly string[] | undefined;
}

export interface Repositories {
  /** The repository of a URL, opened when it is first asked for. */
  use(url: string): Repository;
  /** Every repository in use. */
  list(): readonly Repository[];
  /** Fetch soon. Many hints are one fetch, which knows the ids of all. Answers the URLs that it was for; none when nothing uses the repository. */
  hint(url: string, cause: FetchCause, told?: Told): readonly string[];
  /** Credentials as the Secrets say now. A repository whose credentials changed is opened anew and fetched. */
  setSecrets(secrets: readonly RepositorySecret[]): void;
  /** Which signatures commits need from now on. Answers whether that is another than before. */
  setSignaturePolicies(policies: readonly SignaturePolicy[]): boolean;
  /** Lets go of repositories that are not in `urls` any more. Their mirrors stay on disk. */
  retain(urls: ReadonlySet<string>): void;
  close(): Promise<void>;
}

export function createRepositories(deps: RepositoriesDeps, options: RepositoriesOptions): Repositories {
  const entries = new Map<string, Entry>();
  const slots = new Slots(options.concurrency);
  let secrets: readonly RepositorySecret[] = [];
  let policies: readonly SignaturePolicy[] = [];
  const trustOf = (url: string) => trustFor(url, policies);
  const credentialsOf = (url: string) => secretFor(url, secrets, sameRepository)?.credentials ?? {};
  return {
    use(url) {
      const known = entries.get(url);
      if (known !== undefined) return known;
      const entry = new Entry(
        { url, credentials: credentialsOf(url), trust: () => trustOf(url) },
        slots,
        deps,
        options,
      );
      entries.set(url, entry);
      entry.schedule('start', 0);
      return entry;
    },
    list: () => [...entries.values()],
    hint(url, cause, told) {
      const matching = [...entries.values()].filter((entry) => sameRepository(entry.url, url));
      for (const entry of matching) entry.hint(cause, told);
      return matching.map((entry) => entry.url);
    },
    setSecrets(next) {
      secrets = next;
      for (const entry of entries.values()) entry.setCredentials(credentialsOf(entry.url));
    },
    setSignaturePolicies(next) {
      if (equalJson(next, policies)) return false;
      policies = deepFreeze(next);
      return true;
    },
    retain(urls) {
      for (const [url, entry] of entries) {
        if (urls.has(url)) continue;
        entries.delete(url);
        void entry.close();
      }
    },
    async close() {
      await Promise.all([...entries.values()].map((entry) => entry.close()));
      entries.clear();
    },
  };
}

/** So many at once; the others wait in line. */
class Slots {
  #free: number;
  readonly #line: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async with<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#line.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

interface EntryRequest {
  readonly url: string;
  readonly credentials: RepositoryCredentials;
  readonly trust: NonNullable<MirrorOptions['trust']>;
}

class Entry implements Repository {
  readonly url: string;
  failure: RepositoryFailure | undefined;
  fetchedAtMs: number | undefined;
  lookedAtMs: number | undefined;
  lastHints: readonly string[] = [];
  lastPaths: readonly string[] | undefined;
  /** Files that the next fetch is about, as long as only webhooks that name theirs ask for it. */
  #paths: ReadonlySet<string> | undefined = new Set();
  /** When the last fetch began that was about all files, by the monotonic clock. */
  #wholeAtMs = Number.NEGATIVE_INFINITY;
  /** Ids of webhooks that no good fetch has answered yet. */
  #hints: readonly string[] = [];
  #credentials: RepositoryCredentials;
  readonly #trust: EntryRequest['trust'];
  readonly #slots: Slots;
  readonly #deps: RepositoriesDeps;
  readonly #options: RepositoriesOptions;
  #mirror: Promise<GitMirror> | undefined;
  #watcher: Promise<RefWatcher | undefined> | undefined;
  #timer: { readonly atMs: number; readonly timer: Timer; readonly cause: FetchCause } | undefined;
  #running: Promise<void> | undefined;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #lastError: unknown;
  /** The credentials changed since the mirror was opened. */
  #isStale = false;
  /** A hint that came while a fetch was running: what it is about may not be in that fetch. */
  #again: FetchCause | undefined;
  readonly #stop = new AbortController();
  /** Resolves when the first fetch has ended, well or badly, or takes too long to wait for. */
  readonly #first: Promise<void>;
  #firstDone: () => void = () => undefined;

  constructor(
    { url, credentials, trust }: EntryRequest,
    slots: Slots,
    deps: RepositoriesDeps,
    options: RepositoriesOptions,
  ) {
    this.url = url;
    this.#credentials = deepFreeze(credentials);
    this.#trust = trust;
    this.#slots = slots;
    this.#deps = deps;
    this.#options = options;
    this.#first = new Promise((resolve) => {
      const timer = deps.clock.after(FIRST_FETCH_MS, resolve);
      this.#firstDone = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** Waits for the first fetch of this process, unless the mirror of an earlier one can be read. */
  async mirror(): Promise<GitMirror> {
    await this.#first;
    if (this.fetchedAtMs === undefined && this.#mirror === undefined) throw this.#lastError;
    return this.#open();
  }

  get isLocal(): boolean {
    return this.#localPath() !== undefined;
  }

  #localPath(): string | undefined {
    const path = parseRepositoryUrl(this.url, { allowLocal: true }).path;
    if (path === undefined) return undefined;
    const named = this.#options.localPaths.some(
      (allowed) => path === allowed || path.startsWith(`${trimSlash(allowed)}/`),
    );
    return named ? path : undefined;
  }

  #open(): Promise<GitMirror> {
    this.#mirror ??= this.#openNow().catch((error: unknown) => {
      this.#mirror = undefined;
      throw error;
    });
    return this.#mirror;
  }

  async #openNow(): Promise<GitMirror> {
    const { clock, log, openMirror: open = openMirror } = this.#deps;
    return open({
      url: this.url,
      dir: join(this.#options.stateDir, 'git', shortHash(this.url, 24)),
      credentials: this.#credentials,
      allowLocal: this.isLocal,
      trust: this.#trust,
      clock,
      log,
    });
  }

  hint(cause: FetchCause, told?: Told): void {
    if (told !== undefined && !this.#hints.includes(told.id))
      this.#hints = [...this.#hints, told.id].slice(-MAX_HINT_IDS);
    this.#paths = this.#paths === undefined || told?.paths === undefined ? undefined : joined(this.#paths, told.paths);
    this.#scheduleHint(cause);
  }

  #scheduleHint(cause: FetchCause): void {
    if (this.#running !== undefined) {
      this.#again = cause;
      return;
    }
    const sinceMs = this.#deps.clock.monotonicMs() - this.#startedAtMs;
    // A commit next door costs little and a person watches; a network's hints may come by the thousand.
    const quiet = this.isLocalSafe() ? 0 : this.#options.hintMs - sinceMs;
    this.schedule(cause, Math.max(0, quiet));
  }

  isLocalSafe(): boolean {
    try {
      return this.isLocal;
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      return false;
    }
  }

  /** Of several schedules the earliest counts. */
  schedule(cause: FetchCause, delayMs: number): void {
    if (this.#stop.signal.aborted) return;
    const { clock } = this.#deps;
    const atMs = clock.monotonicMs() + delayMs;
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.timer.cancel();
    const timer = clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#running = this.#slots
        .with(async () => {
          const before = this.failure?.message;
          await this.#fetch(cause);
          return before !== this.failure?.message;
        })
        .then((failureChanged) => {
          this.#running = undefined;
          this.lookedAtMs = this.#startedAtMs;
          this.#firstDone();
          this.#scheduleNext();
          if (!this.#stop.signal.aborted) this.#deps.onFetched(this.url, failureChanged);
        });
    });
    this.#timer = { atMs, timer, cause };
  }

  #scheduleNext(): void {
    const again = this.#again;
    this.#again = undefined;
    if (again !== undefined) this.#scheduleHint(again);
    const { pollMs, pollJitter } = this.#options;
    this.schedule('poll', jitterMs(pollMs, pollJitter, this.#deps.random()));
  }

  async #fetch(cause: FetchCause): Promise<void> {
    const { clock, log } = this.#deps;
    if (this.#stop.signal.aborted) return;
    const startedMs = clock.monotonicMs();
    this.#startedAtMs = startedMs;
    // What comes while this fetch runs may be about what it does not see.
    const hints = this.#hints;
    // A poll looks for what no webhook told of; webhooks that come faster than polls must not put it off for ever.
    const isPollDue = startedMs - this.#wholeAtMs >= this.#options.pollMs;
    const paths = cause === 'webhook' && !isPollDue ? this.#paths : undefined;
    if (paths === undefined) this.#wholeAtMs = startedMs;
    this.#paths = new Set();
    try {
      if (this.#isStale) await this.#letGo();
      const mirror = await this.#open();
      await this.#request(mirror);
      this.fetchedAtMs = clock.nowMs();
      this.lastHints = hints;
      this.lastPaths = paths === undefined || paths.size === 0 ? undefined : [...paths];
      this.#hints = this.#hints.filter((id) => !hints.includes(id));
      this.failure = undefined;
      this.#lastError = undefined;
      const durationMs = Math.round(clock.monotonicMs() - startedMs);
      if (hints.length === 0) log.debug({ repository: this.url, cause, durationMs }, 'fetched');
      else log.info({ repository: this.url, webhooks: hints, durationMs }, 'fetched for webhooks');
      this.#watch();
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.lastPaths = undefined;
      this.#paths = undefined;
      this.#lastError = error;
      const sinceMs = this.failure?.sinceMs ?? clock.nowMs();
      this.failure = { code: errorCode(error) ?? 'GitFailed', message: errorMessage(error), sinceMs };
      log.warn({ repository: this.url, cause, code: this.failure.code, reason: this.failure.message }, 'fetch failed');
    }
  }

  async #request(mirror: GitMirror): Promise<void> {
    const { clock, meter } = this.#deps;
    const startedMs = clock.monotonicMs();
    const told = (failed: boolean) =>
      meter.gitRequest({ repoURL: this.url, failed, durationMs: clock.monotonicMs() - startedMs });
    try {
      await mirror.fetch(this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) told(true);
      throw error;
    }
    told(false);
  }

  /** A mirror's directory has one owner: the old one is closed before a new one opens it. */
  async #letGo(): Promise<void> {
    this.#isStale = false;
    const old = this.#mirror;
    this.#mirror = undefined;
    try {
      await (await old)?.close();
    } catch (error) {
      this.#deps.log.debug({ repository: this.url, reason: errorMessage(error) }, 'mirror was not open');
    }
  }

  #watch(): void {
    if (this.#watcher !== undefined || !this.isLocal) return;
    const { clock, log } = this.#deps;
    const dir = join(this.#options.stateDir, 'git', `${shortHash(this.url, 24)}.watch`);
    this.#watcher = createRefWatcher({ url: this.url, dir, clock, log, onChange: () => this.hint('watch') }).catch(
      (error: unknown) => {
        log.warn(
          { repository: this.url, reason: errorMessage(error) },
          'local repository cannot be watched, polling only',
        );
        return undefined;
      },
    );
  }

  setCredentials(credentials: RepositoryCredentials): void {
    if (equalJson(credentials, this.#credentials)) return;
    this.#credentials = deepFreeze(credentials);
    this.#isStale = true;
    this.#paths = undefined;
    if (this.#running === undefined) this.schedule('refresh', 0);
    else this.#again = 'refresh';
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error('the repository is not used any more'));
    this.#timer?.timer.cancel();
    this.#firstDone();
    await this.#running?.catch(() => undefined);
    await (await this.#watcher)?.close();
    const mirror = await this.#mirror?.catch(() => undefined);
    await mirror?.close();
  }
}

function joined(known: ReadonlySet<string>, more: readonly string[]): ReadonlySet<string> | undefined {
  const all = new Set([...known, ...more]);
  return all.size > MAX_HINT_PATHS ? undefined : all;
}

function trimSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : '';
}
