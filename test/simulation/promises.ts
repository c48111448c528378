import type { Revision, World } from './world.ts';

/** Something that must hold and does not. */
export class BrokenPromise extends Error {
  readonly promise: string;

  constructor(promise: string, message: string) {
    super(`${promise}: ${message}`);
    this.promise = promise;
  }
}

export interface Scene {
  readonly world: World;
  readonly nowMs: () => number;
  /** Containers that run, on every machine, whatever the API knows of them. */
  readonly running: () => readonly RunningContainer[];
}

export interface RunningContainer {
  readonly id: string;
  readonly node: string;
  readonly podUid: string;
  readonly namespace: string;
  readonly podName: string;
  readonly container: string;
}

/** What is watched at every revision of the store. Throws `BrokenPromise`. */
export interface Guard {
  readonly see: (revision: Revision) => void;
}
