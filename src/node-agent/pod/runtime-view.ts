import type { Log } from '#base';
import type { Runtime, RuntimeContainer, RuntimeEvent, Sandbox } from '#runtime';

/** Told with a pod's uid whenever its containers or sandboxes are seen to differ. */
export type ViewListener = (podUid: string) => void;

/** The containers and sandboxes of this node as last seen: one list at the start and on every resync, events between. */
export class RuntimeView {
  readonly #runtime: Pick<Runtime, 'listContainers' | 'listSandboxes' | 'containerStatus'>;
  readonly #log: Log;
  readonly #onChange: ViewListener;
  readonly #onFound: (found: readonly (Sandbox | RuntimeContainer)[]) => void;
  readonly #containers = new Map<string, RuntimeContainer>();
  readonly #sandboxes = new Map<string, Sandbox>();
  /** Counts changes of single records, so that a list that began before one does not undo it. */
  #changes = 0;
  #listed = false;

  constructor(
    runtime: Pick<Runtime, 'listContainers' | 'listSandboxes' | 'containerStatus'>,
    log: Log,
    onChange: ViewListener,
    onFound: (found: readonly (Sandbox | RuntimeContainer)[]) => void,
  ) {
    this.#runtime = runtime;
    this.#log = log;
    this.#onChange = onChange;
    this.#onFound = onFound;
  }

  /** Whether the first list has come: before it nothing may be concluded from absence. */
  get listed(): boolean {
    return this.#listed;
  }

  containers(podUid: string): readonly RuntimeContainer[] {
    return [...this.#containers.values()].filter(({ pod }) => pod.uid === podUid);
  }

  sandboxes(podUid: string): readonly Sandbox[] {
    return [...this.#sandboxes.values()].filter(({ pod }) => pod.uid === podUid);
  }

  /** Uids of all pods that have something here, with who they are. */
  pods(): ReadonlyMap<string, RuntimeContainer['pod']> {
    const all = [...this.#sandboxes.values(), ...this.#containers.values()];
    return new Map(all.map(({ pod }) => [pod.uid, pod]));
  }

  put(container: RuntimeContainer): void {
    this.#changes += 1;
    this.#containers.set(container.id, container);
    this.#onChange(container.pod.uid);
  }

  putSandbox(sandbox: Sandbox): void {
    this.#changes += 1;
    this.#sandboxes.set(sandbox.id, sandbox);
    this.#onChange(sandbox.pod.uid);
  }

  drop(id: string): void {
    this.#changes += 1;
    const gone = this.#containers.get(id) ?? this.#sandboxes.get(id);
    this.#containers.delete(id);
    this.#sandboxes.delete(id);
    if (gone !== undefined) this.#onChange(gone.pod.uid);
  }

  /** Whether the container is known to run or to have run: an event told of it, and the next one will be told as well. */
  knowsRun(id: string): boolean {
    const state = this.#containers.get(id)?.state;
    return state === 'running' || state === 'exited';
  }

  runs(id: string): boolean {
    return this.#containers.get(id)?.state === 'running';
  }

  /** Looks at one container again. */
  async refresh(id: string): Promise<void> {
    const container = await this.#runtime.containerStatus(id);
    if (container === undefined) this.drop(id);
    else this.put(container);
  }

  /** Takes an event in. `resync` lists everything again. */
  async take(event: RuntimeEvent): Promise<void> {
    if (event.type === 'resync') return await this.relist();
    if (event.type === 'removed') return this.drop(event.id);
    if (event.containerName !== undefined) return await this.refresh(event.id);
    // A sandbox that starts is put here by who started it; one that dies is dead.
    const sandbox = this.#sandboxes.get(event.id);
    if (event.type === 'died' && sandbox !== undefined) this.putSandbox({ ...sandbox, state: 'notReady', pid: 0 });
    if (event.type === 'started' && sandbox?.state === 'notReady') await this.relist();
  }

  /** Replaces everything by what the runtime lists now. */
  async relist(): Promise<void> {
    const before = this.#changes;
    const [sandboxes, containers] = await Promise.all([this.#runtime.listSandboxes(), this.#runtime.listContainers()]);
    // Something changed while listing: that list may be older than what is known. Again.
    if (this.#listed && before !== this.#changes) return await this.relist();
    if (!this.#listed) this.#onFound([...sandboxes, ...containers]);
    const touched = new Set<string>();
    replace(this.#sandboxes, sandboxes, touched);
    replace(this.#containers, containers, touched);
    if (!this.#listed)
      this.#log.info({ sandboxes: sandboxes.length, containers: containers.length }, 'containers found');
    this.#listed = true;
    for (const uid of touched) this.#onChange(uid);
  }
}

type Item = Sandbox | RuntimeContainer;

function replace<T extends Item>(known: Map<string, T>, items: readonly T[], touched: Set<string>): void {
  const present = new Set(items.map(({ id }) => id));
  for (const [id, item] of known) {
    if (present.has(id)) continue;
    known.delete(id);
    touched.add(item.pod.uid);
  }
  for (const item of items) {
    if (JSON.stringify(known.get(item.id)) === JSON.stringify(item)) continue;
    known.set(item.id, item);
    touched.add(item.pod.uid);
  }
}
