/** Rules of when a Job counts as failed or done. Source: kubernetes pkg/apis/batch/validation/validation.go (v1.32). */
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
  SuccessPolicyRule,
} from 'kubernetes-types/batch/v1.js';
import { checked, type Issues, itemsOf, type Loose, notNegativeNumber } from './checks.ts';
import { duplicate, invalid, invalidAltogether, required, tooLong, tooMany, unsupported } from './issues.ts';
import { qualifiedName } from './names.ts';

/** Source: validation.go, maxPodFailurePolicyRules, …OnExitCodesValues, …OnPodConditionsPatterns, maxSuccessPolicyRule. */
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;
const MAX_PATTERNS = 20;
const MAX_INDEXES_TEXT = 64 * 1024;

const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'];
const OPERATORS = ['In', 'NotIn'];
const STATUSES = ['False', 'True', 'Unknown'];

function* chosenFrom(path: string, value: string | undefined, choices: readonly string[]): Issues {
  if (!value) yield required(path, `valid values: [${choices.map((choice) => JSON.stringify(choice)).join(' ')}]`);
  else if (!choices.includes(value)) yield unsupported(path, value, choices);
}

export function* validateFailurePolicy(spec: Loose<JobSpec>, path: string): Issues {
  const rules = spec.podFailurePolicy?.rules ?? [];
  if (rules.length > MAX_RULES) yield tooMany(`${path}.rules`, rules.length, MAX_RULES);
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map(({ name }) => name));
  yield* itemsOf(`${path}.rules`, rules, (rule, at) => validateFailureRule(rule, at, spec, names));
}

function* validateFailureRule(
  { action, onExitCodes, onPodConditions = [] }: Loose<PodFailurePolicyRule>,
  path: string,
  { backoffLimitPerIndex }: Loose<JobSpec>,
  containers: ReadonlySet<string | undefined>,
): Issues {
  yield* chosenFrom(`${path}.action`, action, ACTIONS);
  if (action === 'FailIndex' && backoffLimitPerIndex === undefined) {
    yield invalid(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set');
  }
  if (onExitCodes !== undefined) yield* validateExitCodes(onExitCodes, `${path}.onExitCodes`, containers);
  if (onPodConditions.length > MAX_PATTERNS) {
    yield tooMany(`${path}.onPodConditions`, onPodConditions.length, MAX_PATTERNS);
  }
  yield* itemsOf(`${path}.onPodConditions`, onPodConditions, function* ({ type, status }, at): Issues {
    yield* checked(`${at}.type`, type ?? '', qualifiedName);
    yield* chosenFrom(`${at}.status`, status, STATUSES);
  });
  const both = onExitCodes !== undefined && onPodConditions.length > 0;
  if (both) yield invalidAltogether(path, 'specifying both OnExitCodes and OnPodConditions is not supported');
  if (onExitCodes === undefined && onPodConditions.length === 0) {
    yield invalidAltogether(path, 'specifying one of OnExitCodes and OnPodConditions is required');
  }
}

function* validateExitCodes(
  { operator, containerName, values = [] }: Loose<PodFailurePolicyOnExitCodesRequirement>,
  path: string,
  containers: ReadonlySet<string | undefined>,
): Issues {
  yield* chosenFrom(`${path}.operator`, operator, OPERATORS);
  if (containerName !== undefined && !containers.has(containerName)) {
    const detail = 'must be one of the container or initContainer names in the pod template';
    yield invalid(`${path}.containerName`, containerName, detail);
  }
  if (values.length === 0) yield invalid(`${path}.values`, values, 'at least one value is required');
  if (values.length > MAX_EXIT_CODES) yield tooMany(`${path}.values`, values.length, MAX_EXIT_CODES);
  const seen = new Set<number>();
  for (const [index, value] of values.entries()) {
    const at = `${path}.values[${index}]`;
    if (operator === 'In' && value === 0) yield invalid(at, value, 'must not be 0 for the In operator');
    if (seen.has(value)) yield duplicate(at, value);
    seen.add(value);
  }
  if (values.some((value, index) => index > 0 && value < (values[index - 1] ?? value))) {
    yield invalid(`${path}.values`, values, 'must be ordered');
  }
}

/** Of an Indexed Job; for another one the policy itself is the fault. */
export function* validateSuccessPolicy(
  { successPolicy, completionMode, ...spec }: Loose<JobSpec>,
  path: string,
): Issues {
  if (successPolicy === undefined || completionMode !== 'Indexed') return;
  const { rules = [] } = successPolicy;
  const none = 'at least one rules must be specified when the successPolicy is specified';
  if (rules.length === 0) yield required(`${path}.rules`, none);
  if (rules.length > MAX_RULES) yield tooMany(`${path}.rules`, rules.length, MAX_RULES);
  yield* itemsOf(`${path}.rules`, rules, (rule, at) => validateSuccessRule(rule, at, spec.completions ?? 0));
}

function* validateSuccessRule(rule: Loose<SuccessPolicyRule>, path: string, completions: number): Issues {
  const { succeededCount, succeededIndexes } = rule;
  if (succeededCount === undefined && succeededIndexes === undefined) {
    yield required(path, 'at least one of succeededCount or succeededIndexes must be specified');
  }
  const parsed = succeededIndexes === undefined ? undefined : countIndexes(succeededIndexes, completions);
  if (succeededIndexes !== undefined) {
    const at = `${path}.succeededIndexes`;
    if (succeededIndexes.length > MAX_INDEXES_TEXT) yield tooLong(at, MAX_INDEXES_TEXT);
    if (typeof parsed === 'string') yield invalid(at, succeededIndexes, `error parsing succeededIndexes: ${parsed}`);
  }
  if (succeededCount === undefined) return;
  const at = `${path}.succeededCount`;
  yield* notNegativeNumber(at, succeededCount);
  if (succeededCount > completions) {
    const detail = `must be less than or equal to ${completions} (the number of specified completions)`;
    yield invalid(at, succeededCount, detail);
  }
  if (typeof parsed === 'number' && succeededCount > parsed) {
    const detail = `must be less than or equal to ${parsed} (the number of indexes in the specified succeededIndexes field)`;
    yield invalid(at, succeededCount, detail);
  }
}

/** How many indexes `1,3-5,7` names, or what is wrong with it. They have to rise, and to be below `completions`. */
export function countIndexes(text: string, completions: number): number | string {
  if (text === '') return 0;
  let total = 0;
  let last = -1;
  for (const part of text.split(',')) {
    const [first = '', second = first, ...more] = part.split('-');
    if (more.length > 0)
      return `the fragment "${part}" violates the requirement that an index interval can have at most two parts separated by '-'`;
    for (const end of [first, second]) {
      if (!/^\d{1,10}$/.test(end)) return `cannot convert string to integer for index: ${JSON.stringify(end)}`;
      if (Number(end) >= completions) return `too large index: ${JSON.stringify(end)}`;
    }
    const [low, high] = [Number(first), Number(second)];
    if (last >= low) return `non-increasing order, previous: ${last}, current: ${low}`;
    if (part.includes('-') && low >= high) return `non-increasing order, previous: ${low}, current: ${high}`;
    total += high - low + 1;
    last = high;
  }
  return total;
}
