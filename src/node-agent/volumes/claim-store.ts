import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { claimsOf, NODES, PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, type PodClaim } from '#api';
import { errorCode, PlumblineError } from '#base';
import type { Client } from '#client';
import type { Pod } from '../pod/pod.types.ts';
import { type ClaimMount, planClaimMount } from './claim.plan.ts';
import type { PodFolders } from './pod-folders.ts';

export interface ClaimStoreDeps {
  readonly client: Pick<Client, 'get'>;
  readonly folders: PodFolders;
  readonly nodeName: string;
  /** Whether a pod may still read or write its volumes. */
  readonly isActive: (podUid: string) => boolean;
}

/** By the volume's name in the pod. */
export type ClaimMounts = ReadonlyMap<string, ClaimMount>;

/** A claim cannot be mounted; the message says why. */
export class ClaimError extends PlumblineError {
  readonly volume: string;

  constructor(volume: string, message: string) {
    super(message, { code: 'ClaimNotReady', retryable: true });
    this.volume = volume;
  }
}

/**
 * What the claims of this node's pods are. Looked up once for each pod and then kept in its folder, so that it is known
 * again after a restart without the server, and so that whoever deletes folders of volumes knows who has them.
 */
export class ClaimStore {
  readonly #deps: ClaimStoreDeps;
  /** One look-up after the other: of two that want a volume for one pod alone, the second sees the first. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: ClaimStoreDeps) {
    this.#deps = deps;
  }

  /** Throws `ClaimError` when one is not ready. What is known already waits for no server, nor for another pod that does. */
  async mountsOf(pod: Pod): Promise<ClaimMounts> {
    const claims = claimsOf(pod);
    if (claims.length === 0) return new Map();
    const known = await this.#read(pod.metadata.uid);
    if (claims.every(({ volume }) => known.has(volume))) return known;
    const answer = this.#turn.then(() => this.#resolve(pod, claims));
    this.#turn = answer.catch(() => undefined); // Told to whoever asked.
    return await answer;
  }

  /** Uids of the pods that have a volume, or had it and have not been cleaned up. */
  async usersOf(volume: string): Promise<readonly string[]> {
    const users: string[] = [];
    for (const uid of await this.#deps.folders.list()) {
      const known = await this.#read(uid);
      if ([...known.values()].some((mount) => mount.volume === volume)) users.push(uid);
    }
    return users;
  }

  /** Names of the volumes by which pods have a folder or a volume of the engine, or had it and have not been cleaned up. */
  async volumesOf(handle: string): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const uid of await this.#deps.folders.list()) {
      for (const { volume, source } of (await this.#read(uid)).values()) {
        const held = source.type === 'folder' ? source.handle : source.type === 'engine' ? source.name : undefined;
        if (held === handle) found.add(volume);
      }
    }
    return [...found];
  }

  async #resolve(pod: Pod, claims: readonly PodClaim[]): Promise<ClaimMounts> {
    const { uid } = pod.metadata;
    const known = new Map(await this.#read(uid));
    const missing = claims.filter(({ volume }) => !known.has(volume));
    if (missing.length === 0) return known;
    for (const podClaim of missing) known.set(podClaim.volume, await this.#lookUp(pod, podClaim));
    await this.#write(uid, known);
    return known;
  }

  async #lookUp(pod: Pod, podClaim: PodClaim): Promise<ClaimMount> {
    const { client, nodeName, isActive } = this.#deps;
    const { namespace = '', uid } = pod.metadata;
    const claim = await client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name: podClaim.claim });
    const volumeName = claim?.spec?.volumeName;
    const volume = volumeName ? await client.get(PERSISTENT_VOLUMES, { name: volumeName }) : undefined;
    const labels = (await client.get(NODES, { name: nodeName }))?.metadata.labels ?? {};
    const plan = planClaimMount({ pod, podClaim, claim, volume, node: { name: nodeName, labels } });
    if ('failure' in plan) throw new ClaimError(podClaim.volume, plan.failure);
    if (plan.mount.exclusive) {
      const others = (await this.usersOf(plan.mount.volume)).filter((other) => other !== uid && isActive(other));
      const why = 'volume uses the ReadWriteOncePod access mode and is already in use by another pod';
      if (others.length > 0) throw new ClaimError(podClaim.volume, why);
    }
    return plan.mount;
  }

  async #read(podUid: string): Promise<ClaimMounts> {
    try {
      const text = await readFile(this.#fileOf(podUid), 'utf8');
      return new Map(Object.entries(JSON.parse(text) as Readonly<Record<string, ClaimMount>>));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return new Map();
      throw error;
    }
  }

  /** Before anything is mounted: what is not written is not used. */
  async #write(podUid: string, mounts: ClaimMounts): Promise<void> {
    const file = this.#fileOf(podUid);
    await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(`${file}.new`, JSON.stringify(Object.fromEntries(mounts)), { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
  }

  #fileOf(podUid: string): string {
    return path.join(this.#deps.folders.disk(podUid), 'claims.json');
  }
}
