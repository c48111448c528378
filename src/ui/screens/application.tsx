import { useSignal } from '@preact/signals';
import type { Condition, UiApplication, UiEvent, UiRun, UiRunSummary } from '#api';
import { count, sentence, shortCommit } from '../format.ts';
import { path, send } from '../http.ts';
import { Approval } from '../parts/approval.tsx';
import { HealthBadge, PhaseBadge, SyncBadge } from '../parts/badge.tsx';
import { Crumbs } from '../parts/crumbs.tsx';
import { DriftTable } from '../parts/drift.tsx';
import { Events } from '../parts/events.tsx';
import { History } from '../parts/history.tsx';
import { Load } from '../parts/load.tsx';
import { Objects } from '../parts/objects.tsx';
import { Pods } from '../parts/pods.tsx';
import { Age, Ago } from '../parts/time.tsx';
import { links } from '../router.ts';
import { attempt, mayWrite, say, touched } from '../state.ts';

/** Git was read, and holds no object for it. */
const isEmpty = ({ sync, resources }: UiApplication) => sync === 'Synced' && resources.length === 0;

const modes = ({ automated, selfHeal, prune }: UiApplication) =>
  automated
    ? ['syncs by itself', selfHeal ? 'heals drift' : 'shows drift', prune ? 'prunes' : 'keeps what left Git'].join(', ')
    : 'syncs when asked';

function Conditions({
  conditions,
  tone,
}: {
  readonly conditions: readonly Condition[];
  readonly tone: 'warn' | 'bad';
}) {
  if (conditions.length === 0) return null;
  return (
    <section class={`banner ${tone}`} role="status" aria-label="Conditions">
      {conditions.map(({ type, message, lastTransitionTime }) => (
        <p key={`${type} ${message}`}>
          <b>{type}</b>{' '}
          <span class="soft">
            <Age at={lastTransitionTime} before="for " />
          </span>
          <br />
          {sentence(message ?? '')}
        </p>
      ))}
    </section>
  );
}

/** Sync, refresh, and sync with prune where something waits to be deleted that no sync deletes by itself. */
function Actions({ application }: { readonly application: UiApplication }) {
  const busy = useSignal(false);
  const { namespace, name } = application;
  const act = async (what: 'sync' | 'refresh', done: string, body = {}) => {
    busy.value = true;
    await attempt(() => send(`applications/${path(namespace, name)}/${what}`, body), done);
    busy.value = false;
  };
  // A sync cannot pass a run that waits: it would be asked for and nothing would happen.
  const isBlocked = application.currentRun?.phase === 'PruneBlocked';
  const sync = () =>
    isBlocked
      ? say(`${name} waits for approval: a sync goes on when what it would delete is approved.`)
      : void act('sync', 'Asked for a sync.');
  const left = application.prune ? 0 : application.resources.filter(({ requiresPruning }) => requiresPruning).length;
  return (
    <div class="actions">
      <button type="button" disabled={busy} onClick={() => act('refresh', 'Looking at Git again.')}>
        Refresh
      </button>
      {left === 0 || isBlocked ? null : (
        <button
          type="button"
          disabled={busy}
          onClick={() => {
            if (confirm(`Sync ${name} and delete ${count(left, 'object')} that left Git?`))
              void act('sync', 'Asked for a sync with prune.', { prune: true });
          }}
        >
          Sync and prune {left}
        </button>
      )}
      <button type="button" class="main" disabled={busy} onClick={sync}>
        Sync
      </button>
    </div>
  );
}

function LastRun({ run }: { readonly run: UiRun }) {
  return (
    <span>
      Last run{' '}
      <a href={links.run(run.namespace, run.name)}>
        <Ago at={run.createdAt} />
      </a>
      {run.waiting === undefined ? null : (
        <>
          , waits for <b>{run.waiting.object}</b>: {run.waiting.reason}
        </>
      )}
    </span>
  );
}

function Head({ application }: { readonly application: UiApplication }) {
  const { name, spec, revision, currentRun: run } = application;
  const source = spec.source ?? spec.sources?.[0];
  return (
    <section class="card" aria-label="Application">
      <div class="head">
        <h1>{name}</h1>
        <SyncBadge status={application.sync} />
        <HealthBadge status={application.health} />
        {run === undefined || run.phase === 'Succeeded' || run.phase === 'Superseded' ? null : (
          <PhaseBadge phase={run.phase} />
        )}
        {mayWrite.value ? <Actions application={application} /> : null}
      </div>
      <div class="facts">
        <span>
          Commit{' '}
          <b>
            <code title={revision}>{shortCommit(revision) || 'none'}</code>
          </b>
        </span>
        {source === undefined ? null : (
          <span>
            From{' '}
            <b>
              {source.repoURL}
              {source.path === undefined ? '' : `, ${source.path}`}
            </b>{' '}
            at <b>{source.targetRevision ?? 'HEAD'}</b>
          </span>
        )}
        {spec.destination?.namespace === undefined ? null : (
          <span>
            Into namespace <b>{spec.destination.namespace}</b>
          </span>
        )}
        {isEmpty(application) ? (
          <span>
            <b>Empty in Git</b>
          </span>
        ) : null}
        <span>{modes(application)}</span>
        {run === undefined ? null : <LastRun run={run} />}
      </div>
    </section>
  );
}

export function ApplicationScreen({ namespace, name }: { readonly namespace: string; readonly name: string }) {
  const version = touched.value[`${namespace}/${name}`] ?? 0;
  const events = new URLSearchParams({ namespace, application: name });
  return (
    <>
      <Crumbs here={name} />
      <Load<UiApplication> from={`applications/${path(namespace, name)}`} version={version}>
        {(application) => {
          const { conditions, currentRun: run, pods, resources } = application;
          // What waits for approval is told with its button.
          const open = conditions.filter(
            ({ type, status }) => status === 'True' && !(type === 'PruneBlocked' && run?.phase === 'PruneBlocked'),
          );
          return (
            <>
              <Head application={application} />
              {run === undefined ? null : <Approval run={run} />}
              <Conditions conditions={open} tone={application.severity === 'warning' ? 'warn' : 'bad'} />
              <DriftTable resources={resources} />
              <Pods pods={pods} version={version} />
              <Objects resources={resources} isEmpty={isEmpty(application)} />
              <Load<readonly UiRunSummary[]> from={`applications/${path(namespace, name)}/runs`} version={version}>
                {(runs) => <History runs={runs} />}
              </Load>
              <Load<readonly UiEvent[]> from={`events?${events}`} version={version}>
                {(loaded) => <Events events={loaded} />}
              </Load>
            </>
          );
        }}
      </Load>
    </>
  );
}
