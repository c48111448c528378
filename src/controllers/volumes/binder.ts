/** Binds claims to volumes, makes volumes for claims of our own classes, and gives volumes back. Sole writer of both statuses. */
import {
  defaultStorageClassOf,
  isApiError,
  isVolumeOfClaim,
  type Json,
  lacksStorageClass,
  NODE_LOCAL_FINALIZER,
  NODES,
  type Node,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type ResourceType,
  type StorageClass,
  type StoredObject,
  storageClassOf,
  VOLUME_ANNOTATIONS,
  VOLUME_NODE_LABEL,
} from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import {
  type Controller,
  type EventRecorder,
  Expectations,
  type Informer,
  type KeySource,
  keyOf,
  keysFrom,
  type ReconcileResult,
} from '#reconcile';
import { planBinding } from './binding.plan.ts';
import { planClaim } from './claim.plan.ts';
import { planGrowth } from './growth.plan.ts';
import { BY_CLAIM, BY_CLAIM_REF, BY_CLASS, claimIndex, claimRefIndex, indexVolumes } from './indexes.ts';
import { OURS, planProvisioning } from './provisioning.plan.ts';
import { planVolume, sharersOf } from './volume.plan.ts';

export interface VolumeBinderDeps {
  readonly client: Pick<Client, 'get' | 'list' | 'create' | 'patch' | 'delete'>;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly storageClasses: Informer<StorageClass>;
  readonly nodes: Informer<Node>;
  readonly pods: Informer<Pod>;
}

/** Look again so long after somebody else was faster, in ms: what they wrote is seen by then, or asks for a look itself. */
const RACE_RETRY_MS = 100;
/** A claim that waits is told so again, and tried again, in ms. Source: pv_controller_base.go, resyncPeriod (v1.32). */
const RESYNC_MS = 15_000;

const BY_SELECTED_NODE = 'selected-node';
const BY_VOLUME = 'volume-name';
const BY_NODE = 'volume-node';
/** All claims share one key of expectations: no volume is given out on a view older than the last one given. */
const ALL = 'volumes';

/** By the keys of claims; to be run with one worker, since claims compete for volumes. */
export function createClaimBinderController(deps: VolumeBinderDeps): Controller {
  const { client, clock, events, claims, volumes, storageClasses, nodes, pods } = deps;
  const expectations = new Expectations(clock);
  addIndexes(deps);

  return {
    name: 'persistent-volume-claim-binder',
    async reconcile(key, signal) {
      await expectations.settled(ALL, signal);
      const claim = claims.get(key);
      if (claim === undefined) return {};
      return await unlessOvertaken(() => bindClaim(key, claim));
    },
  };

  async function bindClaim(key: string, claim: PersistentVolumeClaim): Promise<ReconcileResult> {
    const { volumeName } = claim.spec ?? {};
    const className = storageClassOf(claim);
    if (!volumeName && lacksStorageClass(claim)) {
      const fallback = defaultStorageClassOf(storageClasses.list());
      if (fallback !== undefined) {
        await patchClaim(claim, { spec: { storageClassName: fallback.metadata.name } });
        return {};
      }
    }
    const storageClass = className === '' ? undefined : storageClasses.get(className);
    const candidates = new Set([...volumes.byIndex(BY_CLASS, className), ...volumes.byIndex(BY_CLAIM_REF, key)]);
    const plan = planClaim({
      claim,
      named: volumeName ? volumes.get(volumeName) : undefined,
      candidates: [...candidates],
      storageClass,
      waitingPods: pods
        .byIndex(BY_CLAIM, key)
        .filter(isWaiting)
        .map(({ metadata }) => metadata.name),
    });
    if (plan.event !== undefined) events.record(claim, plan.event);
    switch (plan.type) {
      case 'bind':
        await bind(plan.volume, claim);
        return {};
      case 'lost':
        await tellPhase(claim, 'Lost');
        return {};
      case 'provision':
        await tellPhase(claim, 'Pending');
        await provision(claim, plan.storageClass);
        return { requeueAfterMs: RESYNC_MS };
      case 'wait':
        await tellPhase(claim, 'Pending');
        return { requeueAfterMs: RESYNC_MS };
    }
  }

  async function bind(volume: PersistentVolume, claim: PersistentVolumeClaim): Promise<void> {
    const plan = planBinding(volume, claim);
    const named = plan.volume === undefined ? volume : await patchVolume(volume, plan.volume);
    const given = plan.volumeStatus === undefined ? named : await patchVolume(named, plan.volumeStatus, 'status');
    const bound = plan.claim === undefined ? claim : await patchClaim(claim, plan.claim);
    const told = plan.claimStatus === undefined ? bound : await patchClaim(bound, plan.claimStatus, 'status');
    await grow(told, given);
  }

  async function grow(claim: PersistentVolumeClaim, volume: PersistentVolume): Promise<void> {
    const plan = planGrowth(claim, volume);
    if (plan.volume !== undefined) await patchVolume(volume, plan.volume);
    if (plan.claimStatus !== undefined) await patchClaim(claim, plan.claimStatus, 'status');
    if (plan.event !== undefined) events.record(claim, plan.event);
  }

  async function provision(claim: PersistentVolumeClaim, storageClass: StorageClass): Promise<void> {
    const chosen = claim.metadata.annotations?.[VOLUME_ANNOTATIONS.selectedNode];
    const node = chosen ? nodes.get(chosen) : undefined;
    const plan = planProvisioning({ claim, storageClass, node });
    const marked =
      plan.marks === undefined ? claim : await patchClaim(claim, { metadata: { annotations: plan.marks } });
    if (plan.volume !== undefined) {
      try {
        expectations.wrote(ALL, volumes, await client.create(PERSISTENT_VOLUMES, plan.volume));
      } catch (error) {
        if (!isApiError(error, 'AlreadyExists')) throw error;
      }
    }
    if (plan.event !== undefined) events.record(claim, plan.event);
    if (plan.reschedule === true) {
      await patchClaim(marked, { metadata: { annotations: { [VOLUME_ANNOTATIONS.selectedNode]: null } } });
    }
  }

  async function tellPhase(claim: PersistentVolumeClaim, phase: string): Promise<void> {
    if (claim.status?.phase !== phase) await patchClaim(claim, { status: { phase } }, 'status');
  }

  async function patchVolume(volume: PersistentVolume, body: Json, subresource?: 'status'): Promise<PersistentVolume> {
    return expectations.wrote(ALL, volumes, await patchExactly(client, PERSISTENT_VOLUMES, volume, body, subresource));
  }

  async function patchClaim(
    claim: PersistentVolumeClaim,
    body: Json,
    subresource?: 'status',
  ): Promise<PersistentVolumeClaim> {
    return expectations.wrote(
      ALL,
      claims,
      await patchExactly(client, PERSISTENT_VOLUME_CLAIMS, claim, body, subresource),
    );
  }
}

