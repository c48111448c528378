import { ageSince, EVENTS, type Event, type KubeObject } from '#api';
import type { ResourceRow } from '../api.ts';
import { column, wide } from './column.ts';
import { allVerbs } from './shared.ts';

const firstSeen = (event: Event) => event.firstTimestamp ?? event.eventTime;

/** Source: kubernetes pkg/printers/internalversion/printers.go, printEvent (v1.32). */
function lastSeen(event: Event): string | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);
}

function eventSource({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || reportingComponent || '';
  const host = source?.host || reportingInstance || '';
  return host === '' ? component : `${component}, ${host}`;
}

const select = (value: (event: Event) => string | undefined) => (object: KubeObject) => value(object as Event) ?? '';

export const eventRow: ResourceRow = {
  type: EVENTS,
  singular: 'event',
  shortNames: ['ev'],
  verbs: allVerbs,
  nameColumn: 'none',
  columns: [
    column<Event>('Last Seen', 'string', (event, nowMs) => ageSince(lastSeen(event), nowMs)),
    column<Event>('Type', 'string', ({ type }) => type ?? ''),
    column<Event>('Reason', 'string', ({ reason }) => reason ?? ''),
    column<Event>(
      'Object',
      'string',
      ({ involvedObject: { kind = '', name = '' } }) => `${kind.toLowerCase()}/${name}`,
    ),
    wide<Event>('Subobject', 'string', ({ involvedObject }) => involvedObject.fieldPath ?? ''),
    wide<Event>('Source', 'string', eventSource),
    column<Event>('Message', 'string', ({ message }) => (message ?? '').trim()),
    wide<Event>('First Seen', 'string', (event, nowMs) => ageSince(firstSeen(event), nowMs)),
    wide<Event>('Count', 'integer', ({ series, count }) => series?.count ?? count ?? 1),
    wide<Event>('Name', 'string', ({ metadata }) => metadata.name),
  ],
  fieldSelectors: {
    'involvedObject.kind': select(({ involvedObject }) => involvedObject.kind),
    'involvedObject.namespace': select(({ involvedObject }) => involvedObject.namespace),
    'involvedObject.name': select(({ involvedObject }) => involvedObject.name),
    'involvedObject.uid': select(({ involvedObject }) => involvedObject.uid),
    'involvedObject.apiVersion': select(({ involvedObject }) => involvedObject.apiVersion),
    'involvedObject.resourceVersion': select(({ involvedObject }) => involvedObject.resourceVersion),
    'involvedObject.fieldPath': select(({ involvedObject }) => involvedObject.fieldPath),
    reason: select(({ reason }) => reason),
    reportingComponent: select(({ reportingComponent }) => reportingComponent),
    source: select(({ source, reportingComponent }) => source?.component || reportingComponent),
    type: select(({ type }) => type),
  },
};
