import { conditionAt, type Fields, fields, isStale, numberAt, textAt } from './fields.ts';
import { degraded, type Health, type HealthObject, type HealthRule, healthy, progressing } from './health.ts';

/**
 * A kind that we have no rule for, by what most controllers say of their objects: the generation they have seen, and the
 * conditions Ready, Reconciling and Stalled. Undefined when its status says none of it: then it does not count.
 * Source: kubernetes-sigs/cli-utils pkg/kstatus/status/generic.go and core.go (v0.37), behaviour only.
 */
export function conditionsHealth(object: HealthObject): Health | undefined {
  const status = fields(object.status);
  const ready = conditionAt(status, 'Ready');
  const reconciling = conditionAt(status, 'Reconciling');
  const stalled = conditionAt(status, 'Stalled');
  const isObserved = numberAt(status, 'observedGeneration') !== undefined;
  if (!isObserved && ready === undefined && reconciling === undefined && stalled === undefined) return undefined;
  const { generation } = object.metadata;
  if (isObserved && isStale(generation, status))
    return progressing(`Waits for its controller to see generation ${generation}`);
  if (holds(stalled)) return degraded(wordsOf(stalled, 'Is stalled'));
  if (holds(reconciling)) return progressing(wordsOf(reconciling, 'Is being reconciled'));
  return ready === undefined || holds(ready) ? healthy : progressing(wordsOf(ready, 'Is not ready'));
}

/** Source: apiextensions v1 types.go, CustomResourceDefinitionConditionType (v0.32). */
export const definitionHealth: HealthRule = (object) => {
  const status = fields(object.status);
  const names = conditionAt(status, 'NamesAccepted');
  if (names !== undefined && names['status'] === 'False') return degraded(wordsOf(names, 'Its names are not accepted'));
  const other = conditionAt(status, 'NonStructuralSchema');
  if (holds(other)) return degraded(wordsOf(other, 'Its schema is not structural'));
  return holds(conditionAt(status, 'Established')) ? healthy : progressing('Waits to be established');
};

function holds(condition: Fields | undefined): boolean {
  return condition?.['status'] === 'True';
}

function wordsOf(condition: Fields | undefined, otherwise: string): string {
  return textAt(condition ?? {}, 'message') || textAt(condition ?? {}, 'reason') || otherwise;
}
