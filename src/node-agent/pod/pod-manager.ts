import { PODS, type Pod } from '#api';
import { backoffMs, type Clock, type Log, sleep } from '#base';
import type { Client } from '#client';
import { createInformer, type Informer } from '#reconcile';
import type { Runtime, RuntimeContainer, Sandbox } from '#runtime';
import type { ImageKeeper } from '../garbage/image-keeper.ts';
import { Prober } from '../probes/prober.ts';
import { RECONNECT_MAX_MS } from '../reconnect.ts';
import { ReferenceStore } from '../references/reference-store.ts';
import type { StateFile } from '../state/saved-state.ts';
import type { RenewalOptions } from '../tokens/token.plan.ts';
import { TokenStore } from '../tokens/token-store.ts';
import { ClaimStore } from '../volumes/claim-store.ts';
import { Reclaimer } from '../volumes/reclaimer.ts';
import { hasEnded, isTerminating } from './containers.plan.ts';
import { ImagePuller } from './image-puller.ts';
import { ANNOTATION, type PodIdentity, type PodVerdict } from './pod.types.ts';
import { PodWorker, type PodWorkerDeps } from './pod-worker.ts';
import { referenceKey, referencesOf } from './references.plan.ts';
import { RuntimeView } from './runtime-view.ts';

export interface PodManagerDeps
  extends Omit<
    PodWorkerDeps,
    'client' | 'view' | 'prober' | 'references' | 'tokens' | 'claims' | 'images' | 'onEnd' | 'signal'
  > {
  readonly client: Pick<Client, 'get' | 'list' | 'watch' | 'patch' | 'delete' | 'requestToken'>;
  readonly renewal: RenewalOptions;
  readonly nodeName: string;
  readonly state: StateFile;
  readonly keeper: ImageKeeper;
  readonly maxParallelPulls: number;
  /** Why this node does not take in a pod that is new to it; undefined when it does. */
  readonly admit: (pod: Pod) => PodVerdict | undefined;
}

/** How often everything the engine has is listed anew, should an event have been lost or something done by hand, in ms. */
const RELIST_MS = 60_000;
const RELIST_RETRY = { initialMs: 200, maxMs: 5_000 };

/** Keeps one worker per pod of this node, tells it what the API and the engine say, and removes what nobody declared. */
export class PodManager {
  readonly #deps: PodManagerDeps;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #runtime: Runtime;
  readonly #workers = new Map<string, PodWorker>();
  readonly #pods: Informer<Pod>;
  readonly view: RuntimeView;
  #worker: ((pod: Pod) => PodWorker) | undefined;
  #reclaimer: Reclaimer | undefined;
  /** Known pods that nobody starts anew before the API has said that they are still this node's. */
  #held: readonly Pod[] = [];

