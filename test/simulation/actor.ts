import { AsyncLocalStorage } from 'node:async_hooks';

/** On whose behalf something is done: the process, and in the control plane which of its loops. */
export interface Actor {
  readonly process: string;
  readonly loop?: string;
}

const NOBODY: Actor = { process: 'nobody' };
const actors = new AsyncLocalStorage<Actor>();

export function currentActor(): Actor {
  return actors.getStore() ?? NOBODY;
}

export function actAs<T>(actor: Actor, work: () => T): T {
  return actors.run(actor, work);
}
