import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { read } from '../http.ts';

interface LoadProps<T> {
  /** Below `/ui/v1/`. */
  readonly from: string;
  /** Reads again whenever this changes; what is on screen stays until the new answer is there. */
  readonly version?: number;
  readonly children: (loaded: T) => ComponentChildren;
}

/** Reads one answer and shows it; errors in the server's own words. */
export function Load<T>({ from, version = 0, children }: LoadProps<T>) {
  const loaded = useSignal<{ readonly from: string; readonly answer: T } | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  useEffect(() => {
    const abort = new AbortController();
    read<T>(from, abort.signal)
      .then((answer) => {
        loaded.value = { from, answer };
        failure.value = undefined;
      })
      .catch((error: unknown) => {
        if (!abort.signal.aborted) failure.value = error instanceof Error ? error.message : String(error);
      });
    return () => abort.abort();
  }, [from, version]);
  if (failure.value !== undefined)
    return (
      <div class="banner bad" role="alert">
        <p>{failure.value}</p>
      </div>
    );
  if (loaded.value === undefined || loaded.value.from !== from)
    return (
      <p class="soft" aria-busy="true">
        Reading …
      </p>
    );
  return <>{children(loaded.value.answer)}</>;
}
