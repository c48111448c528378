import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { UiPod } from '#api';
import { path } from '../http.ts';

/** Characters of a log kept on screen. */
const LOG_LIMIT = 200_000;
/** A reader this near to the end wants to see new lines come. */
const NEAR_END_PX = 40;

/** Follows a container's log. It scrolls along unless the reader scrolled up. */
export function Log({ pod, container }: { readonly pod: UiPod; readonly container: string }) {
  const text = useSignal('');
  const ended = useSignal<string | undefined>(undefined);
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const abort = new AbortController();
    const decoder = new TextDecoder();
    const follow = async () => {
      const response = await fetch(
        `/ui/v1/pods/${path(pod.namespace, pod.name)}/log?follow=true&tailLines=200&container=${encodeURIComponent(container)}`,
        { signal: abort.signal },
      );
      if (!response.ok || response.body === null) throw new Error(`the log cannot be read (${response.status})`);
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        text.value = (text.value + decoder.decode(value, { stream: true })).slice(-LOG_LIMIT);
      }
    };
    text.value = '';
    ended.value = undefined;
    follow().then(
      () => {
        ended.value = 'The log ended here.';
      },
      (error: unknown) => {
        if (!abort.signal.aborted) ended.value = `It broke off: ${error instanceof Error ? error.message : error}.`;
      },
    );
    return () => abort.abort();
  }, [pod.namespace, pod.name, container]);
  useEffect(() => {
    if (box.current !== null && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text.value]);
  return (
    <>
      <h3>
        Log of {pod.name}, {container}
      </h3>
      <pre
        class="log"
        role="log"
        ref={box}
        aria-label={`Log of ${pod.name}, ${container}`}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
        }}
      >
        {text.value === '' && ended.value === undefined ? 'Nothing was written yet.' : text.value}
      </pre>
      {ended.value === undefined ? null : <p class="soft">{ended.value}</p>}
    </>
  );
}
