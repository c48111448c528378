import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  APPLICATIONS,
  type Application,
  DEPLOYMENTS,
  isApiError,
  type KubeObject,
  NAMESPACES,
  NODES,
  type Node,
  PODS,
  type Pod,
  resourceOfKind,
  STORAGE_CLASSES,
} from '#api';
import { errorCode, formatTime, type Log, silentLog } from '#base';
import type { Client } from '#client';
import type { ControllersOptions } from '#controllers';
import type { GitMirror } from '#git';
import type { Api } from '#server';
import { createMemoryStore, type Store } from '#store';
import { actAs, currentActor } from './actor.ts';
import { Chance } from './chance.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { guardBrakes } from './guards/brakes.ts';
import { guardBudgets } from './guards/budgets.ts';
import { type ScaledAway, watchScaledAway } from './guards/claims.ts';
import { guardCommits } from './guards/commits.ts';
import { assertOneOfEachName } from './guards/identity.ts';
import { guardPlaces } from './guards/places.ts';
import { guardRollouts } from './guards/rollout.ts';
import { differencesFrom, stateOf } from './ideal.ts';
import { takeMachine } from './machine.ts';
import { BrokenPromise, type Guard, type RunningContainer, type Scene } from './promises.ts';
import type { Place, Step } from './script.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedNode } from './simulated-node.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { SimulatedRepository } from './simulated-repository.ts';
import { type FaultKind, Wire, type Write } from './wire.ts';
import { behaviourOf, manifestsOf, NAMESPACE, NODE_LOCAL_CLASS, serves, type Workload } from './workloads.ts';
import { type Revision, World } from './world.ts';

/** What a test breaks on purpose, to see that it is found. */
export interface Sabotage {
  /** What the controllers speak through. */
  readonly controllers?: (client: Client) => Client;
  readonly agent?: (client: Client) => Client;
  readonly options?: ControllersOptions;
  readonly drain?: (client: Client, pod: Pod) => Promise<void>;
  readonly mirror?: (mirror: GitMirror) => GitMirror;
}

export interface SimulationOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly script: readonly Step[];
  readonly log?: Log;
  readonly sabotage?: Sabotage;
  /** Stops after the step in which so many faults were reached. */
  readonly faults?: number;
  /** The control plane dies of its so-manieth write, counted from the beginning. */
  readonly diesAt?: number;
}

export interface Outcome {
  /** Of every byte that was ever written, and of every step and fault. */
  readonly digest: string;
  readonly faults: Readonly<Record<string, number>>;
  readonly commits: number;
  readonly revisions: number;
  readonly rests: number;
  readonly simulatedMs: number;
  /** How often the control plane died after which write of which loop. */
  readonly crashes: Readonly<Record<string, number>>;
  /** Writes by loop. */
  readonly writes: Readonly<Record<string, number>>;
  /** Every loop of the control plane. */
  readonly loops: readonly string[];
  /** How everything is at the end, without what is by chance. */
  readonly state: readonly string[];
  readonly broken?: { readonly promise: string; readonly message: string; readonly step: number };
}

/** Where files cost least. */
const MEMORY = '/dev/shm';
const START_MS = Date.UTC(2026, 0, 1);
const TRAVEL_MS = 3;
const LEASE_RENEW_MS = 10_000;
/** Until a dead control plane is started again, ms. */
const RESTART_MS = { low: 100, high: 3_000 };
/** Longest until everything has come to rest, and how long nobody writes then, ms. */
const REST_WITHIN_MS = 1_800_000;
const CALM_MS = 60_000;
/** Writes of the control plane until it rests: more is a loop that runs hot. */
const MAX_WRITES_TO_REST = 6_000;
/** P13. */
const HEAL_MS = 10_000;
/** How long a pod may stay after its grace period, ms: less than it had when all was mended. */
const OVERDUE_MS = 3_000;

