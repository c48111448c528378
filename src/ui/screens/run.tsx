import type { UiRun } from '#api';
import { ago, duration, objectName, shortCommit } from '../format.ts';
import { path } from '../http.ts';
import { Approval } from '../parts/approval.tsx';
import { PhaseBadge } from '../parts/badge.tsx';
import { OriginText } from '../parts/drift.tsx';
import { Load } from '../parts/load.tsx';
import { links } from '../router.ts';
import { nowMs, touched } from '../state.ts';

function Steps({ run }: { readonly run: UiRun }) {
  const results = new Map(
    run.results.map((result) => [`${result.group}/${result.kind}/${objectName(result)}`, result]),
  );
  return (
    <section class="card" aria-label="Plan and results">
      <h2>Plan and results</h2>
      {run.plan.length === 0 ? (
        <p class="soft">Nothing had to change.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>Wave</th>
                <th>Object</th>
                <th>Plan</th>
                <th>Why</th>
                <th>Result</th>
                <th>In Git</th>
              </tr>
            </thead>
            <tbody>
              {run.plan.map((step) => {
                const result = results.get(`${step.group}/${step.kind}/${objectName(step)}`);
                return (
                  <tr key={`${step.action} ${step.group}/${step.kind}/${objectName(step)}`}>
                    <td>{step.wave}</td>
                    <td>
                      {step.kind} {objectName(step)}
                    </td>
                    <td>{step.action}</td>
                    <td>
                      {step.reason}
                      {step.fields?.map(({ path: field }) => (
                        <div key={field}>
                          <code>{field}</code>
                        </div>
                      ))}
                    </td>
                    <td>
                      {result === undefined ? (
                        <span class="soft">not done</span>
                      ) : (
                        <>
                          {result.action}
                          {result.message === undefined ? null : <div class="soft">{result.message}</div>}
                        </>
                      )}
                    </td>
                    <td>
                      <OriginText origin={step.origin} />
                    </td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
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
          <section class="card">
            <div class="head">
              <h1>
                <a href={links.application(run.namespace, run.application)}>{run.application}</a> at{' '}
                <code>{shortCommit(run.revision)}</code>
              </h1>
              <PhaseBadge phase={run.phase} />
            </div>
            <div class="facts">
              <span>{run.message ?? ''}</span>
              <span>
                Author <b>{run.author ?? 'unknown'}</b>
              </span>
              <span>
                Trigger <b>{run.trigger}</b> by <b>{run.requestedBy}</b>
              </span>
              <span>
                {ago(run.createdAt, nowMs.value)}
                {run.durationMs === undefined ? '' : `, took ${duration(run.durationMs)}`}
              </span>
              {run.approval === undefined ? null : (
                <span>
                  Approved by <b>{run.approval.by}</b>
                </span>
              )}
            </div>
            {run.statusMessage === undefined ? null : <p>{run.statusMessage}</p>}
            {run.waiting === undefined ? null : (
              <p class="soft">
                Waits for {run.waiting.object}: {run.waiting.reason}, at most until {run.waiting.deadline}
              </p>
            )}
          </section>
          <Approval run={run} />
          <Steps run={run} />
        </>
      )}
    </Load>
  );
}
