import {
  APP_PROJECTS,
  APPLICATION_SETS,
  APPLICATIONS,
  type Application,
  type ObjectKey,
  SECRETS,
  type Secret,
  SYNC_RUNS,
} from '#api';
import { type Clock, errorMessage, type Log } from '#base';
import type { Client } from '#client';
import {
  createEventRecorder,
  createInformer,
  type KeySource,
  keyOf,
  keysFrom,
  type ReconcileResult,
  runController,
  WorkQueue,
} from '#reconcile';
import { readApplication } from './application.plan.ts';
import { ApplicationSets } from './application-sets.ts';
import { reconcileApplication } from './application-sync.ts';
import { Claims } from './claims.ts';
import { readRepositorySecret, SECRET_TYPE_LABEL } from './credentials.plan.ts';
import { SyncError } from './errors.ts';
import { hasSameCommits, markRead } from './freshness.ts';
import { isTouched } from './generate-paths.plan.ts';
import { History } from './history.ts';
import { Kinds } from './kinds.ts';
import { LiveObjects } from './live.ts';
import type { Loaded } from './load.ts';
import { noMeter, type SyncMeter } from './meter.types.ts';
import { OwnershipTable } from './ownership.ts';
import { createRenderer, type RendererOptions, type StartThread } from './renderer.ts';
import {
  createRepositories,
  type RepositoriesDeps,
  type RepositoriesOptions,
  repositoriesDefaults,
} from './repositories.ts';
import { readSignaturePolicy } from './signature-policy.ts';
import { WebhookIds } from './webhook-ids.ts';
import { type SyncOptions, stateOf, syncDefaults, type World } from './world.ts';

export interface SyncDeps {
  /** Acts as `system:plumbline:sync`; field manager `plumbline-sync`. */
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1): spreads polls. */
  readonly random: () => number;
  /** Mirrors are kept below. */
  readonly stateDir: string;
  /** Paths of this machine that the operator named: only these, and what lies below them, are read as repositories. */
  readonly localPaths: readonly string[];
  /** Opens the mirror of a repository; Git's own when absent. */
  readonly openMirror?: RepositoriesDeps['openMirror'];
  /** Starts what reads manifests; a thread of its own, which can be ended, when absent. */
  readonly startThread?: StartThread;
  /** Is told what is done; nobody when absent. */
  readonly meter?: SyncMeter;
}

export interface SyncSettings extends SyncOptions {
  /** Applications in work at the same time. */
  readonly workers: number;
  readonly repositories: Omit<RepositoriesOptions, 'stateDir' | 'localPaths' | 'pollMs'>;
  readonly renderer: Partial<RendererOptions>;
}

/** What a webhook knows: the repository Secret it was for, or an address. Never a commit: that is read from Git. */
export interface RepositoryHint {
  /** Name of the repository Secret in the Applications' namespace. */
  readonly secret?: string | undefined;
  /** Forms of one repository's address. */
  readonly urls?: readonly string[] | undefined;
  /** Files that were changed, from the repository's root; undefined: any may have been. */
  readonly paths?: readonly string[] | undefined;
  /** What its sender was told: stands in the log, and in the run that it leads to. */
  readonly id: string;
}

/** How much waits in one queue now. */
export interface QueueFigures {
  readonly waiting: number;
  /** Waits for its time: a retry, a deadline, the next look. */
  readonly delayed: number;
  readonly working: number;
}

export interface SyncFigures {
  /** Every Application that is known, frozen. Empty until the engine runs. */
  readonly applications: readonly Application[];
  readonly repositories: number;
  readonly queues: Readonly<Record<'sync' | 'applicationset', QueueFigures>>;
}

export interface SyncEngine {
  /** Keeps every Application true to Git until the signal aborts. Once. */
  run(signal: AbortSignal): Promise<void>;
  /** Asks for a fetch soon; many hints are one fetch. Throws `UnknownRepository` when no Application uses it. */
  hint(hint: RepositoryHint): void;
  /** What there is and what waits, at this moment; costs no request. */
  figures(): SyncFigures;
}

export const syncSettingsDefaults: SyncSettings = {
  ...syncDefaults,
  workers: 8,
  repositories: repositoriesDefaults,
  renderer: {},
};

function hasKind(loaded: Loaded | undefined, { group, kind }: Pick<ObjectKey, 'group' | 'kind'>): boolean {
  return loaded?.customKinds.some((known) => known.group === group && known.kind === kind) === true;
}

/** Longest pass over one Application, ms: 10,000 objects at some milliseconds each. */
const PASS_MS = 600_000;

