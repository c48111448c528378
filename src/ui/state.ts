import { computed, signal } from '@preact/signals';
import type { UiApplicationSummary, UiOverview, UiStreamEvent } from '#api';
import { isLoggedIn } from './http.ts';

/** `over`: the login ended; only a new link helps. `lost`: the server does not answer; the stream tries again. */
export type Connection = 'opening' | 'live' | 'lost' | 'over';

/** What the screens show. One stream keeps it true; nothing else writes it. */
export const overview = signal<UiOverview | undefined>(undefined);
export const connection = signal<Connection>('opening');
/** When the stream was lost, RFC 3339. */
export const lostAt = signal<string | undefined>(undefined);
/** Counts up for each change below an Application, so that its screens read again: `namespace/name` → number. */
export const touched = signal<Readonly<Record<string, number>>>({});
/** Ages on screen are computed from this; it ticks once a second. */
export const nowMs = signal(Date.now());
export const toast = signal<string | undefined>(undefined);

export const mayWrite = computed(() => overview.value?.mayWrite ?? false);

interface Named {
  readonly namespace: string;
  readonly name: string;
}

const touch = (...changed: readonly Named[]) => {
  const next: Record<string, number> = { ...touched.value };
  for (const { namespace, name } of changed) {
    const key = `${namespace}/${name}`;
    next[key] = (next[key] ?? 0) + 1;
  }
  touched.value = next;
};

const without = (applications: readonly UiApplicationSummary[], { namespace, name }: Named) =>
  applications.filter((one) => one.namespace !== namespace || one.name !== name);

const byName = (a: Named, b: Named) => a.name.localeCompare(b.name) || a.namespace.localeCompare(b.namespace);

/** Carries one event of the stream into the state. */
export function receive(event: UiStreamEvent): void {
  const current = overview.value;
  switch (event.type) {
    case 'overview':
      overview.value = event.overview;
      touch(...event.overview.applications);
      return;
    case 'application':
      if (current === undefined) return;
      overview.value = {
        ...current,
        applications: [...without(current.applications, event.application), event.application].sort(byName),
      };
      touch(event.application);
      return;
    case 'application-removed':
      if (current === undefined) return;
      overview.value = { ...current, applications: without(current.applications, event) };
      touch(event);
      return;
    case 'run':
      touch({ namespace: event.run.namespace, name: event.run.application });
      return;
    case 'nodes':
      if (current !== undefined) overview.value = { ...current, nodes: event.nodes };
      return;
    case 'touched':
      touch(event);
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
/** Time between attempts where the browser makes none by itself. */
const RETRY_MS = 2_000;
/** A tab nobody looks at gives its connection back after this: a browser has six for all tabs of one server. */
const HIDDEN_MS = 60_000;

let source: EventSource | undefined;

function lose(): void {
  if (connection.value === 'over') return;
  if (connection.value !== 'lost') lostAt.value = new Date().toISOString();
  connection.value = 'lost';
}

function connect(): void {
  source?.close();
  const stream = new EventSource('/ui/v1/stream');
  source = stream;
  stream.onopen = () => {
    connection.value = 'live';
  };
  stream.onerror = () => {
    // The browser tries again after a broken connection, but not after an answer that is no stream.
    if (stream.readyState === EventSource.CLOSED) void reopen(stream);
    else lose();
  };
  for (const type of EVENT_TYPES) {
    stream.addEventListener(type, (message: MessageEvent<string>) => receive({ ...JSON.parse(message.data), type }));
  }
}

async function reopen(failed: EventSource): Promise<void> {
  if (!(await isLoggedIn())) {
    connection.value = 'over';
    return;
  }
  lose();
  setTimeout(() => {
    if (source === failed) connect();
  }, RETRY_MS);
}

/** Opens the stream and keeps it open while someone looks; called once. */
export function startStream(): void {
  let hiding: ReturnType<typeof setTimeout> | undefined;
  connect();
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (document.hidden) {
      hiding = setTimeout(() => {
        source?.close();
        source = undefined;
      }, HIDDEN_MS);
    } else if (source === undefined && connection.value !== 'over') connect();
  });
}

/** Says something for four seconds. */
export function say(message: string): void {
  toast.value = message;
  setTimeout(() => {
    if (toast.value === message) toast.value = undefined;
  }, 4_000);
}

/** Does what a button asks and says how it went. */
export async function attempt(work: () => Promise<void>, done: string): Promise<boolean> {
  try {
    await work();
    say(done);
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** Ticks the ages; called once. */
export const startClock = () =>
  setInterval(() => {
    nowMs.value = Date.now();
  }, 1_000);
