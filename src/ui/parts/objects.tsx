import type { ResourceStatus } from '#api';
import { count, objectName } from '../format.ts';
import { HealthBadge, SyncBadge } from './badge.tsx';
import { OriginText } from './drift.tsx';
import { FilterBox, useFilter } from './filter.tsx';
import { type Column, Table } from './table.tsx';

/** Rows drawn at once; the filter reaches the rest. */
const MAX_ROWS = 300;

const COLUMNS: readonly Column<ResourceStatus>[] = [
  { title: 'Kind', cell: ({ kind }) => kind },
  { title: 'Name', cell: objectName },
  { title: 'Sync', cell: ({ status }) => <SyncBadge status={status} /> },
  {
    title: 'Health',
    cell: ({ health }) =>
      health === undefined ? (
        <span class="soft">–</span>
      ) : (
        <>
          <HealthBadge status={health.status} />
          {health.message ? <div class="soft">{health.message}</div> : null}
        </>
      ),
  },
  { title: 'In Git', cell: ({ origin }) => <OriginText origin={origin} /> },
];

/** `isEmpty`: Git was read, and that there is none is what it says. */
export function Objects({
  resources,
  isEmpty,
}: {
  readonly resources: readonly ResourceStatus[];
  readonly isEmpty: boolean;
}) {
  const { matching, typed, offered } = useFilter(
    resources,
    (one) => `${one.kind} ${objectName(one)} ${one.status} ${one.health?.status ?? ''} ${one.origin?.path ?? ''}`,
  );
  return (
    <section class="card" aria-label="Objects">
      <div class="head">
        <h2>{count(resources.length, 'object')}</h2>
        {offered ? <FilterBox label="Filter objects" typed={typed} /> : null}
      </div>
      {resources.length > 0 ? null : (
        <p class="soft">{isEmpty ? 'Empty in Git: its path holds no object.' : 'What Git holds was not read yet.'}</p>
      )}
      {matching.length === 0 ? null : (
        <Table
          columns={COLUMNS}
          rows={matching.slice(0, MAX_ROWS)}
          rowKey={(one) => `${one.group}/${one.kind}/${objectName(one)}`}
          compact
        />
      )}
      {resources.length > 0 && matching.length === 0 ? <p class="soft">No object matches.</p> : null}
      {matching.length > MAX_ROWS ? (
        <p class="soft">{matching.length - MAX_ROWS} more; narrow the filter to see them.</p>
      ) : null}
    </section>
  );
}
