import type {
  CronJob,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Job,
  KubeObject,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '#api';
import { SCALED } from './asides.ts';
import type { ScaledAway } from './guards/claims.ts';
import { isActive, isReady, ownerOf } from './guards/pods.ts';
import type { Scene } from './promises.ts';
import { type Declared, FINISHED_JOBS, NODE_LOCAL_CLASS, type Workload } from './workloads.ts';

/** What differs from what is declared, once everything has come to rest and every node is there. */
export function differencesFrom(
  declared: Declared,
  scene: Scene,
  nodes: number,
  scaledAway: ScaledAway,
): readonly string[] {
  const { world } = scene;
  const problems: string[] = [];
  const named = <T extends KubeObject>(resource: string, name: string) =>
    world.of<T>(resource).get(`default/${name}`) as T | undefined;
  const pods = [...world.of<Pod>('pods').values()];
  const ofApp = (app: string) => pods.filter((pod) => pod.metadata.labels?.['app'] === app);

  for (const [name, workload] of declared) {
    switch (workload.kind) {
      case 'Deployment':
        problems.push(...deploymentProblems(name, workload, named<Deployment>('deployments.apps', name), ofApp(name)));
        if (workload.service === true) problems.push(...serviceProblems(name, scene, ofApp(name)));
        break;
      case 'StatefulSet': {
        const active = ofApp(name).filter(isActive);
        const good = active.filter((pod) => isReady(pod) && imageOf(pod) === workload.image);
        const names = good.map(({ metadata }) => metadata.name).toSorted();
        const wanted = Array.from({ length: workload.replicas }, (_, ordinal) => `${name}-${ordinal}`);
        const status = named<StatefulSet>('statefulsets.apps', name)?.status;
        const right = active.length === wanted.length && names.join() === wanted.join();
        if (!right || (status?.readyReplicas ?? 0) !== wanted.length) {
          problems.push(`${name}: ${names.join(' ')} serve of ${active.length} pods; declared are ${wanted.length}`);
        }
        break;
      }
      case 'DaemonSet': {
        const status = named<DaemonSet>('daemonsets.apps', name)?.status;
        const active = ofApp(name).filter(isActive);
        const good = active.filter((pod) => isReady(pod) && imageOf(pod) === workload.image);
        const places = new Set(good.map(({ spec }) => spec.nodeName)).size;
        if (active.length !== nodes || good.length !== nodes || places !== nodes || status?.numberReady !== nodes) {
          problems.push(
            `${name}: ${good.length} of ${active.length} pods on ${places} nodes, not one on each of ${nodes}`,
          );
        }
        break;
      }
      case 'Other':
        if (name === 'old') problems.push(...scaledProblems(declared, scene, ofApp(name)));
        break;
      case 'CronJob':
        problems.push(...cronJobProblems(name, named<CronJob>('cronjobs.batch', name), scene));
        break;
      case 'Job': {
        const status = named<Job>('jobs.batch', name)?.status;
        if (status?.succeeded !== workload.completions || (status.active ?? 0) !== 0) {
          problems.push(`${name}: ${JSON.stringify(status)} instead of ${workload.completions} that succeeded`);
        }
        break;
      }
    }
  }
  problems.push(...claimProblems(declared, scene, scaledAway));
  problems.push(...leftovers(declared, scene, pods));
  problems.push(...strays(scene, pods));
  return problems;
}

function deploymentProblems(
  name: string,
  workload: Extract<Workload, { kind: 'Deployment' }>,
  deployment: Deployment | undefined,
  pods: readonly Pod[],
): readonly string[] {
  const { image, replicas } = workload;
  const active = pods.filter(isActive);
  const ready = active.filter(isReady);
  const told = deployment?.status;
  const shown = `${ready.length} of ${active.length} pods serve`;
  if (deployment === undefined) return [`${name}: there is no Deployment`];
  if (told?.observedGeneration !== deployment.metadata.generation)
    return [`${name}: its newest spec was not looked at`];
  if ((told?.replicas ?? 0) !== active.length || (told?.readyReplicas ?? 0) !== ready.length) {
    return [`${name}: ${shown}, its status says ${told?.readyReplicas ?? 0} of ${told?.replicas ?? 0}`];
  }
  const current = active.filter((pod) => imageOf(pod) === image);
  if (active.length === replicas && ready.length === replicas && current.length === replicas) return [];
  return [`${name}: ${shown}, ${current.length} of the newest image; declared are ${replicas}`];
}

/** The ReplicationController made by hand has the size that its autoscaler allows, if there is one, and so many pods. */
function scaledProblems(declared: Declared, { world }: Scene, pods: readonly Pod[]): readonly string[] {
  const controller = world.of<ReplicationController>('replicationcontrollers').get('default/old');
  const size = controller?.spec.replicas ?? 0;
  const serving = pods.filter((pod) => isActive(pod) && isReady(pod)).length;
  const { min, max } = declared.has('scaler') ? SCALED : { min: 1, max: SCALED.max };
  const isRight = size >= min && size <= max && serving === size && pods.filter(isActive).length === size;
  return isRight ? [] : [`old: ${serving} pods serve of ${size}; its autoscaler allows ${min} to ${max}`];
}

/** Nothing of it runs on, every time that it began for was done, and it keeps no more than it may. */
function cronJobProblems(name: string, cronJob: CronJob | undefined, { world }: Scene): readonly string[] {
  if (cronJob === undefined) return [`${name}: there is no CronJob`];
  const { active = [], lastScheduleTime, lastSuccessfulTime } = cronJob.status ?? {};
  const jobs = [...world.of<Job>('jobs.batch').values()].filter(
    (job) => ownerOf(job, 'CronJob') === cronJob.metadata.uid,
  );
  const ended = (how: string) =>
    jobs.filter(({ status }) =>
      status?.conditions?.some(({ type, status: holds }) => type === how && holds === 'True'),
    );
  const running = jobs.length - ended('Complete').length - ended('Failed').length;
  const problems: string[] = [];
  if (running > 0 || active.length > 0) problems.push(`${running} of its Jobs run, its status names ${active.length}`);
  if (ended('Complete').length > FINISHED_JOBS || ended('Failed').length > FINISHED_JOBS) {
    problems.push(`it keeps ${jobs.length} Jobs that have ended`);
  }
  if (lastScheduleTime !== undefined && lastSuccessfulTime === undefined) problems.push('no run of it ever succeeded');
  return problems.map((problem) => `${name}: ${problem}`);
}

/**
 * Each pod of a set with claims has its own, on a volume that has only it; no claim and no volume is left of others, but for
 * claims that the set still has because their pods were gone before it became smaller.
 */
function claimProblems(declared: Declared, { world }: Scene, scaledAway: ScaledAway): readonly string[] {
  const ours = <T extends { readonly spec?: { readonly storageClassName?: string | undefined } | undefined }>(
    each: T,
  ) => each.spec?.storageClassName === NODE_LOCAL_CLASS.metadata.name;
  const claims = [...world.of<PersistentVolumeClaim>('persistentvolumeclaims').values()].filter(ours);
  const volumes = new Map(
    [...world.of<PersistentVolume>('persistentvolumes').values()]
      .filter(ours)
      .map((volume) => [volume.metadata.name, volume] as const),
  );
  const wanted = [...declared].flatMap(([name, workload]) =>
    workload.kind === 'StatefulSet' && workload.claims === true
      ? Array.from({ length: workload.replicas }, (_, ordinal) => `data-${name}-${ordinal}`)
      : [],
  );
  const problems: string[] = [];
  const isKept = (claim: PersistentVolumeClaim) => {
    const { metadata } = claim;
    const pod = `${metadata.namespace}/${metadata.name.replace(/^data-/, '')}`;
    const owner = ownerOf(claim, 'StatefulSet');
    const sets = [...world.of<StatefulSet>('statefulsets.apps').values()];
    return (
      !wanted.includes(metadata.name) &&
      !world.of('pods').has(pod) &&
      !scaledAway.has(pod) &&
      sets.some(({ metadata: { uid } }) => uid === owner)
    );
  };
  const names = claims.filter((claim) => !isKept(claim)).map(({ metadata }) => metadata.name);
  if (names.toSorted().join() !== wanted.toSorted().join()) {
    problems.push(`claims are ${names.join(' ')}; declared are ${wanted.join(' ')}`);
  }
  for (const { metadata, spec, status } of claims) {
    const volume = volumes.get(spec?.volumeName ?? '');
    const isBound = status?.phase === 'Bound' && volume?.status?.phase === 'Bound';
    if (!isBound || volume.spec?.claimRef?.uid !== metadata.uid) {
      problems.push(`${metadata.name} is ${status?.phase}, and its volume ${volume?.status?.phase ?? 'is not there'}`);
    }
  }
  if (volumes.size > claims.length) problems.push(`${volumes.size} volumes are there for ${claims.length} claims`);
  return problems;
}

function serviceProblems(name: string, { world }: Scene, pods: readonly Pod[]): readonly string[] {
  const ready = pods.filter((pod) => isActive(pod) && isReady(pod)).map(({ status }) => status?.podIP ?? '');
  const told = [...world.of<EndpointSlice>('endpointslices.discovery.k8s.io').values()]
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name)
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready === true)
    .flatMap(({ addresses }) => addresses);
  const same = JSON.stringify(ready.toSorted()) === JSON.stringify(told.toSorted());
  return same ? [] : [`${name}: its Service leads to ${told.join(' ')}, not to ${ready.join(' ')}`];
}

