import { setMaxListeners } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import type { Clock, Log } from '#base';
import { createFakeNetwork } from '#network';
import { type ControlConnection, createNodeAgent } from '#node-agent';
import { createHollowRuntime, type HollowProcess, type HollowRuntime, type Runtime } from '#runtime';
import { actAs } from './actor.ts';
import type { RunningContainer } from './promises.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { Wire } from './wire.ts';

export interface SimulatedNodeDeps {
  readonly name: string;
  readonly index: number;
  readonly clock: Clock;
  readonly log: Log;
  /** What outlives the agent: its folder. */
  readonly directory: string;
  /** A way to the API for a new agent. */
  readonly connect: (process: SimulatedProcess) => Wire;
  readonly behave: (image: string) => HollowProcess;
  /** Between renewals of its lease, ms. */
  readonly leaseRenewMs: number;
  /** The agent ended, although nobody asked it to. */
  readonly failed: (error: unknown) => void;
}

const LEASE_SECONDS = 40;
const START_MS = 200;

/** A machine: an engine that only pretends, and the real agent. */
export class SimulatedNode {
  readonly name: string;
  readonly runtime: HollowRuntime;
  readonly #deps: SimulatedNodeDeps;
  #process: SimulatedProcess | undefined;
  #wire: Wire | undefined;
  #starts = 0;

  constructor(deps: SimulatedNodeDeps) {
    this.#deps = deps;
    this.name = deps.name;
    this.runtime = createHollowRuntime({
      clock: deps.clock,
      startMs: START_MS,
      behave: ({ image }) => deps.behave(image),
    });
  }

  get isUp(): boolean {
    return this.#process?.alive === true;
  }

  /** The agent's way to the API; undefined while there is no agent. */
  get wire(): Wire | undefined {
    return this.isUp ? this.#wire : undefined;
  }

  /** Its containers that run, whatever the API knows of them. */
  running(): readonly RunningContainer[] {
    return this.runtime.control
      .containers()
      .filter(({ state }) => state === 'running')
      .map(({ id, pod, name }) => {
        return { id, node: this.name, podUid: pod.uid, namespace: pod.namespace, podName: pod.name, container: name };
      });
  }

  startAgent(): void {
    if (this.isUp) return;
    const { name, index, clock, log, directory, connect, leaseRenewMs } = this.#deps;
    this.#starts += 1;
    const process = new SimulatedProcess(name, clock);
    const wire = connect(process);
    mkdirSync(directory, { recursive: true });
    const agent = createNodeAgent(
      {
        client: wire.client,
        runtime: runtimeOf(process, this.runtime),
        createNetwork: () => process.door(createFakeNetwork()),
        control: silentControl(process),
        clock: process.clock,
        log,
        nodeName: name,
        stateDir: directory,
        address: `192.0.2.${index + 1}`,
        version: 'simulated',
      },
      { leaseRenewMs, leaseDurationSeconds: LEASE_SECONDS },
    );
    this.#process = process;
    this.#wire = wire;
    const forever = new AbortController();
    setMaxListeners(0, forever.signal);
    actAs({ process: name }, () => void agent.run(forever.signal).catch(this.#deps.failed));
  }

  /** As `kill -9`: the containers go on. */
  killAgent(): void {
    this.#process?.kill();
  }

  /** The machine loses its power: no process of it is left. */
  powerOff(): void {
    this.killAgent();
    this.runtime.control.halt();
  }

  /** Everything of it is gone for good. */
  dispose(): void {
    this.killAgent();
    rmSync(this.#deps.directory, { recursive: true, force: true });
  }
}

function runtimeOf(process: SimulatedProcess, runtime: HollowRuntime): Runtime {
  const door = process.door<Runtime>(runtime);
  return new Proxy(door, {
    get(target, name) {
      if (name === 'events') {
        return (signal: AbortSignal) => process.stream((ended) => runtime.events(ended), signal);
      }
      return Reflect.get(target, name, target) as unknown;
    },
  });
}

/** Nobody asks for logs or sessions here. */
function silentControl(process: SimulatedProcess): ControlConnection {
  const nobody = () => Promise.reject(new Error('nobody asks for anything'));
  return {
    messages: (signal) =>
      process.stream(async function* () {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      }, signal),
    send: nobody,
    dial: nobody,
    refuse: nobody,
  };
}
