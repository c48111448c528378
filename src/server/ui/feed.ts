import {
  APPLICATIONS,
  type Application,
  formatObjectKey,
  NODES,
  type Node,
  PODS,
  type Pod,
  REPLICA_SETS,
  type ReplicaSet,
  SYNC_RUNS,
  type SyncRun,
  type UiApplicationSummary,
  type UiNodeSummary,
  type UiStreamEvent,
} from '#api';
import { equalJson, type Timer } from '#base';
import { Mirror, type MirrorDeps } from '../registry/mirror.ts';
import { planApplicationSummary } from './application-summary.plan.ts';
import { uiLimits } from './limits.ts';
import { planNodes } from './node-summary.plan.ts';
import { planTopOwner } from './pod-summary.plan.ts';
import { planRunSummary } from './run-summary.plan.ts';

/** One event as it stands on the wire. `id` names the place in the stream to go on from. */
export interface FeedEvent {
  readonly id: string;
  readonly type: UiStreamEvent['type'];
  readonly data: string;
}

export interface FeedSnapshot {
  readonly applications: readonly UiApplicationSummary[];
  readonly nodes: readonly UiNodeSummary[];
}

export interface FeedStart {
  /** Where the stream stands: the id of the snapshot. */
  readonly id: string;
  readonly snapshot: FeedSnapshot;
  /** What a reader that knows everything up to `afterId` has missed; undefined when that is not known any more. */
  since(afterId: string): readonly FeedEvent[] | undefined;
}

export interface FeedSubscription {
  /** The state as of the event sent last. */
  current(): FeedStart;
  unsubscribe(): void;
}

/** What changes in the overview, in one stream for all browsers. */
export interface Feed {
  /** Resolves when the state is known; from then on the listener gets every event. */
  subscribe(listener: (events: readonly FeedEvent[]) => void): Promise<FeedSubscription>;
  close(): void;
}

/** Follows the cluster while at least one browser looks. */
export function createFeed(deps: MirrorDeps): Feed {
  const listeners = new Set<(events: readonly FeedEvent[]) => void>();
  let session: FeedSession | undefined;
  let sessions = 0;

  function stop(): void {
    session?.close();
    session = undefined;
  }

  return {
    async subscribe(listener) {
      if (session === undefined) {
        sessions += 1;
        const epoch = `${deps.clock.nowMs().toString(36)}.${sessions}`;
        session = new FeedSession(deps, epoch, (events) => {
          for (const each of listeners) each(events);
        });
      }
      const current = session;
      listeners.add(listener);
      const unsubscribe = () => {
        listeners.delete(listener);
        if (listeners.size === 0) stop();
      };
      try {
        await current.ready;
      } catch (error) {
        listeners.delete(listener);
        if (session === current) stop();
        throw error;
      }
      return { current: () => current.start(), unsubscribe };
    },
    close() {
      listeners.clear();
      stop();
    },
  };
}

/** One stretch of following, with ids of its own. */
class FeedSession {
  readonly ready: Promise<void>;
  readonly #deps: MirrorDeps;
  readonly #epoch: string;
  readonly #send: (events: readonly FeedEvent[]) => void;
  readonly #ended = new AbortController();
  readonly #applications: Mirror<Application>;
  readonly #runs: Mirror<SyncRun>;
  readonly #nodes: Mirror<Node>;
  readonly #pods: Mirror<Pod>;
  readonly #replicaSets: Mirror<ReplicaSet>;
  /** Applications by the objects they keep: `apps/Deployment/web/site` → `argocd/web`. */
  readonly #keepers = new Map<string, Set<string>>();
  readonly #summaries = new Map<string, UiApplicationSummary>();
  #nodeSummaries: readonly UiNodeSummary[] = [];
  readonly #sent: FeedEvent[] = [];
  #sequence = 0;
  #timer: Timer | undefined;
  readonly #changed = { applications: new Set<string>(), runs: new Map<string, SyncRun>(), touched: new Set<string>() };
  #nodesChanged = false;
  #isReady = false;

  constructor(deps: MirrorDeps, epoch: string, send: (events: readonly FeedEvent[]) => void) {
    this.#deps = deps;
    this.#epoch = epoch;
    this.#send = send;
    this.#applications = new Mirror(deps, APPLICATIONS, (now, before) => this.#onApplication(now, before));
    this.#runs = new Mirror(deps, SYNC_RUNS, (now) => this.#onRun(now));
    this.#nodes = new Mirror(deps, NODES, () => this.#onNodes());
    this.#pods = new Mirror(deps, PODS, (now, before) => this.#onPod(now, before));
    this.#replicaSets = new Mirror(deps, REPLICA_SETS, () => undefined);
    this.ready = this.#start();
  }

