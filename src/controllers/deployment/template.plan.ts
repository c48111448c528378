import type { Deployment, KubeObject, PodTemplateSpec, ReplicaSet } from '#api';
import { DEPLOYMENTS } from '#api';
import { equalJson } from '#base';
import { controllerReference } from '../shared/owners.plan.ts';
import { templateHash } from '../shared/template-hash.plan.ts';
import { byAge } from './rolling.plan.ts';

/** Tells the pods of one template from those of another. Source: api apps/v1 types.go (v0.32). */
export const HASH_LABEL = 'pod-template-hash';

/** Whether a ReplicaSet runs this template. */
export function hasTemplate(replicaSet: ReplicaSet, template: PodTemplateSpec): boolean {
  return equalJson(withoutHash(replicaSet.spec.template ?? {}), withoutHash(template));
}

/** The ReplicaSet of the Deployment's template: the oldest, should there be several. */
export function findNew(deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...replicaSets].sort(byAge).find((each) => hasTemplate(each, deployment.spec.template));
}

/** A ReplicaSet for the Deployment's template. */
export function replicaSetOf(
  deployment: Deployment,
  { replicas, annotations }: { readonly replicas: number; readonly annotations: Readonly<Record<string, string>> },
): KubeObject {
  const { spec, metadata, status } = deployment;
  const hash = templateHash(spec.template, status?.collisionCount ?? 0);
  const { template, selector, minReadySeconds } = spec;
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      labels,
      annotations: { ...annotations },
      ownerReferences: [controllerReference(deployment, DEPLOYMENTS)],
    },
    spec: {
      replicas,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [HASH_LABEL]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}
