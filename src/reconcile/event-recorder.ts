import { EVENTS, isApiError, type KubeObject } from '#api';
import { type Clock, formatTime, type Log } from '#base';
import type { Client } from '#client';
import { type Allowance, type EventState, planAllowance, planSimilar, type Similar } from './event-aggregation.plan.ts';

export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning';
  /** Short, UpperCamelCase. */
  readonly reason: string;
  /** Shown to people; never holds a Secret's value. Cut at 1,024 bytes. */
  readonly message: string;
  /** A part of the object: `spec.containers{web}`. */
  readonly fieldPath?: string;
}

export interface EventRecorderOptions {
  /** Who tells it: `deployment-controller`, `scheduler`. */
  readonly component: string;
  /** The node it is told from. */
  readonly host?: string;
}

export interface EventRecorderDeps {
  readonly client: Pick<Client, 'create' | 'patch'>;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells people what happened to an object. Never waits and never throws: the same event again only counts up, an object
 * that tells too much is cut short, and what cannot be written is dropped.
 */
export interface EventRecorder {
  record(object: KubeObject, event: RecordedEvent): void;
  /** Resolves when everything told so far is written or dropped. */
  flush(): Promise<void>;
}

/** Events that wait to be written, and event series that are remembered. */
const MAX_WAITING = 1_000;
/** Source: client-go tools/record/events_cache.go, maxLruCacheEntries (v0.32). */
const MAX_REMEMBERED = 4_096;
/** Source: kubernetes pkg/apis/core/validation/events.go, NoteLengthLimit (v1.32). */
const MAX_MESSAGE = 1_024;

export function createEventRecorder(deps: EventRecorderDeps, options: EventRecorderOptions): EventRecorder {
  const { clock, log } = deps;
  const series = new Remembered<EventState>();
  const allowances = new Remembered<Allowance>();
  const alike = new Remembered<Similar>();
  let waiting = 0;
  let dropped = 0;
  let names = 0;
  let tail: Promise<void> = Promise.resolve();

  function record(object: KubeObject, told: RecordedEvent): void {
    const nowMs = clock.nowMs();
    const { uid = '', name = '' } = object.metadata;
    const subject = `${object.kind}/${object.metadata.namespace ?? ''}/${name}/${uid}`;
    const allowance = planAllowance(allowances.get(subject), nowMs);
    if (allowance === undefined || waiting >= MAX_WAITING) {
      dropped += 1;
      log.debug({ subject, reason: told.reason, dropped }, 'an event is dropped');
      return;
    }
    allowances.set(subject, allowance);
    const event = combine(subject, told, nowMs);
    waiting += 1;
    tail = tail
      .then(() => write(object, subject, event, nowMs))
      .finally(() => {
        waiting -= 1;
      });
  }

  /** Cuts the message, and puts many that differ only in it together. */
  function combine(subject: string, told: RecordedEvent, nowMs: number): RecordedEvent {
    const message = told.message.length > MAX_MESSAGE ? `${told.message.slice(0, MAX_MESSAGE - 1)}…` : told.message;
    const group = `${subject}/${told.type}/${told.reason}`;
    const { similar, combined } = planSimilar(alike.get(group), message, nowMs);
    alike.set(group, similar);
    return {
      ...told,
      message: combined ? `(combined from similar events): ${message}`.slice(0, MAX_MESSAGE) : message,
    };
  }

  async function write(object: KubeObject, subject: string, event: RecordedEvent, nowMs: number): Promise<void> {
    const combined = event.message.startsWith('(combined');
    const id = `${subject}/${event.type}/${event.reason}/${event.fieldPath ?? ''}/${combined ? '' : event.message}`;
    const known = series.get(id);
    try {
      if (known === undefined || !(await countUp(known, id, event, nowMs))) await create(object, id, event, nowMs);
    } catch (error) {
      // The namespace may be going, the server may be down: an event is no reason to try again.
      log.debug({ err: error, reason: event.reason }, 'an event could not be written');
    }
  }

  /** False when the event is gone meanwhile. */
  async function countUp(known: EventState, id: string, event: RecordedEvent, nowMs: number): Promise<boolean> {
    const count = known.count + 1;
    const body = { count, lastTimestamp: formatTime(nowMs), message: event.message };
    try {
      await deps.client.patch(EVENTS, { namespace: known.namespace, name: known.name ?? '' }, { type: 'merge', body });
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false;
      throw error;
    }
    series.set(id, { ...known, count });
    return true;
  }

  async function create(object: KubeObject, id: string, event: RecordedEvent, nowMs: number): Promise<void> {
    const namespace = object.metadata.namespace || 'default';
    names += 1;
    const name = `${object.metadata.name ?? 'object'}.${(nowMs * 1_000 + (names % 1_000)).toString(16)}`;
    await deps.client.create(EVENTS, eventObject(object, { name, namespace, event, nowMs }));
    series.set(id, { name, namespace, count: 1, firstMs: nowMs });
  }

  function eventObject(
    object: KubeObject,
    { name, namespace, event, nowMs }: { name: string; namespace: string; event: RecordedEvent; nowMs: number },
  ): KubeObject {
    const time = formatTime(nowMs);
    const { component, host } = options;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name,
        ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
        ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
        ...(object.metadata.resourceVersion === undefined ? {} : { resourceVersion: object.metadata.resourceVersion }),
        ...(event.fieldPath === undefined ? {} : { fieldPath: event.fieldPath }),
      },
      type: event.type,
      reason: event.reason,
      message: event.message,
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
  }

  return { record, flush: () => tail };
}

/** A map that forgets what was used longest ago. */
class Remembered<T> {
  readonly #items = new Map<string, T>();

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  set(key: string, value: T): void {
    this.#items.delete(key);
    this.#items.set(key, value);
    if (this.#items.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#items.keys()) {
      this.#items.delete(oldest);
      break;
    }
  }
}
