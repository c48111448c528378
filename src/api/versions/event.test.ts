import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '#base';
import { EVENTS } from '../kinds/resources.ts';
import type { KubeObject } from '../meta/object.ts';
import { eventFromCore, eventToCore } from './event.ts';
import { inStoredVersion, otherVersionOf } from './served-versions.ts';

const metadata = { name: 'e', namespace: 'web' };
const regarding = { kind: 'Pod', namespace: 'web', name: 'a' };
const series = { count: 2, lastObservedTime: '2026-01-02T03:04:05.000006Z' };
const common = { eventTime: '2026-01-02T03:04:05.000006Z', series, reason: 'R', action: 'A', type: 'Normal' };

const NEW: KubeObject = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata,
  ...common,
  regarding,
  related: regarding,
  note: 'said',
  reportingController: 'c',
  reportingInstance: 'i',
  deprecatedSource: { component: 'c', host: 'h' },
  deprecatedFirstTimestamp: '2026-01-02T03:04:05Z',
  deprecatedLastTimestamp: '2026-01-02T03:04:06Z',
  deprecatedCount: 3,
};
const CORE: KubeObject = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata,
  ...common,
  involvedObject: regarding,
  related: regarding,
  message: 'said',
  reportingComponent: 'c',
  reportingInstance: 'i',
  source: { component: 'c', host: 'h' },
  firstTimestamp: '2026-01-02T03:04:05Z',
  lastTimestamp: '2026-01-02T03:04:06Z',
  count: 3,
};

describe('src/api/versions/event.ts', () => {
  it('calls every field by its name in the other group', () => {
    expect(eventToCore(NEW)).toEqual(CORE);
    expect(eventFromCore(CORE)).toEqual(NEW);
    expect(inStoredVersion(NEW)).toEqual(CORE);
    expect(otherVersionOf(NEW)?.stored).toBe(EVENTS);
    expect(otherVersionOf(CORE)).toBeUndefined();
  });

  it('says nothing of what is not there, and brings back what was', () => {
    fc.assert(
      fc.property(fc.subarray(Object.keys(NEW).slice(3)), (fields) => {
        const { apiVersion, kind } = NEW;
        const part = { apiVersion, kind, metadata, ...Object.fromEntries(fields.map((name) => [name, NEW[name]])) };
        const event = deepFreeze(part);
        expect(Object.keys(eventToCore(event))).toHaveLength(Object.keys(event).length);
        expect(eventFromCore(eventToCore(event))).toEqual(event);
      }),
    );
  });
});
