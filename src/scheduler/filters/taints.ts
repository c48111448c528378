import type { Node, Pod, Taint, Toleration } from '#api';
import type { NodeFilter } from './filter.ts';

/** Source: api/core/v1 toleration.go, ToleratesTaint (v0.32). */
export function tolerates(
  { key = '', operator = 'Equal', value = '', effect = '' }: Toleration,
  taint: Taint,
): boolean {
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return key !== '' && value === (taint.value ?? '');
}

function taintsOf(node: Node): readonly Taint[] {
  const unschedulable: readonly Taint[] =
    node.spec?.unschedulable === true ? [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] : [];
  const own = node.spec?.taints ?? [];
  return [...own, ...unschedulable.filter(({ key }) => !own.some((taint) => taint.key === key))];
}

const untolerated = (pod: Pod, node: Node, effects: readonly string[]) =>
  taintsOf(node).filter(
    (taint) =>
      effects.includes(taint.effect) &&
      !(pod.spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)),
  );

/** Taints that keep pods away, and cordoned nodes. */
export const taints: NodeFilter = (pod, node) => {
  const [taint] = untolerated(pod, node, ['NoSchedule', 'NoExecute']);
  if (taint === undefined) return undefined;
  if (taint.key === 'node.kubernetes.io/unschedulable') return 'node(s) were unschedulable';
  return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
};

/** How many taints would rather not have the pod; such nodes come last. */
export const unwelcoming = (pod: Pod, node: Node) => untolerated(pod, node, ['PreferNoSchedule']).length;
