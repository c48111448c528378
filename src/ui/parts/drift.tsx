import type { FieldDrift, Origin, ResourceStatus } from '#api';
import { ago, objectName, value } from '../format.ts';
import { nowMs } from '../state.ts';

export const OriginText = ({ origin }: { readonly origin: Origin | undefined }) =>
  origin === undefined ? null : (
    <code title={origin.commit === undefined ? undefined : `last changed by ${origin.commit}`}>
      {origin.path}:{origin.line}
    </code>
  );

function Who({ drift }: { readonly drift: FieldDrift }) {
  if (drift.user === undefined && drift.manager === undefined) return <span class="soft">unknown</span>;
  return (
    <>
      <b>{drift.user ?? 'someone'}</b>
      {drift.manager === undefined ? null : <span class="soft"> with {drift.manager}</span>}
      {drift.time === undefined ? null : <span class="soft nowrap">, {ago(drift.time, nowMs.value)}</span>}
    </>
  );
}

/** Every field in which the cluster differs from Git: what Git says, what runs, who changed it, and where it stands. */
export function DriftTable({ resources }: { readonly resources: readonly ResourceStatus[] }) {
  const drifted = resources.filter(({ status }) => status === 'OutOfSync');
  if (drifted.length === 0) return null;
  return (
    <section class="card" aria-label="Drift">
      <h2>Differs from Git</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Object</th>
              <th>Field</th>
              <th>In Git</th>
              <th>Live</th>
              <th>Changed by</th>
              <th>Where</th>
            </tr>
          </thead>
          <tbody>
            {drifted.flatMap((resource) => {
              const key = `${resource.group}/${resource.kind}/${objectName(resource)}`;
              const object = (
                <>
                  {resource.kind} {objectName(resource)}
                </>
              );
              if (resource.requiresPruning) {
                return [
                  <tr key={key}>
                    <td>{object}</td>
                    <td colSpan={4}>No longer in Git; a sync with prune deletes it.</td>
                    <td>
                      <OriginText origin={resource.origin} />
                    </td>
                  </tr>,
                ];
              }
              const fields = resource.drift ?? [];
              if (fields.length === 0) {
                return [
                  <tr key={key}>
                    <td>{object}</td>
                    <td colSpan={4}>
                      {resource.health?.status === 'Missing' ? 'Not in the cluster yet.' : 'Waits to be applied.'}
                    </td>
                    <td>
                      <OriginText origin={resource.origin} />
                    </td>
                  </tr>,
                ];
              }
              return fields.map((drift) => (
                <tr key={`${key} ${drift.path}`}>
                  <td>{object}</td>
                  <td>
                    <code>{drift.path}</code>
                  </td>
                  <td>
                    <code class="drift-old">{value(drift.desired)}</code>
                  </td>
                  <td>
                    <code class="drift-new">{value(drift.live)}</code>
                  </td>
                  <td>
                    <Who drift={drift} />
                  </td>
                  <td>
                    <OriginText origin={resource.origin} />
                  </td>
                </tr>
              ));
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
