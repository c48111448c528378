import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyMergePatch,
  CLAIM_PROTECTION,
  type Json,
  NODE_LOCAL,
  NODE_LOCAL_FINALIZER,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type StorageClass,
  VOLUME_ANNOTATIONS,
  VOLUME_PROTECTION,
} from '#api';
import { planBinding } from './binding.plan.ts';
import { planClaim } from './claim.plan.ts';
import { planProvisioning } from './provisioning.plan.ts';
import { planVolume, sharersOf } from './volume.plan.ts';

type Thing = PersistentVolume | PersistentVolumeClaim;

const STORAGE_CLASS = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'c', uid: 'c', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  provisioner: NODE_LOCAL,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
} as StorageClass;
const NODE = {
  metadata: { name: 'n1', labels: { 'kubernetes.io/hostname': 'n1' } },
} as unknown as Node;

/** Somebody wrote meanwhile, or it is gone. */
class Overtaken extends Error {}

/** As much of the API as binders need: versions, finalizers, and what must hold after every write. */
class World {
  readonly claims = new Map<string, PersistentVolumeClaim>();
  readonly volumes = new Map<string, PersistentVolume>();
  /** Claims that a running pod has mounted: by uid. */
  readonly mounted = new Set<string>();
  /** Which volume a claim was once bound to, by the claim's uid. */
  readonly bound = new Map<string, string>();
  /** Folders that an agent has deleted. */
  readonly deleted = new Set<string>();
  #version = 0;
  #uids = 0;

  create(thing: Thing): void {
    this.#uids += 1;
    const uid = `uid-${this.#uids}`;
    const metadata = {
      ...thing.metadata,
      uid,
      resourceVersion: this.#next(),
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    this.#put({ ...thing, metadata } as Thing);
  }

  patch<T extends Thing>({ kind, metadata: { name, resourceVersion } }: T, body: Json): T {
    const current = this.#of(kind).get(name);
    if (current?.metadata.resourceVersion !== resourceVersion) throw new Overtaken();
    const patched = applyMergePatch(current as unknown as Json, body) as unknown as T;
    const next = { ...patched, metadata: { ...patched.metadata, resourceVersion: this.#next() } };
    if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0)
      this.#drop(next);
    else this.#put(next);
    return next;
  }

  delete(kind: string, name: string): void {
    const current = this.#of(kind).get(name);
    if (current === undefined || current.metadata.deletionTimestamp !== undefined) return;
    const going = {
      ...current,
      metadata: { ...current.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', resourceVersion: this.#next() },
    };
    if ((going.metadata.finalizers ?? []).length === 0) this.#drop(going as Thing);
    else this.#put(going as Thing);
  }

  /** Deletes a folder, as an agent does. */
  deleteData(handle: string): void {
    const holders = [...this.claims.values()].filter((claim) => {
      const volume = this.volumes.get(claim.spec?.volumeName ?? '');
      return isComplete(claim) && volume?.spec?.csi?.volumeHandle === handle;
    });
    expect(holders, 'data that a claim has is gone').toEqual([]);
    this.deleted.add(handle);
  }

  /** What a cache shows that hears nothing more. */
  view() {
    return { claims: new Map(this.claims), volumes: new Map(this.volumes) };
  }

  #of(kind: string): Map<string, Thing> {
    return (kind === 'PersistentVolume' ? this.volumes : this.claims) as Map<string, Thing>;
  }

  #next(): string {
    this.#version += 1;
    return String(this.#version);
  }

  #put(thing: Thing): void {
    this.#of(thing.kind).set(thing.metadata.name, thing);
    this.#check();
  }

  #drop(thing: Thing): void {
    this.#of(thing.kind).delete(thing.metadata.name);
    const holders = [...this.claims.values()].filter(
      (claim) => isComplete(claim) && claim.spec?.volumeName === thing.metadata.name,
    );
    if (thing.kind === 'PersistentVolume') expect(holders, 'a volume that a claim has is gone').toEqual([]);
    this.#check();
  }

  #check(): void {
    const owners = new Map<string, string>();
    for (const claim of this.claims.values()) {
      const { uid } = claim.metadata;
      const { volumeName } = claim.spec ?? {};
      if (!isComplete(claim) || volumeName === undefined) continue;
      expect(this.bound.get(uid) ?? volumeName, 'a claim has a second volume').toBe(volumeName);
      this.bound.set(uid, volumeName);
      expect(owners.get(volumeName) ?? uid, 'a volume has a second claim').toBe(uid);
      owners.set(volumeName, uid);
      expect(this.volumes.get(volumeName)?.spec?.claimRef?.uid, 'the volume names another claim').toBe(uid);
    }
  }
}

const isComplete = ({ metadata }: PersistentVolumeClaim) =>
  metadata.annotations?.[VOLUME_ANNOTATIONS.bindCompleted] !== undefined;

/** Each yields before every write: there it may be overtaken, or die. */
type Actor = Generator<void, void, void>;

