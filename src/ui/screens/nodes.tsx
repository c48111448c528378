import type { UiNodeSummary } from '#api';
import { ToneBadge } from '../parts/badge.tsx';
import { overview } from '../state.ts';

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
            {node.pods} of {node.podCapacity} pods{node.cpu === undefined ? '' : ` · ${node.cpu} CPU`}
            {node.memory === undefined ? '' : ` · ${node.memory}`}
          </p>
          <p>{[node.address, node.runtime, node.version].filter((part) => part !== undefined).join(' · ')}</p>
          {node.message === undefined ? null : <p>{node.message}</p>}
        </article>
      ))}
    </div>
  );
}

export function Nodes() {
  const current = overview.value;
  return current === undefined ? (
    <p class="soft" aria-busy="true">
      Reading …
    </p>
  ) : (
    <section class="group">
      <h1>Nodes</h1>
      <NodeCards nodes={current.nodes} />
    </section>
  );
}
