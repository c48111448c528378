import type { Pod } from './types.ts';

/** Names a pod refers to, all in its own namespace, by resource: `secrets`, `configmaps`, `serviceaccounts`, `persistentvolumeclaims`. */
export type PodReferences = ReadonlyMap<string, ReadonlySet<string>>;

type Spec = Pod['spec'];
type AnyContainer = Pick<NonNullable<Spec['containers']>[number], 'env' | 'envFrom'>;

/** Every Secret, ConfigMap, ServiceAccount and claim a pod names, wherever a pod may name one. Source: node authorizer graph.go (words only). */
export function planPodReferences(pod: Pod): PodReferences {
  const secrets = new Set<string>();
  const configmaps = new Set<string>();
  const claims = new Set<string>();
  const add = (to: Set<string>, name: string | undefined) => {
    if (name !== undefined && name !== '') to.add(name);
  };
  const { spec } = pod;
  for (const container of allContainers(spec)) {
    for (const variable of container.env ?? []) {
      add(secrets, variable.valueFrom?.secretKeyRef?.name);
      add(configmaps, variable.valueFrom?.configMapKeyRef?.name);
    }
    for (const source of container.envFrom ?? []) {
      add(secrets, source.secretRef?.name);
      add(configmaps, source.configMapRef?.name);
    }
  }
  for (const pull of spec.imagePullSecrets ?? []) add(secrets, pull.name);
  for (const volume of spec.volumes ?? []) {
    add(secrets, volume.secret?.secretName);
    add(configmaps, volume.configMap?.name);
    add(claims, volume.persistentVolumeClaim?.claimName);
    // A claim that is made for the pod has its name in front.
    if (volume.ephemeral !== undefined) add(claims, `${pod.metadata.name}-${volume.name}`);
    for (const source of volume.projected?.sources ?? []) {
      add(secrets, source.secret?.name);
      add(configmaps, source.configMap?.name);
    }
  }
  return new Map([
    ['secrets', secrets],
    ['configmaps', configmaps],
    ['persistentvolumeclaims', claims],
    ['serviceaccounts', new Set([spec.serviceAccountName ?? 'default'])],
  ]);
}

function allContainers(spec: Spec): readonly AnyContainer[] {
  return [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
}
