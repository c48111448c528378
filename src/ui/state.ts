import { computed, signal } from '@preact/signals';
import type { UiApplicationSummary, UiOverview, UiRunSummary, UiStreamEvent } from '#api';

/** What the screens show. One stream keeps it true; nothing else writes it. */
export const overview = signal<UiOverview | undefined>(undefined);
export const connected = signal(false);
/** Shown when the session is over or the server cannot be reached. */
export const problem = signal<string | undefined>(undefined);
/** Counts up for each change below an Application, so that its screen reads again: `namespace/name` → number. */
export const touched = signal<Readonly<Record<string, number>>>({});
export const latestRuns = signal<Readonly<Record<string, UiRunSummary>>>({});
/** Ages on screen are computed from this; it ticks once a second. */
export const nowMs = signal(Date.now());
export const toast = signal<string | undefined>(undefined);

export const mayWrite = computed(() => overview.value?.mayWrite ?? false);

const touch = (namespace: string, name: string) => {
  const key = `${namespace}/${name}`;
  touched.value = { ...touched.value, [key]: (touched.value[key] ?? 0) + 1 };
};

function replaceApplication(next: UiApplicationSummary): void {
  const current = overview.value;
  if (current === undefined) return;
  const others = current.applications.filter(
    ({ namespace, name }) => namespace !== next.namespace || name !== next.name,
  );
  overview.value = { ...current, applications: [...others, next].sort((a, b) => a.name.localeCompare(b.name)) };
}

/** Carries one event of the stream into the state. */
export function receive(event: UiStreamEvent): void {
  const current = overview.value;
  switch (event.type) {
    case 'overview':
      overview.value = event.overview;
      for (const { namespace, name } of event.overview.applications) touch(namespace, name);
      return;
    case 'application':
      replaceApplication(event.application);
      touch(event.application.namespace, event.application.name);
      return;
    case 'application-removed':
      if (current === undefined) return;
      overview.value = {
        ...current,
        applications: current.applications.filter(
          ({ namespace, name }) => namespace !== event.namespace || name !== event.name,
        ),
      };
      touch(event.namespace, event.name);
      return;
    case 'run':
      latestRuns.value = { ...latestRuns.value, [event.run.application]: event.run };
      touch(event.run.namespace, event.run.application);
      return;
    case 'nodes':
      if (current !== undefined) overview.value = { ...current, nodes: event.nodes };
      return;
    case 'touched':
      touch(event.namespace, event.name);
  }
}

const EVENT_TYPES: readonly UiStreamEvent['type'][] = [
  'overview',
  'application',
  'application-removed',
  'run',
  'nodes',
  'touched',
];

/** Opens the stream; the browser reconnects by itself, and the server then begins with a whole overview. */
export function openStream(): void {
  const source = new EventSource('/ui/v1/stream');
  source.onopen = () => {
    connected.value = true;
    problem.value = undefined;
  };
  source.onerror = () => {
    connected.value = false;
    // An answer that is no stream (401 after the session ended) closes it for good.
    problem.value =
      source.readyState === EventSource.CLOSED
        ? 'Your session is over. Ask for a new link: plumb login'
        : 'The control plane does not answer. Your pods go on running.';
  };
  for (const type of EVENT_TYPES) {
    source.addEventListener(type, (message: MessageEvent<string>) => receive({ ...JSON.parse(message.data), type }));
  }
}

/** Says something for four seconds. */
export function say(message: string): void {
  toast.value = message;
  setTimeout(() => {
    if (toast.value === message) toast.value = undefined;
  }, 4_000);
}

/** Ticks the ages; called once. */
export const startClock = () =>
  setInterval(() => {
    nowMs.value = Date.now();
  }, 1_000);
