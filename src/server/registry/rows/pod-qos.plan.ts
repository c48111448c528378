import type { Container, PodSpec } from '#api';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'] as const;

/**
 * How firmly a pod's resources are promised: `Guaranteed` when every container limits CPU and memory and requests as
 * much, `BestEffort` when none asks for anything. Source: kubernetes pkg/apis/core/helper/qos, ComputePodQOS (v1.32).
 */
export function qosClassOf(spec: PodSpec | undefined): QosClass {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  if (containers.every(asksNothing)) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

function asksNothing({ resources }: Container): boolean {
  return COMPUTE.every((name) => isZero(resources?.requests?.[name]) && isZero(resources?.limits?.[name]));
}

/** Quantities have been brought to one form before, so that equal amounts are equal text. */
function isGuaranteed({ resources }: Container): boolean {
  return COMPUTE.every((name) => {
    const limit = resources?.limits?.[name];
    return !isZero(limit) && (resources?.requests?.[name] ?? limit) === limit;
  });
}

function isZero(quantity: string | undefined): boolean {
  return quantity === undefined || /^[+-]?0*\.?0*[a-zA-Z]*$/.test(quantity);
}
