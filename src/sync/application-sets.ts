import { APPLICATION_SETS, APPLICATIONS, type Application, type ApplicationSet, isApiError } from '#api';
import { type Clock, errorMessage, type Log } from '#base';
import type { Client } from '#client';
import { GitError, gitLimits } from '#git';
import { type Controller, type EventRecorder, type Informer, keyOf, type ReconcileResult, splitKey } from '#reconcile';
import type { Generated, GeneratorCluster, GeneratorNeed } from '#render';
import { planApplicationSet } from './application-set.plan.ts';
import { mergePatch } from './merge-patch.plan.ts';
import type { Renderer } from './renderer.ts';
import type { Repositories } from './repositories.ts';

export interface ApplicationSetsDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly sets: Informer<ApplicationSet>;
  readonly applications: Informer<Application>;
  readonly repositories: Repositories;
  readonly renderer: Renderer;
  /** An ApplicationSet reads another repository than before, or none any more. */
  onRepositories(): void;
}

/** The one cluster there is. */
const CLUSTERS: readonly GeneratorCluster[] = [
  { name: 'in-cluster', server: 'https://kubernetes.default.svc', labels: {}, annotations: {} },
];
const MANAGER = 'plumbline-applicationset';
/** Times that generators may ask for more: a matrix inside of a matrix asks four times. */
const MAX_ROUNDS = 16;
/** A repository that cannot be read is asked again after this, ms; a fetch asks sooner. */
const RETRY_MS = 30_000;
/** An Application changed between reading and writing: looked at again after this, ms. */
const AGAIN_MS = 250;
/** Bytes of files that the generators of one ApplicationSet may read. */
const MAX_BYTES = 16_777_216;

/** Keeps the Applications of each ApplicationSet as its generators say. Reads everything anew each time. */
export class ApplicationSets implements Controller {
  readonly name = 'application-set';
  readonly #deps: ApplicationSetsDeps;
  /** By ApplicationSet, the repositories that its generators read. */
  readonly #urls = new Map<string, ReadonlySet<string>>();

  constructor(deps: ApplicationSetsDeps) {
    this.#deps = deps;
  }

  /** Every repository that a generator reads. */
  urls(): Iterable<string> {
    return [...this.#urls.values()].flatMap((urls) => [...urls]);
  }

  /** The ApplicationSets that read a repository. */
  readers(url: string): readonly string[] {
    return [...this.#urls].flatMap(([key, urls]) => (urls.has(url) ? [key] : []));
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { sets, applications, clock } = this.#deps;
    const set = sets.get(key);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) {
      this.#use(key, new Set());
      return {};
    }
    const generated = await this.#generate(key, set, signal);
    const { namespace } = set.metadata;
    const there = applications.list().filter(({ metadata }) => metadata.namespace === namespace);
    const plan = planApplicationSet({
      set,
      generated,
      applications: new Map(there.map((application) => [application.metadata.name, application])),
      nowMs: clock.nowMs(),
    });
    const isDone = await this.#carryOut(set, plan, signal);
    if (!isDone) return { requeueAfterMs: AGAIN_MS };
    return generated.type === 'failed' ? { requeueAfterMs: RETRY_MS } : {};
  }

  /** False when somebody else changed an Application meanwhile: then all is to be read again. */
  async #carryOut(
    set: ApplicationSet,
    plan: ReturnType<typeof planApplicationSet>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { client, events } = this.#deps;
    const how = { fieldManager: MANAGER, signal };
    const refusals: string[] = [];
    let isDone = true;
    const attempt = async (name: string, write: () => Promise<unknown>): Promise<boolean> => {
      try {
        await write();
        return true;
      } catch (error) {
        if (isApiError(error, 'NotFound', 'Conflict', 'AlreadyExists')) {
          isDone = false;
          return false;
        }
        if (!isApiError(error, 'Invalid', 'BadRequest', 'Forbidden')) throw error;
        refusals.push(`${name}: ${error.message}`);
        return false;
      }
    };
    for (const { metadata } of plan.remove) {
      const { name, uid } = metadata;
      const isGone = await attempt(name, () =>
        client.delete(APPLICATIONS, splitKey(keyOf({ metadata })), { preconditions: { uid }, signal }),
      );
      if (!isGone) continue;
      events.record(set, { type: 'Normal', reason: 'Deleted', message: `Deleted Application ${name}` });
    }
    for (const application of plan.update) {
      await attempt(application.metadata.name, () => client.update(APPLICATIONS, application, how));
    }
    for (const application of plan.create) {
      const isMade = await attempt(application.metadata.name ?? '', () =>
        client.create(APPLICATIONS, application, how),
      );
      if (!isMade) continue;
      events.record(set, {
        type: 'Normal',
        reason: 'Created',
        message: `Created Application ${application.metadata.name}`,
      });
    }
    await this.#writeStatus(set, refusals.length === 0 ? plan.status : refused(plan.status, refusals), signal);
    return isDone;
  }