function* bindClaim(world: World, name: string): Actor {
  const { claims, volumes } = world.view();
  let claim = claims.get(name);
  if (claim === undefined) return;
  const named = claim.spec?.volumeName ? volumes.get(claim.spec.volumeName) : undefined;
  const plan = planClaim({
    claim,
    named,
    candidates: [...volumes.values()],
    storageClass: STORAGE_CLASS,
    waitingPods: [],
  });
  yield;
  if (plan.type === 'bind') {
    let { volume } = plan;
    const writes = planBinding(volume, claim);
    for (const body of [writes.volume, writes.volumeStatus]) {
      if (body === undefined) continue;
      volume = world.patch(volume, body);
      yield;
    }
    for (const body of [writes.claim, writes.claimStatus]) {
      if (body === undefined) continue;
      claim = world.patch(claim, body);
      yield;
    }
  } else if (plan.type === 'provision') {
    const { marks, volume } = planProvisioning({ claim, storageClass: STORAGE_CLASS, node: NODE });
    if (marks !== undefined) world.patch(claim, { metadata: { annotations: marks } });
    yield;
    const made = volume as PersistentVolume | undefined;
    if (made !== undefined && !world.volumes.has(made.metadata.name))
      world.create(protectedBy(made, VOLUME_PROTECTION));
  }
}

function* bindVolume(world: World, name: string): Actor {
  let volume = world.volumes.get(name);
  if (volume === undefined) return;
  const isWanted = [...world.view().claims.values()].some(({ spec }) => spec?.volumeName === name);
  yield;
  // Asked of the server, as the binder does.
  const claim = world.claims.get(volume.spec?.claimRef?.name ?? '');
  const isDeletable = volume.metadata.annotations?.[VOLUME_ANNOTATIONS.provisionedBy] === NODE_LOCAL;
  const sharers = sharersOf(volume, world.volumes.values());
  const plan = planVolume({ volume, claim, isWanted, isDeletable, isAbandoned: false, sharers });
  for (const body of [plan.volume, plan.status]) {
    if (body === undefined) continue;
    volume = world.patch(volume, body);
    yield;
  }
  if (plan.delete !== true) return;
  if (world.volumes.get(name)?.metadata.resourceVersion !== volume.metadata.resourceVersion) throw new Overtaken();
  world.delete('PersistentVolume', name);
}

function* protect(world: World, kind: string, name: string): Actor {
  const thing: Thing | undefined = kind === 'PersistentVolume' ? world.volumes.get(name) : world.claims.get(name);
  yield;
  if (thing?.metadata.deletionTimestamp === undefined) return;
  const isFree = kind === 'PersistentVolume' ? thing.status?.phase !== 'Bound' : !world.mounted.has(thing.metadata.uid);
  const finalizer = kind === 'PersistentVolume' ? VOLUME_PROTECTION : CLAIM_PROTECTION;
  if (!isFree) return;
  const finalizers = (thing.metadata.finalizers ?? []).filter((each) => each !== finalizer);
  world.patch(thing, { metadata: { finalizers } });
}

/** The agent: see planReclaim, which a table tries. */
function* reclaim(world: World, name: string): Actor {
  const volume = world.volumes.get(name);
  yield;
  if (volume?.metadata.deletionTimestamp === undefined || volume.status?.phase !== 'Released') return;
  const { finalizers = [] } = volume.metadata;
  if (finalizers.includes(VOLUME_PROTECTION) || !finalizers.includes(NODE_LOCAL_FINALIZER)) return;
  if (world.volumes.get(name)?.metadata.resourceVersion !== volume.metadata.resourceVersion) throw new Overtaken();
  world.deleteData(volume.spec?.csi?.volumeHandle ?? '');
  yield;
  world.patch(volume, { metadata: { finalizers: [] } });
}

function protectedBy<T extends Thing>(thing: T, finalizer: string): T {
  return { ...thing, metadata: { ...thing.metadata, finalizers: [...(thing.metadata.finalizers ?? []), finalizer] } };
}

const NAMES = ['a', 'b', 'c'];
const claimObject = (name: string) =>
  protectedBy(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default', annotations: { [VOLUME_ANNOTATIONS.selectedNode]: 'n1' } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: 'c',
        volumeMode: 'Filesystem',
      },
      status: { phase: 'Pending' },
    } as unknown as PersistentVolumeClaim,
    CLAIM_PROTECTION,
  );
const volumeObject = (name: string, policy: string, more: object = {}) =>
  protectedBy(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        persistentVolumeReclaimPolicy: policy,
        storageClassName: 'c',
        volumeMode: 'Filesystem',
        ...more,
      },
      status: { phase: 'Pending' },
    } as unknown as PersistentVolume,
    VOLUME_PROTECTION,
  );

