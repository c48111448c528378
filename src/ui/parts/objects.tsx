import { useSignal } from '@preact/signals';
import type { ResourceStatus } from '#api';
import { count, objectName } from '../format.ts';
import { HealthBadge, SyncBadge } from './badge.tsx';
import { OriginText } from './drift.tsx';

/** Rows drawn at once; the filter reaches the rest. */
const MAX_ROWS = 300;

export function Objects({ resources }: { readonly resources: readonly ResourceStatus[] }) {
  const filter = useSignal('');
  const words = filter.value.trim().toLowerCase();
  const matching = resources.filter((one) =>
    `${one.kind} ${objectName(one)} ${one.status} ${one.health?.status ?? ''} ${one.origin?.path ?? ''}`
      .toLowerCase()
      .includes(words),
  );
  const shown = matching.slice(0, MAX_ROWS);
  return (
    <section class="card" aria-label="Objects">
      <div class="head">
        <h2>{count(resources.length, 'object')}</h2>
        {resources.length > 8 ? (
          <input
            class="filter"
            type="search"
            placeholder="Filter"
            aria-label="Filter objects"
            value={filter}
            onInput={(event) => {
              filter.value = event.currentTarget.value;
            }}
          />
        ) : null}
      </div>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Kind</th>
              <th>Name</th>
              <th>Sync</th>
              <th>Health</th>
              <th>In Git</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={`${one.group}/${one.kind}/${objectName(one)}`}>
                <td>{one.kind}</td>
                <td>{objectName(one)}</td>
                <td>
                  <SyncBadge status={one.status} />
                </td>
                <td>
                  {one.health === undefined ? <span class="soft">–</span> : <HealthBadge status={one.health.status} />}
                  {one.health?.message ? <div class="soft">{one.health.message}</div> : null}
                </td>
                <td>
                  <OriginText origin={one.origin} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {matching.length > shown.length ? (
        <p class="soft">{matching.length - shown.length} more; narrow the filter to see them.</p>
      ) : null}
    </section>
  );
}
