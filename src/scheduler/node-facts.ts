import type { Node, Taint } from '#api';
import { amountOf } from './demand.ts';

/** What the scheduler knows of a node besides what runs there. */
export interface NodeFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Declared ones, and those that its conditions imply before the node controller has written them. */
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  /** In the scheduler's units. */
  readonly allocatable: ReadonlyMap<string, number>;
  /** Images that it has: bytes by name. */
  readonly images: ReadonlyMap<string, number>;
}

/** Source: kubernetes pkg/apis/core well_known_taints.go (v1.32). */
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** What a node has of resources that it does not mention. Source: kubelet's default --max-pods (v1.32). */
const UNSAID: readonly (readonly [string, number])[] = [
  ['pods', 110],
  ['ephemeral-storage', Number.POSITIVE_INFINITY],
];

export function factsOf(node: Node): NodeFacts {
  const quantities = node.status?.allocatable ?? node.status?.capacity ?? {};
  const images = node.status?.images ?? [];
  const said = Object.entries(quantities).map(([name, quantity]) => [name, amountOf(name, quantity)] as const);
  return {
    name: node.metadata.name,
    labels: node.metadata.labels ?? {},
    taints: [...(node.spec?.taints ?? []), ...impliedTaints(node)],
    unschedulable: node.spec?.unschedulable ?? false,
    allocatable: new Map([...UNSAID, ...said]),
    images: new Map(images.flatMap(({ names = [], sizeBytes = 0 }) => names.map((name) => [name, sizeBytes] as const))),
  };
}

/** A node that has not said that it is ready takes nothing, whether or not it is tainted yet. */
function impliedTaints(node: Node): Taint[] {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready')?.status;
  if (ready === 'True') return [];
  const key = ready === 'Unknown' ? UNREACHABLE : NOT_READY;
  const known = node.spec?.taints?.some((taint) => taint.key === key && taint.effect === 'NoSchedule');
  return known ? [] : [{ key, effect: 'NoSchedule' }];
}
