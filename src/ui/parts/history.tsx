import { useSignal } from '@preact/signals';
import type { UiRunSummary } from '#api';
import { duration, firstLine, person, sentence, shortCommit } from '../format.ts';
import { links } from '../router.ts';
import { PhaseBadge } from './badge.tsx';
import { ShowAll } from './show-all.tsx';
import { type Column, Table } from './table.tsx';
import { Ago } from './time.tsx';

/** Runs drawn before somebody asks for all. */
const FIRST_ROWS = 20;

const changes = ({ counts, phase, statusMessage }: UiRunSummary) =>
  Object.entries(counts)
    .map(([action, number]) => `${number} ${action}`)
    .join(', ') || (phase === 'Succeeded' ? 'nothing' : sentence(statusMessage ?? ''));

const COLUMNS: readonly Column<UiRunSummary>[] = [
  {
    title: 'Commit',
    cell: (run) => (
      <>
        <a href={links.run(run.namespace, run.name)}>{firstLine(run.message) || 'no message'}</a>{' '}
        <code class="soft" title={run.revision}>
          {shortCommit(run.revision)}
        </code>
      </>
    ),
  },
  {
    title: 'Author',
    cell: ({ author }) => (author === undefined ? null : <span title={author}>{person(author)}</span>),
  },
  { title: 'Result', cell: ({ phase }) => <PhaseBadge phase={phase} /> },
  { title: 'Changes', cell: changes },
  {
    title: 'Trigger',
    cell: ({ trigger, requestedBy }) => (
      <>
        {trigger}
        {requestedBy === 'git' ? null : <span class="soft"> by {requestedBy}</span>}
      </>
    ),
  },
  { title: 'Took', nowrap: true, cell: ({ durationMs }) => duration(durationMs) },
  { title: 'When', cell: ({ createdAt }) => <Ago at={createdAt} /> },
];

/** The runs of an Application, newest first. Any two can be compared: the tool picks old and new by age. */
export function History({ runs }: { readonly runs: readonly UiRunSummary[] }) {
  const picked = useSignal<readonly string[]>([]);
  const all = useSignal(false);
  const toggle = (name: string) => {
    picked.value = picked.value.includes(name)
      ? picked.value.filter((other) => other !== name)
      : [...picked.value.slice(-1), name];
  };
  const compare = () => {
    const [older, newer] = [...runs].reverse().filter(({ name }) => picked.value.includes(name));
    if (older !== undefined && newer !== undefined) location.hash = links.diff(older.namespace, older.name, newer.name);
  };
  const pick: Column<UiRunSummary> = {
    title: 'Compare',
    untitled: true,
    cell: ({ name }) => (
      <input
        type="checkbox"
        aria-label={`Compare run ${name}`}
        checked={picked.value.includes(name)}
        onChange={() => toggle(name)}
      />
    ),
  };
  const shown = all.value ? runs : runs.slice(0, FIRST_ROWS);
  return (
    <section class="card" aria-label="History">
      <div class="head">
        <h2>History</h2>
        {runs.length < 2 ? null : (
          <div class="actions">
            {picked.value.length === 2 ? null : (
              <span class="soft">Pick two runs to see what changed between them.</span>
            )}
            <button type="button" class="small" disabled={picked.value.length !== 2} onClick={compare}>
              Compare two runs
            </button>
          </div>
        )}
      </div>
      {runs.length === 0 ? (
        <p class="soft">No run yet.</p>
      ) : (
        <Table columns={runs.length < 2 ? COLUMNS : [pick, ...COLUMNS]} rows={shown} rowKey={({ name }) => name} />
      )}
      <ShowAll all={all} shown={shown.length} of={runs.length} />
    </section>
  );
}