/** The ApplicationSet that made an Application. */
function setsOf({ metadata }: Application): readonly string[] {
  const owner = (metadata.ownerReferences ?? []).find(({ controller }) => controller === true);
  return owner?.kind === 'ApplicationSet' ? [`${metadata.namespace}/${owner.name}`] : [];
}

function urlsOf(application: Application | undefined): readonly string[] {
  return application === undefined ? [] : readApplication(application).sources.map(({ repoURL }) => repoURL);
}

function queueFigures({ size, delayed, working }: WorkQueue): QueueFigures {
  return { waiting: size, delayed, working };
}

/** The heart: Applications in, objects out. Knows the cluster only through `client`, so it can drive any. */
export function createSync(deps: SyncDeps, options: Partial<SyncSettings> = {}): SyncEngine {
  const settings: SyncSettings = { ...syncSettingsDefaults, ...options };
  const { client, clock, log, random, stateDir, localPaths, openMirror, startThread, meter = noMeter } = deps;
  const namespace = settings.namespace;
  const informerDeps = { client, clock, log, random };
  const queue = new WorkQueue(clock);
  const applications = createInformer(informerDeps, APPLICATIONS, { namespace });
  const runs = createInformer(informerDeps, SYNC_RUNS, { namespace });
  const projects = createInformer(informerDeps, APP_PROJECTS, { namespace });
  const sets = createInformer(informerDeps, APPLICATION_SETS, { namespace });
  const setQueue = new WorkQueue(clock);
  const secrets = createInformer(informerDeps, SECRETS, { namespace, labelSelector: SECRET_TYPE_LABEL });
  const table = new OwnershipTable(client, namespace);
  const webhooks = new WebhookIds();
  const history = new History({ client, clock, log, webhooks, meter }, namespace);
  const claims = new Claims();
  const kinds = new Kinds(informerDeps);
  const renderer = createRenderer(
    { clock, log, ...(startThread === undefined ? {} : { startThread }) },
    settings.renderer,
  );
  const repositories = createRepositories(
    {
      clock,
      log,
      random,
      meter,
      onFetched: (url, failureChanged) =>
        void fetched(url, failureChanged).catch((error: unknown) => {
          log.warn(
            { repository: url, reason: errorMessage(error) },
            'what was fetched was not looked at, the next fetch is',
          );
        }),
      ...(openMirror === undefined ? {} : { openMirror }),
    },
    { ...settings.repositories, stateDir, localPaths, pollMs: settings.pollMs },
  );
  const states: World['states'] = new Map();
  const hooks: World['hooks'] = new Map();
  const events = createEventRecorder({ client, clock, log }, { component: 'plumbline-sync' });
  const wake = (application: string) => void queue.add(application, 'high');
  const applicationSets = new ApplicationSets({
    client,
    clock,
    log,
    events,
    sets,
    applications,
    repositories,
    renderer,
    onRepositories: () => useRepositories(),
  });
  let world: World | undefined;

  /** After a fetch only those Applications are looked at whose commit or condition is another now. */
  async function fetched(url: string, failureChanged: boolean): Promise<void> {
    for (const key of applicationSets.readers(url)) setQueue.add(key, 'high');
    if (world === undefined) return;
    const here = world;
    const using = applications.list().filter((application) => urlsOf(application).includes(url));
    const { lastHints, lastPaths } = repositories.use(url);
    for (const application of using) {
      stateOf(here, keyOf(application)).fetches += 1;
      webhooks.add(keyOf(application), lastHints);
    }
    const newest = new Map<string, Promise<string | undefined>>();
    for (const application of using) {
      const key = keyOf(application);
      const isSame =
        !failureChanged &&
        stateOf(here, key).asked === undefined &&
        (await hasSameCommits(here, key, readApplication(application), newest));
      // The poll that follows has no paths, and looks at all whose commit is another.
      const isLater =
        lastPaths !== undefined &&
        !failureChanged &&
        stateOf(here, key).asked === undefined &&
        !isTouched(application, lastPaths);
      if (isSame) markRead(here, key);
      if (isSame || isLater) webhooks.take(key);
      else wake(key);
    }
  }

  async function metered(here: World, key: string, pass: AbortSignal): Promise<ReconcileResult> {
    const startedMs = clock.monotonicMs();
    try {
      return await reconcileApplication(here, key, pass);
    } finally {
      meter.reconciled({ application: applications.get(key), durationMs: clock.monotonicMs() - startedMs });
    }
  }

  function useRepositories(): void {
    const used = new Set([...applications.list().flatMap(urlsOf), ...applicationSets.urls()]);
    repositories.retain(used);
    for (const url of used) repositories.use(url);
  }

  function readSecrets(): void {
    const policies = secrets.list().flatMap((secret) => readSignaturePolicy(secret) ?? []);
    if (repositories.setSignaturePolicies(policies)) {
      for (const application of applications.list()) wake(keyOf(application));
      for (const set of sets.list()) setQueue.add(keyOf(set), 'high');
    }
    repositories.setSecrets(secrets.list().flatMap((secret) => readRepositorySecret(secret) ?? []));
  }

  function secretUrl(name: string): string | undefined {
    const secret: Secret | undefined = secrets.get(`${namespace}/${name}`);
    return secret === undefined ? undefined : readRepositorySecret(secret)?.url;
  }

  return {
    async run(signal) {
      const started = [
        applications.run(signal),
        sets.run(signal),
        projects.run(signal),
        runs.run(signal),
        secrets.run(signal),
        kinds.run(signal),
      ];
      const live = new LiveObjects(informerDeps, signal, (id) => {
        const owner = table.ownerOf(id) ?? hooks.get(id);
        if (owner !== undefined) queue.add(owner);
      });
      try {
        for (const informer of [applications, projects, sets, runs, secrets])
          await informer.until(() => informer.synced, signal);
        await kinds.synced(signal);
        readSecrets();
        secrets.onChange(readSecrets);
        applications.onChange(({ previous, current }) => {
          if (urlsOf(previous).join(' ') !== urlsOf(current).join(' ')) useRepositories();
        });
        await Promise.all([table.load(signal), history.load(signal)]);
        const options: SyncOptions = settings;
        world = {
          client,
          clock,
          log,
          events,
          applications,
          projects,
          repositories,
          renderer,
          kinds,
          live,
          table,
          claims,
          history,
          webhooks,
          states,
          hooks,
          options,
          wake,
        };
        useRepositories();
        const here = world;
        kinds.onChange((kind) => {
          live.served(kind, kinds.customKindOf(kind.group, kind.kind)?.versions ?? []);
          for (const [key, { loaded, comparer }] of states) {
            if (!hasKind(loaded, kind)) continue;
            comparer.forgetKind(kind);
            wake(key);
          }
        });
        const orphans: KeySource = { subscribe: () => () => undefined, keys: () => table.applications() };
        const approvals = keysFrom(runs, {
          toKeys: (run) => [`${namespace}/${run.spec.application}`],
          when: (before, now) => before.status?.approval === undefined && now.status?.approval !== undefined,
          priority: 'high',
        });
        const ofProject = keysFrom(projects, {
          toKeys: ({ metadata: { name } }) =>
            applications
              .list()
              .filter((application) => readApplication(application).project === name)
              .map(keyOf),
        });
        runs.onChange(({ current }) => current !== undefined && history.observe(current));
        const ofApplications = runController(
          {
            controller: { name: 'sync', reconcile: (key, pass) => metered(here, key, pass) },
            sources: [keysFrom(applications, { priority: 'high' }), orphans, approvals, ofProject],
            clock,
            log,
            queue,
            workers: settings.workers,
            timeoutMs: PASS_MS,
          },
          signal,
        );
        const ofSets = runController(
          {
            controller: applicationSets,
            sources: [
              keysFrom(sets, { priority: 'high' }),
              // Whoever changes or deletes what a set made is told by the set; how it fares is shown there.
              keysFrom(applications, { toKeys: setsOf }),
            ],
            clock,
            log,
            queue: setQueue,
            workers: 1,
            timeoutMs: PASS_MS,
          },
          signal,
        );
        await Promise.all([ofApplications, ofSets]);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await repositories.close();
        await renderer.close();
        await events.flush();
        await Promise.all(started);
      }
    },

    figures: () => ({
      applications: applications.list(),
      repositories: repositories.list().length,
      queues: { sync: queueFigures(queue), applicationset: queueFigures(setQueue) },
    }),

    hint({ secret, urls = [], paths, id }) {
      // The Secret was chosen by us, the address by whoever sent the hint: it only matches, or does not, what is in use.
      const own = secret === undefined ? undefined : secretUrl(secret);
      const addresses = own === undefined ? urls : [own];
      const matched = addresses.flatMap((address) => repositories.hint(address, 'webhook', { id, paths }));
      if (matched.length === 0) throw new SyncError('UnknownRepository', 'no Application uses this repository');
    },
  };
}
