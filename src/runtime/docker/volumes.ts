import type { EngineVolume } from '../runtime.ts';
import type { Engine } from './engine.ts';
import { engineStatus } from './errors.ts';
import { LABEL } from './labels.ts';

/** Volumes of the engine. Those that carry our owner label are ours; only they are removed. */
export class Volumes {
  readonly #engine: Engine;
  readonly #owner: string;

  constructor(engine: Engine, owner: string) {
    this.#engine = engine;
    this.#owner = owner;
  }

  /** The engine answers with the volume that is there, if it is by the same driver, and refuses otherwise. */
  async ensure({ name, driver, options }: EngineVolume): Promise<void> {
    const body = { Name: name, Driver: driver, DriverOpts: { ...options }, Labels: { [LABEL.owner]: this.#owner } };
    await this.#engine.call((docker, abortSignal) => docker.createVolume({ ...body, abortSignal }));
  }

  /** Names of ours, whichever volume of the cluster each is, and also when it is none any more. */
  async names(): Promise<readonly string[]> {
    const filters = { label: [`${LABEL.owner}=${this.#owner}`] };
    const found = await this.#engine.call((docker, abortSignal) => docker.listVolumes({ filters, abortSignal }));
    return (found.Volumes ?? []).map(({ Name }) => Name).sort();
  }

  async remove(name: string): Promise<boolean> {
    try {
      const found = await this.#engine.call((docker, abortSignal) => docker.getVolume(name).inspect({ abortSignal }));
      if (found.Labels?.[LABEL.owner] !== this.#owner) return false;
      await this.#engine.call((docker, abortSignal) => docker.getVolume(name).remove({ abortSignal }));
    } catch (error) {
      if (engineStatus(error) !== 404) throw error;
    }
    return true;
  }
}
