import { useSignal } from '@preact/signals';
import type { UiRun } from '#api';
import { count, objectName } from '../format.ts';
import { path, send } from '../http.ts';
import { mayWrite, say } from '../state.ts';
import { OriginText } from './drift.tsx';

/** A run that waits because it would delete more than its budget: what would go, and the button that lets it. */
export function Approval({ run }: { readonly run: UiRun }) {
  const busy = useSignal(false);
  if (run.phase !== 'PruneBlocked') return null;
  const prunes = run.plan.filter(({ action }) => action === 'prune');
  const approve = async () => {
    busy.value = true;
    try {
      await send(`runs/${path(run.namespace, run.name)}/approve`);
      say('Approved. The run goes on.');
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
      busy.value = false;
    }
  };
  return (
    <section class="banner bad" aria-label="Approval">
      <p>
        <b>This run would delete {count(prunes.length, 'object')} and waits for you.</b> {run.statusMessage}
      </p>
      <ul>
        {prunes.map((one) => (
          <li key={`${one.kind}/${objectName(one)}`}>
            {one.kind} {objectName(one)} <span class="soft">{one.reason}</span> <OriginText origin={one.origin} />
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