/** Plays a script. The same seed and script are the same run, byte for byte. */
export async function simulate(options: SimulationOptions): Promise<Outcome> {
  const giveBack = takeMachine(new Chance(options.seed, 'machine').random);
  const simulation = new Simulation(options);
  try {
    return await simulation.run();
  } finally {
    simulation.dispose();
    giveBack();
  }
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #log: Log;
  readonly #clock = new SimulatedClock(START_MS);
  readonly #travel: Chance;
  readonly #names: Chance;
  readonly #world: World;
  readonly #scene: Scene;
  readonly #guards: readonly Guard[];
  readonly #scaledAway: ScaledAway;
  readonly #store: Store;
  readonly #nodes: readonly SimulatedNode[];
  /** Of the agents' files; gone with the simulation. */
  readonly #directory: string;
  readonly #end = new AbortController();
  readonly #repository = new SimulatedRepository();
  readonly #declared = new Map<string, Workload>();
  readonly #counts = new Map<string, number>();
  readonly #crashes = new Map<string, number>();
  readonly #writes = new Map<string, number>();
  #process: SimulatedProcess;
  #plane: ControlPlane | undefined;
  #wires: Wire[] = [];
  #crash: { readonly loop: string | undefined; left: number } | undefined;
  #broken: BrokenPromise | undefined;
  #commits = 0;
  #rests = 0;
  #loops: readonly string[] = [];
  /** Writes of the control plane since the beginning. */
  #allWrites = 0;
  #planeWrites = 0;
  #lastWriteMs = 0;
  #lastWriter = '';

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#travel = new Chance(options.seed, 'travel');
    this.#names = new Chance(options.seed, 'names');
    const nowMs = () => this.#clock.nowMs();
    this.#world = new World(nowMs, (revision) => this.#see(revision));
    this.#scene = { world: this.#world, nowMs, running: () => this.#running() };
    this.#scaledAway = watchScaledAway(this.#scene);
    const guards = [guardRollouts, guardBudgets, guardBrakes, guardPlaces].map((make) => make(this.#scene));
    this.#guards = [...guards, this.#scaledAway, guardCommits({ objectsOf: (commit) => this.#objectsOf(commit) })];
    this.#store = this.#world.watching(createMemoryStore({ clock: this.#clock }));
    this.#process = new SimulatedProcess('control-plane', this.#clock);
    this.#directory = path.join(existsSync(MEMORY) ? MEMORY : tmpdir(), `plumb-simulation-${process.pid}`);
    this.#nodes = Array.from({ length: options.nodes }, (_, index) => {
      const name = `node-${index}`;
      return new SimulatedNode({
        name,
        index,
        clock: this.#clock,
        log: this.#log,
        directory: path.join(this.#directory, name),
        connect: (own) => this.#connectAgent(own),
        behave: (image) => behaviourOf(image.replace(/^.*\//, '')),
        leaseRenewMs: LEASE_RENEW_MS,
        failed: (error) => this.#break(error),
      });
    });
  }

  async run(): Promise<Outcome> {
    const { script, faults = Number.POSITIVE_INFINITY } = this.#options;
    let step = -1;
    try {
      for (const node of this.#nodes) void this.#watchStarts(node);
      this.#startPlane();
      await this.#pass(1_000);
      for (const node of this.#nodes) node.startAgent();
      await this.#pass(10_000);
      await this.#follow();
      for (step = 0; step < script.length && this.#faults < faults; step += 1) await this.#take(script[step] as Step);
      if (this.#faults >= faults) await this.#rest();
    } catch (error) {
      if (!(error instanceof BrokenPromise)) throw error;
      this.#broken ??= error;
    }
    const broken = this.#broken;
    return {
      digest: this.#world.digest(),
      faults: Object.fromEntries(this.#counts),
      commits: this.#commits,
      revisions: this.#world.revisions,
      rests: this.#rests,
      simulatedMs: this.#clock.nowMs() - START_MS,
      crashes: Object.fromEntries(this.#crashes),
      writes: Object.fromEntries(this.#writes),
      loops: this.#loops,
      state: stateOf(this.#scene),
      ...(broken === undefined ? {} : { broken: { promise: broken.promise, message: broken.message, step } }),
    };
  }

  async #watchStarts({ runtime }: SimulatedNode): Promise<void> {
    for await (const { type } of runtime.events(this.#end.signal)) {
      if (type !== 'started') continue;
      try {
        assertOneOfEachName(this.#running());
      } catch (error) {
        this.#break(error);
      }
    }
  }

  dispose(): void {
    this.#end.abort();
    this.#process.kill();
    for (const node of this.#nodes) node.dispose();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  // What goes on.

  #running(): readonly RunningContainer[] {
    return this.#nodes.flatMap((node) => node.running());
  }

  get #faults(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  async #pass(ms: number): Promise<void> {
    await this.#clock.advance(ms, () => this.#broken !== undefined);
    if (this.#broken !== undefined) throw this.#broken;
  }

  #break(error: unknown): void {
    this.#broken ??=
      error instanceof BrokenPromise ? error : new BrokenPromise('Crash', String((error as Error).stack));
  }

  #told(fault: FaultKind | string, count = 1): void {
    if (count === 0) return;
    this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + count);
    this.#world.note(`${fault} ${count}`);
  }

  #see(revision: Revision): void {
    if (this.#broken !== undefined) return;
    if (revision.actor.process === 'control-plane') {
      this.#planeWrites += 1;
      this.#lastWriteMs = revision.atMs;
      this.#lastWriter = `${revision.actor.loop} at ${revision.changed.map(({ resource, key }) => `${resource} ${key}`)}`;
    }
    try {
      for (const guard of this.#guards) guard.see(revision);
    } catch (error) {
      this.#break(error);
    }
  }

  #startPlane(): void {
    const process = new SimulatedProcess('control-plane', this.#clock);
    this.#process = process;
    this.#plane = undefined;
    this.#wires = [];
    this.#crash = undefined;
    const { sabotage } = this.#options;
    const connect = (client: Client): Client => {
      const wire = new Wire({
        process,
        server: () => client,
        chance: this.#travel,
        travelMs: TRAVEL_MS,
        told: (fault) => this.#told(fault),
        wrote: (write) => this.#wrote(write),
        isLast: () => this.#isLast(),
        die: () => this.#killPlane(),
      });
      this.#wires.push(wire);
      return sabotage?.controllers?.(wire.client) ?? wire.client;
    };
    const started = startControlPlane({
      process,
      store: this.#store,
      random: this.#names.random,
      log: this.#log,
      connect,
      controllers: sabotage?.options ?? {},
      mirror: () => sabotage?.mirror?.(this.#repository.mirror()) ?? this.#repository.mirror(),
      failed: (error) => this.#break(error),
    });
    started.then(
      (plane) => {
        if (!process.alive) return;
        this.#plane = plane;
        this.#loops = plane.loops;
      },
      (error: unknown) => this.#break(error),
    );
  }

  #killPlane(): void {
    this.#process.kill();
    this.#plane = undefined;
    for (const node of this.#nodes) node.wire?.breakWatches();
    this.#clock.after(this.#travel.between(RESTART_MS.low, RESTART_MS.high), () => this.#startPlane());
  }

  #wrote(write: Write): void {
    const { loop = '?' } = currentActor();
    const what = `${loop}: ${write.verb} ${write.resource.kind}${write.subresource === undefined ? '' : `/${write.subresource}`}`;
    this.#writes.set(what, (this.#writes.get(what) ?? 0) + 1);
    this.#allWrites += 1;
    if (this.#allWrites === this.#options.diesAt) this.#crash = { loop: undefined, left: 1 };
    const crash = this.#crash;
    if (crash === undefined || (crash.loop !== undefined && crash.loop !== loop)) return;
    crash.left -= 1;
    if (crash.left === 0) this.#crashes.set(what, (this.#crashes.get(what) ?? 0) + 1);
  }

  #isLast(): boolean {
    if (this.#crash?.left !== 0) return false;
    this.#crash = undefined;
    return true;
  }

  #connectAgent(process: SimulatedProcess): Wire {
    return new Wire({
      process,
      server: () => this.#plane?.clientOf(`system:node:${process.name}`, ['system:nodes', 'system:masters']),
      chance: this.#travel,
      travelMs: TRAVEL_MS,
      told: (fault) => this.#told(fault),
      ...(this.#options.sabotage?.agent === undefined ? {} : { sabotage: this.#options.sabotage.agent }),
    });
  }

  // What a script says.

  async #take(step: Step): Promise<void> {
    this.#world.note(JSON.stringify(step));
    switch (step.do) {
      case 'wait':
        return this.#pass(step.ms);
      case 'commit':
        return this.#commit(step);
      case 'apply':
        return this.#apply(step.name, step.objects);
      case 'delete':
        return this.#delete(step.name);
      case 'delete node': {
        const { name } = this.#node(step.node);
        return this.#as('kubectl', async (client) => void (await client.delete(NODES, { name })));
      }
      case 'break git':
        this.#repository.failures += step.count;
        this.#told('Git unreachable', step.count);
        return;
      case 'scale':
        return this.#scale(step.name, step.replicas);
      case 'kill pod':
        return this.#killPod(step.pick);
      case 'announce':
        return this.#announce(step.name);
      case 'exit':
        return this.#exit(step.pick, step.code);
      case 'cordon':
      case 'uncordon':
        return this.#cordon(step.node, step.do === 'cordon');
      case 'drain':
        return this.#drain(step.node);
      case 'disturb':
        for (const wire of this.#wiresAt(step.at)) {
          wire.faults[step.how] += step.count;
          wire.faults.slowMs = step.ms;
        }
        return;
      case 'break watches':
      case 'expire watches': {
        const expired = step.do === 'expire watches';
        for (const wire of this.#wiresAt(step.at)) {
          this.#told(expired ? 'expired watch' : 'broken watch', wire.breakWatches(expired));
        }
        return;
      }
      case 'cut': {
        const wire = this.#node(step.node).wire;
        if (wire === undefined || wire.isCut) return;
        wire.cut();
        this.#told('partition');
        return;
      }
      case 'mend':
        this.#node(step.node).wire?.mend();
        return;
      case 'restart agent': {
        const node = this.#node(step.node);
        if (!node.isUp) return;
        node.killAgent();
        node.startAgent();
        this.#told('agent restart');
        return;
      }
      case 'power off': {
        const node = this.#node(step.node);
        if (!node.isUp) return;
        node.powerOff();
        this.#told('node loss');
        return;
      }
      case 'power on':
        this.#node(step.node).startAgent();
        return;
      case 'crash':
        this.#crash = { loop: step.loop, left: step.after };
        return;
      case 'rest':
        return this.#rest();
    }
  }

  #node(index: number): SimulatedNode {
    const node = this.#nodes[index % this.#nodes.length];
    if (node === undefined) throw new RangeError('there are no nodes');
    return node;
  }

  #wiresAt(place: Place): readonly Wire[] {
    if (place === 'control plane') return this.#wires;
    const { wire } = this.#node(place);
    return wire === undefined ? [] : [wire];
  }

  /** A person, who waits until somebody answers. */
  async #as<T>(who: string, work: (client: Client, api: Api) => Promise<T>): Promise<T> {
    while (this.#plane === undefined) await this.#pass(100);
    const { api, clientOf } = this.#plane;
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    actAs({ process: who }, () => work(clientOf(who), api)).then(
      (value) => {
        outcome = { value };
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    const plane = this.#plane;
    while (outcome === undefined && this.#plane === plane) await this.#pass(5);
    if (outcome === undefined) return this.#as(who, work);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** Lets sync follow the repository. */
  async #follow(): Promise<void> {
    this.#push();
    await this.#as('kubectl', async (client) => {
      const metadata = { name: 'argocd' };
      if ((await client.get(NAMESPACES, metadata)) === undefined) {
        await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
      }
      await client.apply(STORAGE_CLASSES, NODE_LOCAL_CLASS, { fieldManager: 'kubectl', force: true });
      await client.apply(APPLICATIONS, application(this.#repository.url), { fieldManager: 'kubectl', force: true });
    });
    await this.#pass(2_000);
  }

  async #commit(step: Extract<Step, { do: 'commit' }>): Promise<void> {
    this.#commits += 1;
    for (const name of step.remove ?? []) this.#declared.delete(name);
    for (const [name, workload] of Object.entries(step.set ?? {})) this.#declared.set(name, workload);
    this.#push();
    await this.#pass(0);
  }

  async #apply(name: string, objects: readonly KubeObject[]): Promise<void> {
    this.#declared.set(name, { kind: 'Other', objects });
    for (const object of objects) {
      await this.#as('kubectl', (client) =>
        client.apply(resourceFor(object), object, { fieldManager: 'kubectl', force: true }),
      );
    }
  }

  async #delete(name: string): Promise<void> {
    const workload = this.#declared.get(name);
    if (workload?.kind !== 'Other') return;
    this.#declared.delete(name);
    for (const object of workload.objects.toReversed()) {
      const { name: of = '', namespace = '' } = object.metadata;
      const options = { propagationPolicy: 'Background' } as const;
      await this.#as('kubectl', (client) => client.delete(resourceFor(object), { name: of, namespace }, options)).catch(
        ignoreGone,
      );
    }
  }

  /** What is declared, as a commit; the repository's host tells of it. */
  #push(): void {
    const keeper = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'fleet' }, data: { kept: 'always' } };
    const files = new Map([['fleet/fleet.yaml', JSON.stringify(keeper)]]);
    for (const [name, workload] of this.#declared) {
      const documents = manifestsOf(name, workload).map((object) => JSON.stringify(object));
      if (documents.length > 0) files.set(`fleet/${name}.yaml`, documents.join('\n---\n'));
    }
    const id = this.#repository.commit(files, this.#clock.nowMs());
    try {
      this.#plane?.sync.hint({ urls: [this.#repository.url], id });
    } catch (error) {
      // Nobody uses the repository yet, or again: it is read when somebody does.
      if (errorCode(error) !== 'UnknownRepository') throw error;
    }
  }

  #objectsOf(commit: string): ReadonlyMap<string, KubeObject> {
    const objects = new Map<string, KubeObject>();
    for (const text of this.#repository.filesOf(commit).values()) {
      for (const document of text.split('\n---\n')) {
        const object = JSON.parse(document) as KubeObject;
        objects.set(`${object.kind}/${object.metadata.name}`, object);
      }
    }
    return objects;
  }

  async #scale(name: string, replicas: number): Promise<void> {
    if (!this.#world.of('deployments.apps').has(`${NAMESPACE}/${name}`)) return;
    this.#told('drift');
    await this.#as('kubectl', (client) =>
      client.patch(DEPLOYMENTS, { namespace: NAMESPACE, name }, { type: 'merge', body: { spec: { replicas } } }),
    ).catch(ignoreGone);
  }

  async #killPod(pick: number): Promise<void> {
    const pods = [...this.#world.of<Pod>('pods').values()];
    const pod = pods[pick % Math.max(1, pods.length)];
    if (pod === undefined) return;
    await this.#as('kubectl', (client) => client.delete(PODS, pod.metadata)).catch(ignoreGone);
    this.#told('pod killed');
  }

  async #announce(name: string): Promise<void> {
    const lastTransitionTime = formatTime(this.#clock.nowMs());
    const condition = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', lastTransitionTime };
    const body = { status: { conditions: [condition] } };
    for (const pod of [...this.#world.of<Pod>('pods').values()]) {
      if (pod.metadata.labels?.['app'] !== name) continue;
      await this.#as('kubectl', (client) =>
        client.patch(PODS, pod.metadata, { type: 'strategic', body }, { subresource: 'status' }),
      ).catch(ignoreGone);
    }
  }

  async #exit(pick: number, code: number): Promise<void> {
    const containers = this.#running();
    const container = containers[pick % Math.max(1, containers.length)];
    if (container === undefined) return;
    const node = this.#nodes.find(({ name }) => name === container.node);
    node?.runtime.control.exit(container.id, code);
    this.#told('container exit');
    await this.#pass(0);
  }

  async #cordon(index: number, unschedulable: boolean): Promise<void> {
    const { name } = this.#node(index);
    await this.#as('kubectl', (client) =>
      client.patch(NODES, { name }, { type: 'merge', body: { spec: { unschedulable } } }),
    );
  }

  /** As `kubectl drain`: cordons, and asks once for the eviction of each pod. */
  async #drain(index: number): Promise<void> {
    const { name } = this.#node(index);
    await this.#cordon(index, true);
    this.#told('drain');
    const pods = [...this.#world.of<Pod>('pods').values()].filter(
      ({ spec, metadata }) => spec.nodeName === name && metadata.ownerReferences?.[0]?.kind !== 'DaemonSet',
    );
    const drain = this.#options.sabotage?.drain;
    await this.#as('drain', async (client, api) => {
      const evictions = pods.map((pod) => (drain === undefined ? evict(api, pod) : drain(client, pod)));
      for (const { status, reason } of (await Promise.allSettled(
        evictions,
      )) as readonly Partial<PromiseRejectedResult>[]) {
        // The budget does not allow it now, or it is gone already.
        const refused = isApiError(reason, 'TooManyRequests', 'NotFound', 'Conflict');
        if (status === 'rejected' && !refused) throw reason;
      }
    });
  }

  /** Mends everything, waits until nobody has anything left to do, and compares. */
  async #rest(): Promise<void> {
    while (this.#plane === undefined) await this.#pass(100);
    this.#crash = undefined;
    for (const wire of this.#wires) wire.mend();
    for (const [index, node] of this.#nodes.entries()) {
      node.wire?.mend();
      node.startAgent();
      const known = this.#world.of<Node>('nodes').get(node.name);
      if (known?.spec?.unschedulable === true) await this.#cordon(index, false);
    }
    this.#mendDeclared();
    await this.#pass(HEAL_MS);
    const orphans = this.#orphans();
    if (orphans.length > 0) throw new BrokenPromise('P13', `10 s after all is mended ${orphans.join('; ')}`);
    const beganMs = this.#clock.nowMs();
    this.#planeWrites = 0;
    this.#lastWriteMs = Math.max(this.#lastWriteMs, beganMs - CALM_MS + 10_000);
    this.#repository.failures = 0;
    while (this.#clock.nowMs() - this.#lastWriteMs < CALM_MS || !this.#isSynced()) {
      await this.#pass(5_000);
      if (this.#planeWrites > MAX_WRITES_TO_REST) {
        throw new BrokenPromise('Liveness', `${this.#planeWrites} writes, and still no rest: ${this.#unrest()}`);
      }
      if (this.#clock.nowMs() - beganMs > REST_WITHIN_MS) {
        throw new BrokenPromise('Liveness', `it never comes to rest: ${this.#unrest()}`);
      }
    }
    this.#rests += 1;
    const problems = differencesFrom(this.#declared, this.#scene, this.#nodes.length, this.#scaledAway);
    if (problems.length > 0) throw new BrokenPromise('P07', problems.join('; '));
  }

  /** As people do who see that a rollout is stuck; and nothing comes to rest that begins anew each minute. */
  #mendDeclared(): void {
    for (const [name, workload] of this.#declared) {
      if (workload.kind === 'CronJob') this.#declared.set(name, { ...workload, suspended: true });
      if (workload.kind !== 'Deployment' || serves(workload.image)) continue;
      this.#declared.set(name, { ...workload, image: `good:${workload.image.split(':')[1]}-mended` });
    }
    this.#push();
  }

  /** Who writes, and what sync says. */
  #unrest(): string {
    const { status } = this.#world.of<Application>('applications.argoproj.io').get('argocd/fleet') ?? {};
    const calmMs = this.#clock.nowMs() - this.#lastWriteMs;
    const { sync, health, run, conditions } = status ?? {};
    return `calm for ${calmMs} ms, the last was ${this.#lastWriter}; ${JSON.stringify({ sync, health, run, conditions })}`;
  }

  #isSynced(): boolean {
    const { sync } = this.#world.of<Application>('applications.argoproj.io').get('argocd/fleet')?.status ?? {};
    return sync?.status === 'Synced' && sync.revision === this.#repository.head;
  }

  /** Containers whose pod is gone, or should have been by now. */
  #orphans(): readonly string[] {
    const pods = new Map([...this.#world.of<Pod>('pods').values()].map((pod) => [pod.metadata.uid, pod]));
    const isOver = (pod: Pod | undefined) => {
      const goneBy = pod?.metadata.deletionTimestamp;
      return pod === undefined || (goneBy !== undefined && Date.parse(goneBy) <= this.#clock.nowMs() - OVERDUE_MS);
    };
    return this.#running()
      .filter(({ podUid }) => isOver(pods.get(podUid)))
      .map(({ podName, node }) => `${podName} still runs on ${node}`);
  }
}

/** It went by itself meanwhile. */
function ignoreGone(error: unknown): void {
  if (!isApiError(error, 'NotFound')) throw error;
}

function application(repoURL: string): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'fleet', namespace: 'argocd' },
    spec: {
      project: 'default',
      source: { repoURL, path: 'fleet', targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace: NAMESPACE },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  };
}

function resourceFor({ apiVersion, kind }: KubeObject) {
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
  const resource = resourceOfKind(group, kind);
  if (resource === undefined) throw new Error(`no such kind: ${apiVersion} ${kind}`);
  return resource;
}

async function evict(api: Api, { metadata }: Pod): Promise<void> {
  const row = api.row('', 'v1', 'pods');
  if (row === undefined) throw new Error('there are no pods');
  const context = { user: { name: 'drain', groups: ['system:masters'] }, defaultManager: 'drain' };
  await api.evict({ context, row, namespace: metadata.namespace ?? '', name: metadata.name });
}
