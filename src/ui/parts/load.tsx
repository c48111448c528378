import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { read } from '../http.ts';
import { oneAtATime } from '../one-at-a-time.ts';

interface LoadProps<T> {
  /** Below `/ui/v1/`. */
  readonly from: string;
  /** Reads again whenever this changes; what is on screen stays until the new answer is there. */
  readonly version?: number;
  readonly children: (loaded: T) => ComponentChildren;
}

export const Reading = () => (
  <p class="soft" aria-busy="true">
    Reading …
  </p>
);

/** Reads one answer and shows it; errors in the server's own words, above what was read before. */
export function Load<T>({ from, version = 0, children }: LoadProps<T>) {
  const loaded = useSignal<{ readonly from: string; readonly answer: T } | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const ask = useRef<() => Promise<void>>();
  useEffect(() => {
    const abort = new AbortController();
    ask.current = oneAtATime(async () => {
      try {
        loaded.value = { from, answer: await read<T>(from, abort.signal) };
        failure.value = undefined;
      } catch (error) {
        if (!abort.signal.aborted) failure.value = error instanceof Error ? error.message : String(error);
      }
    });
    return () => abort.abort();
  }, [from]);
  useEffect(() => void ask.current?.(), [from, version]);
  const shown = loaded.value?.from === from ? loaded.value : undefined;
  return (
    <>
      {failure.value === undefined ? null : (
        <div class="banner bad" role="alert">
          <p>{failure.value}</p>
        </div>
      )}
      {shown === undefined ? failure.value === undefined ? <Reading /> : null : children(shown.answer)}
    </>
  );
}
