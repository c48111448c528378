/** Defaults of the networking kinds. Each changes the object it is given. Source: Kubernetes v1.32, pkg/apis/networking/v1/defaults.go. */
import { getField, type JsonObject } from '../schema/json.ts';
import { ensurePart, partOf, partsOf, setDefault } from './fields.ts';

/** A policy that does not say what it limits limits what comes in, and what goes out where it has rules for that. */
export function defaultNetworkPolicy(policy: JsonObject): void {
  const spec = ensurePart(policy, 'spec');
  if (spec === undefined) return;
  // What is absent decodes to the selector of every pod, and is always told.
  setDefault(spec, 'podSelector', {});
  for (const rule of [...partsOf(spec, 'ingress'), ...partsOf(spec, 'egress')]) {
    for (const port of partsOf(rule, 'ports')) setDefault(port, 'protocol', 'TCP');
  }
  const types = getField(spec, 'policyTypes');
  const egress = getField(spec, 'egress');
  if (types !== undefined && !(Array.isArray(types) && types.length === 0)) return;
  spec['policyTypes'] = Array.isArray(egress) && egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

export function defaultIngressClass(ingressClass: JsonObject): void {
  const parameters = partOf(partOf(ingressClass, 'spec'), 'parameters');
  if (parameters !== undefined && getField(parameters, 'scope') === undefined) parameters['scope'] = 'Cluster';
}
