import { CLEANUP_FINALIZER, type CustomResourceDefinition, countValidationRules } from '#api';
import { equalJson, formatTime } from '#base';
import type { NamesPlan } from './names.plan.ts';

type Status = NonNullable<CustomResourceDefinition['status']>;
type Condition = NonNullable<Status['conditions']>[number];
type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * The status that a definition should have by now; undefined when it has it.
 * Source: apiextensions-apiserver pkg/controller/status, establish, finalizer and apiapproval (v0.32), behaviour only.
 */
export function planDefinitionStatus(
  definition: CustomResourceDefinition,
  { accepted, conflict }: NamesPlan,
  nowMs: number,
): Status | undefined {
  const before: Partial<Status> = definition.status ?? {};
  const established = conditionOf(before, 'Established')?.status === 'True';
  const said: Said[] = [
    conflict === undefined
      ? say('NamesAccepted', 'True', 'NoConflicts', 'no conflicts found')
      : say('NamesAccepted', 'False', conflict.reason, conflict.message),
    // What is in use is not taken away by names that somebody asks for later.
    conflict === undefined || established
      ? say('Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted')
      : say('Established', 'False', 'NotAccepted', 'not all names are accepted'),
    ...rulesSaid(definition, before),
    ...goingSaid(definition),
  ];
  const conditions = said.reduce<readonly Condition[]>(
    (all, one) => withCondition(all, one, nowMs),
    before.conditions ?? [],
  );
  const status: Status = {
    ...before,
    storedVersions: before.storedVersions ?? [],
    acceptedNames: accepted,
    conditions: [...conditions],
  };
  return equalJson(status, before) ? undefined : status;
}

/** Says as long as it is so, or has been, that rules in CEL are kept and not enforced. */
function rulesSaid({ spec }: CustomResourceDefinition, before: Partial<Status>): readonly Said[] {
  const count = countValidationRules(spec.versions);
  if (count === 0 && conditionOf(before, RULES) === undefined) return [];
  return [
    count === 0
      ? say(RULES, 'True', 'NoRules', 'the schema holds no x-kubernetes-validations')
      : say(
          RULES,
          'False',
          'CELNotSupported',
          `x-kubernetes-validations are not enforced (${count} rules): CEL is not supported`,
        ),
  ];
}

const RULES = 'ValidationRulesEnforced';

function goingSaid({ metadata }: CustomResourceDefinition): readonly Said[] {
  if (metadata.deletionTimestamp === undefined || !(metadata.finalizers ?? []).includes(CLEANUP_FINALIZER)) return [];
  return [say('Terminating', 'True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress')];
}

function say(type: string, status: string, reason: string, message: string): Said {
  return { type, status, reason, message };
}

function conditionOf({ conditions = [] }: Partial<Status>, type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** The time is that of the last change of `status`. */
function withCondition(conditions: readonly Condition[], said: Said, nowMs: number): readonly Condition[] {
  const before = conditions.find(({ type }) => type === said.type);
  const lastTransitionTime = before?.status === said.status ? before.lastTransitionTime : formatTime(nowMs);
  const condition = { ...said, ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }) } as Condition;
  return before === undefined
    ? [...conditions, condition]
    : conditions.map((each) => (each === before ? condition : each));
}
