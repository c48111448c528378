import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  APPLICATIONS,
  type Application,
  type ApplicationSpec,
  type KubeObject,
  NAMESPACES,
  type ObjectKey,
  resourceOfKind,
  type StoredObject,
  SYNC_RUNS,
  type SyncRun,
} from '#api';
import { createLog, silentLog, systemClock } from '#base';
import type { Client } from '#client';
import { AdmissionChain, createApi, createLocalClient, createServiceAccountAdmission } from '#server';
import { createMemoryStore } from '#store';
import { createSync, type SyncEngine, type SyncMeter, type SyncSettings } from '#sync';
import { createGitFixture, type GitFixture } from './git-fixture.ts';

/** A sync engine over the real API, a store in memory and real local repositories. */
export interface SyncBed {
  readonly repo: GitFixture;
  /** As the sync engine. */
  readonly client: Client;
  readonly engine: SyncEngine;
  /** As a person: `kubectl edit` and the like. */
  as(user: string, program: string): Client;
  /** Another repository, removed with the bed. */
  anotherRepo(): Promise<GitFixture>;
  /** An Application on the bed's repository, automated with prune and self-heal unless told otherwise. */
  apply(
    name: string,
    spec?: DeepPartial<ApplicationSpec>,
    more?: Partial<KubeObject['metadata']>,
  ): Promise<Application>;
  application(name: string): Promise<Application | undefined>;
  runs(name: string): Promise<readonly SyncRun[]>;
  get(key: Partial<ObjectKey> & { readonly kind: string; readonly name: string }): Promise<StoredObject | undefined>;
  /** Asks again until the answer is truthy, at most 15 s; the error tells what `describe` says then. */
  until<T>(what: string, question: () => Promise<T | undefined | false>): Promise<T>;
  /** Until the Application is Synced at this commit. */
  synced(name: string, commit: string): Promise<Application>;
  /** Ends the engine, as a crash would, and starts another over the same API and mirrors; `meanwhile` happens in between. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 15;

export interface SyncBedOptions extends Partial<SyncSettings> {
  /** Is told what the engine does. */
  readonly meter?: SyncMeter;
  /** Happens right before the engine writes an object: what somebody else does at that very moment. */
  readonly beforeApply?: (object: KubeObject) => Promise<void>;
}

export async function createSyncBed({ beforeApply, meter, ...options }: SyncBedOptions = {}): Promise<SyncBed> {
  const clock = systemClock;
  const log = process.env['PLUMB_TEST_LOG'] === undefined ? silentLog : createLog({ level: 'debug' });
  const directory = await mkdtemp(join(tmpdir(), 'plumb-sync-'));
  const repos = [await createGitFixture()];
  const repo = repos[0] as GitFixture;
  const admission = new AdmissionChain();
  const api = await createApi({ store: createMemoryStore({ clock }), clock, log: silentLog, admission });
  admission.add(createServiceAccountAdmission(api));
  const as = (name: string, program: string) =>
    createLocalClient(api, { user: { name, groups: ['system:masters'] }, userAgent: `${program}/v1` });
  const client = as('system:plumbline:sync', 'plumbline-sync');
  const engineClient: Client =
    beforeApply === undefined
      ? client
      : {
          ...client,
          apply: async (resource, object, how) => {
            if (how?.dryRun !== true) await beforeApply(object);
            return client.apply(resource, object, how);
          },
        };
  const admin = as('admin', 'kubectl');
  if ((await client.get(NAMESPACES, { name: 'argocd' })) === undefined) {
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } });
  }
  let stop = new AbortController();
  const start = () => {
    const made = createSync(
      {
        client: engineClient,
        clock,
        log,
        random: () => 0.5,
        stateDir: directory,
        localPaths: [tmpdir()],
        ...(meter === undefined ? {} : { meter }),
      },
      options,
    );
    return { engine: made, running: made.run(stop.signal) };
  };
  let current = start();

  async function until<T>(what: string, question: () => Promise<T | undefined | false>): Promise<T> {
    const deadline = clock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      const answer = await question();
      if (answer !== undefined && answer !== false) return answer;
      if (clock.monotonicMs() > deadline) throw new Error(`waited in vain for: ${what}\n${await describeAll()}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async function describeAll(): Promise<string> {
    const applications = (await client.list(APPLICATIONS)).items.map(({ metadata, status }) => ({
      name: metadata.name,
      status,
    }));
    const runs = (await client.list(SYNC_RUNS)).items.map(({ metadata, spec, status }) => ({
      name: metadata.name,
      spec,
      status,
    }));
    return JSON.stringify({ applications, runs }, undefined, 1).slice(0, 6_000);
  }

  const bed: SyncBed = {
    repo,
    client,
    get engine() {
      return current.engine;
    },
    as,
    async anotherRepo() {
      const another = await createGitFixture();
      repos.push(another);
      return another;
    },
    async apply(name, spec = {}, more = {}) {
      const whole = {
        project: 'default',
        source: { repoURL: repo.path, path: name, targetRevision: 'main', ...spec.source },
        destination: { server: 'https://kubernetes.default.svc', namespace: 'default', ...spec.destination },
        syncPolicy: spec.syncPolicy ?? { automated: { prune: true, selfHeal: true } },
        ...Object.fromEntries(
          Object.entries(spec).filter(([field]) => !['source', 'destination', 'syncPolicy'].includes(field)),
        ),
      };
      const object = {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name, namespace: 'argocd', ...more },
        spec: whole,
      };
      return admin.apply(APPLICATIONS, object, { fieldManager: 'kubectl', force: true });
    },
    application: (name) => client.get(APPLICATIONS, { namespace: 'argocd', name }),
    async runs(name) {
      const { items } = await client.list(SYNC_RUNS, { namespace: 'argocd' });
      return items
        .filter(({ spec }) => spec.application === name)
        .toSorted((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
    },
    async get({ group = '', kind, namespace = 'default', name }) {
      const resource = resourceOfKind(group, kind);
      if (resource === undefined) throw new Error(`no such kind: ${group}/${kind}`);
      return client.get(resource, resource.namespaced ? { namespace, name } : { name });
    },
    until,
    synced: (name, commit) =>
      until(`${name} is Synced at ${commit.slice(0, 7)}`, async () => {
        const application = await bed.application(name);
        const { sync, run } = application?.status ?? {};
        return sync?.status === 'Synced' && sync.revision === commit && run?.phase !== 'Running' && application;
      }),
    async restart(meanwhile = async () => undefined) {
      stop.abort();
      await current.running;
      await meanwhile();
      stop = new AbortController();
      current = start();
    },
    async close() {
      stop.abort();
      await current.running;
      await api.close();
      for (const one of repos) await one.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return bed;
}

/** A ConfigMap as a file of a repository. `more` goes into its metadata, indented by two. */
export const configMap = (name: string, data: Record<string, string> = { key: 'value' }, more = '') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}data: ${JSON.stringify(data)}\n`;
