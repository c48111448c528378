import { type Event, formatObjectKey, groupOf, type UiEvent } from '#api';

/** The newest events of some objects, newest first. */
export function planEvents(
  events: readonly Event[],
  concerns: (object: { readonly key: string; readonly namespace: string }) => boolean,
  limit: number,
): readonly UiEvent[] {
  return events
    .map(planEvent)
    .filter(({ object, namespace }) => concerns({ key: object, namespace }))
    .sort((a, b) => (a.lastSeen < b.lastSeen ? 1 : -1))
    .slice(0, limit)
    .map(({ namespace: _namespace, ...event }) => event);
}

function planEvent(event: Event): UiEvent & { readonly namespace: string } {
  const { kind = '', name = '', namespace = '', apiVersion = 'v1' } = event.involvedObject;
  const lastSeen = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime;
  return {
    type: event.type ?? 'Normal',
    reason: event.reason ?? '',
    object: formatObjectKey({ group: groupOf(apiVersion), kind, namespace, name }),
    message: event.message ?? '',
    count: event.series?.count ?? event.count ?? 1,
    lastSeen: String(lastSeen ?? event.metadata.creationTimestamp),
    namespace,
  };
}
