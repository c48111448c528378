import {
  claimsOf,
  type Json,
  type Node,
  type NodeIdentity,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
  storageClassOf,
  VOLUME_ANNOTATIONS,
} from '#api';
import { type Clock, PlumblineError } from '#base';
import type { Client } from '#client';
import type { Informer } from '#reconcile';
import {
  type ClaimNeeds,
  conflictOf,
  holdsVolumes,
  isForOnePod,
  isFullyBound,
  type PodVolumeNeeds,
  planOpenClaims,
  planVolumeNeeds,
  selectedNodeOf,
  type VolumeView,
} from '#scheduler';
import { planBinding } from '../volumes/binding.plan.ts';
import { BY_CLAIM, BY_CLAIM_REF, BY_CLASS, claimIndex, indexVolumes } from '../volumes/indexes.ts';

export interface PodVolumesDeps {
  readonly client: Pick<Client, 'patch'>;
  readonly clock: Clock;
  readonly pods: Informer<Pod>;
  readonly nodes: Informer<Node>;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly storageClasses: Informer<StorageClass>;
  /** Whether a pod was given a node and is not seen on it yet. */
  readonly isAssumed: (podUid: string) => boolean;
}

/** Longest wait for the volumes of a pod that was given a node, in ms. Source: kubernetes pkg/scheduler/apis/config, VolumeBindingArgs.BindTimeoutSeconds (v1.32). */
const BIND_TIMEOUT_MS = 600_000;

/** A pod's volumes cannot be had where it was to go. */
export class VolumeBindingError extends PlumblineError {
  constructor(message: string) {
    super(message, { code: 'VolumeBinding', retryable: true });
  }
}

/** What pods' claims ask of nodes, and the binding of those that waited for their pod. */
export class PodVolumes implements ClaimNeeds {
  readonly #deps: PodVolumesDeps;
  /** Claims for one pod alone whose pod was given a node in the plan under way, and that pod. */
  readonly #promised = new Map<string, string>();

  constructor(deps: PodVolumesDeps) {
    this.#deps = deps;
    indexVolumes(deps.volumes);
    deps.pods.addIndex(BY_CLAIM, claimIndex);
  }

  /** To be called before each plan. */
  beginPlan(): void {
    this.#promised.clear();
  }

