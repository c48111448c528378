import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { UiPod } from '#api';
import { objectName, since } from '../format.ts';
import { path } from '../http.ts';
import { nowMs } from '../state.ts';
import { ToneBadge } from './badge.tsx';

/** Characters of a log kept on screen. */
const LOG_LIMIT = 200_000;

function Log({ pod, container }: { readonly pod: UiPod; readonly container: string }) {
  const text = useSignal('');
  const box = useRef<HTMLPreElement>(null);
  useEffect(() => {
    const abort = new AbortController();
    const decoder = new TextDecoder();
    text.value = '';
    const follow = async () => {
      const response = await fetch(
        `/ui/v1/pods/${path(pod.namespace, pod.name)}/log?follow=true&tailLines=200&container=${encodeURIComponent(container)}`,
        { signal: abort.signal },
      );
      if (!response.ok || response.body === null) {
        text.value = `The log cannot be read: ${await response.text()}`;
        return;
      }
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        text.value = (text.value + decoder.decode(value, { stream: true })).slice(-LOG_LIMIT);
        if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
      }
    };
    follow().catch((error: unknown) => {
      if (!abort.signal.aborted)
        text.value += `\n[the stream ended: ${error instanceof Error ? error.message : String(error)}]`;
    });
    return () => abort.abort();
  }, [pod.namespace, pod.name, container]);
  return (
    <pre class="log" role="log" ref={box} aria-label={`Log of ${pod.name}, ${container}`}>
      {text.value === '' ? '(nothing yet)' : text.value}
    </pre>
  );
}

export function Pods({ pods }: { readonly pods: readonly UiPod[] }) {
  const open = useSignal<string | undefined>(undefined);
  if (pods.length === 0) return null;
  return (
    <section class="card" aria-label="Pods">
      <h2>Pods</h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Name</th>
              <th>State</th>
              <th>Restarts</th>
              <th>Node</th>
              <th>Address</th>
              <th>Age</th>
              <th>
                <span class="visually-hidden">Log</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {pods.map((pod) => (
              <tr key={objectName(pod)}>
                <td>{objectName(pod)}</td>
                <td>
                  <ToneBadge tone={pod.ready ? 'good' : pod.phase === 'Failed' ? 'bad' : 'warn'}>
                    {pod.ready ? 'Ready' : pod.phase}
                  </ToneBadge>
                  {pod.message === undefined ? null : <div class="soft">{pod.message}</div>}
                </td>
                <td>{pod.restarts}</td>
                <td>{pod.node ?? ''}</td>
                <td class="mono">{pod.ip ?? ''}</td>
                <td class="nowrap">{since(pod.createdAt, nowMs.value)}</td>
                <td>
                  {pod.containers.map((container) => {
                    const key = `${objectName(pod)}/${container}`;
                    return (
                      <button
                        type="button"
                        key={key}
                        aria-pressed={open.value === key}
                        onClick={() => {
                          open.value = open.value === key ? undefined : key;
                        }}
                      >
                        {pod.containers.length === 1 ? 'Log' : `Log: ${container}`}
                      </button>
                    );
                  })}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pods.map((pod) =>
        pod.containers.map((container) =>
          open.value === `${objectName(pod)}/${container}` ? (
            <Log key={container} pod={pod} container={container} />
          ) : null,
        ),
      )}
    </section>
  );
}
