import {
  DEPLOYMENTS,
  type Deployment,
  isApiError,
  type Json,
  type KubeObject,
  type Pod,
  REPLICA_SETS,
  type ReplicaSet,
  selectorFromObject,
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
} from '#reconcile';
import { claim } from '../shared/claim.ts';
import { mergePatch } from '../shared/merge-patch.ts';
import { BY_CONTROLLER, controllerIndex, controllerOf, isControlledBy } from '../shared/owners.plan.ts';
import { isFinished } from '../shared/pods.plan.ts';
import { writeStatus } from '../shared/write-status.ts';
import { type DeploymentPlan, planDeployment, type ReplicaSetChange } from './deployment.plan.ts';
import { isRolling } from './rolling.plan.ts';
import { hasTemplate } from './template.plan.ts';

export interface DeploymentDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly events: EventRecorder;
  readonly deployments: Informer<Deployment>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
}

/** Moves a Deployment's ReplicaSets towards its template and size. Sole writer of Deployment status. */
export function createDeploymentController(deps: DeploymentDeps): Controller {
  const { client, clock, events, deployments, replicaSets, pods } = deps;
  const expectations = new Expectations(clock);
  replicaSets.addIndex(BY_CONTROLLER, controllerIndex);
  pods.addIndex(BY_CONTROLLER, controllerIndex);

  return {
    name: 'deployment',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const deployment = deployments.get(key);
      if (deployment === undefined) return {};
      if (selectorFromObject(deployment.spec.selector).requirements.length === 0) {
        const message = 'This deployment is selecting all pods. A non-empty selector is required.';
        events.record(deployment, { type: 'Warning', reason: 'SelectingAll', message });
        return {};
      }
      const { selector } = deployment.spec;
      const claimant = { owner: deployment, resource: DEPLOYMENTS, selector };
      const owned = await claim({ client, informer: replicaSets, expectations }, claimant);
      const running = isRolling(deployment) ? NONE : withRunningPods(owned);
      const plan = planDeployment({ deployment, replicaSets: owned, running, nowMs: clock.nowMs() });
      return await carryOut(key, deployment, plan);
    },
  };

  async function carryOut(key: string, deployment: Deployment, plan: DeploymentPlan) {
    for (const each of plan.change) await change(key, deployment, each);
    const collided = plan.create !== undefined && !(await create(key, deployment, plan.create));
    for (const each of plan.remove) await remove(key, each);
    const { annotations } = plan;
    const status = collided ? withCollision(deployment) : plan.status;
    const written = await writeStatus(client, DEPLOYMENTS, deployment, collided ? { status } : { status, annotations });
    if (written !== undefined) expectations.wrote(key, deployments, written);
    if (collided) return { requeueAfterMs: 0 };
    return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs };
  }

  async function change(key: string, deployment: Deployment, planned: ReplicaSetChange): Promise<void> {
    const { replicaSet, replicas, annotations, minReadySeconds } = planned;
    const { spec, metadata } = replicaSet;
    const before = { spec: pick(spec), metadata: { annotations: metadata.annotations ?? {} } };
    const body = mergePatch(before, {
      spec: {
        ...before.spec,
        ...(replicas === undefined ? {} : { replicas }),
        ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      },
      metadata: { annotations: annotations ?? before.metadata.annotations },
    });
    if (body === undefined) return;
    const written = await ifThere(client.patch(REPLICA_SETS, metadata, { type: 'merge', body: body as Json }));
    if (written === undefined) return;
    expectations.wrote(key, replicaSets, written);
    if (replicas !== undefined) tellScaled(deployment, metadata.name, spec.replicas ?? 0, replicas);
  }

  /** False when another object has the name: the template's hash collided. */
  async function create(key: string, deployment: Deployment, object: KubeObject): Promise<boolean> {
    try {
      const created = expectations.wrote(key, replicaSets, await client.create(REPLICA_SETS, object));
      tellScaled(deployment, created.metadata.name, 0, created.spec.replicas ?? 0);
      return true;
    } catch (error) {
      if (!isApiError(error, 'AlreadyExists')) throw error;
      const { name = '', namespace = '' } = object.metadata;
      const existing = await client.get(REPLICA_SETS, { namespace, name });
      if (existing === undefined) return true;
      const ours = isControlledBy(existing, deployment) && hasTemplate(existing, deployment.spec.template);
      if (ours) expectations.wrote(key, replicaSets, existing);
      return ours;
    }
  }

  async function remove(key: string, replicaSet: ReplicaSet): Promise<void> {
    const { uid, resourceVersion } = replicaSet.metadata;
    // Should it have been scaled up meanwhile, it stays.
    const options = { propagationPolicy: 'Background', preconditions: { uid, resourceVersion } } as const;
    const lingering = await client.delete(REPLICA_SETS, replicaSet.metadata, options);
    expectations.removed(key, replicaSets, replicaSet, lingering);
  }

  function tellScaled(deployment: Deployment, name: string, from: number, to: number): void {
    const way = to > from ? 'up' : 'down';
    const message = `Scaled ${way} replica set ${name} from ${from} to ${to}`;
    events.record(deployment, { type: 'Normal', reason: 'ScalingReplicaSet', message });
  }

  function withRunningPods(owned: readonly ReplicaSet[]): ReadonlySet<string> {
    const uids = owned.map(({ metadata }) => metadata.uid);
    return new Set(uids.filter((uid) => pods.byIndex(BY_CONTROLLER, uid).some((pod) => !isFinished(pod))));
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Which Deployments a change concerns: the Deployment itself, a set's owner, and for Recreate the owner of a pod's set. */
export function deploymentSources({
  deployments,
  replicaSets,
  pods,
}: Pick<DeploymentDeps, 'deployments' | 'replicaSets' | 'pods'>): KeySource[] {
  const ofReplicaSet = (replicaSet: ReplicaSet): Iterable<string> => {
    const controller = controllerOf(replicaSet);
    if (controller !== undefined) {
      return controller.kind === DEPLOYMENTS.kind ? [`${replicaSet.metadata.namespace}/${controller.name}`] : [];
    }
    return deployments
      .list(replicaSet.metadata.namespace)
      .filter(({ spec }) => selectorFromObject(spec.selector).matches(replicaSet.metadata.labels))
      .map(keyOf);
  };
  /** A rolling Deployment learns all it needs from its sets; one that recreates waits for the last old pod to go. */
  const ofPod = (pod: Pod): Iterable<string> => {
    const name = controllerOf(pod)?.name;
    const replicaSet = name === undefined ? undefined : replicaSets.get(`${pod.metadata.namespace}/${name}`);
    if (replicaSet === undefined) return [];
    return [...ofReplicaSet(replicaSet)].filter((key) => {
      const deployment = deployments.get(key);
      return deployment !== undefined && !isRolling(deployment);
    });
  };
  return [
    keysFrom(deployments),
    keysFrom(replicaSets, { toKeys: ofReplicaSet }),
    keysFrom(pods, { toKeys: ofPod, when: (previous, current) => isFinished(previous) !== isFinished(current) }),
  ];
}

function pick({ replicas, minReadySeconds }: ReplicaSet['spec']) {
  return { replicas, minReadySeconds };
}

function withCollision({ status }: Deployment) {
  return { ...status, collisionCount: (status?.collisionCount ?? 0) + 1 };
}

/** Gone is success. */
async function ifThere<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined;
    throw error;
  }
}
