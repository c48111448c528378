import { useSignal } from '@preact/signals';
import type { UiRunSummary } from '#api';
import { ago, duration, firstLine, shortCommit } from '../format.ts';
import { links } from '../router.ts';
import { nowMs } from '../state.ts';
import { PhaseBadge } from './badge.tsx';

const changes = ({ counts, statusMessage }: UiRunSummary) =>
  Object.entries(counts)
    .map(([action, number]) => `${number} ${action}`)
    .join(', ') ||
  statusMessage ||
  '';

/** The runs of an Application, newest first. Any two can be compared: the tool picks old and new by age. */
export function History({ runs }: { readonly runs: readonly UiRunSummary[] }) {
  const picked = useSignal<readonly string[]>([]);
  const toggle = (name: string) => {
    picked.value = picked.value.includes(name)
      ? picked.value.filter((other) => other !== name)
      : [...picked.value.slice(-1), name];
  };
  const compare = () => {
    const [older, newer] = [...runs].reverse().filter(({ name }) => picked.value.includes(name));
    if (older !== undefined && newer !== undefined) location.hash = links.diff(older.namespace, older.name, newer.name);
  };
  return (
    <section class="card" aria-label="History">
      <div class="head">
        <h2>History</h2>
        <div class="actions">
          <button type="button" disabled={picked.value.length !== 2} onClick={compare}>
            Compare two runs
          </button>
        </div>
      </div>
      {runs.length === 0 ? (
        <p class="soft">No run yet.</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>
                  <span class="visually-hidden">Pick</span>
                </th>
                <th>When</th>
                <th>Commit</th>
                <th>Author</th>
                <th>Message</th>
                <th>Result</th>
                <th>Changes</th>
                <th>Took</th>
                <th>Trigger</th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <tr key={run.name}>
                  <td>
                    <input
                      type="checkbox"
                      aria-label={`Pick run ${run.name}`}
                      checked={picked.value.includes(run.name)}
                      onChange={() => toggle(run.name)}
                    />
                  </td>
                  <td class="nowrap">
                    <a href={links.run(run.namespace, run.name)}>{ago(run.createdAt, nowMs.value)}</a>
                  </td>
                  <td>
                    <code>{shortCommit(run.revision)}</code>
                  </td>
                  <td>{run.author ?? ''}</td>
                  <td>{firstLine(run.message)}</td>
                  <td>
                    <PhaseBadge phase={run.phase} />
                  </td>
                  <td>{changes(run)}</td>
                  <td class="nowrap">{duration(run.durationMs)}</td>
                  <td>
                    {run.trigger}
                    {run.requestedBy === 'git' ? '' : <span class="soft"> by {run.requestedBy}</span>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
