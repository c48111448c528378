import { useSignal } from '@preact/signals';
import type { UiRun } from '#api';
import { count, objectName, sentence } from '../format.ts';
import { path, send } from '../http.ts';
import { attempt, mayWrite } from '../state.ts';
import { OriginText } from './drift.tsx';

/** A run that waits because it would delete more than its budget: what would go, and the button that lets it. */
export function Approval({ run }: { readonly run: UiRun }) {
  const busy = useSignal(false);
  if (run.phase !== 'PruneBlocked') return null;
  const prunes = run.plan.filter(({ action }) => action === 'prune');
  const approve = async () => {
    if (!confirm(`Delete ${count(prunes.length, 'object')} of ${run.application}? This cannot be undone.`)) return;
    busy.value = true;
    const approved = await attempt(
      () => send(`runs/${path(run.namespace, run.name)}/approve`),
      'Approved. The run goes on.',
    );
    if (!approved) busy.value = false;
  };
  return (
    <section class="banner bad" aria-label="Approval">
      <h2>This run would delete {count(prunes.length, 'object')} and waits for you.</h2>
      <p>{sentence(run.statusMessage ?? '')} Nothing is deleted until you approve.</p>
      <ul>
        {prunes.map((one) => (
          <li key={`${one.group}/${one.kind}/${objectName(one)}`}>
            {one.kind} {objectName(one)} <span class="soft">{one.reason}</span>
            {one.origin === undefined ? null : (
              <>
                <span class="soft">; stood in</span> <OriginText origin={one.origin} />
              </>
            )}
          </li>
        ))}
      </ul>
      {mayWrite.value ? (
        <div>
          <button type="button" class="danger" disabled={busy} onClick={approve}>
            Approve and delete
          </button>
        </div>
      ) : (
        <p class="soft">You may look, but not approve.</p>
      )}
    </section>
  );
}
