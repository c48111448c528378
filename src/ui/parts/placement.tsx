import type { UiPlacement, UiPod } from '#api';
import { count, objectName } from '../format.ts';
import { path } from '../http.ts';
import { type Tone, ToneBadge } from './badge.tsx';
import { Load } from './load.tsx';
import { type Column, Table } from './table.tsx';

type Answer = UiPlacement['nodes'][number];

function verdictOf({ reasons, ifOthersLeft }: Answer): { readonly tone: Tone; readonly text: string } {
  if (reasons.length === 0) return { tone: 'good', text: 'Yes' };
  return ifOthersLeft ? { tone: 'warn', text: 'If others left' } : { tone: 'bad', text: 'No' };
}

const COLUMNS: readonly Column<Answer>[] = [
  { title: 'Node', cell: ({ node }) => node },
  {
    title: 'Takes it',
    cell: (answer) => {
      const { tone, text } = verdictOf(answer);
      return <ToneBadge tone={tone}>{text}</ToneBadge>;
    },
  },
  { title: 'Why not', cell: ({ reasons }) => reasons.join(', ') },
];

/** Why a pod has no node, node by node. */
export function Placement({ pod, version }: { readonly pod: UiPod; readonly version: number }) {
  return (
    <section aria-label={`Why ${objectName(pod)} has no node`}>
      <h3>Why {pod.name} has no node</h3>
      <Load<UiPlacement> from={`pods/${path(pod.namespace, pod.name)}/placement`} version={version}>
        {({ reason, promised, victims, nodes, nodeCount }) => (
          <>
            <p>{reason}</p>
            {promised === undefined ? null : (
              <p>
                It is promised room on node <b>{promised}</b>, when those that leave it are gone.
              </p>
            )}
            {victims.length === 0 ? null : <p>It may take the room of {victims.join(', ')}.</p>}
            {nodes.length === 0 ? null : <Table columns={COLUMNS} rows={nodes} rowKey={({ node }) => node} />}
            {nodes.length === nodeCount ? null : (
              <p class="soft">{count(nodeCount - nodes.length, 'more node')} are not shown.</p>
            )}
          </>
        )}
      </Load>
    </section>
  );
}
