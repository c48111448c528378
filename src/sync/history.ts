import {
  type Application,
  isApiError,
  type KubeObject,
  type PlannedChange,
  RENDERED_SETS,
  SYNC_RUNS,
  type SyncRun,
  type SyncRunSpec,
  type SyncRunStatus,
} from '#api';
import { type Clock, canonicalJson, formatTime, type Log, shortHash } from '#base';
import type { Client } from '#client';
import { revisionOf } from '#reconcile';
import type { RenderedObject } from '#render';
import { pruneDigest } from './decide.plan.ts';
import type { Loaded } from './load.ts';
import type { SyncMeter } from './meter.types.ts';
import { chunkRenderedSet, splitLines } from './rendered-sets.plan.ts';
import type { SyncPlan, SyncStep } from './sync.types.ts';
import type { WebhookIds } from './webhook-ids.ts';

/** Changes written down in one run; more are counted. */
export const MAX_RECORDED = 2_000;
/** Fields written down of one change. */
export const MAX_FIELDS = 20;
/** Longest value of a field that is written down, in characters of its JSON. */
const MAX_VALUE = 512;
const PRUNE_DIGEST = 'plumbline.dev/prune-digest';
export const PRUNE_ANNOTATION = 'plumbline.dev/prune';
export const APPLICATION_LABEL = 'plumbline.dev/application';
/** Longest part of a run's name that is the Application's. */
const READABLE = 200;
/** Label values end here. Source: apimachinery validation, LabelValueMaxLength. */
const MAX_LABEL = 63;

export interface NewRun {
  readonly application: Application;
  readonly loaded: Pick<Loaded, 'commit' | 'commits' | 'info' | 'objects' | 'digest'>;
  readonly plan: SyncPlan;
  readonly trigger: SyncRunSpec['trigger'];
  readonly requestedBy: string;
  /** Whether it deletes what left Git, whatever the Application's switch says. */
  readonly prune: boolean;
  readonly status: SyncRunStatus;
}

/** What happened to each Application, and what was to be: runs with the whole rendered set, bounded. */
export class History {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #namespace: string;
  readonly #webhooks: WebhookIds;
  readonly #meter: Pick<SyncMeter, 'runEnded'>;
  /** Runs that use a RenderedSet, by the set's name. */
  readonly #users = new Map<string, Set<string>>();
  readonly #byApplication = new Map<string, SyncRun[]>();
  #count = 0;

  constructor(
    deps: {
      readonly client: Client;
      readonly clock: Clock;
      readonly log: Log;
      readonly webhooks: WebhookIds;
      readonly meter: Pick<SyncMeter, 'runEnded'>;
    },
    namespace: string,
  ) {
    this.#webhooks = deps.webhooks;
    this.#meter = deps.meter;
    this.#client = deps.client;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#namespace = namespace;
  }

