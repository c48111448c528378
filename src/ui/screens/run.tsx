import type { FieldDrift, HookRun, PlannedChange, SyncResult, UiRun } from '#api';
import { duration, firstLine, objectName, person, sentence, shortCommit, value } from '../format.ts';
import { path } from '../http.ts';
import { Approval } from '../parts/approval.tsx';
import { PhaseBadge, ToneBadge } from '../parts/badge.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { OriginText, Who } from '../parts/drift.tsx';
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

/** Whether it is known who wrote the live value: a field that only Git has changed was written by nobody else. */
const isByHand = ({ user, manager }: FieldDrift) => user !== undefined || manager !== undefined;

/** The lines of the fields that change; that of the object when it changes as a whole. */
function Origins({ planned: { origin, fields = [] } }: { readonly planned: PlannedChange }) {
  const lines = [...new Set(fields.map(({ line }) => line))];
  if (lines.length === 0) return <OriginText origin={origin} />;
  return (
    <>
      {lines.map((line) => (
        <div key={line}>
          <OriginText origin={origin} line={line} />
        </div>
      ))}
    </>
  );
}

const COLUMNS: readonly Column<Step>[] = [
  { title: 'Wave', cell: ({ planned }) => planned.wave },
  { title: 'Object', cell: ({ planned }) => `${planned.kind} ${objectName(planned)}` },
  { title: 'Plan', cell: ({ planned }) => planned.action },
  {
    title: 'Why',
    cell: ({ planned: { reason, fields = [] } }) => (
      <>
        {fields.length === 0 ? reason : null}
        {fields.map((field) => (
          <div key={field.path}>
            <code>{field.path}</code> was <code class="drift-live">{value(field.live)}</code> and is{' '}
            <code class="drift-git">{value(field.desired)}</code> in Git
            {isByHand(field) ? (
              <div class="soft">
                changed by <Who drift={field} />
              </div>
            ) : null}
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
  { title: 'In Git', cell: ({ planned }) => <Origins planned={planned} /> },
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

const HOOK_TONES = { Pending: 'calm', Running: 'warn', Succeeded: 'good', Failed: 'bad' } as const;

const HOOK_COLUMNS: readonly Column<HookRun>[] = [
  { title: 'When', cell: ({ phase }) => phase },
  { title: 'Wave', cell: ({ wave }) => wave },
  { title: 'Object', cell: (hook) => `${hook.kind} ${objectName(hook)}` },
  {
    title: 'State',
    cell: ({ state, message }) => (
      <>
        <ToneBadge tone={HOOK_TONES[state]}>{state}</ToneBadge>
        {message === undefined ? null : <div class="soft">{message}</div>}
      </>
    ),
  },
  { title: 'Began', cell: ({ startedAt }) => (startedAt === undefined ? null : <Ago at={startedAt} />) },
  { title: 'In Git', cell: ({ origin }) => (origin === undefined ? null : <OriginText origin={origin} />) },
];

function Hooks({ hooks }: Pick<UiRun, 'hooks'>) {
  if (hooks.length === 0) return null;
  return (
    <section class="card" aria-label="Hooks">
      <h2>Hooks</h2>
      <Table
        columns={HOOK_COLUMNS}
        rows={hooks}
        rowKey={(hook) => `${hook.phase} ${hook.group}/${hook.kind}/${objectName(hook)}`}
      />
    </section>
  );
}

/** Whose changes a self-heal took back: each person and program once, with the newest time. */
function Drifters({ run }: { readonly run: UiRun }) {
  const newest = new Map<string, FieldDrift>();
  for (const field of run.plan.flatMap(({ fields = [] }) => fields).filter(isByHand)) {
    const who = `${field.user ?? ''} ${field.manager ?? ''}`;
    if ((newest.get(who)?.time ?? '') <= (field.time ?? '')) newest.set(who, field);
  }
  if (newest.size === 0) return <p>Took back a change that Git does not have.</p>;
  return (
    <p>
      Took back what was changed by{' '}
      {[...newest].map(([who, field], index) => (
        <span key={who}>
          {index === 0 ? null : '; '}
          <Who drift={field} />
        </span>
      ))}
      .
    </p>
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
          {run.webhooks.length === 0 ? null : (
            <>
              , delivery <code>{run.webhooks.join(', ')}</code>
            </>
          )}
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
      {run.trigger === 'self-heal' ? <Drifters run={run} /> : null}
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
          <Hooks hooks={run.hooks} />
          <Steps run={run} />
        </>
      )}
    </Load>
  );
}
