import type { Container, PodSpec, Volume } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../meta/object.ts';

/** A field of a pod that Kubernetes acts on and we do not. */
export interface UnsupportedPodField {
  /** Within the pod's spec: `volumes[0].persistentVolumeClaim`. */
  readonly path: string;
  readonly message: string;
}

/** What the node agent mounts. Source: src/node-agent/volumes/volume.plan.ts. */
const VOLUME_KINDS: ReadonlySet<string> = new Set([
  'configMap',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'hostPath',
  'nfs',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

/**
 * What a pod asks for that we cannot give: without it the pod would run as something else than was meant, so no node
 * takes it, and whoever writes it is warned. What is merely not acted on is not named here.
 */
export function unsupportedPodFields(spec: Readonly<Partial<PodSpec>>): readonly UnsupportedPodField[] {
  const found: UnsupportedPodField[] = [];
  const say = (path: string, message: string) => found.push({ path, message });
  if (spec.runtimeClassName) say('runtimeClassName', 'runtime classes are not supported');
  if (spec.os?.name === 'windows') say('os.name', 'nodes run Linux only');
  if (spec.hostUsers === false) say('hostUsers', 'user namespaces are not supported');
  for (const [index, { name }] of (spec.resourceClaims ?? []).entries()) {
    say(`resourceClaims[${index}]`, `dynamic resource allocation is not supported (claim "${name}")`);
  }
  for (const [index, volume] of (spec.volumes ?? []).entries()) {
    for (const [path, message] of unsupportedVolume(volume)) say(`volumes[${index}].${path}`, message);
  }
  for (const list of ['initContainers', 'containers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      for (const [path, message] of unsupportedMounts(container)) say(`${list}[${index}].${path}`, message);
    }
  }
  return found;
}

/** Every mount is private, and what is mounted inside of one is as writable as it was. */
function* unsupportedMounts({ volumeMounts = [] }: Container): Iterable<readonly [path: string, message: string]> {
  for (const [index, mount] of volumeMounts.entries()) {
    // The second is newer than the types.
    const {
      name,
      mountPropagation = 'None',
      recursiveReadOnly,
    }: typeof mount & { readonly recursiveReadOnly?: string } = mount;
    if (mountPropagation !== 'None') {
      yield [`volumeMounts[${index}].mountPropagation`, `${mountPropagation} is not supported (volume "${name}")`];
    }
    if (recursiveReadOnly === 'Enabled') {
      yield [`volumeMounts[${index}].recursiveReadOnly`, `Enabled is not supported (volume "${name}")`];
    }
  }
}

function* unsupportedVolume(volume: Volume): Iterable<readonly [path: string, message: string]> {
  const { name, ...sources } = volume;
  for (const [kind, source] of Object.entries(sources)) {
    if (source === undefined || VOLUME_KINDS.has(kind)) continue;
    yield [kind, `volumes of this kind are not supported (volume "${name}")`];
  }
  for (const [index, { clusterTrustBundle }] of (volume.projected?.sources ?? []).entries()) {
    if (clusterTrustBundle === undefined) continue;
    yield [`projected.sources[${index}].clusterTrustBundle`, `trust bundles are not supported (volume "${name}")`];
  }
}

/** The spec of the pods that an object is or makes, and the path to it; undefined for kinds that make none. */
export function podSpecOf(object: KubeObject): { readonly path: string; readonly spec: PodSpec } | undefined {
  const steps = POD_SPECS.get(object.kind);
  if (steps === undefined) return undefined;
  let at: unknown = object;
  for (const step of steps) at = (at as Readonly<Record<string, unknown>> | undefined)?.[step];
  return typeof at === 'object' && at !== null ? { path: steps.join('.'), spec: at as PodSpec } : undefined;
}

const TEMPLATE = ['spec', 'template', 'spec'] as const;
const POD_SPECS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['Pod', ['spec']],
  ['PodTemplate', ['template', 'spec']],
  ['CronJob', ['spec', 'jobTemplate', ...TEMPLATE]],
  ...['DaemonSet', 'Deployment', 'Job', 'ReplicaSet', 'ReplicationController', 'StatefulSet'].map(
    (kind) => [kind, TEMPLATE] as const,
  ),
]);
