import { PODS, type Pod, type PodStatus } from '#api';
import { backoffMs, equalJson, sleep, type Timer } from '#base';
import type { RuntimeContainer } from '#runtime';
import { removeTree } from '../volumes/pod-folders.ts';
import { planAdmission } from './admit.plan.ts';
import { planBackOff } from './back-off.plan.ts';
import { partsFolder } from './container-builder.ts';
import { ContainerStarter } from './container-starter.ts';
import { ContainerStopper } from './container-stopper.ts';
import { endedByNode, graceSeconds, hasEnded, isTerminating, planGrace } from './containers.plan.ts';
import { LastWords } from './last-words.ts';
import { planPod } from './pod.plan.ts';
import type { Grace, PodAction, PodSnapshot, PodVerdict, ProbeView } from './pod.types.ts';
import { PodContext, type PodDeps } from './pod-context.ts';
import { PodPlace } from './pod-place.ts';
import { PodVolumes } from './pod-volumes.ts';
import { referencesOf } from './references.plan.ts';
import { planStatus, SHOW_ERROR_MS } from './status.plan.ts';
import { StatusWriter } from './status-writer.ts';

export interface PodWorkerDeps extends PodDeps {
  /** Nothing of a pod that left the API is there any more. */
  readonly onEnd: (podUid: string) => void;
  /** Told at each look whether the pod may get connections; true when it has ended for good. */
  readonly onReady: (podUid: string, ready: boolean) => void;
}

/** Source: kuberuntime_manager.go, SyncPod (v1.32). */
const SANDBOX_CHANGED = 'Pod sandbox changed, it will be killed and re-created.';
/** Wait before a pod's last write is tried again. */
const DELETE_RETRY = { initialMs: 50, maxMs: 5_000 };

/**
 * Keeps one pod as its spec says: looks, decides (pod.plan.ts), and begins what is to be done. Looking takes no time and
 * waits for nothing; what takes time runs beside, and each end of it makes the worker look again.
 */
export class PodWorker {
  readonly #deps: PodWorkerDeps;
  readonly #context: PodContext;
  readonly #place: PodPlace;
  readonly #volumes: PodVolumes;
  readonly #starter: ContainerStarter;
  readonly #stopper: ContainerStopper;
  readonly #lastWords: LastWords;
  readonly #status: StatusWriter;
  readonly #removing = new Set<string>();
  /** The wait that was told last, by container name. */
  readonly #toldWaits = new Map<string, string>();
  #timer: Timer | undefined;
  #scheduled = false;
  #grace: Grace | undefined;
  /** Once it has looked, all containers that come are this run's own. */
  #looked = false;
  #closed = false;
  /** The last write, or the last cleaning, is under way. */
  #ending = false;
  /** What its volumes hold is being given back. */
  #releasing = false;
  /** People were told that the node itself ends the pod. */
  #endTold = false;
  /** The API was told that the pod has ended; what still holds it there is not ours. */
  #reported = false;

