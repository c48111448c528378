import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';

/** Containers of the measurements carry this label, and go by it. */
const LABEL = 'plumbline.bench';

/** The engine without us: the floor that every figure is held against. */
export class Engine {
  readonly #docker: Docker;

  constructor(host: string) {
    this.#docker = new Docker({ socketPath: host.replace('unix://', '') });
  }

  get docker(): Docker {
    return this.#docker;
  }

  /** Create and start of one container with an empty network namespace: what a pod costs at the very least, ms. */
  async start(
    image: string,
    command: readonly string[],
    join?: string,
  ): Promise<{ readonly id: string; readonly ms: number }> {
    const from = performance.now();
    const container = await this.#docker.createContainer({
      Image: image,
      Cmd: [...command],
      Labels: { [LABEL]: '1' },
      ...(join === undefined ? { NetworkDisabled: true } : {}),
      HostConfig: {
        ...(join === undefined
          ? { IpcMode: 'shareable' }
          : { NetworkMode: `container:${join}`, IpcMode: `container:${join}` }),
        LogConfig: { Type: 'json-file', Config: {} },
      },
    });
    await container.start();
    return { id: container.id, ms: performance.now() - from };
  }

  /** A sandbox and one container that joins it, as a pod is started here; ms. */
  async startPod(image: string, command: readonly string[]): Promise<number> {
    const from = performance.now();
    const { id } = await this.start(image, ['sleep', '100000']);
    await this.start(image, command, id);
    return performance.now() - from;
  }

  /** `count` containers, asked for at once, with at most `inFlight` starts at a time: until each one runs, ms, in their order. */
  async startMany(
    image: string,
    command: readonly string[],
    count: number,
    inFlight: number,
  ): Promise<readonly number[]> {
    const from = performance.now();
    const samples: number[] = [];
    let next = 0;
    const worker = async () => {
      while (next < count) {
        next += 1;
        await this.start(image, command);
        samples.push(performance.now() - from);
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    return samples;
  }

  async remove(): Promise<void> {
    const all = await this.#docker.listContainers({ all: true, filters: { label: [LABEL] } });
    await Promise.all(all.map(({ Id }) => this.#docker.getContainer(Id).remove({ force: true })));
  }
}

/** How long Swarm looks at the last tasks before it calls an update complete, ns. Its default, 5 s, would be most of the figure. */
const MONITOR_NS = 1_000_000;

export interface SwarmUpdate {
  readonly count: number;
  readonly parallelism: number;
  readonly order: 'stop-first' | 'start-first';
  readonly times: number;
}

/** Docker Swarm on an engine of its own, the peer of rows 2 to 5. */
export class Swarm {
  readonly #docker: Docker;

  constructor(host: string) {
    this.#docker = new Docker({ socketPath: host.replace('unix://', '') });
  }

  async open(): Promise<void> {
    await this.#docker.swarmInit({ ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' });
  }

  async close(): Promise<void> {
    await this.#docker.swarmLeave({ force: true });
  }

  async #running(): Promise<number> {
    return (
      await this.#docker.listContainers({ filters: { label: ['com.docker.swarm.service.name'], status: ['running'] } })
    ).length;
  }

  async #until(count: number): Promise<void> {
    while ((await this.#running()) !== count) await delay(10);
  }

  /** A service of `count` replicas until all run, ms; then it is removed. `restartDelay` 0 is Swarm's best. */
  async scale(image: string, command: readonly string[], count: number): Promise<number> {
    const from = performance.now();
    const service = await this.#create(image, command, count);
    await this.#until(count);
    const ms = performance.now() - from;
    await service.remove();
    await this.#until(0);
    return ms;
  }

  /**
   * Replaces all containers of a service `times` over: until Swarm calls the update complete and as many as before run, ms
   * each. `parallelism` 0 is all at once. Swarm waits for no readiness: a container that runs counts.
   */
  async update(
    image: string,
    command: readonly string[],
    { count, parallelism, order, times }: SwarmUpdate,
  ): Promise<readonly number[]> {
    const service = await this.#create(image, command, count);
    await this.#until(count);
    const samples: number[] = [];
    for (let round = 1; round <= times; round += 1) {
      const { Spec, Version } = await service.inspect();
      const from = performance.now();
      await service.update({
        ...Spec,
        version: Version.Index,
        UpdateConfig: { Parallelism: parallelism, Order: order, Monitor: MONITOR_NS },
        TaskTemplate: {
          ...Spec.TaskTemplate,
          ContainerSpec: { ...Spec.TaskTemplate.ContainerSpec, Env: [`ROUND=${round}`] },
        },
      });
      for (;;) {
        const { UpdateStatus: status, Spec: now } = await service.inspect();
        const current = now.TaskTemplate.ContainerSpec.Env?.includes(`ROUND=${round}`) === true;
        if (current && status?.State === 'completed') break;
        await delay(10);
      }
      samples.push(performance.now() - from);
      await this.#until(count); // what start-first leaves behind goes a little later
    }
    await service.remove();
    await this.#until(0);
    return samples;
  }

  /** Kills the containers of a service one after the other: until one runs in its place, ms each. */
  async killed(image: string, command: readonly string[], times: number): Promise<readonly number[]> {
    const service = await this.#create(image, command, 1);
    await this.#until(1);
    const samples: number[] = [];
    for (let index = 0; index < times; index += 1) {
      const [victim] = await this.#docker.listContainers({
        filters: { label: ['com.docker.swarm.service.name'], status: ['running'] },
      });
      const from = performance.now();
      await this.#docker.getContainer(victim?.Id ?? '').kill();
      for (;;) {
        const [one] = await this.#docker.listContainers({
          filters: { label: ['com.docker.swarm.service.name'], status: ['running'] },
        });
        if (one !== undefined && one.Id !== victim?.Id) break;
        await delay(5);
      }
      samples.push(performance.now() - from);
    }
    await service.remove();
    await this.#until(0);
    return samples;
  }

  async #create(tag: string, command: readonly string[], count: number) {
    // By its id: a name would be looked up in a registry before every start.
    const { Id: image } = await this.#docker.getImage(tag).inspect();
    return this.#docker.createService({
      Name: `bench-${Math.floor(performance.now())}`,
      TaskTemplate: {
        ContainerSpec: { Image: image, Command: [...command] },
        RestartPolicy: { Condition: 'any', Delay: 0 },
      },
      Mode: { Replicated: { Replicas: count } },
      EndpointSpec: { Mode: 'dnsrr' },
    });
  }
}
