import { isApiError, NAMESPACES, PODS, type PodSpec, podSpecOf } from '#api';
import { equalJson } from '#base';
import type { AdmissionPlugin, AdmissionRequest } from '../registry/admission-chain.ts';
import type { Api, RequestContext } from '../registry/api.ts';
import { forbidden } from '../registry/errors.ts';
import { rowOf } from '../registry/mirror.ts';
import { DEFAULT_POD_SECURITY, type PodSecurityPolicy, planPolicy, planViolations } from './pod-security.plan.ts';

/**
 * Holds pods to the Pod Security level of their namespace's labels: `enforce` refuses, `warn` tells, also of a
 * workload's template. Source: pod-security-admission admission/admission.go (v0.32).
 */
export function createPodSecurityAdmission(api: Pick<Api, 'get' | 'row'>): AdmissionPlugin {
  async function policyOf(context: RequestContext, namespace: string): Promise<PodSecurityPolicy> {
    try {
      const { metadata } = await api.get({ context, row: rowOf(api, NAMESPACES), namespace: '', name: namespace });
      return planPolicy(metadata.labels);
    } catch (error) {
      if (isApiError(error, 'NotFound')) return DEFAULT_POD_SECURITY; // whoever stores the object says so
      throw error;
    }
  }

  return {
    name: 'PodSecurity',
    async validate(request) {
      const { context, row, namespace, name } = request;
      const spec = newSpecOf(request);
      if (row.type !== PODS || spec === undefined) return;
      const { enforce } = await policyOf(context, namespace);
      const refused = planViolations(enforce, spec);
      if (refused.length === 0) return;
      throw forbidden(row.type, name, `violates PodSecurity "${enforce}:latest": ${refused.join(', ')}`);
    },
    async warn(request) {
      const spec = newSpecOf(request);
      if (spec === undefined) return [];
      const { warn } = await policyOf(request.context, request.namespace);
      const told = planViolations(warn, spec);
      return told.length === 0 ? [] : [`would violate PodSecurity "${warn}:latest": ${told.join(', ')}`];
    },
  };
}

/** The pods' spec, where it is new or changes: what was judged is not judged again. */
function newSpecOf({ operation, subresource, object, old }: AdmissionRequest): PodSpec | undefined {
  if (operation === 'DELETE' || subresource === 'status' || subresource === 'binding') return undefined;
  const spec = podSpecOf(object)?.spec;
  return old !== undefined && equalJson(podSpecOf(old)?.spec, spec) ? undefined : spec;
}
