import type { KubeObject } from '#api';
import { type Clock, type Log, silentLog, systemClock } from '#base';
import type { Client } from '#client';
import {
  createEventRecorder,
  createInformers,
  type EventRecorder,
  type Informers,
  type KeySource,
  type RunControllerOptions,
  runController,
} from '#reconcile';
import { type Api, createApi, createLocalClient } from '#server';
import { createMemoryStore } from '#store';

export interface Cluster {
  readonly api: Api;
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly informers: Informers;
  readonly events: EventRecorder;
  /** Grows with every write: equal before and after says that nobody wrote. */
  revision(): Promise<number>;
  /** Starts the informers asked for, waits for them, then the given loops; all end with `close`. */
  run(...loops: readonly ((signal: AbortSignal) => Promise<void>)[]): Promise<void>;
  /** A loop for `run`. */
  loop(
    controller: RunControllerOptions['controller'],
    sources: readonly KeySource[],
    options?: Partial<RunControllerOptions>,
  ): (signal: AbortSignal) => Promise<void>;
  close(): Promise<void>;
}

/** The API in this process over a store in memory, and what controllers need around it. */
export async function startCluster({ clock = systemClock, log = silentLog } = {}): Promise<Cluster> {
  const store = createMemoryStore({ clock });
  const api = await createApi({ store, clock, log });
  const user = { name: 'system:plumbline:test', groups: ['system:masters'] };
  const client = createLocalClient(api, { user, userAgent: 'test' });
  const informers = createInformers({ client, clock, log });
  const events = createEventRecorder({ client, clock, log }, { component: 'test' });
  const stopping = new AbortController();
  const running: Promise<void>[] = [];
  return {
    api,
    client,
    clock,
    log,
    informers,
    events,
    revision: () => store.revision(),
    async run(...loops) {
      running.push(informers.run(stopping.signal));
      await informers.synced();
      running.push(...loops.map((loop) => loop(stopping.signal)));
    },
    loop:
      (controller, sources, options = {}) =>
      (signal) =>
        runController({ controller, sources, clock, log, ...options }, signal),
    async close() {
      stopping.abort();
      await Promise.all(running);
      await events.flush();
      await api.close();
      await store.close();
    },
  };
}

/** A pod as small as the API takes it. */
export function podObject(
  name: string,
  { metadata = {}, spec = {} }: { metadata?: object; spec?: object } = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', ...metadata },
    spec: { containers: [{ name: 'main', image: 'sample:1' }], ...spec },
  };
}

/** A node that has said it is ready, with room for 110 pods. */
export function nodeObject(
  name: string,
  { metadata = {}, spec = {}, status = {} }: { metadata?: object; spec?: object; status?: object } = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, ...metadata },
    spec,
    status: {
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      ...status,
    },
  };
}
