/** Rules of Events. Source: kubernetes pkg/apis/core/validation/events.go (v1.32). */
import { equalJson } from '#base';
import type { Event } from '../kinds/types.ts';
import type { KubeObject } from '../meta/object.ts';
import type { FieldIssue } from '../schema/schema.ts';
import { type Issues, type Loose, requiredText } from './checks.ts';
import { invalid, required } from './issues.ts';
import { qualifiedName } from './names.ts';

/** In bytes. Source: events.go: ReportingInstanceLengthLimit, ActionLengthLimit and ReasonLengthLimit; NoteLengthLimit. */
const MAX_WORD_BYTES = 128;
const MAX_NOTE_BYTES = 1024;

/**
 * `legacyValidateEvent`. An event stands in the namespace of what it is about; about a cluster-wide object in `default`. One that has an
 * `eventTime` is of the newer sort: it says who reports, where, and what was done.
 */
export function* validateEvent(event: Loose<Event>): Issues {
  const about = event.involvedObject?.namespace ?? '';
  const namespace = event.metadata?.namespace ?? '';
  const isNewer = Boolean(event.eventTime);
  const isCorrect = isNewer
    ? about !== '' || namespace === 'default' || namespace === 'kube-system'
    : about === namespace || (about === '' && namespace === 'default');
  if (!isCorrect) yield invalid('involvedObject.namespace', about, 'does not match event.namespace');
  if (!isNewer) return;
  yield* requiredText('reportingComponent', event.reportingComponent, qualifiedName);
  yield* requiredText('reportingInstance', event.reportingInstance);
  yield* requiredText('action', event.action);
  yield* requiredText('reason', event.reason);
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    yield* notLonger(field, event[field], MAX_WORD_BYTES);
  }
  yield* notLonger('message', event.message, MAX_NOTE_BYTES);
}

/** What writers in events.k8s.io/v1 may not change: an event says what happened once. Its series goes on. */
const FINAL_FIELDS = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
] as const;

/** Fields of the older sort, which a new event leaves to the older clients. */
const OLD_FIELDS = ['firstTimestamp', 'lastTimestamp', 'count'] as const;

/**
 * What events.k8s.io/v1 asks of its writers beyond the rules above: `ValidateEventCreate` and `ValidateEventUpdate`.
 * Types were checked, of the version the event came in.
 */
export function newEventIssues(object: KubeObject, old: KubeObject | undefined): readonly FieldIssue[] {
  const event = object as Loose<Event>;
  return old === undefined ? [...createIssues(event)] : [...updateIssues(event, old as Loose<Event>)];
}

function* createIssues(event: Loose<Event>): Issues {
  yield* seriesIssues(event);
  if (!event.eventTime) yield required('eventTime');
  const { type = '', source } = event;
  if (type !== 'Normal' && type !== 'Warning') yield invalid('type', '', `has invalid value: ${type}`);
  for (const field of OLD_FIELDS) if (event[field]) yield invalid(field, '', 'needs to be unset');
  if (source?.component || source?.host) yield invalid('source', '', 'needs to be unset');
}

function* updateIssues(event: Loose<Event>, old: Loose<Event>): Issues {
  if (!equalJson(event.series, old.series)) yield* seriesIssues(event);
  for (const field of FINAL_FIELDS) {
    if (!equalJson(event[field] ?? null, old[field] ?? null)) yield invalid(field, event[field], 'field is immutable');
  }
  // Clients differ in how they cut what is shorter than a microsecond.
  if (microseconds(event.eventTime) !== microseconds(old.eventTime))
    yield invalid('eventTime', event.eventTime, 'field is immutable');
}

function* seriesIssues({ series }: Loose<Event>): Issues {
  if (!series) return;
  if ((series.count ?? 0) < 2) yield invalid('series.count', '', 'should be at least 2');
  if (!series.lastObservedTime) yield required('series.lastObservedTime');
}

/** The instant, cut to microseconds; texts of one instant may differ in zone and zeros. */
function microseconds(time: string | null | undefined): string {
  if (!time) return '';
  const digits = /\.(\d+)/.exec(time)?.[1] ?? '';
  return `${Date.parse(time.replace(/\.\d+/, ''))}.${digits.padEnd(6, '0').slice(0, 6)}`;
}

function* notLonger(path: string, text: string | undefined, max: number): Issues {
  if (Buffer.byteLength(text ?? '') > max) yield invalid(path, '', `can have at most ${max} characters`);
}
