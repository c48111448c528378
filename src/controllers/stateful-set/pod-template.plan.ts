import { type KubeObject, type Pod, type PodTemplateSpec, STATEFUL_SETS, type StatefulSet } from '#api';
import { controllerReference } from '../shared/owners.plan.ts';
import { REVISION_LABEL } from '../shared/revisions.plan.ts';
import { claimNames } from './claims.plan.ts';
import { identityLabels, podName } from './identity.plan.ts';

type Volumes = NonNullable<Pod['spec']['volumes']>;

/** Where a pod's template comes from. */
export interface TemplateRevision {
  readonly name: string;
  readonly template: PodTemplateSpec;
}

/** The pod of a set with this number. Source: kubernetes pkg/controller/statefulset/stateful_set_utils.go, newStatefulSetPod (v1.32). */
export function podOf(statefulSet: StatefulSet, ordinal: number, { name: revision, template }: TemplateRevision) {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const { namespace } = statefulSet.metadata;
  const name = podName(statefulSet, ordinal);
  const volumes = volumesOf(statefulSet, ordinal, template.spec?.volumes ?? []);
  const { serviceName } = statefulSet.spec;
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, ...identityLabels(statefulSet, ordinal), [REVISION_LABEL]: revision },
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(statefulSet, STATEFUL_SETS)],
    },
    spec: {
      ...template.spec,
      hostname: name,
      ...(serviceName === undefined || serviceName === '' ? {} : { subdomain: serviceName }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
  return pod;
}

/** A volume of a claim stands in for one of the same name in the template. */
export function volumesOf(statefulSet: StatefulSet, ordinal: number, volumes: Volumes): Volumes {
  const claims = claimNames(statefulSet, ordinal);
  const claimed = [...claims].map(([name, claimName]) => ({ name, persistentVolumeClaim: { claimName } }));
  return [...claimed, ...volumes.filter(({ name }) => !claims.has(name))];
}

/** Whether a pod has the volumes of its claims. */
export function hasStorage(statefulSet: StatefulSet, ordinal: number, { spec }: Pod): boolean {
  const mounted = new Map(
    (spec.volumes ?? []).map(({ name, persistentVolumeClaim }) => [name, persistentVolumeClaim?.claimName]),
  );
  return [...claimNames(statefulSet, ordinal)].every(([name, claimName]) => mounted.get(name) === claimName);
}
