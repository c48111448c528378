import { ephemeralContainerIssues, type KubeObject, PODS, type PodSpec, type StoredObject } from '#api';
import { invalid } from './errors.ts';

/**
 * The pod with the ephemeral containers of the wish, and nothing else of it; throws `Invalid` when one that is there would
 * go or change. Source: pkg/registry/core/pod/strategy.go, dropNonEphemeralContainerUpdates (v1.32).
 */
export function withEphemeralContainers(old: StoredObject, wished: KubeObject): KubeObject {
  const { uid, resourceVersion } = wished.metadata;
  const before = old['spec'] as PodSpec;
  const { ephemeralContainers = [] } = (wished['spec'] ?? {}) as Partial<PodSpec>;
  const issues = ephemeralContainerIssues(ephemeralContainers, before);
  if (issues.length > 0) throw invalid(PODS, old.metadata.name, issues);
  return {
    ...old,
    metadata: {
      ...old.metadata,
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    spec: { ...before, ...(ephemeralContainers.length === 0 ? {} : { ephemeralContainers }) },
  };
}