  async #writeStatus(set: ApplicationSet, status: ApplicationSet['status'], signal: AbortSignal): Promise<void> {
    const patch = mergePatch(set.status ?? {}, status);
    if (patch === undefined) return;
    const body = { status: patch as never };
    const how = { fieldManager: MANAGER, subresource: 'status' as const, signal };
    await this.#deps.client.patch(APPLICATION_SETS, splitKey(keyOf(set)), { type: 'merge', body }, how);
  }

  /** What the generators say now. A repository that cannot be read is no empty one. */
  async #generate(
    key: string,
    set: ApplicationSet,
    signal: AbortSignal,
  ): Promise<Exclude<Generated, { readonly type: 'needs' }>> {
    const known = new Known();
    const urls = new Set<string>();
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const answer = await this.#deps.renderer.applicationSet({ set, ...known.facts(), clusters: CLUSTERS });
      if (answer.type !== 'needs') {
        this.#use(key, urls);
        return answer;
      }
      for (const { repoURL } of answer.needs) urls.add(repoURL);
      // Before they are asked: a fetch that ends meanwhile must wake this one.
      this.#use(key, new Set([...urls, ...(this.#urls.get(key) ?? [])]));
      try {
        await this.#learn(known, answer.needs, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof GitError) && !(error instanceof TooMuch)) throw error;
        return { type: 'failed', message: errorMessage(error) };
      }
    }
    return { type: 'failed', message: `its generators asked for files more than ${MAX_ROUNDS} times` };
  }

  async #learn(known: Known, needs: readonly GeneratorNeed[], signal: AbortSignal): Promise<void> {
    for (const [question, wanted] of byQuestion(needs)) {
      const { repoURL, revision } = wanted[0] as GeneratorNeed;
      const mirror = await this.#deps.repositories.use(repoURL).mirror();
      // The same commit for all rounds of one generation.
      const commit = known.commitOf(question) ?? (await mirror.resolve(revision));
      const listing = await mirror.listTree(commit, '', gitLimits.filesPerRepository);
      const files = listing?.files ?? [];
      known.addPaths(
        question,
        commit,
        files.map(({ path }) => path),
      );
      const paths = new Set(wanted.flatMap(({ path }) => path ?? []));
      const read = files.filter(({ path }) => paths.has(path));
      known.spend(read.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
      const blobs = await mirror.readBlobs(
        read.map(({ blobId }) => blobId),
        signal,
      );
      for (const [index, { path }] of read.entries()) known.addFile(question, path, blobs[index] ?? new Uint8Array());
    }
  }

  #use(key: string, urls: ReadonlySet<string>): void {
    const before = this.#urls.get(key) ?? new Set();
    if (urls.size === 0) this.#urls.delete(key);
    else this.#urls.set(key, urls);
    if (urls.size !== before.size || [...urls].some((url) => !before.has(url))) this.#deps.onRepositories();
  }
}

/** Generators ask for more than they may. Caught here; never leaves this file. */
class TooMuch extends Error {}

/** What was read so far, by repository and revision. */
class Known {
  readonly #commits = new Map<string, string>();
  readonly #paths = new Map<string, readonly string[]>();
  readonly #files = new Map<string, Uint8Array>();
  #bytes = 0;

  facts() {
    return { paths: this.#paths, files: this.#files };
  }

  commitOf(question: string): string | undefined {
    return this.#commits.get(question);
  }

  addPaths(question: string, commit: string, paths: readonly string[]): void {
    this.#commits.set(question, commit);
    this.#paths.set(question, paths);
  }

  addFile(question: string, path: string, bytes: Uint8Array): void {
    this.#files.set(`${question} ${path}`, bytes);
  }

  spend(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > MAX_BYTES) throw new TooMuch(`its generators read more than ${MAX_BYTES} bytes of files`);
  }
}

function byQuestion(needs: readonly GeneratorNeed[]): ReadonlyMap<string, readonly GeneratorNeed[]> {
  const questions = new Map<string, GeneratorNeed[]>();
  for (const need of needs) {
    const question = `${need.repoURL} ${need.revision}`;
    const asked = questions.get(question);
    if (asked === undefined) questions.set(question, [need]);
    else asked.push(need);
  }
  return questions;
}

function refused(status: ApplicationSet['status'], refusals: readonly string[]): ApplicationSet['status'] {
  const message = refusals.slice(0, 5).join('; ');
  const conditions = (status?.conditions ?? []).map((condition) =>
    condition.type === 'ErrorOccurred'
      ? { ...condition, status: 'True' as const, reason: 'ApplicationRefused', message }
      : condition.type === 'ResourcesUpToDate'
        ? { ...condition, status: 'False' as const, reason: 'ApplicationRefused', message }
        : condition,
  );
  return { ...status, conditions };
}
