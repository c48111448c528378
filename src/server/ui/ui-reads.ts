import {
  APPLICATIONS,
  ApiError,
  type Application,
  EVENTS,
  type Event,
  formatObjectKey,
  isApiError,
  NAMESPACES,
  type Namespace,
  NODES,
  type Node,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  type PersistentVolume,
  type PersistentVolumeClaim,
  POD_DISRUPTION_BUDGETS,
  PODS,
  type Pod,
  type PodDisruptionBudget,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  type ReplicaSet,
  type ReplicationController,
  type ResourceType,
  SERVICES,
  type Service,
  STATEFUL_SETS,
  STORAGE_CLASSES,
  type StatefulSet,
  type StorageClass,
  type StoredObject,
  SYNC_RUNS,
  type SyncRun,
  type UiApplication,
  type UiApplicationSummary,
  type UiEvent,
  type UiNodeSummary,
  type UiPlacement,
  type UiPod,
  type UiRun,
  type UiRunSummary,
} from '#api';
import { planPlacement } from '#scheduler';
import type { Authorize } from '../auth/authorization.types.ts';
import type { Api, RequestContext } from '../registry/api.ts';
import { rowOf } from '../registry/mirror.ts';
import { planApplication, planApplicationSummary } from './application-summary.plan.ts';
import { planEvents } from './event-summary.plan.ts';
import { uiLimits } from './limits.ts';
import { planNodes } from './node-summary.plan.ts';
import { planPod, planTopOwner } from './pod-summary.plan.ts';
import { planHistory, planRun } from './run-summary.plan.ts';

export interface UiReadsDeps {
  readonly api: Pick<Api, 'row' | 'get' | 'list'>;
  readonly authorize: Authorize;
}

/** What the UI shows, read as its user: a right the user lacks is a refusal. */
export interface UiReads {
  overview(
    context: RequestContext,
  ): Promise<{ applications: readonly UiApplicationSummary[]; nodes: readonly UiNodeSummary[] }>;
  mayWrite(context: RequestContext): Promise<boolean>;
  nodes(context: RequestContext): Promise<readonly UiNodeSummary[]>;
  application(context: RequestContext, namespace: string, name: string): Promise<UiApplication>;
  history(context: RequestContext, namespace: string, name: string): Promise<readonly UiRunSummary[]>;
  run(context: RequestContext, namespace: string, name: string): Promise<SyncRun>;
  runView(context: RequestContext, namespace: string, name: string): Promise<UiRun>;
  /** Why a pod has no node. For users who see all pods and nodes: what others run is a part of the answer. */
  placement(context: RequestContext, namespace: string, name: string): Promise<UiPlacement>;
  /** Events of an Application's objects and their pods, or of one namespace. */
  events(
    context: RequestContext,
    of: { readonly namespace: string; readonly application?: string },
  ): Promise<readonly UiEvent[]>;
}

/** What a user may not list is left out of an answer that does not stand or fall with it. */
async function unlessForbidden<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isApiError(error, 'Forbidden')) return undefined;
    throw error;
  }
}

