import { useSignal } from '@preact/signals';
import type { UiPod } from '#api';
import { objectName } from '../format.ts';
import { type Tone, ToneBadge } from './badge.tsx';
import { Log } from './log.tsx';
import { Placement } from './placement.tsx';
import { type Column, Table } from './table.tsx';
import { Age } from './time.tsx';

function stateOf({ phase, ready }: UiPod): { readonly tone: Tone; readonly text: string } {
  if (phase === 'Terminating') return { tone: 'calm', text: phase };
  if (ready) return { tone: 'good', text: 'Ready' };
  if (phase === 'Succeeded') return { tone: 'good', text: phase };
  if (phase === 'Running') return { tone: 'warn', text: 'Not ready' };
  return { tone: phase === 'Failed' ? 'bad' : 'warn', text: phase };
}

const COLUMNS: readonly Column<UiPod>[] = [
  { title: 'Name', cell: objectName },
  {
    title: 'State',
    cell: (pod) => {
      const { tone, text } = stateOf(pod);
      return (
        <>
          <ToneBadge tone={tone}>{text}</ToneBadge>
          {pod.message === undefined ? null : <div class="soft">{pod.message}</div>}
        </>
      );
    },
  },
  { title: 'Restarts', counted: true, cell: ({ restarts }) => restarts },
  { title: 'Node', cell: ({ node }) => node },
  { title: 'Address', cell: ({ ip }) => <code>{ip}</code> },
  { title: 'Age', cell: ({ createdAt }) => <Age at={createdAt} /> },
];

/** Nothing to read of it, and something to ask. */
const hasNoNode = ({ node, phase }: UiPod) => node === undefined && phase === 'Pending';

export function Pods({ pods, version }: { readonly pods: readonly UiPod[]; readonly version: number }) {
  const open = useSignal<string | undefined>(undefined);
  const toggle = (key: string) => {
    open.value = open.value === key ? undefined : key;
  };
  if (pods.length === 0) return null;
  const logs: Column<UiPod> = {
    title: 'Log',
    untitled: true,
    nowrap: true,
    cell: (pod) => {
      if (hasNoNode(pod)) {
        const key = objectName(pod);
        return (
          <button type="button" class="small" aria-expanded={open.value === key} onClick={() => toggle(key)}>
            Why
          </button>
        );
      }
      return pod.containers.map((container) => {
        const key = `${objectName(pod)}/${container}`;
        return (
          <button type="button" class="small" key={key} aria-expanded={open.value === key} onClick={() => toggle(key)}>
            {pod.containers.length === 1 ? 'Log' : `Log: ${container}`}
          </button>
        );
      });
    },
  };
  return (
    <section class="card" aria-label="Pods">
      <h2>Pods</h2>
      <Table columns={[...COLUMNS, logs]} rows={pods} rowKey={objectName} compact />
      {pods.map((pod) =>
        hasNoNode(pod) && open.value === objectName(pod) ? (
          <Placement key={objectName(pod)} pod={pod} version={version} />
        ) : null,
      )}
      {pods.map((pod) =>
        pod.containers.map((container) => {
          const key = `${objectName(pod)}/${container}`;
          return open.value === key ? <Log key={key} pod={pod} container={container} /> : null;
        }),
      )}
    </section>
  );
}