/** What a user or a node does, at once. */
function act(world: World, kind: number, pick: number): void {
  const name = NAMES[pick % NAMES.length] ?? 'a';
  const claim = world.claims.get(name);
  const volumes = [...world.volumes.keys()];
  switch (kind) {
    case 0:
      if (claim === undefined) world.create(claimObject(name));
      return;
    case 1:
      world.delete('PersistentVolumeClaim', name);
      return;
    case 2:
      if (!world.volumes.has(`hand-${name}`))
        world.create(volumeObject(`hand-${name}`, pick % 2 === 0 ? 'Retain' : 'Delete'));
      return;
    case 3:
      world.delete('PersistentVolume', volumes[pick % Math.max(1, volumes.length)] ?? '');
      return;
    case 4:
      if (claim?.status?.phase === 'Bound' && claim.metadata.deletionTimestamp === undefined)
        world.mounted.add(claim.metadata.uid);
      return;
    case 5: {
      // Somebody names the folder of another volume too, by hand, before that one is given back.
      const other = world.volumes.get(volumes[pick % Math.max(1, volumes.length)] ?? '');
      const { csi } = other?.spec ?? {};
      if (csi === undefined || other?.status?.phase === 'Released' || world.volumes.has(`same-${name}`)) return;
      const claimRef = { name, namespace: 'default' };
      world.create(volumeObject(`same-${name}`, pick % 2 === 0 ? 'Retain' : 'Delete', { csi, claimRef }));
      return;
    }
    default:
      world.mounted.delete(claim?.metadata.uid ?? '');
  }
}

function start(world: World, kind: number, pick: number): Actor {
  const name = NAMES[pick % NAMES.length] ?? 'a';
  const volumes = [...world.volumes.keys()];
  const volume = volumes[pick % Math.max(1, volumes.length)] ?? '';
  switch (kind) {
    case 0:
    case 1:
      return bindClaim(world, name);
    case 2:
      return bindVolume(world, volume);
    case 3:
      return protect(world, 'PersistentVolume', volume);
    case 4:
      return protect(world, 'PersistentVolumeClaim', name);
    default:
      return reclaim(world, volume);
  }
}

/** One step of one actor; false when it has come to its end. */
function step(actor: Actor): boolean {
  try {
    return actor.next().done !== true;
  } catch (error) {
    if (error instanceof Overtaken) return false;
    throw error;
  }
}

/** Looks at everything until nobody writes any more. */
function settle(world: World): number {
  let rounds = 0;
  for (let before = ''; before !== JSON.stringify([...world.claims, ...world.volumes]); rounds += 1) {
    expect(rounds).toBeLessThan(20);
    before = JSON.stringify([...world.claims, ...world.volumes]);
    for (const name of [...world.volumes.keys()]) {
      for (const actor of [bindVolume(world, name), protect(world, 'PersistentVolume', name), reclaim(world, name)])
        while (step(actor));
    }
    for (const name of NAMES)
      for (const actor of [bindClaim(world, name), protect(world, 'PersistentVolumeClaim', name)]) while (step(actor));
  }
  return rounds;
}

const event = fc.record({
  what: fc.constantFrom('act', 'start', 'start', 'step', 'step', 'step', 'die'),
  kind: fc.nat(6),
  pick: fc.nat(11),
});

describe('src/controllers/volumes, over random histories', () => {
  it('never gives a claim two volumes or a volume two claims, and never deletes what a claim has', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 20, maxLength: 120 }), (events) => {
        const world = new World();
        const actors: Actor[] = [];
        for (const { what, kind, pick } of events) {
          if (what === 'act') act(world, kind, pick);
          else if (what === 'start') actors.push(start(world, kind, pick));
          else {
            const at = pick % Math.max(1, actors.length);
            const actor = actors[at];
            if (actor !== undefined && (what === 'die' || !step(actor))) actors.splice(at, 1);
          }
        }
        // Left alone, it comes to rest: every claim has a volume, and nothing that is to go is left.
        world.mounted.clear();
        settle(world);
        for (const claim of world.claims.values()) expect(claim.status?.phase).toBe('Bound');
        for (const volume of world.volumes.values()) {
          // One that somebody deletes while a claim has it waits for the claim.
          expect(volume.metadata.deletionTimestamp === undefined || volume.status?.phase === 'Bound').toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('keeps what a claim has through whatever people do, when everybody has looked after each of it', () => {
    const acts = fc.array(fc.record({ kind: fc.nat(6), pick: fc.nat(11) }), { minLength: 10, maxLength: 40 });
    fc.assert(
      fc.property(acts, (all) => {
        const world = new World();
        for (const { kind, pick } of all) {
          act(world, kind, pick);
          settle(world);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('comes to the same whatever is looked at first', () => {
    const volumes = fc.uniqueArray(fc.constantFrom('v1', 'v2', 'v3', 'v4'), { minLength: 1 });
    const input = fc.record({ volumes, order: fc.array(fc.nat(3), { minLength: 4, maxLength: 4 }) });
    fc.assert(
      fc.property(input, ({ volumes: names, order }) => {
        const free = names.map((name) => ({
          ...volumeObject(name, 'Retain'),
          status: { phase: 'Available' },
        })) as PersistentVolume[];
        const shuffled = free.map((volume, at) => ({ volume, by: order[at] ?? 0 })).sort((a, b) => a.by - b.by);
        const claim = claimObject('a');
        const pick = (candidates: readonly PersistentVolume[]) =>
          planClaim({ claim, named: undefined, candidates, storageClass: undefined, waitingPods: [] });
        expect(pick(shuffled.map(({ volume }) => volume))).toEqual(pick(free));
      }),
    );
  });
});
