import type { FieldDrift, Origin, ResourceStatus } from '#api';
import { objectName, value } from '../format.ts';
import { type Column, Table } from './table.tsx';
import { Ago } from './time.tsx';

/** `path:line`: of one field when its line is given, else of the object. */
export const OriginText = ({
  origin,
  line,
}: {
  readonly origin: Origin | undefined;
  readonly line?: number | undefined;
}) =>
  origin === undefined ? null : (
    <code class="origin" title={origin.commit === undefined ? undefined : `last changed by ${origin.commit}`}>
      {origin.path}:{line ?? origin.line}
    </code>
  );

/** One field that differs, or an object that differs as a whole. */
interface Row {
  readonly resource: ResourceStatus;
  readonly drift?: FieldDrift;
}

function wholeObject({ requiresPruning, health }: ResourceStatus): string {
  if (requiresPruning) return 'No longer in Git';
  return health?.status === 'Missing' ? 'Not in the cluster' : 'Waits to be applied';
}

/** Who wrote a live value, with which program, and when. */
export function Who({ drift }: { readonly drift: FieldDrift }) {
  if (drift.user === undefined && drift.manager === undefined) return <span class="soft">unknown</span>;
  return (
    <>
      <b>{drift.user ?? 'someone'}</b>
      {drift.manager === undefined ? null : <span class="soft"> with {drift.manager}</span>}
      {drift.time === undefined ? null : (
        <span class="soft">
          , <Ago at={drift.time} />
        </span>
      )}
    </>
  );
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'Object', cell: ({ resource }) => `${resource.kind} ${objectName(resource)}` },
  { title: 'Field', cell: ({ resource, drift }) => (drift ? <code>{drift.path}</code> : wholeObject(resource)) },
  { title: 'In Git', cell: ({ drift }) => (drift ? <code class="drift-git">{value(drift.desired)}</code> : null) },
  { title: 'Live', cell: ({ drift }) => (drift ? <code class="drift-live">{value(drift.live)}</code> : null) },
  { title: 'Changed by', cell: ({ drift }) => (drift ? <Who drift={drift} /> : null) },
  { title: 'Where', cell: ({ resource, drift }) => <OriginText origin={resource.origin} line={drift?.line} /> },
];

const rowsOf = (resource: ResourceStatus): readonly Row[] =>
  resource.drift === undefined || resource.drift.length === 0 || resource.requiresPruning
    ? [{ resource }]
    : resource.drift.map((drift) => ({ resource, drift }));

/** Every field in which the cluster differs from Git: what Git says, what runs, who changed it, and where it stands. */
export function DriftTable({ resources }: { readonly resources: readonly ResourceStatus[] }) {
  const rows = resources.filter(({ status }) => status === 'OutOfSync').flatMap(rowsOf);
  if (rows.length === 0) return null;
  return (
    <section class="card" aria-label="Drift">
      <h2>Differs from Git</h2>
      <Table
        columns={COLUMNS}
        rows={rows}
        rowKey={({ resource, drift }) =>
          `${resource.group}/${resource.kind}/${objectName(resource)} ${drift?.path ?? ''}`
        }
      />
    </section>
  );
}
