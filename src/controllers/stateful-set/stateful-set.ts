/**
 * Keeps the pods of a StatefulSet: each with a name, a number and volumes of its own, and never two of one name. Sole
 * writer of StatefulSet status.
 */
import {
  type ControllerRevision,
  isApiError,
  type Json,
  type KubeObject,
  type PersistentVolumeClaim,
  PODS,
  type Pod,
  STATEFUL_SETS,
  type StatefulSet,
  selectorFromObject,
} from '#api';
import { type Clock, equalJson, errorMessage } from '#base';
import type { Client } from '#client';
import {
  type Controller,
  type EventRecorder,
  Expectations,
  type Informer,
  type KeySource,
  keyOf,
  keysFrom,
} from '#reconcile';
import { inBatches } from '../shared/batches.ts';
import { claim } from '../shared/claim.ts';
import { FailureMemory } from '../shared/failures.ts';
import { createOwnedPods, type PodWords } from '../shared/owned-pods.ts';
import { BY_CONTROLLER, controllerIndex, controllerOf } from '../shared/owners.plan.ts';
import { planRevisions, REVISION_LABEL } from '../shared/revisions.plan.ts';
import { carryOutRevisions } from '../shared/revisions.ts';
import { Teller } from '../shared/teller.ts';
import { writeStatus } from '../shared/write-status.ts';
import { isClaimOf } from './claims.plan.ts';
import { createClaimKeeper } from './claims.ts';
import { ordinalOf } from './identity.plan.ts';
import { type PodRepair, planStatefulSet, type StatefulSetPlan, type Step } from './stateful-set.plan.ts';

export interface StatefulSetDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly statefulSets: Informer<StatefulSet>;
  readonly revisions: Informer<ControllerRevision>;
  readonly pods: Informer<Pod>;
  readonly claims: Informer<PersistentVolumeClaim>;
}

export interface StatefulSetOptions {
  /** Most pods treated in one phase of a pass. Source: kubernetes pkg/controller/statefulset/stateful_set_control.go, MaxBatchSize (v1.32). */
  readonly burst: number;
  /**
   * Before a pod that failed again is replaced again: without it, one that its node refuses at once comes and goes as
   * fast as the machine allows. As for containers that crash. Source: kubernetes pkg/kubelet/kubelet.go, MaxContainerBackOff (v1.32).
   */
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
}

export const statefulSetDefaults: StatefulSetOptions = { burst: 500, backoff: { initialMs: 1_000, maxMs: 300_000 } };

/** Where a revision carries the hash of its template. Source: kubernetes pkg/controller/history/controller_history.go (v1.32). */
const HASH_LABEL = 'controller.kubernetes.io/hash';

const WORDS: PodWords = {
  done: (verb, pod, { metadata }) => `${verb} Pod ${pod} in StatefulSet ${metadata.name} successful`,
  failed: (verb, pod, { metadata }, why) => `${verb} Pod ${pod} in StatefulSet ${metadata.name} failed error: ${why}`,
};