/** By the names of volumes. */
export function createVolumeBinderController(deps: VolumeBinderDeps): Controller {
  const { client, clock, events, claims, volumes, nodes } = deps;
  const expectations = new Expectations(clock);
  addIndexes(deps);

  return {
    name: 'persistent-volume-binder',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const volume = volumes.get(key);
      if (volume === undefined) return {};
      return await unlessOvertaken(async () => {
        await keepVolume(key, volume);
        return {};
      });
    },
  };

  async function keepVolume(key: string, volume: PersistentVolume): Promise<void> {
    const provisioner = volume.metadata.annotations?.[VOLUME_ANNOTATIONS.provisionedBy];
    const claim = await claimOf(volume);
    const plan = planVolume({
      volume,
      claim,
      isWanted: claims.byIndex(BY_VOLUME, key).length > 0,
      isDeletable: provisioner !== undefined && OURS.has(provisioner),
      isAbandoned: await isAbandoned(volume),
      sharers: claim === undefined || !isVolumeOfClaim(volume, claim) ? await sharers(volume) : [],
    });
    let current = volume;
    const patch = async (body: Json | undefined, subresource?: 'status') => {
      if (body === undefined) return;
      const written = await patchExactly(client, PERSISTENT_VOLUMES, current, body, subresource);
      current = expectations.wrote(key, volumes, written);
    };
    await patch(plan.volume);
    await patch(plan.status, 'status');
    if (plan.event !== undefined) events.record(volume, plan.event);
    if (plan.delete !== true) return;
    const { uid, resourceVersion } = current.metadata;
    const lingering = await client.delete(
      PERSISTENT_VOLUMES,
      { name: key },
      { preconditions: { uid, resourceVersion } },
    );
    expectations.removed(key, volumes, current, lingering);
  }

  /** Whose data would go with the volume's. That nobody else has it is said by the server alone: data hangs on it. */
  async function sharers(volume: PersistentVolume): Promise<readonly string[]> {
    if (!(volume.metadata.finalizers?.includes(NODE_LOCAL_FINALIZER) ?? false)) return [];
    return sharersOf(volume, (await client.list(PERSISTENT_VOLUMES)).items);
  }

  /** That a node is gone for good is said by the server alone. */
  async function isAbandoned({ metadata }: PersistentVolume): Promise<boolean> {
    const name = metadata.labels?.[VOLUME_NODE_LABEL];
    const isHeld = metadata.finalizers?.includes(NODE_LOCAL_FINALIZER) ?? false;
    if (metadata.deletionTimestamp === undefined || !isHeld || name === undefined || nodes.get(name) !== undefined)
      return false;
    return (await client.get(NODES, { name })) === undefined;
  }

  /** The claim that a volume names. That it is gone is said by the server alone: data hangs on it. */
  async function claimOf({ spec }: PersistentVolume): Promise<PersistentVolumeClaim | undefined> {
    const { name, namespace, uid } = spec?.claimRef ?? {};
    if (!name || !namespace || !uid) return undefined;
    const cached = claims.get(`${namespace}/${name}`);
    if (cached?.metadata.uid === uid) return cached;
    return await client.get(PERSISTENT_VOLUME_CLAIMS, { namespace, name });
  }
}

