import {
  CLUSTER_ROLES,
  CONFIG_MAPS,
  CONTROLLER_REVISIONS,
  CRON_JOBS,
  CUSTOM_RESOURCE_DEFINITIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  HORIZONTAL_POD_AUTOSCALERS,
  JOBS,
  LEASES,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  POD_DISRUPTION_BUDGETS,
  PODS,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
  STORAGE_CLASSES,
} from '#api';
import type { Clock, Log } from '#base';
import type { Client } from '#client';
import {
  type Controller,
  createEventRecorder,
  createInformers,
  type EventRecorder,
  type KeySource,
  keysFrom,
  runController,
  runControllerDefaults,
} from '#reconcile';
import type { ApiServiceOptions } from './api-service/api-service.plan.ts';
import { apiServiceSources, createApiServiceController } from './api-service/api-service.ts';
import {
  clusterRoleAggregationSources,
  createClusterRoleAggregationController,
} from './cluster-role-aggregation/cluster-role-aggregation.ts';
import { createCronJobController, cronJobSources } from './cron-job/cron-job.ts';
import { createDaemonSetController, daemonSetSources } from './daemon-set/daemon-set.ts';
import { createDeploymentController, deploymentSources } from './deployment/deployment.ts';
import { createDisruptionController, disruptionSources } from './disruption/disruption.ts';
import { createStaleDisruptionController, staleDisruptionSources } from './disruption/stale-disruption.ts';
import { createEndpointSliceController, endpointSliceSources } from './endpoint-slice/endpoint-slice.ts';
import {
  createEndpointSliceMirroringController,
  endpointSliceMirroringSources,
} from './endpoint-slice-mirroring/mirroring.ts';
import { createEndpointsController, endpointsSources } from './endpoints/endpoints.ts';
import {
  createGarbageCollectionController,
  garbageCollectionSources,
} from './garbage-collection/garbage-collection.ts';
import { OwnerGraph } from './garbage-collection/owner-graph.ts';
import {
  createHorizontalPodAutoscalerController,
  type HorizontalPodAutoscalerOptions,
  horizontalPodAutoscalerDefaults,
  horizontalPodAutoscalerSources,
} from './horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts';
import { createExpiryController, expirySources } from './job/expiry.ts';
import { createJobController, jobSources } from './job/job.ts';
import { createUntrackingController, untrackingSources } from './job/untracking.ts';
import { createNamespaceController, namespaceDefaults, namespaceSources } from './namespace/namespace.ts';
import { createEvictionController, type EvictionOptions, evictionDefaults, evictionSources } from './nodes/eviction.ts';
import {
  createNodeLifecycleController,
  type NodeLifecycleOptions,
  nodeLifecycleDefaults,
  nodeLifecycleSources,
} from './nodes/node-lifecycle.ts';
import { createNodeTtlController, nodeTtlSources } from './nodes/node-ttl.ts';
import {
  createPodCollectionController,
  type PodCollectionOptions,
  podCollectionDefaults,
  podCollectionSources,
} from './nodes/pod-collection.ts';
import { createPodRangeController, type PodRangeOptions, podRangeDefaults } from './nodes/pod-range.ts';
import { createReplicaSetController, replicaSetSources } from './replica-set/replica-set.ts';
import {
  createReplicationControllerController,
  replicationControllerSources,
} from './replica-set/replication-controller.ts';
import { createScheduling, type SchedulingOptions, schedulingDefaults } from './scheduling/scheduling.ts';
import { createTokenSecretsController, tokenSecretsSources } from './service-accounts/token-secrets.ts';
import { AllKinds } from './shared/all-kinds.ts';
import { createStatefulSetController, statefulSetSources } from './stateful-set/stateful-set.ts';
import {
  claimBinderSources,
  createClaimBinderController,
  createVolumeBinderController,
  volumeBinderSources,
} from './volumes/binder.ts';
import { createEphemeralVolumeController, ephemeralVolumeSources } from './volumes/ephemeral.ts';
import {
  claimProtectionSources,
  createClaimProtectionController,
  createVolumeProtectionController,
  volumeProtectionSources,
} from './volumes/protection.ts';

export interface ControllersDeps {
  /** As `system:plumbline:controllers`; its field manager is the user agent's name. */
  readonly client: Client;
  /** The scheduler's own, so that bindings and conditions name it; the same client when absent. */
  readonly schedulerClient?: Client;
  readonly clock: Clock;
  readonly log: Log;
}

