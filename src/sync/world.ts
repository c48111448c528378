import { APPLICATIONS, type Application, type AppProject, formatObjectKey, type Json } from '#api';
import type { Clock, Log } from '#base';
import type { Client } from '#client';
import { type EventRecorder, type Informer, revisionOf, splitKey } from '#reconcile';
import { type ApplicationSettings, readApplication } from './application.plan.ts';
import type { Claims } from './claims.ts';
import { MANAGER } from './compare.ts';
import type { History } from './history.ts';
import type { Kinds } from './kinds.ts';
import type { LiveObjects } from './live.ts';
import type { OwnershipTable } from './ownership.ts';
import type { Renderer } from './renderer.ts';
import type { Repositories } from './repositories.ts';
import { type ApplicationState, newState } from './state.ts';
import type { WebhookIds } from './webhook-ids.ts';

export interface SyncOptions {
  /** Namespace of Applications, repository Secrets, runs and the ownership table. */
  readonly namespace: string;
  readonly pollMs: number;
  /** How long a run waits for one object to become healthy, ms. Source: Deployment's default progressDeadlineSeconds. */
  readonly healthDeadlineMs: number;
  /** How long a hook may run before it is deleted, ms, when it does not give itself more (`activeDeadlineSeconds`). */
  readonly hookDeadlineMs: number;
  /** Objects applied or deleted at the same time by one Application. */
  readonly concurrency: number;
  /** Runs in a row that may give way to newer commits before one is completed. */
  readonly supersedes: number;
  /** Delay before the same Application is healed again. Source: argo-cd, self-heal back-off 2 s ×3 up to 300 s. */
  readonly healBackoff: { readonly initialMs: number; readonly maxMs: number; readonly factor: number };
  /** An Application that needed no healing for so long starts from the first delay again, ms. */
  readonly healCalmMs: number;
  /** An Application whose sources could not be loaded is tried again after this, ms. */
  readonly loadRetryMs: number;
}

export const syncDefaults: SyncOptions = {
  namespace: 'argocd',
  pollMs: 60_000,
  healthDeadlineMs: 600_000,
  hookDeadlineMs: 3_600_000,
  concurrency: 8,
  supersedes: 3,
  healBackoff: { initialMs: 2_000, maxMs: 300_000, factor: 3 },
  healCalmMs: 300_000,
  loadRetryMs: 30_000,
};

/** All that the passes over Applications share. */
export interface World {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventRecorder;
  readonly applications: Informer<Application>;
  readonly projects: Informer<AppProject>;
  readonly repositories: Repositories;
  readonly renderer: Renderer;
  readonly kinds: Kinds;
  readonly live: LiveObjects;
  readonly table: OwnershipTable;
  readonly claims: Claims;
  readonly history: History;
  readonly webhooks: WebhookIds;
  readonly states: Map<string, ApplicationState>;
  /** Whose run waits for a hook's object, by the object's id. */
  readonly hooks: Map<string, string>;
  readonly options: SyncOptions;
  /** Looks at an Application again soon. */
  wake(application: string): void;
}

export function stateOf({ states, client }: World, application: string): ApplicationState {
  const known = states.get(application);
  if (known !== undefined) return known;
  const fresh = newState(client);
  states.set(application, fresh);
  return fresh;
}

/** The AppProject of an Application; undefined where nobody made it. */
export function projectNamed({ projects, options }: World, name: string): AppProject | undefined {
  return projects.get(`${options.namespace}/${name}`);
}

/** An Application as it is, our own last write to it included. */
export function applicationOf(world: World, key: string): Application | undefined {
  const seen = world.applications.get(key);
  const written = world.states.get(key)?.written;
  if (seen === undefined || written === undefined || seen.metadata.uid !== written.metadata.uid) return seen;
  return revisionOf(written.metadata.resourceVersion) > world.applications.revision ? written : seen;
}

export async function patchApplication(
  world: World,
  key: string,
  patch: { readonly type: 'merge'; readonly body: Json },
  subresource?: 'status',
): Promise<void> {
  const written = await world.client.patch(APPLICATIONS, splitKey(key), patch, {
    fieldManager: MANAGER,
    ...(subresource === undefined ? {} : { subresource }),
  });
  stateOf(world, key).written = written;
}

/** The id under which the ownership table knows an Application that another one holds. */
export function applicationId(key: string): string {
  const slash = key.indexOf('/');
  return formatObjectKey({
    group: 'argoproj.io',
    kind: 'Application',
    namespace: key.slice(0, slash),
    name: key.slice(slash + 1),
  });
}

/** Whether an Application is to go: deleted, gone, or no longer wanted by the Application that owns it. */
export function isDoomed(world: World, key: string): boolean {
  const application = world.applications.get(key);
  if (application === undefined || application.metadata.deletionTimestamp !== undefined) return true;
  const id = applicationId(key);
  const parent = world.table.ownerOf(id);
  if (parent === undefined || parent === key) return false;
  const holder = world.applications.get(parent);
  const loaded = world.claims.loadedOf(parent);
  if (holder === undefined || loaded === undefined || loaded.failedPaths.length > 0) return false;
  const settings: ApplicationSettings = readApplication(holder);
  return settings.automated && settings.prune && !world.claims.claims(parent, id);
}