  /** Reads which runs there are. Once, before anything is recorded. */
  async load(signal: AbortSignal): Promise<void> {
    let next: string | undefined;
    do {
      const page = await this.#client.list(SYNC_RUNS, {
        namespace: this.#namespace,
        limit: 200,
        signal,
        ...(next === undefined ? {} : { continue: next }),
      });
      for (const run of page.items) this.#remember(run);
      next = page.continue;
    } while (next !== undefined && next !== '');
    for (const runs of this.#byApplication.values()) runs.sort(byAge);
  }

  /** The newest run of an Application, as it was last written. */
  latest(application: string): SyncRun | undefined {
    return this.#byApplication.get(application)?.at(-1);
  }

  /** A run as it was last seen: a person may have approved it. */
  current(run: SyncRun): SyncRun {
    const runs = this.#byApplication.get(this.#keyOf(run));
    return runs?.find(({ metadata }) => metadata.name === run.metadata.name) ?? run;
  }

  /** The run that has not come to its end. */
  open(application: string): SyncRun | undefined {
    return this.#byApplication.get(application)?.findLast(({ status }) => {
      return status?.phase === 'Running' || status?.phase === 'PruneBlocked';
    });
  }

  /** Every run that is kept, oldest first. */
  runsOf(application: string): readonly SyncRun[] {
    return this.#byApplication.get(application) ?? [];
  }

  /** The commit of the newest run that succeeded. */
  lastSynced(application: string): string | undefined {
    return this.#byApplication.get(application)?.findLast(({ status }) => status?.phase === 'Succeeded')?.spec.revision;
  }

  async begin(run: NewRun): Promise<SyncRun> {
    const { application, loaded, plan, trigger, requestedBy, prune, status } = run;
    const key = `${this.#namespace}/${application.metadata.name}`;
    const webhooks = trigger === 'webhook' ? this.#webhooks.of(key) : [];
    const renderedSets = await this.#storeRendered(loaded.objects);
    const spec: SyncRunSpec = {
      application: application.metadata.name,
      revision: loaded.commit,
      ...(loaded.commits.length < 2 ? {} : { revisions: loaded.commits.map(({ commit }) => commit) }),
      author: loaded.info.email === '' ? loaded.info.author : `${loaded.info.author} <${loaded.info.email}>`,
      message: loaded.info.message,
      committedAt: formatTime(loaded.info.committedAtMs),
      trigger,
      requestedBy,
      ...(webhooks.length === 0 ? {} : { webhooks: [...webhooks] }),
      digest: loaded.digest,
      plan: recordSteps(plan),
      renderedSets,
    };
    const { name, uid } = application.metadata;
    const nowMs = this.#clock.nowMs();
    const seconds = formatTime(nowMs).replace(/[-:]/g, '').replace('T', '-').replace('Z', '');
    // Names tell the order of runs that began within one second.
    const stamp = `${seconds}${String(Math.trunc(nowMs) % 1000).padStart(3, '0')}`;
    const unique = shortHash(`${loaded.digest} ${nowMs} ${this.#count++}`, 5);
    const object: KubeObject = {
      apiVersion: 'plumbline.dev/v1',
      kind: 'SyncRun',
      metadata: {
        name: `${name.slice(0, READABLE)}-${stamp}-${unique}`,
        namespace: this.#namespace,
        labels: { [APPLICATION_LABEL]: name.slice(0, MAX_LABEL).replace(/[^A-Za-z0-9]+$/, '') },
        annotations: { [PRUNE_DIGEST]: pruneDigest(plan), [PRUNE_ANNOTATION]: String(prune) },
        ownerReferences: [
          {
            apiVersion: application.apiVersion,
            kind: application.kind,
            name,
            uid,
            controller: true,
            blockOwnerDeletion: false,
          },
        ],
      },
      spec,
    };
    await this.#endUnbegun(key);
    const created = await this.#client.create(SYNC_RUNS, object);
    this.#remember(created);
    if (webhooks.length > 0) {
      this.#webhooks.take(key);
      this.#log.info({ application: key, run: created.metadata.name, webhooks }, 'a run answers webhooks');
    }
    return this.writeStatus(created, status);
  }

  /** Runs whose first status was never written, because that failed or we died: nothing was done by them. */
  async #endUnbegun(application: string): Promise<void> {
    for (const run of [...this.runsOf(application)]) {
      if (run.status?.phase !== undefined) continue;
      const message = 'it was recorded, and never begun: another run came in its place';
      await this.writeStatus(run, { phase: 'Superseded', reason: 'NeverBegun', message });
    }
  }

  /** Writes the status of a run, when it differs. Keeps a person's approval, which is theirs to write. */
  async writeStatus(run: SyncRun, status: SyncRunStatus): Promise<SyncRun> {
    if (canonicalJson(run.status ?? {}) === canonicalJson(status)) return run;
    const body: Record<string, unknown> = { ...status };
    for (const field of Object.keys(run.status ?? {}))
      if (!(field in status) && field !== 'approval') body[field] = null;
    if (status.approval === undefined) delete body['approval'];
    const written = await this.#client.patch(
      SYNC_RUNS,
      { namespace: this.#namespace, name: run.metadata.name },
      { type: 'merge', body: { status: body } as never },
      { subresource: 'status' },
    );
    this.#remember(written);
    if (hasEnded(status) && !hasEnded(run.status)) this.#tellEnd(written, status);
    return written;
  }

  #tellEnd({ spec }: SyncRun, { phase, durationMs = 0 }: SyncRunStatus): void {
    const { application, trigger } = spec;
    this.#meter.runEnded({ namespace: this.#namespace, application, trigger, phase, durationMs });
  }

  /** What a run that is to be blocked would delete now: an approval will hold for exactly that. */
  async setPruneDigest(run: SyncRun, plan: SyncPlan): Promise<SyncRun> {
    const digest = pruneDigest(plan);
    if (approvedPruneDigest(run) === digest) return run;
    const body = { metadata: { annotations: { [PRUNE_DIGEST]: digest } } };
    const key = { namespace: this.#namespace, name: run.metadata.name };
    const written = await this.#client.patch(SYNC_RUNS, key, { type: 'merge', body });
    this.#remember(written);
    return written;
  }

  /** The run as it stands in the API now: a person may have approved it. */
  async refresh(name: string): Promise<SyncRun | undefined> {
    const run = await this.#client.get(SYNC_RUNS, { namespace: this.#namespace, name });
    if (run !== undefined) this.#remember(run);
    return run;
  }

  /** Takes in a run as a watch shows it. */
  observe(run: SyncRun): void {
    const known = this.#byApplication
      .get(this.#keyOf(run))
      ?.find(({ metadata }) => metadata.name === run.metadata.name);
    if (known !== undefined) this.#remember(run);
  }

  /** Deletes runs beyond the limit, oldest first, and rendered sets that no run uses any more. */
  async trim(application: string, limit: number): Promise<void> {
    const runs = this.#byApplication.get(application) ?? [];
    const excess = runs.slice(0, Math.max(0, runs.length - limit));
    for (const run of excess) {
      if (run.status?.phase === 'Running' || run.status?.phase === 'PruneBlocked') continue;
      await this.#client.delete(SYNC_RUNS, { namespace: this.#namespace, name: run.metadata.name });
      await this.#release(run);
    }
  }

  /** An Application is gone: the API's garbage collector takes its runs, this its rendered sets. */
  async forget(application: string): Promise<void> {
    for (const run of [...(this.#byApplication.get(application) ?? [])]) await this.#release(run);
    this.#byApplication.delete(application);
  }

  #keyOf(run: SyncRun): string {
    return `${this.#namespace}/${run.spec.application}`;
  }

  #remember(run: SyncRun): void {
    const key = this.#keyOf(run);
    const runs = this.#byApplication.get(key) ?? [];
    const index = runs.findIndex(({ metadata }) => metadata.name === run.metadata.name);
    const known = runs[index];
    if (known === undefined) runs.push(run);
    // A watch may lag behind our own write.
    else if (revisionOf(run.metadata.resourceVersion) >= revisionOf(known.metadata.resourceVersion)) runs[index] = run;
    this.#byApplication.set(key, runs);
    for (const set of run.spec.renderedSets) {
      const users = this.#users.get(set);
      if (users === undefined) this.#users.set(set, new Set([run.metadata.name]));
      else users.add(run.metadata.name);
    }
  }

  async #release(run: SyncRun): Promise<void> {
    const runs = this.#byApplication.get(this.#keyOf(run));
    const index = runs?.findIndex(({ metadata }) => metadata.name === run.metadata.name) ?? -1;
    if (index >= 0) runs?.splice(index, 1);
    for (const set of run.spec.renderedSets) {
      const users = this.#users.get(set);
      users?.delete(run.metadata.name);
      if (users === undefined || users.size > 0) continue;
      this.#users.delete(set);
      await this.#client.delete(RENDERED_SETS, { namespace: this.#namespace, name: set });
    }
  }

  async #storeRendered(objects: readonly RenderedObject[]): Promise<string[]> {
    const names: string[] = [];
    for (const { name, items } of chunkRenderedSet(objects)) {
      const known = this.#partsOf(name);
      if (known.length > 0) {
        names.push(...known);
        continue;
      }
      const parts = splitLines(items.map(({ object }) => canonicalJson(object)));
      for (const [index, data] of parts.entries()) {
        const part = `${name}.${index + 1}of${parts.length}`;
        await this.#createSet(part, data);
        names.push(part);
      }
    }
    return names;
  }

  /** The parts of a chunk that a kept run has stored, or nothing when they are not all there. */
  #partsOf(chunk: string): readonly string[] {
    for (let count = 1; count <= MAX_PARTS; count += 1) {
      const parts = Array.from({ length: count }, (_, index) => `${chunk}.${index + 1}of${count}`);
      if (parts.every((part) => this.#users.has(part))) return parts;
    }
    return [];
  }

  async #createSet(name: string, data: string): Promise<void> {
    const metadata = { name, namespace: this.#namespace };
    try {
      await this.#client.create(RENDERED_SETS, { apiVersion: 'plumbline.dev/v1', kind: 'RenderedSet', metadata, data });
    } catch (error) {
      // Named by its content: what is there is the same.
      if (!isApiError(error, 'AlreadyExists')) throw error;
      this.#log.debug({ name }, 'rendered set is stored already');
    }
  }
}

/** Parts of one chunk: its objects are bounded in number, and each in size. */
const MAX_PARTS = 16;

export function approvedPruneDigest(run: SyncRun): string {
  return run.metadata.annotations?.[PRUNE_DIGEST] ?? '';
}

function hasEnded(status: SyncRunStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed' || status?.phase === 'Superseded';
}

function byAge(left: SyncRun, right: SyncRun): number {
  const a = `${left.metadata.creationTimestamp} ${left.metadata.name}`;
  const b = `${right.metadata.creationTimestamp} ${right.metadata.name}`;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Deletions first when not all can be written down: they are what a person approves. */
function recordSteps({ steps }: SyncPlan): PlannedChange[] {
  if (steps.length <= MAX_RECORDED) return steps.map(recordStep);
  const prunes = steps.filter(({ action }) => action === 'prune');
  const others = steps.filter(({ action }) => action !== 'prune');
  return [...prunes, ...others].slice(0, MAX_RECORDED).map(recordStep);
}

function recordStep({ action, key, order, reason, origin, fields }: SyncStep): PlannedChange {
  const { group, kind, namespace, name } = key;
  return {
    group,
    kind,
    namespace,
    name,
    action,
    wave: order.wave,
    reason,
    origin,
    ...(fields.length === 0 ? {} : { fields: fields.slice(0, MAX_FIELDS).map(boundField) }),
  };
}

/** A field's values cut to what a person reads. */
export function boundField<T extends { desired?: unknown; live?: unknown }>(field: T): T {
  const bounded = { ...field };
  for (const side of ['desired', 'live'] as const) {
    const text = JSON.stringify(field[side]);
    if (text !== undefined && text.length > MAX_VALUE) bounded[side] = `${text.slice(0, MAX_VALUE)}…`;
  }
  return bounded;
}
