/** Rules of Events. Source: kubernetes pkg/apis/core/validation/events.go, legacyValidateEvent (v1.32). */
import type { Event } from '../kinds/types.ts';
import { type Issues, type Loose, requiredText } from './checks.ts';
import { invalid } from './issues.ts';
import { qualifiedName } from './names.ts';

/** In bytes. Source: events.go: ReportingInstanceLengthLimit, ActionLengthLimit and ReasonLengthLimit; NoteLengthLimit. */
const MAX_WORD_BYTES = 128;
const MAX_NOTE_BYTES = 1024;

/**
 * An event stands in the namespace of what it is about; about a cluster-wide object in `default`. One that has an
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
  yield* requiredText('reportingController', event.reportingComponent, qualifiedName);
  yield* requiredText('reportingInstance', event.reportingInstance);
  yield* requiredText('action', event.action);
  yield* requiredText('reason', event.reason);
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    yield* notLonger(field, event[field], MAX_WORD_BYTES);
  }
  yield* notLonger('message', event.message, MAX_NOTE_BYTES);
}

function* notLonger(path: string, text: string | undefined, max: number): Issues {
  if (Buffer.byteLength(text ?? '') > max) yield invalid(path, '', `can have at most ${max} characters`);
}
