/** Rules of PodDisruptionBudgets, PriorityClasses and RuntimeClasses. Source: kubernetes pkg/apis/{policy,scheduling,node}/validation (v1.32). */
import { equalJson } from '#base';
import type { PodDisruptionBudget, PriorityClass, RuntimeClass } from '../kinds/types.ts';
import { checked, type Issues, itemsOf, type Loose, notNegativeNumber, oneOf, requiredText } from './checks.ts';
import { duplicate, forbidden, invalid } from './issues.ts';
import { validateLabels } from './metadata.ts';
import { dns1123Label } from './names.ts';
import { validateToleration } from './pod.ts';
import { validateResources } from './resources.ts';
import { validateSelector } from './selector.ts';
import { countOrShare, notMoreThanAll } from './workload.ts';

export function* validateDisruptionBudget({ spec = {} }: Loose<PodDisruptionBudget>): Issues {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    yield invalid('spec', spec, 'minAvailable and maxUnavailable cannot be both set');
  }
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    yield* checked(`spec.${field}`, spec[field], countOrShare);
    yield* checked(`spec.${field}`, spec[field], notMoreThanAll);
  }
  if (selector !== undefined) yield* validateSelector(selector, 'spec.selector');
  yield* oneOf('spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget']);
}

export function* validateDisruptionBudgetStatus({ status }: Loose<PodDisruptionBudget>): Issues {
  for (const field of ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'] as const) {
    yield* notNegativeNumber(`status.${field}`, status?.[field]);
  }
}

/** Source: pkg/apis/scheduling/types.go, HighestUserDefinablePriority. */
const MAX_USER_PRIORITY = 1_000_000_000;

/** Name → value of the classes that only the system has. Source: pkg/apis/scheduling/v1/helpers.go. */
const SYSTEM_CLASSES: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
]);

export function* validatePriorityClass(priorityClass: Loose<PriorityClass>): Issues {
  const { metadata, value = 0, globalDefault = false, preemptionPolicy } = priorityClass;
  const name = metadata?.name ?? '';
  if (name.startsWith('system-')) {
    const problem = systemClassProblem(name, value, globalDefault);
    const reserved = "priority class names with 'system-' prefix are reserved for system use only. error: ";
    if (problem !== undefined) yield forbidden('metadata.name', reserved + problem);
  } else if (value > MAX_USER_PRIORITY) {
    yield forbidden('value', `maximum allowed value of a user defined priority is ${MAX_USER_PRIORITY}`);
  }
  yield* oneOf('preemptionPolicy', preemptionPolicy, ['Never', 'PreemptLowerPriority']);
}

function systemClassProblem(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = SYSTEM_CLASSES.get(name);
  if (known === undefined) return `${name} is not a known system priority class`;
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

/** Pods carry the number of their class: it cannot change behind their back. */
export function* validatePriorityClassUpdate(object: Loose<PriorityClass>, old: Loose<PriorityClass>): Issues {
  if ((object.value ?? 0) !== (old.value ?? 0)) yield forbidden('value', 'may not be changed in an update.');
  if (object.preemptionPolicy !== old.preemptionPolicy) {
    yield invalid('preemptionPolicy', object.preemptionPolicy ?? null, 'field is immutable');
  }
}

export function* validateRuntimeClass({ handler, overhead, scheduling }: Loose<RuntimeClass>): Issues {
  yield* requiredText('handler', handler, dns1123Label);
  if (overhead !== undefined) yield* validateResources({ limits: overhead.podFixed ?? {} }, 'overhead');
  yield* validateLabels(scheduling?.nodeSelector, 'scheduling.nodeSelector');
  const tolerations = scheduling?.tolerations ?? [];
  yield* itemsOf('scheduling.tolerations', tolerations, validateToleration);
  for (const [index, toleration] of tolerations.entries()) {
    if (tolerations.slice(0, index).some((before) => equalJson(before, toleration))) {
      yield duplicate(`scheduling.tolerations[${index}]`, toleration);
    }
  }
}

export function* validateRuntimeClassUpdate(
  { handler }: Loose<RuntimeClass>,
  { handler: old }: Loose<RuntimeClass>,
): Issues {
  if (handler !== old) yield invalid('handler', handler ?? null, 'field is immutable');
}
