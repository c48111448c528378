import {
  type KubeObject,
  type LimitRange,
  PERSISTENT_VOLUME_CLAIMS,
  type PersistentVolumeClaim,
  PODS,
  type PodSpec,
} from '#api';
import type { AdmissionPlugin, AdmissionRequest } from '../admission-chain.ts';
import { forbidden } from '../errors.ts';
import { claimProblems, podProblems, withDefaultResources } from './limit-range.plan.ts';

export interface LimitRangeDeps {
  /** The LimitRanges of a namespace, by name. */
  rangesIn(namespace: string): readonly LimitRange[];
}

/**
 * Holds new pods, and claims whenever they change, to the LimitRanges of their namespace; gives pods the amounts that
 * they left out. Source: kubernetes plugin/pkg/admission/limitranger (v1.32).
 */
export function createLimitRangeAdmission({ rangesIn }: LimitRangeDeps): AdmissionPlugin {
  return {
    name: 'LimitRanger',
    mutate: ({ row, operation, namespace, object }) =>
      row.type === PODS && operation === 'CREATE' ? withDefaultResources(object, rangesIn(namespace)) : object,
    validate(request) {
      const problems = problemsFinder(request);
      if (problems === undefined) return;
      for (const range of rangesIn(request.namespace)) {
        const found = problems(range);
        if (found.length === 0) continue;
        const why = found.length === 1 ? found[0] : `[${found.join(', ')}]`;
        throw forbidden(request.row.type, request.name, why ?? '');
      }
    },
  };
}

function problemsFinder({ row, operation, subresource, object, old }: AdmissionRequest) {
  if (operation === 'DELETE' || subresource !== undefined) return undefined;
  // Its finalizers have to come off, whatever a range says by now.
  if (old?.metadata.deletionTimestamp !== undefined) return undefined;
  if (row.type === PODS && old === undefined) {
    const spec = (object as KubeObject & { readonly spec: PodSpec }).spec;
    return (range: LimitRange) => podProblems(spec, range);
  }
  if (row.type !== PERSISTENT_VOLUME_CLAIMS) return undefined;
  return (range: LimitRange) => claimProblems(object as PersistentVolumeClaim, range);
}