export function createStatefulSetController(deps: StatefulSetDeps, options = statefulSetDefaults): Controller {
  const { client, clock, events, statefulSets, revisions, pods, claims } = deps;
  const expectations = new Expectations(clock);
  const ownedPods = createOwnedPods({ client, events, pods, expectations }, WORDS);
  const keeper = createClaimKeeper({ client, events, claims, expectations });
  /** By pod name. */
  const failures = new FailureMemory(clock, options.backoff);
  const teller = new Teller(events);
  statefulSets.onChange(({ previous, current }) => {
    if (current === undefined && previous !== undefined) teller.forget(previous.metadata.uid);
  });
  pods.addIndex(BY_CONTROLLER, controllerIndex);
  revisions.addIndex(BY_CONTROLLER, controllerIndex);

  return {
    name: 'stateful-set',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const statefulSet = statefulSets.get(key);
      if (statefulSet === undefined) {
        failures.forget(key);
        return {};
      }
      const { selector } = statefulSet.spec;
      const owned = await claim(
        { client, informer: pods, expectations },
        {
          owner: statefulSet,
          resource: STATEFUL_SETS,
          selector,
          isMember: (pod) => ordinalOf(statefulSet, pod) !== undefined,
        },
      );
      const history = await revisionsOf(key, statefulSet, owned);
      if (history === 'none') return {};
      if (history === 'collision') {
        const collisionCount = (statefulSet.status?.collisionCount ?? 0) + 1;
        await write(key, statefulSet, { replicas: 0, ...statefulSet.status, collisionCount });
        return { requeueAfterMs: 0 };
      }
      const plan = planStatefulSet({
        statefulSet,
        pods: owned,
        ...history,
        findClaim: (name) => claims.get(`${statefulSet.metadata.namespace}/${name}`),
        nowMs: clock.nowMs(),
        burst: options.burst,
        retryAtMs: (name) => failures.retryAtMs(key, name),
      });
      const error = await carryOut(key, statefulSet, plan.phases, signal);
      signal.throwIfAborted();
      await write(key, statefulSet, plan.status);
      teller.tell(statefulSet, plan.events);
      if (error !== undefined) throw error;
      return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
    },
  };

  /** `none`: the set is going, and its template never had a revision. */
  async function revisionsOf(key: string, owner: StatefulSet, owned: readonly Pod[]) {
    const { selector } = owner.spec;
    const claimant = { owner, resource: STATEFUL_SETS, selector };
    const known = await claim({ client, informer: revisions, expectations }, claimant);
    const live = new Set([
      owner.status?.currentRevision,
      ...owned.map(({ metadata }) => metadata.labels?.[REVISION_LABEL]),
    ]);
    const plan = planRevisions({
      owner,
      resource: STATEFUL_SETS,
      revisions: known,
      isInUse: ({ metadata }) => live.has(metadata.name),
      limitCountsInUse: false,
      hashLabel: HASH_LABEL,
    });
    if (owner.metadata.deletionTimestamp !== undefined && plan.create !== undefined) return 'none';
    const update = await carryOutRevisions({ client, revisions, expectations }, { key, owner, plan });
    if (update === undefined) return 'collision';
    const current = known.find(({ metadata }) => metadata.name === owner.status?.currentRevision) ?? update;
    return { current, update };
  }

  /** The first error; what came after it was not tried. */
  async function carryOut(
    key: string,
    statefulSet: StatefulSet,
    phases: StatefulSetPlan['phases'],
    signal: AbortSignal,
  ): Promise<unknown> {
    for (const phase of phases) {
      const { error } = await inBatches(phase, (step) => take(key, statefulSet, step), signal);
      if (error !== undefined) return error;
    }
    return undefined;
  }

  async function take(key: string, statefulSet: StatefulSet, step: Step): Promise<void> {
    const { name = '' } = step.pod.metadata;
    const isFree = await keeper.tend(key, statefulSet, name, step.claims);
    if (step.act === 'create') {
      if (isFree) await ownedPods.create(key, statefulSet, step.pod);
      else tellWaiting(statefulSet, name, step.claims.going);
    } else if (step.act === 'mend') {
      await mend(key, statefulSet, step.pod, step.repair);
    } else {
      if (step.why === 'failed') failures.note(key, name);
      tellEnd(statefulSet, name, step.why);
      await ownedPods.remove(key, statefulSet, step.pod);
    }
  }

  async function mend(key: string, owner: StatefulSet, pod: Pod, repair: PodRepair | undefined): Promise<void> {
    if (repair === undefined) return;
    const { name, resourceVersion } = pod.metadata;
    const { labels, volumes } = repair;
    const spec = volumes === undefined ? {} : { spec: { volumes } };
    const body = { metadata: { resourceVersion, labels }, ...spec } as Json;
    try {
      expectations.wrote(key, pods, await client.patch(PODS, pod.metadata, { type: 'merge', body }));
      const message = `update Pod ${name} in StatefulSet ${owner.metadata.name} successful`;
      events.record(owner, { type: 'Normal', reason: 'SuccessfulUpdate', message });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return; // Its next event brings it back.
      if (isApiError(error, 'Conflict')) throw error; // Two writers met: the pass is made again, and nobody is told.
      const message = `update Pod ${name} in StatefulSet ${owner.metadata.name} failed error: ${errorMessage(error)}`;
      events.record(owner, { type: 'Warning', reason: 'FailedUpdate', message });
      throw error;
    }
  }

  function tellWaiting(owner: StatefulSet, pod: string, going: readonly string[]): void {
    const why = going.map((name) => `pvc ${name} is being deleted`).join(', ');
    events.record(owner, { type: 'Warning', reason: 'FailedCreate', message: WORDS.failed('create', pod, owner, why) });
  }

  function tellEnd(owner: StatefulSet, pod: string, why: string): void {
    const of = `StatefulSet ${keyOf(owner)} is recreating`;
    if (why === 'failed') {
      events.record(owner, { type: 'Warning', reason: 'RecreatingFailedPod', message: `${of} failed Pod ${pod}` });
    } else if (why === 'succeeded') {
      events.record(owner, {
        type: 'Normal',
        reason: 'RecreatingTerminatedPod',
        message: `${of} terminated Pod ${pod}`,
      });
    }
  }

  async function write(key: string, statefulSet: StatefulSet, status: object): Promise<void> {
    const written = await writeStatus(client, STATEFUL_SETS, statefulSet, { status });
    if (written !== undefined) expectations.wrote(key, statefulSets, written);
  }
}

/** Which sets a change concerns: itself, the owner of a pod or revision, who selects nobody's, and whose pod a claim is named for. */
export function statefulSetSources({
  statefulSets,
  revisions,
  pods,
  claims,
}: Pick<StatefulSetDeps, 'statefulSets' | 'revisions' | 'pods' | 'claims'>): KeySource[] {
  const ofOwned = (object: Pod | ControllerRevision): Iterable<string> => {
    const controller = controllerOf(object);
    if (controller !== undefined) {
      return controller.kind === STATEFUL_SETS.kind ? [`${object.metadata.namespace}/${controller.name}`] : [];
    }
    return statefulSets
      .list(object.metadata.namespace)
      .filter(({ spec }) => selectorFromObject(spec.selector).matches(object.metadata.labels))
      .map(keyOf);
  };
  const ofClaim = (object: PersistentVolumeClaim): Iterable<string> =>
    statefulSets
      .list(object.metadata.namespace)
      .filter((statefulSet) => isClaimOf(statefulSet, object))
      .map(keyOf);
  return [
    keysFrom(statefulSets),
    keysFrom(revisions, { toKeys: ofOwned }),
    keysFrom(pods, { toKeys: ofOwned }),
    keysFrom(claims, { toKeys: ofClaim, when: (before, after) => !belongsTheSame(before, after) }),
  ];
}

/** Whether a change of a claim leaves alone all that a set looks at: how it is bound is no news. */
function belongsTheSame({ metadata: before }: KubeObject, { metadata: after }: KubeObject): boolean {
  return (
    before.uid === after.uid &&
    before.deletionTimestamp === after.deletionTimestamp &&
    equalJson(before.ownerReferences ?? [], after.ownerReferences ?? [])
  );
}