  needsOf(pod: Pod): PodVolumeNeeds {
    if (claimsOf(pod).length === 0) return { needs: [] };
    return planVolumeNeeds(pod, this.#viewFor(pod));
  }

  placed(pod: Pod): void {
    for (const claim of this.#claimsOf(pod))
      if (isForOnePod(claim)) this.#promised.set(claim.metadata.uid, pod.metadata.uid);
  }

  /** Whether the pod has claims that must be bound before it may go to its node. */
  mustBind(pod: Pod): boolean {
    return this.#claimsOf(pod).some((claim) => !isFullyBound(claim));
  }

  /** Resolves when all claims of the pod are bound to volumes that the node can use. */
  async bind(pod: Pod, nodeName: string, signal: AbortSignal): Promise<void> {
    const node = this.#identity(nodeName);
    const open = this.#claimsOf(pod).filter((claim) => !isFullyBound(claim));
    const plan = planOpenClaims(open, node, this.#viewFor(pod));
    if (plan === undefined) throw new VolumeBindingError(`no volumes for the pod can be had on node "${nodeName}"`);
    for (const { claim, volume } of plan.match) {
      const { volume: body } = planBinding(volume, claim);
      if (body !== undefined) await this.#patchExactly(volume, body);
    }
    for (const claim of plan.provision) {
      if (selectedNodeOf(claim) !== undefined) continue;
      await this.#patchExactly(claim, { metadata: { annotations: { [VOLUME_ANNOTATIONS.selectedNode]: nodeName } } });
    }
    const volumes = await this.#bound(pod, nodeName, plan.provision, signal);
    const conflict = conflictOf(volumes, node);
    if (conflict !== undefined) throw new VolumeBindingError(conflict);
  }

  /** Waits until binder and provisioner have done their part. */
  async #bound(
    pod: Pod,
    nodeName: string,
    awaited: readonly PersistentVolumeClaim[],
    signal: AbortSignal,
  ): Promise<PersistentVolume[]> {
    const { clock, claims, volumes } = this.#deps;
    const keys = claimsOf(pod).map(({ claim }) => `${pod.metadata.namespace}/${claim}`);
    const waits = new AbortController();
    const stop = () => waits.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const timer = clock.after(BIND_TIMEOUT_MS, () =>
      waits.abort(new VolumeBindingError("timed out waiting for the pod's volumes")),
    );
    const shown = new Set<string>();
    /** Throws when it is not worth waiting any more. */
    const isBound = (key: string) => {
      const claim = claims.get(key);
      if (claim === undefined) throw new VolumeBindingError(`claim ${key} is gone`);
      if (isFullyBound(claim)) return true;
      if (!awaited.some(({ metadata }) => metadata.uid === claim.metadata.uid)) return false;
      if (selectedNodeOf(claim) === nodeName) shown.add(key);
      else if (shown.has(key))
        throw new VolumeBindingError(`no volume can be made for claim ${key} on node "${nodeName}"`);
      return false;
    };
    try {
      await this.#until(claims, () => keys.every(isBound), waits.signal);
      const names = keys.map((key) => claims.get(key)?.spec?.volumeName ?? '');
      await this.#until(volumes, () => names.every((name) => volumes.get(name) !== undefined), waits.signal);
      return names.flatMap((name) => volumes.get(name) ?? []);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  /** As `informer.until`, for a condition that may throw. */
  async #until(informer: Pick<Informer, 'until'>, condition: () => boolean, signal: AbortSignal): Promise<void> {
    let failure: unknown;
    await informer.until(() => {
      try {
        return condition();
      } catch (error) {
        failure = error;
        return true;
      }
    }, signal);
    if (failure !== undefined) throw failure;
  }

  #claimsOf(pod: Pod): PersistentVolumeClaim[] {
    const { claims } = this.#deps;
    return claimsOf(pod).flatMap(({ claim }) => claims.get(`${pod.metadata.namespace}/${claim}`) ?? []);
  }

  #identity(name: string): NodeIdentity {
    return { name, labels: this.#deps.nodes.get(name)?.metadata.labels ?? {} };
  }

  #viewFor(pod: Pod): VolumeView {
    const { claims, volumes, storageClasses, nodes, pods, isAssumed } = this.#deps;
    const { namespace, uid } = pod.metadata;
    const promised = this.#promised;
    return {
      claim: (name) => claims.get(`${namespace}/${name}`),
      volume: (name) => volumes.get(name),
      storageClass: (name) => storageClasses.get(name),
      candidates: (claim) => [
        ...volumes.byIndex(BY_CLASS, storageClassOf(claim)),
        ...volumes.byIndex(BY_CLAIM_REF, `${namespace}/${claim.metadata.name}`),
      ],
      get nodes() {
        return nodes.list().map(({ metadata }) => ({ name: metadata.name, labels: metadata.labels ?? {} }));
      },
      isTaken: (claim) =>
        (promised.get(claim.metadata.uid) ?? uid) !== uid ||
        pods
          .byIndex(BY_CLAIM, `${namespace}/${claim.metadata.name}`)
          .some((other) => other.metadata.uid !== uid && holdsVolumes(other, isAssumed(other.metadata.uid))),
    };
  }

  async #patchExactly(object: PersistentVolume | PersistentVolumeClaim, body: Json): Promise<void> {
    const { uid, resourceVersion } = object.metadata;
    const { metadata = {}, ...rest } = body as { readonly metadata?: object };
    const exact = { ...rest, metadata: { ...metadata, uid, resourceVersion } } as Json;
    const type = object.kind === PERSISTENT_VOLUMES.kind ? PERSISTENT_VOLUMES : PERSISTENT_VOLUME_CLAIMS;
    await this.#deps.client.patch(
      type,
      object.metadata,
      { type: 'merge', body: exact },
      { fieldManager: 'plumbline-scheduler' },
    );
  }
}
