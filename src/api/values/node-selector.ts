/** One condition on a node's labels or on its name. */
export interface NodeRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

/** All conditions must hold; a term without any matches nothing. */
export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeRequirement[] | undefined;
  readonly matchFields?: readonly NodeRequirement[] | undefined;
}

/** What a selector sees of a node. */
export interface NodeIdentity {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Whether one term holds. Source: kubernetes component-helpers scheduling/corev1/nodeaffinity/nodeaffinity.go (v0.32). */
export function nodeTermMatches(term: NodeSelectorTerm, { name, labels }: NodeIdentity): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length + matchFields.length === 0) return false;
  const labelOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    matchExpressions.every((each) => holds(each, labelOf(each.key))) &&
    matchFields.every((each) => each.key === 'metadata.name' && holds(each, name))
  );
}

/** Any term will do. */
export function nodeSelectorMatches(
  { nodeSelectorTerms }: { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] },
  node: NodeIdentity,
): boolean {
  return nodeSelectorTerms.some((term) => nodeTermMatches(term, node));
}

function holds({ operator, values = [] }: NodeRequirement, actual: string | undefined): boolean {
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
