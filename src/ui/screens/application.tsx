import { useSignal } from '@preact/signals';
import type { Condition, UiApplication, UiRunSummary } from '#api';
import { ago, shortCommit } from '../format.ts';
import { path, send } from '../http.ts';
import { Approval } from '../parts/approval.tsx';
import { HealthBadge, PhaseBadge, SyncBadge } from '../parts/badge.tsx';
import { DriftTable } from '../parts/drift.tsx';
import { History } from '../parts/history.tsx';
import { Load } from '../parts/load.tsx';
import { Objects } from '../parts/objects.tsx';
import { Pods } from '../parts/pods.tsx';
import { mayWrite, nowMs, say, touched } from '../state.ts';

const modes = ({ automated, selfHeal, prune }: UiApplication) =>
  automated
    ? ['syncs by itself', selfHeal ? 'heals drift' : 'shows drift', prune ? 'prunes' : 'keeps what left Git'].join(', ')
    : 'syncs when asked';

function Conditions({ conditions }: { readonly conditions: readonly Condition[] }) {
  const open = conditions.filter(({ status }) => status === 'True');
  if (open.length === 0) return null;
  return (
    <section class="banner warn" role="status" aria-label="Conditions">
      {open.map(({ type, message, lastTransitionTime }) => (
        <p key={`${type} ${message}`}>
          <b>{type}</b> {message}{' '}
          <span class="soft nowrap">
            {lastTransitionTime === undefined ? '' : `since ${ago(lastTransitionTime, nowMs.value)}`}
          </span>
        </p>
      ))}
    </section>
  );
}

function Head({ application }: { readonly application: UiApplication }) {
  const busy = useSignal(false);
  const { namespace, name, spec, currentRun: run } = application;
  const source = spec.source ?? spec.sources?.[0];
  const act = async (what: 'sync' | 'refresh', done: string) => {
    busy.value = true;
    try {
      await send(`applications/${path(namespace, name)}/${what}`);
      say(done);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="card">
      <div class="head">
        <h1>{name}</h1>
        <SyncBadge status={application.sync} />
        <HealthBadge status={application.health} />
        {run !== undefined && run.phase !== 'Succeeded' ? <PhaseBadge phase={run.phase} /> : null}
        {mayWrite.value ? (
          <div class="actions">
            <button type="button" disabled={busy} onClick={() => act('refresh', 'Looking at Git again.')}>
              Refresh
            </button>
            <button type="button" class="main" disabled={busy} onClick={() => act('sync', 'Asked for a sync.')}>
              Sync
            </button>
          </div>
        ) : null}
      </div>
      <div class="facts">
        <span>
          Commit{' '}
          <b>
            <code>{shortCommit(application.revision) || 'none'}</code>
          </b>
        </span>
        {source === undefined ? null : (
          <span>
            From <b>{source.repoURL}</b>
            {source.path === undefined ? (
              ''
            ) : (
              <>
                {' '}
                / <b>{source.path}</b>
              </>
            )}{' '}
            at <b>{source.targetRevision ?? 'HEAD'}</b>
          </span>
        )}
        <span>
          Into namespace <b>{spec.destination?.namespace ?? '–'}</b>
        </span>
        <span>{modes(application)}</span>
      </div>
      {run?.waiting === undefined ? null : (
        <p class="soft">
          Waits for {run.waiting.object}: {run.waiting.reason}
        </p>
      )}
    </section>
  );
}

export function ApplicationScreen({ namespace, name }: { readonly namespace: string; readonly name: string }) {
  const version = touched.value[`${namespace}/${name}`] ?? 0;
  return (
    <Load<UiApplication> from={`applications/${path(namespace, name)}`} version={version}>
      {(application) => (
        <>
          <Head application={application} />
          {application.currentRun === undefined ? null : <Approval run={application.currentRun} />}
          <Conditions conditions={application.conditions} />
          <DriftTable resources={application.resources} />
          <Pods pods={application.pods} />
          <Objects resources={application.resources} />
          <Load<readonly UiRunSummary[]> from={`applications/${path(namespace, name)}/runs`} version={version}>
            {(runs) => <History runs={runs} />}
          </Load>
        </>
      )}
    </Load>
  );
}
