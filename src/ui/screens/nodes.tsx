import type { UiNodeSummary } from '#api';
import { count, memory } from '../format.ts';
import { ToneBadge } from '../parts/badge.tsx';
import { Reading } from '../parts/load.tsx';
import { overview } from '../state.ts';

const capacity = ({ cpu, memory: bytes }: UiNodeSummary) =>
  [cpu === undefined ? undefined : count(Number(cpu), 'CPU'), bytes === undefined ? undefined : memory(bytes)]
    .filter((part) => part !== undefined)
    .join(' · ');

export function NodeCards({ nodes }: { readonly nodes: readonly UiNodeSummary[] }) {
  if (nodes.length === 0) return <p class="soft">No node has joined; pods wait until an agent runs.</p>;
  return (
    <div class="nodes">
      {nodes.map((node) => (
        <article class="node" key={node.name}>
          <header>
            {node.name}
            <ToneBadge tone={node.ready ? 'good' : 'bad'}>{node.ready ? 'Ready' : 'NotReady'}</ToneBadge>
          </header>
          <p>
            {node.pods} of {count(node.podCapacity, 'pod')} · {capacity(node)}
          </p>
          <p>{[node.address, node.runtime].filter((part) => part !== undefined).join(' · ')}</p>
          <p>{node.version}</p>
          {node.ready || node.message === undefined ? null : <p class="bad">{node.message}</p>}
        </article>
      ))}
    </div>
  );
}

export function Nodes() {
  const current = overview.value;
  if (current === undefined) return <Reading />;
  return (
    <section class="group">
      <h1>Nodes</h1>
      <NodeCards nodes={current.nodes} />
    </section>
  );
}