/** Writes onto exactly this version: a decision made on an older one is worth nothing. */
async function patchExactly<T extends StoredObject>(
  client: Pick<Client, 'patch'>,
  resource: ResourceType<T>,
  { metadata }: T,
  body: Json,
  subresource?: 'status',
): Promise<T> {
  const { uid, resourceVersion } = metadata;
  const { metadata: more = {}, ...rest } = body as { readonly metadata?: object };
  const exact = { ...rest, metadata: { ...more, uid, resourceVersion } };
  const options = subresource === undefined ? {} : { subresource };
  return await client.patch(resource, metadata, { type: 'merge', body: exact as Json }, options);
}

/** Somebody else wrote meanwhile, or it is gone: what is there now is looked at in a moment. */
async function unlessOvertaken(work: () => Promise<ReconcileResult>): Promise<ReconcileResult> {
  try {
    return await work();
  } catch (error) {
    if (isApiError(error, 'Conflict', 'NotFound')) return { requeueAfterMs: RACE_RETRY_MS };
    throw error;
  }
}

function isWaiting({ spec, status, metadata }: Pod): boolean {
  return (
    !spec.nodeName &&
    metadata.deletionTimestamp === undefined &&
    status?.phase !== 'Failed' &&
    status?.phase !== 'Succeeded'
  );
}

function addIndexes({ claims, volumes, pods }: Pick<VolumeBinderDeps, 'claims' | 'volumes' | 'pods'>): void {
  indexVolumes(volumes);
  volumes.addIndex(BY_NODE, ({ metadata }) => {
    const node = metadata.labels?.[VOLUME_NODE_LABEL];
    return node === undefined || metadata.deletionTimestamp === undefined ? [] : [node];
  });
  claims.addIndex(BY_CLASS, (claim) => (isBound(claim) ? [] : [storageClassOf(claim)]));
  claims.addIndex(BY_VOLUME, ({ spec }) => (spec?.volumeName ? [spec.volumeName] : []));
  claims.addIndex(BY_SELECTED_NODE, (claim) => {
    const node = claim.metadata.annotations?.[VOLUME_ANNOTATIONS.selectedNode];
    return isBound(claim) || !node ? [] : [node];
  });
  pods.addIndex(BY_CLAIM, claimIndex);
}

const isBound = ({ metadata }: PersistentVolumeClaim) =>
  metadata.annotations?.[VOLUME_ANNOTATIONS.bindCompleted] !== undefined;

/** A claim is looked at when it changes, when a volume comes that names it or might be for it, and when its class or its node does. */
export function claimBinderSources(deps: VolumeBinderDeps): KeySource[] {
  const { claims, volumes, storageClasses, nodes } = deps;
  addIndexes(deps);
  const ofClass = (name: string) => claims.byIndex(BY_CLASS, name).map(keyOf);
  return [
    keysFrom(claims),
    keysFrom(volumes, {
      toKeys: (volume) => [
        ...claimRefIndex(volume),
        ...claims.byIndex(BY_VOLUME, volume.metadata.name).map(keyOf),
        ...(volume.spec?.claimRef === undefined ? ofClass(storageClassOf(volume)) : []),
      ],
    }),
    keysFrom(storageClasses, { toKeys: ({ metadata }) => [...ofClass(metadata.name), ...ofClass('')] }),
    keysFrom(nodes, {
      toKeys: ({ metadata }) => claims.byIndex(BY_SELECTED_NODE, metadata.name).map(keyOf),
      when: () => false,
    }),
  ];
}

/** A volume is looked at when it changes, when the claim that it names does or one that names it, and when its node goes. */
export function volumeBinderSources(deps: VolumeBinderDeps): KeySource[] {
  const { claims, volumes, nodes } = deps;
  addIndexes(deps);
  return [
    keysFrom(volumes),
    keysFrom(nodes, {
      toKeys: ({ metadata }) => volumes.byIndex(BY_NODE, metadata.name).map(keyOf),
      when: () => false,
    }),
    keysFrom(claims, {
      toKeys: (claim) => [
        ...volumes.byIndex(BY_CLAIM_REF, keyOf(claim)).map(keyOf),
        ...(claim.spec?.volumeName ? [claim.spec.volumeName] : []),
      ],
    }),
  ];
}