  start(): FeedStart {
    const applications = [...this.#summaries.values()].sort(byName);
    return {
      id: this.#id(),
      snapshot: { applications, nodes: this.#nodeSummaries },
      since: (afterId) => this.#since(afterId),
    };
  }

  close(): void {
    this.#ended.abort();
    this.#timer?.cancel();
  }

  async #start(): Promise<void> {
    const mirrors = [this.#applications, this.#runs, this.#nodes, this.#pods, this.#replicaSets];
    await Promise.all(mirrors.map((mirror) => mirror.start(this.#ended.signal)));
    for (const application of this.#applications.values()) {
      this.#summaries.set(nameOf(application), planApplicationSummary(application));
      this.#keep(application);
    }
    this.#nodeSummaries = planNodes([...this.#nodes.values()], this.#pods.values());
    this.#isReady = true;
  }

  #onApplication(now: Application | undefined, before: Application | undefined): void {
    if (before !== undefined) this.#release(before);
    if (now !== undefined) this.#keep(now);
    const either = now ?? before;
    if (either !== undefined) this.#changed.applications.add(nameOf(either));
    this.#schedule();
  }

  #onRun(run: SyncRun | undefined): void {
    if (run === undefined) return;
    this.#changed.runs.set(nameOf(run), run);
    this.#schedule();
  }

  #onNodes(): void {
    this.#nodesChanged = true;
    this.#schedule();
  }

  #onPod(now: Pod | undefined, before: Pod | undefined): void {
    if (now?.spec.nodeName !== before?.spec.nodeName || now?.status?.phase !== before?.status?.phase)
      this.#nodesChanged = true;
    const pod = now ?? before;
    if (pod !== undefined) {
      const owner = planTopOwner(pod, (namespace, kind, name) =>
        kind === 'ReplicaSet' ? this.#replicaSets.get(namespace, name) : undefined,
      );
      for (const keeper of this.#keepers.get(owner) ?? []) this.#changed.touched.add(keeper);
    }
    this.#schedule();
  }

  #keep(application: Application): void {
    for (const key of objectsOf(application)) {
      const keepers = this.#keepers.get(key) ?? new Set();
      this.#keepers.set(key, keepers.add(nameOf(application)));
    }
  }

  #release(application: Application): void {
    for (const key of objectsOf(application)) {
      const keepers = this.#keepers.get(key);
      keepers?.delete(nameOf(application));
      if (keepers?.size === 0) this.#keepers.delete(key);
    }
  }

  #schedule(): void {
    if (!this.#isReady) return; // the snapshot will hold it
    this.#timer ??= this.#deps.clock.after(uiLimits.coalesceMs, () => {
      this.#timer = undefined;
      this.#flush();
    });
  }

  /** Turns all that changed since the last time into events; what looks the same sends nothing. */
  #flush(): void {
    const events = [
      ...this.#applicationEvents(),
      ...this.#runEvents(),
      ...this.#nodeEvents(),
      ...this.#touchedEvents(),
    ];
    if (events.length === 0) return;
    const encoded = events.map((event) => this.#encode(event));
    this.#sent.push(...encoded);
    if (this.#sent.length > uiLimits.replayEvents) this.#sent.splice(0, this.#sent.length - uiLimits.replayEvents);
    this.#send(encoded);
  }

  *#applicationEvents(): Iterable<UiStreamEvent> {
    for (const key of this.#changed.applications) {
      const { namespace, name } = split(key);
      const application = this.#applications.get(namespace, name);
      if (application === undefined) {
        if (this.#summaries.delete(key)) yield { type: 'application-removed', namespace, name };
        continue;
      }
      const summary = planApplicationSummary(application);
      if (equalJson(summary, this.#summaries.get(key))) {
        this.#changed.touched.add(key);
        continue;
      }
      this.#summaries.set(key, summary);
      this.#changed.touched.delete(key);
      yield { type: 'application', application: summary };
    }
    this.#changed.applications.clear();
  }

  *#runEvents(): Iterable<UiStreamEvent> {
    for (const run of this.#changed.runs.values()) yield { type: 'run', run: planRunSummary(run) };
    this.#changed.runs.clear();
  }

  *#nodeEvents(): Iterable<UiStreamEvent> {
    if (!this.#nodesChanged) return;
    this.#nodesChanged = false;
    const nodes = planNodes([...this.#nodes.values()], this.#pods.values());
    if (equalJson(nodes, this.#nodeSummaries)) return;
    this.#nodeSummaries = nodes;
    yield { type: 'nodes', nodes };
  }

  *#touchedEvents(): Iterable<UiStreamEvent> {
    for (const key of this.#changed.touched) yield { type: 'touched', ...split(key) };
    this.#changed.touched.clear();
  }

  #encode(event: UiStreamEvent): FeedEvent {
    this.#sequence += 1;
    return { id: this.#id(), type: event.type, data: JSON.stringify(event) };
  }

  #id(): string {
    return `${this.#epoch}-${this.#sequence}`;
  }

  #since(afterId: string): readonly FeedEvent[] | undefined {
    const dash = afterId.lastIndexOf('-');
    const missed = this.#sequence - Number(afterId.slice(dash + 1));
    if (afterId.slice(0, dash) !== this.#epoch || !Number.isInteger(missed)) return undefined;
    if (missed < 0 || missed > this.#sent.length) return undefined;
    return this.#sent.slice(this.#sent.length - missed);
  }
}

function objectsOf({ status }: Application): readonly string[] {
  return (status?.resources ?? []).map(formatObjectKey);
}

function nameOf({ metadata }: Application | SyncRun): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function split(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

function byName(a: UiApplicationSummary, b: UiApplicationSummary): number {
  const [left, right] = [`${a.name}/${a.namespace}`, `${b.name}/${b.namespace}`];
  return left === right ? 0 : left < right ? -1 : 1;
}