  constructor(deps: PodManagerDeps) {
    this.#deps = deps;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#runtime = deps.runtime;
    const { client, clock, log } = deps;
    this.#pods = createInformer({ client, clock, log, maxPauseMs: RECONNECT_MAX_MS }, PODS, {
      fieldSelector: `spec.nodeName=${deps.nodeName}`,
    });
    this.view = new RuntimeView(
      deps.runtime,
      log,
      (uid) => this.#workers.get(uid)?.kick(),
      (found) => this.#found(found),
    );
  }

  /** Runs until the signal aborts; containers go on. `known`: pods of an earlier run, should the API be out of reach. */
  async run(known: readonly Pod[], signal: AbortSignal): Promise<void> {
    const { client, clock, log, runtime, folders, state } = this.#deps;
    const references = new ReferenceStore({
      client,
      clock,
      log,
      memoryDir: folders.references,
      onChange: (reference) => this.#referenceChanged(referenceKey(reference), reference.namespace),
    });
    const tokens = new TokenStore({
      client,
      clock,
      log,
      memoryDir: folders.tokens,
      renewal: this.#deps.renewal,
      onChange: (uid) => this.#workers.get(uid)?.referencesChanged(),
    });
    const prober = new Prober({
      runtime,
      clock,
      clusterCidr: this.#deps.node.clusterCidr,
      onChange: (uid) => this.#workers.get(uid)?.kick(),
      onFailure: (uid, container, kind, message) => this.#workers.get(uid)?.probeFailed(container, kind, message),
    });
    const { keeper, maxParallelPulls, nodeName, recorder } = this.#deps;
    const images = new ImagePuller({ runtime, keeper, clock, maxParallelPulls });
    const claims = new ClaimStore({ client, folders, nodeName, isActive: (uid) => this.isActive(uid) });
    const reclaimer = new Reclaimer({
      client,
      clock,
      log,
      recorder,
      nodeName,
      folders: folders.volumes,
      engine: runtime,
      claims,
    });
    this.#reclaimer = reclaimer;
    this.#worker = (pod) =>
      new PodWorker(
        {
          ...this.#deps,
          view: this.view,
          prober,
          references,
          tokens,
          claims,
          images,
          signal,
          onEnd: (uid) => {
            this.#workers.delete(uid);
            reclaimer.podLeft();
          },
        },
        pod,
      );
    this.#held = known.filter(isOneOfItsName);
    for (const pod of known) if (!this.#held.includes(pod)) this.#see(pod);
    this.#pods.onChange(({ previous, current }) => {
      if (previous !== undefined && previous.metadata.uid !== current?.metadata.uid) this.#left(previous.metadata.uid);
      if (current !== undefined) this.#see(current);
      state.save({ pods: this.#pods.list() });
    });

    const watching = this.#pods.run(signal);
    const listening = this.#listen(signal);
    const relisting = this.#relistNowAndThen(signal);
    const reclaiming = reclaimer.run(signal);
    await this.#pods
      .until(() => this.#pods.synced, signal)
      .then(
        () => this.#apiAnswered(),
        () => undefined,
      );
    await Promise.all([watching, listening, relisting, reclaiming]);
    for (const worker of this.#workers.values()) worker.close();
    prober.close();
    await tokens.close();
    await references.close();
    await Promise.all([...this.#workers.values()].map((worker) => worker.idle()));
  }

  get synced(): boolean {
    return this.#pods.synced;
  }

  /** Pods that run here, or may come to. */
  active(): readonly Pod[] {
    return [...this.#workers.values()].filter((worker) => worker.isActive).map(({ pod }) => pod);
  }

  isActive(uid: string): boolean {
    return this.#workers.get(uid)?.isActive ?? false;
  }

  /** Nothing of it runs here or takes room, but for its records. */
  isReleased(uid: string): boolean {
    return this.#workers.get(uid)?.isReleased ?? true;
  }

  /** Ends a pod, for the node's sake or its own. Answers whether this verdict stands. */
  end(uid: string, verdict: PodVerdict): boolean {
    return this.#workers.get(uid)?.end(verdict) ?? false;
  }

  /** Removes what is left of containers that ended and that nobody needs any more. */
  async removeRecords(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.removeRecords()));
  }

  #see(pod: Pod): void {
    const known = this.#workers.get(pod.metadata.uid);
    known?.update(pod);
    if (known !== undefined || this.#worker === undefined) return;
    const worker = this.#worker(pod);
    this.#workers.set(pod.metadata.uid, worker);
    const isNew = pod.status?.startTime === undefined && !hasEnded(pod) && !isTerminating(pod);
    const verdict = isNew ? this.#deps.admit(pod) : undefined;
    if (verdict !== undefined) worker.end(verdict);
  }

  #left(uid: string): void {
    this.#workers.get(uid)?.remove();
  }

  /** The API has said which pods there are: all others of this node are to go. Never concluded from a failed list. */
  #apiAnswered(): void {
    this.#deps.state.save({ pods: this.#pods.list() });
    const declared = new Set(this.#pods.list().map(({ metadata }) => metadata.uid));
    for (const uid of this.#workers.keys()) if (!declared.has(uid)) this.#left(uid);
    this.#removeUndeclared();
  }

  /** Pods that have containers or folders here, but neither a place in the API nor a worker that ends them. */
  #removeUndeclared(): void {
    if (!this.#pods.synced || !this.view.listed) return;
    for (const identity of this.view.pods().values()) {
      if (this.#workers.has(identity.uid)) continue;
      this.#log.warn({ ...identity }, 'containers of a pod that is not declared are removed');
      this.#see(ghost(identity));
      this.#left(identity.uid);
    }
    const clean = async () => {
      for (const uid of await this.#deps.folders.list()) {
        if (this.#workers.has(uid)) continue;
        await this.#deps.folders.remove(uid);
        this.#reclaimer?.podLeft();
      }
    };
    clean().catch((error: unknown) => this.#log.warn({ err: error }, 'folders of pods that left cannot be removed'));
  }

  /** Addresses of running pods are theirs before any new pod gets one. */
  #found(found: readonly (Sandbox | RuntimeContainer)[]): void {
    const lives = ({ state }: Sandbox | RuntimeContainer) => state === 'ready' || state === 'running';
    // Those that run first; a pod that waits for its restart keeps its address if nobody else has it.
    const inOrder = [...found].sort((a, b) => Number(lives(b)) - Number(lives(a)) || b.attempt - a.attempt);
    const known = new Set<string>();
    for (const { pod, annotations } of inOrder) {
      const address = annotations[ANNOTATION.podIP];
      if (address === undefined || known.has(pod.uid)) continue;
      known.add(pod.uid);
      this.#deps.network.adopt(pod.uid, address);
    }
    const living = new Set(found.filter(lives).map(({ pod }) => pod.uid));
    this.#deps.network.forwardOnly(living);
    for (const pod of this.#held) if (living.has(pod.metadata.uid)) this.#see(pod);
  }

  async #listen(signal: AbortSignal): Promise<void> {
    for await (const event of this.#runtime.events(signal)) {
      if (event.type === 'resync') await this.#relist(signal);
      else {
        await this.view.take(event).catch((error: unknown) => {
          this.#log.warn({ err: error, event: event.type }, 'an event of the container engine could not be followed');
        });
      }
    }
  }

  async #relist(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      try {
        await this.view.relist();
        for (const worker of this.#workers.values()) worker.kick();
        this.#removeUndeclared();
        return;
      } catch (error) {
        failures += 1;
        this.#log.warn({ err: error, failures }, 'containers cannot be listed');
        await sleep(this.#clock, backoffMs(failures, RELIST_RETRY), signal).catch(() => undefined);
      }
    }
  }

  async #relistNowAndThen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#clock, RELIST_MS, signal).catch(() => undefined);
      if (!signal.aborted) await this.#relist(signal);
    }
  }

  #referenceChanged(key: string, namespace: string): void {
    for (const worker of this.#workers.values()) {
      if (worker.pod.metadata.namespace !== namespace) continue;
      if (referencesOf(worker.pod).some((reference) => referenceKey(reference) === key)) worker.referencesChanged();
    }
  }
}

/**
 * Whether no two pods may run under its name, wherever: what ran here before the machine stopped may run elsewhere by now.
 * A pod that still runs is kept running.
 */
function isOneOfItsName({ metadata }: Pod): boolean {
  return (
    metadata.ownerReferences?.some(({ kind, controller }) => kind === 'StatefulSet' && controller === true) === true
  );
}

/** As much of a pod as its containers' labels tell: enough to end it. */
function ghost({ namespace, name, uid }: PodIdentity): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, uid, resourceVersion: '0', creationTimestamp: '1970-01-01T00:00:00Z' },
    spec: { containers: [] },
  };
}