export function createUiReads({ api, authorize }: UiReadsDeps): UiReads {
  async function list<T extends StoredObject>(
    context: RequestContext,
    type: ResourceType<T>,
    namespace = '',
  ): Promise<readonly T[]> {
    await authorize(context.user, { verb: 'list', group: type.group, resource: type.plural, namespace });
    const { items } = await api.list({ context, row: rowOf(api, type), namespace });
    return items as readonly T[];
  }

  async function get<T extends StoredObject>(
    context: RequestContext,
    type: ResourceType<T>,
    namespace: string,
    name: string,
  ): Promise<T> {
    await authorize(context.user, { verb: 'get', group: type.group, resource: type.plural, namespace, name });
    return (await api.get({ context, row: rowOf(api, type), namespace, name })) as T;
  }

  /** The pods below an Application's objects. */
  async function podsOf(context: RequestContext, application: Application): Promise<readonly UiPod[]> {
    const kept = new Set((application.status?.resources ?? []).map(formatObjectKey));
    const namespaces = new Set((application.status?.resources ?? []).map(({ namespace }) => namespace));
    const pods: UiPod[] = [];
    for (const namespace of namespaces) {
      if (namespace === '') continue;
      const [all, replicaSets] = await Promise.all([
        list<Pod>(context, PODS, namespace),
        list<ReplicaSet>(context, REPLICA_SETS, namespace),
      ]);
      const byName = new Map(replicaSets.map((replicaSet) => [replicaSet.metadata.name, replicaSet]));
      for (const pod of all) {
        const owner = planTopOwner(pod, (_namespace, kind, name) =>
          kind === 'ReplicaSet' ? byName.get(name) : undefined,
        );
        if (kept.has(owner)) pods.push(planPod(pod, owner));
      }
    }
    return pods;
  }

  async function nodes(context: RequestContext): Promise<readonly UiNodeSummary[]> {
    const [all, pods] = await Promise.all([list<Node>(context, NODES), list<Pod>(context, PODS)]);
    return planNodes(all, pods);
  }

  /** The run an Application's status names; it may have been cleaned away. */
  async function currentRun(context: RequestContext, { metadata, status }: Application): Promise<SyncRun | undefined> {
    if (status?.run === undefined) return undefined;
    try {
      return await get<SyncRun>(context, SYNC_RUNS, metadata.namespace ?? '', status.run.name);
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'NotFound') return undefined;
      throw error;
    }
  }

  return {
    async overview(context) {
      const [applications, allNodes] = await Promise.all([list<Application>(context, APPLICATIONS), nodes(context)]);
      return { applications: applications.map(planApplicationSummary), nodes: allNodes };
    },

    async mayWrite({ user }) {
      const { group, plural: resource } = APPLICATIONS;
      try {
        await authorize(user, { verb: 'patch', group, resource, namespace: 'argocd' });
        return true;
      } catch (error) {
        if (error instanceof ApiError && error.reason === 'Forbidden') return false;
        throw error;
      }
    },

    nodes,

    async application(context, namespace, name) {
      const application = await get<Application>(context, APPLICATIONS, namespace, name);
      const [pods, run] = await Promise.all([podsOf(context, application), currentRun(context, application)]);
      return planApplication(application, pods, run);
    },

    async history(context, namespace, name) {
      return planHistory(await list<SyncRun>(context, SYNC_RUNS, namespace), name, uiLimits.historyRuns);
    },

    run: (context, namespace, name) => get<SyncRun>(context, SYNC_RUNS, namespace, name),

    async runView(context, namespace, name) {
      return planRun(await get<SyncRun>(context, SYNC_RUNS, namespace, name));
    },

    async placement(context, namespace, name) {
      const pod = await get<Pod>(context, PODS, namespace, name);
      const [allNodes, pods, namespaces, budgets] = await Promise.all([
        list<Node>(context, NODES),
        list<Pod>(context, PODS),
        list<Namespace>(context, NAMESPACES),
        list<PodDisruptionBudget>(context, POD_DISRUPTION_BUDGETS),
      ]);
      const [storage, owners] = await Promise.all([
        unlessForbidden(async () => ({
          claims: await list<PersistentVolumeClaim>(context, PERSISTENT_VOLUME_CLAIMS, namespace),
          volumes: await list<PersistentVolume>(context, PERSISTENT_VOLUMES),
          storageClasses: await list<StorageClass>(context, STORAGE_CLASSES),
        })),
        unlessForbidden(async () => ({
          services: await list<Service>(context, SERVICES, namespace),
          replicaSets: await list<ReplicaSet>(context, REPLICA_SETS, namespace),
          replicationControllers: await list<ReplicationController>(context, REPLICATION_CONTROLLERS, namespace),
          statefulSets: await list<StatefulSet>(context, STATEFUL_SETS, namespace),
        })),
      ]);
      const { reason, victims, answers } = planPlacement({
        pod,
        nodes: allNodes,
        pods,
        namespaces,
        budgets,
        ...(storage === undefined ? {} : { storage }),
        ...(owners === undefined ? {} : { owners }),
      });
      const promised = pod.status?.nominatedNodeName;
      return {
        reason,
        ...(promised ? { promised } : {}),
        victims: victims.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
        nodes: answers.slice(0, uiLimits.placementNodes),
        nodeCount: answers.length,
      };
    },

    async events(context, { namespace, application: name }) {
      if (name === undefined) {
        return planEvents(await list<Event>(context, EVENTS, namespace), () => true, uiLimits.events);
      }
      const application = await get<Application>(context, APPLICATIONS, namespace, name);
      const pods = await podsOf(context, application);
      const keys = new Set([
        formatObjectKey({ group: 'argoproj.io', kind: 'Application', namespace, name }),
        ...(application.status?.resources ?? []).map(formatObjectKey),
        ...pods.map((pod) => formatObjectKey({ group: '', kind: 'Pod', namespace: pod.namespace, name: pod.name })),
      ]);
      return planEvents(await list<Event>(context, EVENTS), ({ key }) => keys.has(key), uiLimits.events);
    },
  };
}
