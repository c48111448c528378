import type { PodSpec } from '#api';
import type { NodeFacts } from '../node-facts.ts';
import type { NodeFilter } from './filter.ts';

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface Term {
  readonly matchExpressions?: readonly Requirement[];
  readonly matchFields?: readonly Requirement[];
}

/** Keeps a pod to the nodes that its `nodeSelector` and its required node affinity name. */
export const nodeAffinity: NodeFilter = {
  name: 'NodeAffinity',
  retryOn: ['node'],
  reads: ({ nodeSelector, affinity }) => [nodeSelector, affinity?.nodeAffinity],
  refuse: (pod, node) =>
    selects(pod.nodeSelector ?? {}, node) && isRequired(pod, node)
      ? undefined
      : "node(s) didn't match Pod's node affinity/selector",
};

function selects(selector: Readonly<Record<string, string>>, { labels }: NodeFacts): boolean {
  return Object.entries(selector).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

/** Any term will do; an empty term matches nothing. */
function isRequired({ affinity }: PodSpec, node: NodeFacts): boolean {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || required.nodeSelectorTerms.some((term) => matches(term, node));
}

/** Source: kubernetes component-helpers scheduling/corev1/nodeaffinity/nodeaffinity.go (v0.32). */
function matches({ matchExpressions = [], matchFields = [] }: Term, { name, labels }: NodeFacts): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const labelOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    matchExpressions.every((each) => holds(each, labelOf(each.key))) &&
    matchFields.every((each) => each.key === 'metadata.name' && holds(each, name))
  );
}

/** The weights of the node preferences that hold, added up. */
export function preferenceFor({ affinity }: PodSpec, node: NodeFacts): number {
  const preferred = affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred.reduce((sum, { weight, preference }) => sum + (matches(preference, node) ? weight : 0), 0);
}

function holds({ operator, values = [] }: Requirement, actual: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return actual !== undefined && values.includes(actual);
    case 'NotIn':
      return actual === undefined || !values.includes(actual);
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    case 'Gt':
      return compare(actual, values[0], (left, right) => left > right);
    case 'Lt':
      return compare(actual, values[0], (left, right) => left < right);
    default:
      return false;
  }
}

const INTEGER = /^-?\d{1,18}$/;

function compare(
  left: string | undefined,
  right: string | undefined,
  order: (left: bigint, right: bigint) => boolean,
): boolean {
  if (left === undefined || right === undefined || !INTEGER.test(left) || !INTEGER.test(right)) return false;
  return order(BigInt(left), BigInt(right));
}
