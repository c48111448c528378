import type { PlannedChange, SyncResult, UiRun } from '#api';
import { duration, firstLine, objectName, person, sentence, shortCommit, value } from '../format.ts';
import { path } from '../http.ts';
import { Approval } from '../parts/approval.tsx';
import { PhaseBadge, ToneBadge } from '../parts/badge.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { OriginText } from '../parts/drift.tsx';
import { Load } from '../parts/load.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Ago } from '../parts/time.tsx';
import { links } from '../router.ts';
import { touched } from '../state.ts';

interface Step {
  readonly planned: PlannedChange;
  readonly result?: SyncResult;
}

const keyOf = (one: PlannedChange | SyncResult) => `${one.group}/${one.kind}/${objectName(one)}`;

const COLUMNS: readonly Column<Step>[] = [
  { title: 'Wave', cell: ({ planned }) => planned.wave },
  { title: 'Object', cell: ({ planned }) => `${planned.kind} ${objectName(planned)}` },
  { title: 'Plan', cell: ({ planned }) => planned.action },
  {
    title: 'Why',
    cell: ({ planned: { reason, fields = [] } }) => (
      <>
        {fields.length === 0 ? reason : null}
        {fields.map(({ path: field, live, desired }) => (
          <div key={field}>
            <code>{field}</code> was <code class="drift-live">{value(live)}</code> and is{' '}
            <code class="drift-git">{value(desired)}</code> in Git
          </div>
        ))}
      </>
    ),
  },
  {
    title: 'Result',
    cell: ({ result }) =>
      result === undefined ? (
        <span class="soft">not done</span>
      ) : (
        <>
          {result.action === 'failed' ? <ToneBadge tone="bad">failed</ToneBadge> : result.action}
          {result.message === undefined ? null : <div class="soft">{result.message}</div>}
        </>
      ),
  },
  { title: 'In Git', cell: ({ planned }) => <OriginText origin={planned.origin} /> },
];

function Steps({ run }: { readonly run: UiRun }) {
  const results = new Map(run.results.map((result) => [keyOf(result), result]));
  const steps = run.plan.map((planned): Step => {
    const result = results.get(keyOf(planned));
    return result === undefined ? { planned } : { planned, result };
  });
  return (
    <section class="card" aria-label="Plan and results">
      <h2>Plan and results</h2>
      {steps.length === 0 ? (
        <p class="soft">Nothing had to change.</p>
      ) : (
        <Table columns={COLUMNS} rows={steps} rowKey={({ planned }) => `${planned.action} ${keyOf(planned)}`} />
      )}
    </section>
  );
}

function Head({ run }: { readonly run: UiRun }) {
  return (
    <section class="card" aria-label="Run">
      <div class="head">
        <h1>{firstLine(run.message) || run.name}</h1>
        <PhaseBadge phase={run.phase} />
      </div>
      <div class="facts">
        <span>
          Commit{' '}
          <b>
            <code title={run.revision}>{shortCommit(run.revision)}</code>
          </b>
        </span>
        {run.author === undefined ? null : (
          <span title={run.author}>
            Author <b>{person(run.author)}</b>
          </span>
        )}
        <span>
          Trigger <b>{run.trigger}</b> by <b>{run.requestedBy}</b>
        </span>
        <span>
          <Ago at={run.createdAt} />
          {run.durationMs === undefined ? '' : `, took ${duration(run.durationMs)}`}
        </span>
        {run.approval === undefined ? null : (
          <span>
            Approved by <b>{run.approval.by}</b> <Ago at={run.approval.at} />
          </span>
        )}
      </div>
      {run.statusMessage === undefined || run.phase === 'PruneBlocked' ? null : <p>{sentence(run.statusMessage)}</p>}
      {run.waiting === undefined ? null : (
        <p class="soft">
          Waits for <b>{run.waiting.object}</b>: {run.waiting.reason}
        </p>
      )}
    </section>
  );
}

export function RunScreen({ namespace, name }: { readonly namespace: string; readonly name: string }) {
  const version = Object.values(touched.value).reduce((sum, one) => sum + one, 0);
  return (
    <Load<UiRun> from={`runs/${path(namespace, name)}`} version={version}>
      {(run) => (
        <>
          <Crumbs here={`Run of ${shortCommit(run.revision)}`}>
            <a href={links.application(run.namespace, run.application)}>{run.application}</a>
          </Crumbs>
          <Head run={run} />
          <Approval run={run} />
          <Steps run={run} />
        </>
      )}
    </Load>
  );
}