const OF_GIT = ['cronjobs.batch', 'daemonsets.apps', 'deployments.apps', 'jobs.batch', 'statefulsets.apps'] as const;

/** What nobody declares. */
function leftovers(declared: Declared, { world }: Scene, pods: readonly Pod[]): readonly string[] {
  const problems: string[] = [];
  for (const resource of OF_GIT) {
    for (const { metadata, kind } of world.of(resource).values()) {
      const wanted = declared.get(metadata.name ?? '')?.kind;
      if (wanted !== kind && wanted !== 'Other' && (metadata.ownerReferences ?? []).length === 0)
        problems.push(`${kind} ${metadata.name} is not declared`);
    }
  }
  for (const pod of pods) {
    const app = pod.metadata.labels?.['app'] ?? '';
    if (!declared.has(app)) problems.push(`pod ${pod.metadata.name} is of nothing that is declared`);
    else if (pod.metadata.deletionTimestamp !== undefined) problems.push(`pod ${pod.metadata.name} never ends`);
  }
  for (const set of world.of<ReplicaSet>('replicasets.apps').values()) {
    const owner = ownerOf(set, 'Deployment');
    const deployment = world.of<Deployment>('deployments.apps').get(`default/${set.metadata.labels?.['app']}`);
    if (owner === undefined || deployment?.metadata.uid !== owner) {
      problems.push(`ReplicaSet ${set.metadata.name} is of nothing that is declared`);
    }
  }
  const templates = new Set<string>();
  for (const set of world.of<ReplicaSet>('replicasets.apps').values()) {
    const template = `${set.metadata.labels?.['app']} ${set.spec.template?.spec?.containers[0]?.image}`;
    if (templates.has(template)) problems.push(`two ReplicaSets are for ${template}`);
    templates.add(template);
  }
  return problems;
}