export interface ControllersOptions {
  /** The cluster's CA in PEM: every namespace gets it as ConfigMap `kube-root-ca.crt`. */
  readonly caCertificate?: string;
  /** How pods call the API; without it nobody keeps Service `default/kubernetes`. */
  readonly apiService?: ApiServiceOptions;
  readonly podRange?: Partial<PodRangeOptions>;
  readonly nodeLifecycle?: Partial<NodeLifecycleOptions>;
  readonly eviction?: Partial<EvictionOptions>;
  readonly podCollection?: Partial<PodCollectionOptions>;
  readonly scheduling?: Partial<SchedulingOptions>;
  readonly horizontalPodAutoscaler?: Partial<HorizontalPodAutoscalerOptions>;
  /** Keys that one controller works on at the same time. */
  readonly workers?: number;
}

/** One loop that runs until its signal aborts. */
export interface ControllerRunner {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface Controllers {
  readonly runners: readonly ControllerRunner[];
  /** Whether every cache has been filled once. */
  readonly synced: boolean;
  /** Fills the caches, then runs everything until the signal aborts. Wrap it in `runAsLeader` where several may run. */
  run(signal: AbortSignal): Promise<void>;
}

/** All controllers and the scheduler over one set of informers. Nothing runs before `run`. */
export function createControllers(deps: ControllersDeps, options: ControllersOptions = {}): Controllers {
  const { client, clock, log } = deps;
  const informers = createInformers({ client, clock, log });
  const recorder = (component: string, by = client): EventRecorder =>
    createEventRecorder({ client: by, clock, log }, { component });
  const recorders = new Map<string, EventRecorder>();
  const eventsOf = (component: string, by = client) => {
    const known = recorders.get(component) ?? recorder(component, by);
    recorders.set(component, known);
    return known;
  };
  const kinds = {
    autoscalers: informers.of(HORIZONTAL_POD_AUTOSCALERS),
    budgets: informers.of(POD_DISRUPTION_BUDGETS),
    claims: informers.of(PERSISTENT_VOLUME_CLAIMS),
    clusterRoles: informers.of(CLUSTER_ROLES),
    configMaps: informers.of(CONFIG_MAPS),
    cronJobs: informers.of(CRON_JOBS),
    daemonSets: informers.of(DAEMON_SETS),
    definitions: informers.of(CUSTOM_RESOURCE_DEFINITIONS),
    deployments: informers.of(DEPLOYMENTS),
    jobs: informers.of(JOBS),
    leases: informers.of(LEASES),
    namespaces: informers.of(NAMESPACES),
    nodes: informers.of(NODES),
    pods: informers.of(PODS),
    replicaSets: informers.of(REPLICA_SETS),
    replicationControllers: informers.of(REPLICATION_CONTROLLERS),
    revisions: informers.of(CONTROLLER_REVISIONS),
    secrets: informers.of(SECRETS),
    serviceAccounts: informers.of(SERVICE_ACCOUNTS),
    services: informers.of(SERVICES),
    endpoints: informers.of(ENDPOINTS),
    slices: informers.of(ENDPOINT_SLICES),
    statefulSets: informers.of(STATEFUL_SETS),
    storageClasses: informers.of(STORAGE_CLASSES),
    volumes: informers.of(PERSISTENT_VOLUMES),
  };
  const contents = new AllKinds({ client, clock, log }, informers);
  const graph = new OwnerGraph(contents);
  const base = { client, clock, ...kinds };
  const ca = options.caCertificate === undefined ? {} : { caCertificate: options.caCertificate };

  const loop = (controller: Controller, sources: readonly KeySource[], workers?: number): ControllerRunner => ({
    name: controller.name,
    run: (signal) =>
      runController(
        { controller, sources, clock, log, workers: workers ?? options.workers ?? runControllerDefaults.workers },
        signal,
      ),
  });
  const nodeEvents = eventsOf('node-controller');
  const volumeDeps = { ...base, events: eventsOf('persistentvolume-controller') };
  const schedulerClient = deps.schedulerClient ?? client;
  const schedulerEvents = eventsOf('default-scheduler', schedulerClient);
  const runners: readonly ControllerRunner[] = [
    loop(createDeploymentController({ ...base, events: eventsOf('deployment-controller') }), deploymentSources(kinds)),
    loop(createReplicaSetController({ ...base, events: eventsOf('replicaset-controller') }), replicaSetSources(kinds)),
    loop(
      createReplicationControllerController({ ...base, events: eventsOf('replication-controller') }),
      replicationControllerSources(kinds),
    ),
    loop(createDaemonSetController({ ...base, events: eventsOf('daemonset-controller') }), daemonSetSources(kinds)),
    loop(
      createStatefulSetController({ ...base, events: eventsOf('statefulset-controller') }),
      statefulSetSources(kinds),
    ),
    loop(createJobController({ ...base, events: eventsOf('job-controller') }), jobSources(kinds)),
    loop(createUntrackingController(base), untrackingSources(kinds)),
    loop(createExpiryController(base), expirySources(kinds)),
    loop(createCronJobController({ ...base, events: eventsOf('cronjob-controller') }), cronJobSources(kinds)),
    loop(createEndpointSliceController(base), endpointSliceSources(kinds)),
    ...(options.apiService === undefined
      ? []
      : [loop(createApiServiceController(base, options.apiService), apiServiceSources(kinds), 1)]),
    loop(createEndpointsController(base), endpointsSources(kinds)),
    loop(createEndpointSliceMirroringController(base), endpointSliceMirroringSources(kinds)),
    loop(
      createNamespaceController({ ...base, contents }, { ...namespaceDefaults, ...ca }),
      namespaceSources({ ...kinds, contents }),
    ),
    loop(
      createGarbageCollectionController({ client, graph, events: eventsOf('garbage-collector-controller') }),
      garbageCollectionSources(graph),
    ),
    loop(
      createDisruptionController({ ...base, contents, events: eventsOf('controllermanager') }),
      disruptionSources(kinds),
    ),
    loop(createStaleDisruptionController(base), staleDisruptionSources(kinds)),
    loop(
      createHorizontalPodAutoscalerController(
        { ...base, contents, events: eventsOf('horizontal-pod-autoscaler') },
        { ...horizontalPodAutoscalerDefaults, ...options.horizontalPodAutoscaler },
      ),
      horizontalPodAutoscalerSources(kinds),
    ),
    loop(createTokenSecretsController({ ...base, events: eventsOf('token-secrets') }), tokenSecretsSources(kinds)),
    loop(createClusterRoleAggregationController(base), clusterRoleAggregationSources(kinds)),
    loop(
      createPodRangeController({ ...base, events: nodeEvents }, { ...podRangeDefaults, ...options.podRange }),
      [keysFrom(kinds.nodes)],
      1,
    ),
    loop(createNodeTtlController(base), nodeTtlSources(kinds), 1),
    loop(
      createNodeLifecycleController(
        { ...base, events: nodeEvents },
        { ...nodeLifecycleDefaults, ...options.nodeLifecycle },
      ),
      nodeLifecycleSources(kinds),
    ),
    loop(
      createEvictionController(
        { ...base, events: eventsOf('taint-eviction-controller') },
        { ...evictionDefaults, ...options.eviction },
      ),
      evictionSources(kinds),
    ),
    loop(
      createPodCollectionController(base, { ...podCollectionDefaults, ...options.podCollection }),
      podCollectionSources(kinds),
    ),
    loop(createClaimBinderController(volumeDeps), claimBinderSources(volumeDeps), 1),
    loop(createVolumeBinderController(volumeDeps), volumeBinderSources(volumeDeps)),
    loop(createEphemeralVolumeController(volumeDeps), ephemeralVolumeSources(kinds)),
    loop(createClaimProtectionController(base), claimProtectionSources(kinds)),
    loop(createVolumeProtectionController(base), volumeProtectionSources(kinds)),
    {
      name: 'scheduling',
      run: (signal) =>
        createScheduling(
          { ...kinds, client: schedulerClient, clock, log, events: schedulerEvents },
          { ...schedulingDefaults, ...options.scheduling },
        ).run(signal),
    },
  ];
  let synced = false;

  return {
    runners,
    get synced() {
      return synced;
    },
    async run(signal) {
      const watching = informers.run(signal);
      try {
        await informers.synced(signal);
        await contents.start(signal);
        synced = true;
        await Promise.all(runners.map((runner) => runner.run(signal)));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      await watching;
      await Promise.all([...recorders.values()].map((each) => each.flush()));
    },
  };
}
