import { setMaxListeners } from 'node:events';
import type { Pod, Service } from '#api';
import { backoffMs, type Clock, type Log, sleep } from '#base';
import type { Client } from '#client';
import type { EventRecorder, RecordedEvent } from '#reconcile';
import type { PodIdentity, Runtime } from '#runtime';
import type { PodNetwork } from '../network/pod-network.ts';
import type { Prober } from '../probes/prober.ts';
import type { ReferenceStore } from '../references/reference-store.ts';
import type { TokenStore } from '../tokens/token-store.ts';
import type { ClaimStore } from '../volumes/claim-store.ts';
import type { PodFolders } from '../volumes/pod-folders.ts';
import type { NodeFacts } from './container-builder.ts';
import { allContainersOf, initContainersOf, isEphemeral } from './containers.plan.ts';
import type { ImagePuller } from './image-puller.ts';
import type { ContainerSpec, PodVerdict } from './pod.types.ts';
import type { RuntimeView } from './runtime-view.ts';

/** What every pod of the node shares. */
export interface PodDeps {
  readonly client: Pick<Client, 'get' | 'patch' | 'delete'>;
  readonly runtime: Runtime;
  readonly runtimeName: string;
  readonly view: RuntimeView;
  readonly network: PodNetwork;
  readonly prober: Prober;
  readonly references: ReferenceStore;
  readonly tokens: TokenStore;
  readonly images: ImagePuller;
  readonly folders: PodFolders;
  readonly claims: Pick<ClaimStore, 'mountsOf'>;
  /** Host path of the gate program; absent where every pod gets a sandbox. */
  readonly gate: string | undefined;
  readonly recorder: EventRecorder;
  readonly node: NodeFacts;
  /** Services as known; resolves once they are, or were before. */
  readonly services: () => Promise<readonly Service[]>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Waits after a failure that is nobody's fault: the engine, the network, a volume. */
const RETRY = { initialMs: 500, maxMs: 60_000 };

/** One pod, as everything that works for it sees it. */
export class PodContext {
  readonly deps: PodDeps;
  readonly uid: string;
  readonly log: Log;
  pod: Pod;
  /** No longer in the API. */
  gone = false;
  /** Set once this node has decided that the pod ends here. */
  verdict: PodVerdict | undefined;
  readonly #kick: () => void;
  /** Ends starts under way when the pod is to go. */
  readonly #leaving = new AbortController();
  readonly #failures = new Map<string, number>();

  constructor(deps: PodDeps, pod: Pod, kick: () => void) {
    this.deps = deps;
    this.pod = pod;
    this.uid = pod.metadata.uid;
    this.log = deps.log.child({ pod: pod.metadata.name, namespace: pod.metadata.namespace, uid: this.uid });
    this.#kick = kick;
    setMaxListeners(0, this.#leaving.signal);
  }

  get identity(): PodIdentity {
    const { namespace = '', name } = this.pod.metadata;
    return { namespace, name, uid: this.uid };
  }

  /** Deleted, no longer in the API, or ended by this node: nothing is started any more. */
  get isLeaving(): boolean {
    return this.gone || this.verdict !== undefined || this.pod.metadata.deletionTimestamp !== undefined;
  }

  /** Aborts when nothing is to be started any more. */
  get leaving(): AbortSignal {
    return this.#leaving.signal;
  }

  leave(): void {
    this.#leaving.abort();
  }

  specOf(name: string): ContainerSpec | undefined {
    return allContainersOf(this.pod).find((spec) => spec.name === name);
  }

  /** Looks at the pod again, soon. */
  kick(): void {
    this.#kick();
  }

  /** Runs beside; at its end the pod is looked at again. `task` handles its own failures. */
  beside(task: () => Promise<void>, atEnd: () => void = () => undefined): void {
    void task()
      .catch((error: unknown) => this.log.error({ err: error }, 'a task of a pod failed unexpectedly'))
      .finally(() => {
        atEnd();
        this.#kick();
      });
  }

  /** Tries once. A failure is told and waited out, longer each time in a row; the plan then asks again. */
  async attempt(key: string, failure: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
      this.#failures.delete(key);
    } catch (error) {
      const { delayMs, count } = this.failed(key);
      this.log.warn({ err: error, failures: count }, failure);
      await sleep(this.deps.clock, delayMs, this.deps.signal).catch(() => undefined);
    }
  }

  /** Counts a failure in a row of one thing. Answers how long to wait. */
  failed(key: string): { readonly count: number; readonly delayMs: number } {
    const count = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, count);
    return { count, delayMs: backoffMs(count, RETRY) };
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  #listOf(spec: ContainerSpec): string {
    if (isEphemeral(this.pod, spec.name)) return 'ephemeralContainers';
    return initContainersOf(this.pod).includes(spec) ? 'initContainers' : 'containers';
  }

  /** Tells people, as an event of the pod. */
  tell(type: RecordedEvent['type'], reason: string, message: string, spec?: ContainerSpec): void {
    if (this.gone) return;
    const fieldPath = spec === undefined ? {} : { fieldPath: `spec.${this.#listOf(spec)}{${spec.name}}` };
    this.deps.recorder.record(this.pod, { type, reason, message, ...fieldPath });
  }
}
