import { NAMESPACES, NODES, POD_DISRUPTION_BUDGETS, PODS, type Pod } from '#api';
import { type PlacementPlan, planPlacement } from '#scheduler';
import { formatTable, plain } from '../output.ts';
import type { Session } from '../session.ts';

/** What the pod says itself of having no node: the scheduler's own words. */
export const unscheduled = ({ status }: Pod) =>
  status?.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False');

/** Why a pod has no node, node by node. */
export async function explain({ client, output }: Session, pod: Pod): Promise<void> {
  const [nodes, pods, namespaces, budgets] = await Promise.all([
    client.list(NODES),
    client.list(PODS),
    client.list(NAMESPACES),
    client.list(POD_DISRUPTION_BUDGETS),
  ]);
  const plan = planPlacement({
    pod,
    nodes: nodes.items,
    pods: pods.items,
    namespaces: namespaces.items,
    budgets: budgets.items,
  });
  const said = unscheduled(pod);
  if (said !== undefined) output.write(`The scheduler said: ${plain(`${said.reason}: ${said.message ?? ''}`)}`);
  output.write(`As things stand now: ${plain(plan.reason)}`);
  for (const line of promiseLines(pod, plan)) output.write(line);
  if (plan.answers.length > 0) output.write(`\n${answerTable(plan)}`);
}

function promiseLines({ status }: Pod, { victims }: PlacementPlan): readonly string[] {
  const promised = status?.nominatedNodeName;
  return [
    ...(promised ? [`It is promised room on node ${plain(promised)}.`] : []),
    ...victims.map(({ metadata }) => `It may take the room of pod ${metadata.namespace}/${metadata.name}.`),
  ];
}

export function answerTable({ answers }: Pick<PlacementPlan, 'answers'>): string {
  const rows = answers.map(({ node, reasons, ifOthersLeft }) => [
    plain(node),
    reasons.length === 0 ? 'yes' : ifOthersLeft ? 'if others left' : 'no',
    plain(reasons.join(', ')),
  ]);
  return formatTable(['NODE', 'TAKES IT', 'WHY NOT'], rows);
}
