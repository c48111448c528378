import {
  DOCKER_VOLUMES,
  isApiError,
  NODE_LOCAL,
  NODE_LOCAL_FINALIZER,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  VOLUME_NODE_LABEL,
} from '#api';
import { type Clock, errorMessage, type Log } from '#base';
import type { Client } from '#client';
import { createInformer, type EventRecorder, type Informer, keysFrom, runController, WorkQueue } from '#reconcile';
import type { Runtime } from '#runtime';
import { RECONNECT_MAX_MS } from '../reconnect.ts';
import type { ClaimStore } from './claim-store.ts';
import type { NodeFolders } from './node-folders.ts';
import { planReclaim } from './reclaim.plan.ts';

export interface ReclaimerDeps {
  readonly client: Pick<Client, 'get' | 'list' | 'watch' | 'patch'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly recorder: EventRecorder;
  readonly nodeName: string;
  readonly folders: NodeFolders;
  readonly engine: Pick<Runtime, 'removeVolume'>;
  readonly claims: Pick<ClaimStore, 'usersOf' | 'volumesOf'>;
}

/** Deletes what this node's volumes hold that are given back: folders, and volumes of the engine. */
export class Reclaimer {
  readonly #deps: ReclaimerDeps;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #queue: WorkQueue;

  constructor(deps: ReclaimerDeps) {
    this.#deps = deps;
    const { client, clock, log, nodeName } = deps;
    this.#volumes = createInformer({ client, clock, log, maxPauseMs: RECONNECT_MAX_MS }, PERSISTENT_VOLUMES, {
      labelSelector: ofNode(nodeName),
    });
    this.#queue = new WorkQueue(clock);
  }

  /** A pod was cleaned up: what it had may be free. */
  podLeft(): void {
    for (const { metadata } of this.#volumes.list()) {
      if (metadata.deletionTimestamp !== undefined) this.#queue.add(metadata.name);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const controller = {
      name: 'volume-reclaimer',
      reconcile: async (name: string) => {
        await this.#reclaim(name);
        return {};
      },
    };
    const sources = [keysFrom(this.#volumes)];
    const running = this.#volumes.run(signal);
    await runController({ controller, sources, clock, log, queue: this.#queue, workers: 1 }, signal);
    await running;
  }

  async #reclaim(name: string): Promise<void> {
    const { client, claims, engine, folders, log, recorder } = this.#deps;
    if (this.#volumes.get(name)?.metadata.deletionTimestamp === undefined) return;
    // Asked anew: data hangs on it.
    const volume = await client.get(PERSISTENT_VOLUMES, { name });
    if (volume === undefined) return;
    const plan = planReclaim({ volume, users: await claims.usersOf(name), sharers: await this.#sharersOf(volume) });
    if (plan.action === 'keep') return;
    if (plan.handle !== undefined) {
      try {
        if (plan.kind === 'folder') await folders.remove(plan.handle);
        else if (!(await engine.removeVolume(plan.handle))) {
          log.warn({ volume: name, engineVolume: plan.handle }, 'a Docker volume that is not ours stays');
        }
      } catch (error) {
        recorder.record(volume, { type: 'Warning', reason: 'VolumeFailedDelete', message: errorMessage(error) });
        throw error;
      }
      log.info({ volume: name, folder: plan.handle }, 'what a volume held was deleted');
    }
    if (plan.handle === undefined) log.info({ volume: name, why: plan.reason }, 'what a volume holds stays');
    const { uid, resourceVersion, finalizers = [] } = volume.metadata;
    const kept = finalizers.filter((each) => each !== NODE_LOCAL_FINALIZER);
    const body = { metadata: { uid, resourceVersion, finalizers: kept } };
    try {
      await client.patch(PERSISTENT_VOLUMES, { name }, { type: 'merge', body });
    } catch (error) {
      if (!isApiError(error, 'NotFound')) throw error;
    }
  }

  /** Volumes made by hand may name a folder that another one names. Those of this node, as the server has them now, and those that its pods have. */
  async #sharersOf({ metadata, spec }: PersistentVolume): Promise<readonly string[]> {
    const { client, claims, nodeName } = this.#deps;
    const { driver, volumeHandle: handle } = spec?.csi ?? {};
    if ((driver !== NODE_LOCAL && driver !== DOCKER_VOLUMES) || handle === undefined) return [];
    const { items } = await client.list(PERSISTENT_VOLUMES, { labelSelector: ofNode(nodeName) });
    const naming = items.filter(({ spec: { csi } = {} }) => csi?.driver === driver && csi.volumeHandle === handle);
    const names = [...naming.map((each) => each.metadata.name), ...(await claims.volumesOf(handle))];
    return [...new Set(names)].filter((each) => each !== metadata.name);
  }
}

function ofNode(name: string): string {
  return `${VOLUME_NODE_LABEL}=${name}`;
}