/** Containers without a pod, pods without their container, and two where one should be. */
function strays(scene: Scene, pods: readonly Pod[]): readonly string[] {
  const problems: string[] = [];
  const byUid = new Map(pods.map((pod) => [pod.metadata.uid, pod]));
  const seen = new Set<string>();
  for (const { node, podUid, podName, container } of scene.running()) {
    const pod = byUid.get(podUid);
    if (pod === undefined) problems.push(`a container of ${podName} runs on ${node}, and there is no such pod`);
    else if (pod.spec.nodeName !== node)
      problems.push(`${podName} runs on ${node}, and belongs on ${pod.spec.nodeName}`);
    const id = `${podUid}/${container}`;
    if (seen.has(id)) problems.push(`two containers ${container} of ${podName} run`);
    seen.add(id);
  }
  for (const pod of pods) {
    if (!isActive(pod) || !isReady(pod)) continue;
    if (!seen.has(`${pod.metadata.uid}/main`)) problems.push(`${pod.metadata.name} is said to serve, and does not run`);
  }
  return problems;
}

function imageOf({ spec }: Pod): string | undefined {
  return spec.containers[0]?.image?.replace(/^local\//, '');
}

/** Of no concern to whether two clusters are in the same state: names by chance, times, and the history of how they came there. */
const HISTORY = new Set([
  'syncruns.plumbline.dev',
  'renderedsets.plumbline.dev',
  'nodes',
  'pods',
  'applications.argoproj.io',
]);
const CHANGING =
  /^(uid|resourceVersion|creationTimestamp|generation|observedGeneration|managedFields|annotations|finalizers|.*[tT]ime|.*IPs?|nodeName|targetRef|addresses|startedAt|finishedAt|ownerReferences|clusterIPs?|deletionTimestamp|lastUpdate.*|nodePort|updateRevision|currentRevision|message|revision|collisionCount|claimRef|commit)$/;

/** Every object as far as it is not by chance, sorted: equal for two clusters that are in the same state. */
export function stateOf({ world }: Scene): readonly string[] {
  const lines: string[] = [];
  for (const [resource, objects] of world.all()) {
    if (HISTORY.has(resource)) continue;
    for (const object of objects.values()) lines.push(`${resource} ${JSON.stringify(object, leaveOut)}`);
  }
  for (const pod of world.of<Pod>('pods').values()) {
    const { metadata, status } = pod;
    lines.push(`pod of ${metadata.labels?.['app']}: ${imageOf(pod)} ${status?.phase} ${isReady(pod)}`);
  }
  return lines.toSorted();
}

function leaveOut(this: unknown, key: string, value: unknown): unknown {
  if (CHANGING.test(key)) return undefined;
  const isGenerated = key === 'name' && (this as { generateName?: string }).generateName !== undefined;
  if (isGenerated) return '';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
