import { errorMessage } from '#base';
import { ClaimError } from '../volumes/claim-store.ts';
import { type ReadyVolume, setUpVolumes, VolumeError } from '../volumes/volumes.ts';
import type { PodContext } from './pod-context.ts';
import type { PodPlace } from './pod-place.ts';
import { referencesOf } from './references.plan.ts';

/** How long what a pod refers to is waited for, in ms. */
export const REFERENCES_TIMEOUT_MS = 10_000;

/** A pod's volumes: made once, then kept as what they refer to says. */
export class PodVolumes {
  readonly #context: PodContext;
  readonly #place: PodPlace;
  #ready: Promise<readonly ReadyVolume[]> | undefined;
  /** Containers of an earlier run of the agent have them mounted. */
  #adopted = false;
  #removed = false;

  constructor(context: PodContext, place: PodPlace) {
    this.#context = context;
    this.#place = place;
  }

  /** Resolves once there is an answer for all that they hold, or it was waited for long enough. */
  async known(): Promise<void> {
    const { deps, pod, uid, leaving } = this.#context;
    await Promise.all([
      deps.references.settled(referencesOf(pod), REFERENCES_TIMEOUT_MS, leaving),
      deps.tokens.settled(uid, REFERENCES_TIMEOUT_MS, leaving),
    ]);
  }

  /** Those of containers that an earlier run started: they are brought up to date, and kept so. */
  adopt(): void {
    if (this.#adopted || this.#ready !== undefined) return;
    this.#adopted = true;
    const standing = this.known().then(() => this.#setUp(this.#place.podIP));
    standing.catch(() => undefined); // Told by #setUp; the next change tries again.
    this.#ready = standing;
  }

  /** The volumes, standing. Throws `VolumeError`; asking again tries again. */
  ready(podIP: string | undefined): Promise<readonly ReadyVolume[]> {
    this.#ready ??= this.#setUp(podIP);
    return this.#ready;
  }

  /** Brings mounted files up to date. What cannot be made now stays as it was: running containers are not disturbed. */
  refresh(): void {
    const before = this.#ready;
    if (before === undefined && !this.#adopted) return;
    const next = (async () => {
      const kept = await before?.catch(() => undefined); // Never made: then this is the first try.
      try {
        return await this.#setUp(this.#place.podIP);
      } catch (error) {
        if (kept === undefined) throw error;
        this.#context.log.warn({ err: error }, 'mounted files cannot be brought up to date, they stay as they were');
        this.#ready = Promise.resolve(kept);
        return kept;
      }
    })();
    next.catch(() => undefined); // Told by #setUp; whoever needs the volumes asks again.
    this.#ready = next;
  }

  /** Nothing of them takes room, nor was begun since. */
  get removed(): boolean {
    return this.#removed;
  }

  /** Gives back what they hold, once nothing of the pod starts any more. Whoever asks for them again gets them empty. */
  async remove(): Promise<void> {
    const { deps, uid } = this.#context;
    this.#adopted = false;
    for (let standing = this.#ready; standing !== undefined; standing = this.#ready) {
      await standing.catch(() => undefined); // Told by #setUp.
      if (this.#ready === standing) this.#ready = undefined;
    }
    this.#removed = true;
    try {
      await deps.folders.removeVolumes(uid);
    } catch (error) {
      this.#removed = false;
      throw error;
    }
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#ready?.catch(() => undefined); // Told by #setUp.
  }

  async #setUp(podIP: string | undefined): Promise<readonly ReadyVolume[]> {
    const { deps, pod } = this.#context;
    this.#removed = false;
    const { references, tokens, node, folders } = deps;
    try {
      const facts = {
        references: references.read(referencesOf(pod)),
        tokens: tokens.read(pod.metadata.uid),
        claims: await this.#claims(),
        podIP,
        hostIP: node.hostIP,
        node,
        engine: deps.runtime,
      };
      return (await setUpVolumes(folders, pod, facts)).ready;
    } catch (error) {
      this.#ready = undefined;
      this.#context.tell('Warning', 'FailedMount', errorMessage(error));
      throw error;
    }
  }

  async #claims() {
    const { deps, pod } = this.#context;
    try {
      return await deps.claims.mountsOf(pod);
    } catch (error) {
      throw error instanceof ClaimError ? new VolumeError(error.volume, error.message, error) : error;
    }
  }
}