  constructor(deps: PodWorkerDeps, pod: Pod) {
    this.#deps = deps;
    this.#context = new PodContext(deps, pod, () => this.kick());
    this.#place = new PodPlace(this.#context);
    this.#volumes = new PodVolumes(this.#context, this.#place);
    this.#stopper = new ContainerStopper(this.#context, this.#place);
    this.#starter = new ContainerStarter(this.#context, this.#place, this.#volumes, (name, id) => {
      const why = 'FailedPostStartHook';
      this.#stopper.stop({ id, name, why, event: why, graceSeconds: graceSeconds(this.pod) });
    });
    this.#lastWords = new LastWords(this.#context);
    const { client, clock, log, signal } = deps;
    const onFresh = (fresh: Pod) => this.update(fresh);
    this.#status = new StatusWriter({ client, clock, log, signal, onFresh }, pod);
    deps.references.hold(pod.metadata.uid, referencesOf(pod));
    this.#holdTokens();
    this.kick();
  }

  get pod(): Pod {
    return this.#context.pod;
  }

  /** The pod as the API has it now. */
  update(pod: Pod): void {
    const known = this.#context.pod.metadata.resourceVersion;
    if (this.#context.gone || Number(pod.metadata.resourceVersion) < Number(known)) return;
    const { labels, annotations } = this.#context.pod.metadata;
    this.#context.pod = pod;
    this.#status.saw(pod);
    this.#holdTokens();
    // Files may tell of them.
    const isOther = !equalJson(labels, pod.metadata.labels) || !equalJson(annotations, pod.metadata.annotations);
    if (isOther) this.#volumes.refresh();
    this.kick();
  }

  /** Ends the pod here, for this reason; the first verdict stands. Answers whether it is this one. */
  end(verdict: PodVerdict): boolean {
    if (this.#context.gone || this.#context.verdict !== undefined || hasEnded(this.pod)) return false;
    this.#context.tell('Warning', verdict.reason, verdict.message);
    this.#context.verdict = verdict;
    this.kick();
    return true;
  }

  /** Whether anything of the pod still runs, or may come to run, on this node. */
  get isActive(): boolean {
    const { gone, verdict, uid } = this.#context;
    if (!gone && verdict === undefined && !hasEnded(this.pod)) return true;
    return this.#deps.view.containers(uid).some(({ state }) => state === 'running');
  }

  /** It has ended, as the API knows too, and its volumes hold nothing any more. */
  get isReleased(): boolean {
    return !this.isActive && hasEnded(this.pod) && this.#volumes.removed && !this.#releasing;
  }

  /** Of each container that ended only what its restart or its log still needs stays; of a pod that ended, nothing. */
  async removeRecords(): Promise<void> {
    const containers = this.#deps.view.containers(this.#context.uid);
    // That it ended by itself only these records tell, until the API does.
    const isOver = hasEnded(this.pod) || (this.#context.verdict !== undefined && !this.isActive);
    for (const { id, state, name, attempt } of containers) {
      const isLast = !containers.some((one) => one.name === name && one.attempt > attempt);
      if (state !== 'exited' || this.#removing.has(id) || (isLast && !isOver)) continue;
      await this.#removeContainer(id);
      this.#deps.view.drop(id);
    }
  }

  /** The pod is no longer in the API. */
  remove(): void {
    this.#context.gone = true;
    this.kick();
  }

  /** What the pod refers to changed: mounted files follow, and what waited for it is tried again. */
  referencesChanged(): void {
    this.#starter.referencesChanged();
    this.#volumes.refresh();
    this.kick();
  }

  /** One that has ended starts nothing any more: its tokens are not renewed. */
  #holdTokens(): void {
    const { tokens } = this.#deps;
    if (hasEnded(this.pod)) tokens.release(this.#context.uid);
    else tokens.hold(this.pod);
  }

  /** Told by the prober. */
  probeFailed(container: string, kind: string, message: string): void {
    const word = kind.slice(0, 1).toUpperCase() + kind.slice(1);
    const spec = this.#context.specOf(container);
    this.#context.tell('Warning', 'Unhealthy', `${word} probe failed: ${message}`, spec);
  }

  /** Looks soon; many calls become one look. */
  kick(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#deps.signal.aborted && this.#deps.view.listed) this.#look();
    });
  }

  /** Ends the looking; what runs goes on running. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#context.leave();
  }

  /** After `close`: resolves when nothing is being written any more. */
  idle(): Promise<void> {
    return this.#volumes.idle();
  }

  #look(): void {
    if (this.#context.isLeaving) this.#context.leave();
    if (this.#context.isLeaving || this.#place.problem !== undefined) this.#starter.dropPrepared();
    if (!this.#looked && !this.#context.isLeaving && this.#runs) this.#volumes.adopt();
    this.#looked = true;
    if (this.#place.adopt(this.#starter.starting)) return;
    this.#followContainers();
    this.#stopper.see();
    this.#starter.see();
    const plan = planPod(this.#snapshot());
    for (const action of plan.actions) this.#begin(action);
    this.#tellEnd();
    const status = planStatus(this.#snapshot());
    // An end is told with its last words, or a moment later.
    if (!this.#context.gone && !this.#lastWords.reading) this.#tellStatus(status);
    this.#deps.onReady(this.#context.uid, isReady(status));
    this.#deps.network.forward(this.pod, plan.down ? undefined : this.#place.podIP);
    this.#wakeAt(plan.wakeAtMs);
    if (!plan.down) return;
    this.#deps.network.release(this.#context.uid);
    const { gone, pod } = this.#context;
    if (!gone && (isTerminating(pod) || hasEnded({ status }))) this.#release();
    if (gone) this.#clean();
    else if (isTerminating(this.#context.pod)) this.#finish();
  }

  get #runs(): boolean {
    return this.#deps.view.containers(this.#context.uid).some(({ state }) => state === 'running');
  }

  /** That the node itself ends the pod is told once. */
  #tellEnd(): void {
    const end = endedByNode(this.#snapshot());
    if (end === undefined || this.#endTold || this.#context.isLeaving) return;
    this.#endTold = true;
    this.#context.tell(end.reason === 'DeadlineExceeded' ? 'Normal' : 'Warning', end.reason, end.message);
  }

  /** Why this node does not run the pod. What was begun goes on: a node's mind does not change under a running pod. */
  #refusal() {
    const { view, node } = this.#deps;
    const { uid, pod } = this.#context;
    if (view.containers(uid).length > 0 || view.sandboxes(uid).length > 0) return undefined;
    return planAdmission(pod, node);
  }

  #tellStatus(status: PodStatus): void {
    this.#status.want(status);
    for (const { container, wait, events } of planBackOff(this.#context.pod, status, this.#starter.problems)) {
      if (this.#toldWaits.get(container) === wait) continue;
      this.#toldWaits.set(container, wait);
      const spec = this.#context.specOf(container);
      for (const { type, reason, message } of events) this.#context.tell(type, reason, message, spec);
    }
  }

  #snapshot(): PodSnapshot {
    const { clock, node, runtimeName } = this.#deps;
    const { podIP, problem } = this.#place;
    const refusal = this.#refusal();
    const containers = this.#place.containers();
    const { pod, gone } = this.#context;
    const monotonicMs = clock.monotonicMs();
    this.#grace = planGrace(this.#grace, { pod, gone, monotonicMs });
    return {
      pod,
      gone,
      sandboxes: this.#place.sandboxes(),
      containers: containers.map((container) => this.#lastWords.of(container)),
      probes: this.#probes(containers),
      problems: this.#starter.problems,
      work: {
        sandbox: this.#place.busy,
        starting: this.#starter.starting,
        stopping: this.#stopper.stopping,
        removing: this.#removing,
      },
      hostIP: node.hostIP,
      runtimeName,
      nowMs: clock.nowMs(),
      monotonicMs,
      ...(this.#grace === undefined ? {} : { grace: this.#grace }),
      ...(this.#context.verdict === undefined ? {} : { verdict: this.#context.verdict }),
      ...(podIP === undefined ? {} : { podIP }),
      ...(problem === undefined ? {} : { sandboxProblem: problem }),
      ...(refusal === undefined ? {} : { refusal }),
    };
  }

  #probes(containers: readonly RuntimeContainer[]): ReadonlyMap<string, ProbeView> {
    const views = new Map<string, ProbeView>();
    for (const { id, state } of containers) {
      const view = state === 'running' ? this.#deps.prober.view(id) : undefined;
      if (view !== undefined) views.set(id, view);
    }
    return views;
  }

  /** Probes what runs, and hears the last words of what does not. */
  #followContainers(): void {
    const { prober, runtimeName } = this.#deps;
    const { pod } = this.#context;
    const { podIP } = this.#place;
    const told = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
    for (const container of this.#place.containers()) {
      const spec = this.#context.specOf(container.name);
      if (container.state === 'running' && spec !== undefined) {
        const id = `${runtimeName}://${container.id}`;
        const knownReady = told.some(({ containerID, ready }) => ready && containerID === id);
        prober.follow(pod, spec, container, { podIP, knownReady });
      } else {
        prober.forget(container.id);
        if (container.state === 'exited') this.#lastWords.read(container);
      }
    }
  }

  #begin(action: PodAction): void {
    switch (action.type) {
      case 'startSandbox':
        if (action.attempt > 0) this.#context.tell('Normal', 'SandboxChanged', SANDBOX_CHANGED);
        this.#place.take(action.attempt, (sandbox, podIP) => this.#starter.prepareFirst(sandbox, podIP));
        break;
      case 'startContainer':
        this.#starter.start(action);
        break;
      case 'stopContainer':
        this.#stopper.stop(action);
        break;
      case 'removeContainer':
        this.#remove(action.id, () => this.#removeContainer(action.id));
        break;
      case 'removeSandbox':
        this.#remove(action.id, () => this.#place.remove(action.id));
        break;
    }
  }

  #remove(id: string, remove: () => Promise<void>): void {
    this.#removing.add(id);
    const task = () =>
      this.#context.attempt(id, 'a leftover could not be removed', async () => {
        await remove();
        this.#deps.view.drop(id);
      });
    this.#context.beside(task, () => this.#removing.delete(id));
  }

  async #removeContainer(id: string): Promise<void> {
    const { prober, runtime, view } = this.#deps;
    prober.forget(id);
    await runtime.removeContainer(id);
    const container = view.containers(this.#context.uid).find((one) => one.id === id);
    if (container === undefined) return;
    await this.#lastWords.forget(container);
    await removeTree(partsFolder(this.#deps.folders, this.#context.uid, container.name, container.attempt));
  }

  /** Looks again then, or when an error has been shown long enough. */
  #wakeAt(atMs: number | undefined): void {
    this.#timer?.cancel();
    const nowMs = this.#deps.clock.nowMs();
    const failures = [...this.#starter.problems.values()].map(({ failedAtMs }) => failedAtMs);
    const ends = this.#place.containers().map(({ finishedAtMs = 0 }) => finishedAtMs);
    const shown = [...failures, ...ends].map((ms) => ms + SHOW_ERROR_MS);
    const nextMs = Math.min(atMs ?? Number.POSITIVE_INFINITY, ...shown.filter((ms) => ms > nowMs));
    if (Number.isFinite(nextMs)) this.#timer = this.#deps.clock.after(nextMs - nowMs, () => this.kick());
  }

  /** Nothing of the pod starts any more, however long the API keeps it: its volumes are not to take room. */
  #release(): void {
    if (this.#releasing || this.#volumes.removed) return;
    this.#releasing = true;
    const task = () =>
      this.#context.attempt('release', 'the volumes of a pod that ended could not be removed', () =>
        this.#volumes.remove(),
      );
    this.#context.beside(task, () => {
      this.#releasing = false;
    });
  }

  /** Everything is down: the last status is written, then the pod is taken out of the API. */
  #finish(): void {
    if (this.#ending || this.#reported) return;
    this.#ending = true;
    this.#context.beside(
      async () => {
        await this.#status.flush();
        await this.#deleteFromApi();
      },
      () => {
        this.#ending = false;
      },
    );
  }

  async #deleteFromApi(): Promise<void> {
    const { client, clock, signal } = this.#deps;
    const { namespace, name, uid } = this.#context.identity;
    const options = { gracePeriodSeconds: 0, preconditions: { uid }, signal };
    for (let failures = 0; !signal.aborted && !this.#context.gone; ) {
      try {
        await client.delete(PODS, { namespace, name }, options);
        this.#reported = true;
        return;
      } catch (error) {
        failures += 1;
        this.#context.log.warn({ err: error, failures }, 'a pod that ended cannot be deleted, it is tried again');
        await sleep(clock, backoffMs(failures, DELETE_RETRY), signal).catch(() => undefined);
      }
    }
  }

  /** The pod has left the API and nothing of it runs: its records and folders go too. */
  #clean(): void {
    if (this.#ending || this.#releasing) return;
    this.#ending = true;
    const { runtime, view, folders, references, tokens, network, onEnd, onReady } = this.#deps;
    const { uid } = this.#context;
    const task = () =>
      this.#context.attempt('clean', 'a pod that left could not be cleaned up', async () => {
        for (const { id } of view.containers(uid)) {
          await runtime.removeContainer(id);
          view.drop(id);
        }
        network.forward(this.pod, undefined);
        await network.detach(uid);
        await folders.remove(uid);
        references.release(uid);
        tokens.release(uid);
        this.close();
        onReady(uid, true);
        onEnd(uid);
      });
    this.#context.beside(task, () => {
      this.#ending = false;
    });
  }
}

function isReady({ conditions }: PodStatus): boolean {
  return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
