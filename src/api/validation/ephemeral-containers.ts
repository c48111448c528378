/** What may become of a pod's ephemeral containers. Source: kubernetes pkg/apis/core/validation/validation.go (v1.32). */
import type { EphemeralContainer, PodSpec } from 'kubernetes-types/core/v1.js';
import { equalJson } from '#base';
import type { FieldIssue } from '../schema/schema.ts';
import type { Issues, Loose } from './checks.ts';
import { forbidden, notFoundValue } from './issues.ts';

/** One may join a container of the pod's own, and mounts whole volumes only. Source: as above, validateEphemeralContainers. */
export function* validateEphemeralContainer(
  container: Loose<EphemeralContainer>,
  path: string,
  others: ReadonlySet<string>,
): Issues {
  const { targetContainerName: target } = container;
  if (target && !others.has(target)) yield notFoundValue(`${path}.targetContainerName`, target);
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    for (const part of ['subPath', 'subPathExpr'] as const) {
      if (mount[part]) yield forbidden(`${path}.volumeMounts[${index}].${part}`, NOT_HERE);
    }
  }
}

const NOT_HERE = 'cannot be set for an Ephemeral Container';

/** They are added, and stay as they are. Source: as above, ValidatePodEphemeralContainersUpdate. */
export function ephemeralContainerIssues(
  containers: readonly EphemeralContainer[],
  before: Pick<PodSpec, 'ephemeralContainers'>,
): readonly FieldIssue[] {
  const wished = new Map(containers.map((container) => [container.name, container]));
  return (before.ephemeralContainers ?? []).flatMap((old) => {
    const now = wished.get(old.name);
    if (now !== undefined && equalJson(now, old)) return [];
    const what = now === undefined ? 'removed' : 'changed';
    return [forbidden('spec.ephemeralContainers', `existing ephemeral containers "${old.name}" may not be ${what}`)];
  });
}
