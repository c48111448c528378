import { useSignal } from '@preact/signals';
import type { UiEvent } from '#api';
import { keyWords } from '../format.ts';
import { ToneBadge } from './badge.tsx';
import { ShowAll } from './show-all.tsx';
import { type Column, Table } from './table.tsx';
import { Ago } from './time.tsx';

/** Events drawn before somebody asks for all. */
const FIRST_ROWS = 6;

const COLUMNS: readonly Column<UiEvent>[] = [
  {
    title: 'Reason',
    cell: ({ type, reason }) => <ToneBadge tone={type === 'Normal' ? 'calm' : 'warn'}>{reason}</ToneBadge>,
  },
  { title: 'Object', cell: ({ object }) => keyWords(object) },
  {
    title: 'Message',
    cell: ({ message, count }) => (
      <>
        {message} {count > 1 ? <span class="soft">({count} times)</span> : null}
      </>
    ),
  },
  { title: 'When', cell: ({ lastSeen }) => <Ago at={lastSeen} /> },
];

/** What happened to the objects and pods lately, as the cluster tells it. */
export function Events({ events }: { readonly events: readonly UiEvent[] }) {
  const all = useSignal(false);
  if (events.length === 0) return null;
  const shown = all.value ? events : events.slice(0, FIRST_ROWS);
  return (
    <section class="card" aria-label="Events">
      <h2>Events</h2>
      <Table
        columns={COLUMNS}
        rows={shown}
        rowKey={({ object, reason, message, lastSeen }) => `${object} ${reason} ${lastSeen} ${message}`}
        compact
      />
      <ShowAll all={all} shown={shown.length} of={events.length} />
    </section>
  );
}
