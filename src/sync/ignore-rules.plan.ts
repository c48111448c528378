import type { IgnoreDifference } from '#api';
import type { RenderedObject } from '#render';

/**
 * The ignore rules of an Application, and what goes without saying: the number of replicas of what an autoscaler scales
 * is the autoscaler's. One set, for diff, apply and self-heal alike.
 */
export function effectiveRules(
  declared: readonly IgnoreDifference[],
  objects: readonly RenderedObject[],
): readonly IgnoreDifference[] {
  const scaled = objects.flatMap(({ key, object }) => {
    if (key.group !== 'autoscaling' || key.kind !== 'HorizontalPodAutoscaler') return [];
    const rule = replicasRule(object['spec'], key.namespace);
    return rule === undefined ? [] : [rule];
  });
  return scaled.length === 0 ? declared : [...declared, ...scaled];
}

function replicasRule(spec: unknown, namespace: string): IgnoreDifference | undefined {
  if (typeof spec !== 'object' || spec === null || !('scaleTargetRef' in spec)) return undefined;
  const target = spec.scaleTargetRef;
  if (typeof target !== 'object' || target === null || !('kind' in target) || !('name' in target)) return undefined;
  const { kind, name } = target;
  const apiVersion = 'apiVersion' in target && typeof target.apiVersion === 'string' ? target.apiVersion : '';
  if (typeof kind !== 'string' || typeof name !== 'string') return undefined;
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  return { group, kind, name, namespace, jsonPointers: ['/spec/replicas'] };
}
