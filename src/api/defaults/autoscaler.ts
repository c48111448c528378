/** Defaults of HorizontalPodAutoscalers. Source: Kubernetes v1.32, pkg/apis/autoscaling/v2/defaults.go. */
import { getField, type JsonObject } from '../schema/json.ts';
import { ensurePart, partOf, setDefault } from './fields.ts';

/** Of what pods ask for, in percent. Source: pkg/apis/autoscaling/types.go, DefaultCPUUtilization. */
const CPU_UTILIZATION = 80;
const PERIOD_SECONDS = 15;

export function defaultAutoscaler(autoscaler: JsonObject): void {
  const spec = ensurePart(autoscaler, 'spec');
  if (spec === undefined) return;
  setDefault(spec, 'minReplicas', 1);
  const metrics = getField(spec, 'metrics');
  if (metrics === undefined || (Array.isArray(metrics) && metrics.length === 0)) {
    const target = { type: 'Utilization', averageUtilization: CPU_UTILIZATION };
    spec['metrics'] = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  const behavior = partOf(spec, 'behavior');
  if (behavior === undefined) return;
  const doubled = { type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS };
  const four = { type: 'Pods', value: 4, periodSeconds: PERIOD_SECONDS };
  const up = ensurePart(behavior, 'scaleUp');
  if (up !== undefined) setDefault(up, 'stabilizationWindowSeconds', 0);
  defaultRules(up, [four, doubled]);
  // How long to wait before going down is the controller's to say.
  defaultRules(ensurePart(behavior, 'scaleDown'), [doubled]);
}

function defaultRules(rules: JsonObject | undefined, policies: readonly object[]): void {
  if (rules === undefined) return;
  setDefault(rules, 'selectPolicy', 'Max');
  setDefault(rules, 'policies', policies);
}
