import { describe, expect, it } from 'vitest';
import { issuesOf } from '../../../test/support/issues.ts';
import { EVENTS } from '../kinds/resources.ts';

const eventTime = '2026-01-01T00:00:00.000000Z';
const pod = { kind: 'Pod', namespace: 'site', name: 'web' };
const newer = (fields: object) => ({
  involvedObject: pod,
  eventTime,
  reportingComponent: 'example.com/watcher',
  reportingInstance: 'watcher-0',
  action: 'Looking',
  reason: 'Seen',
  ...fields,
});
const mismatch = (namespace: string) =>
  `involvedObject.namespace: Invalid value: "${namespace}": does not match event.namespace`;

describe('src/api/validation/event', () => {
  it.each<[string, object]>([
    ['about an object beside it', { involvedObject: pod }],
    ['about a node', { metadata: { namespace: 'default' }, involvedObject: { kind: 'Node', name: 'n1' } }],
    ['of the newer sort', newer({})],
    [
      'of the newer sort about a node',
      newer({ metadata: { namespace: 'kube-system' }, involvedObject: { kind: 'Node' } }),
    ],
    ['of the newer sort about an object elsewhere', newer({ involvedObject: { ...pod, namespace: 'other' } })],
    ['of the older sort that says much', { involvedObject: pod, message: 'x'.repeat(2000), reason: 'x'.repeat(200) }],
  ])('accepts an event %s', (_name, fields) => {
    expect(issuesOf(EVENTS, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['about an object elsewhere', { involvedObject: { ...pod, namespace: 'other' } }, [mismatch('other')]],
    ['about a node, in any namespace', { involvedObject: { kind: 'Node' } }, [mismatch('')]],
    ['of the newer sort about a node, in any namespace', newer({ involvedObject: { kind: 'Node' } }), [mismatch('')]],
    [
      'of the newer sort that says nothing',
      { involvedObject: pod, eventTime },
      ['reportingComponent', 'reportingInstance', 'action', 'reason'].map((field) => `${field}: Required value`),
    ],
    [
      'of the newer sort that says too much',
      newer({
        reportingInstance: 'x'.repeat(129),
        action: 'é'.repeat(65),
        reason: 'x'.repeat(129),
        message: 'x'.repeat(1025),
      }),
      [
        'reportingInstance: Invalid value: "": can have at most 128 characters',
        'action: Invalid value: "": can have at most 128 characters',
        'reason: Invalid value: "": can have at most 128 characters',
        'message: Invalid value: "": can have at most 1024 characters',
      ],
    ],
    [
      'from a reporter of no name that could be',
      newer({ reportingComponent: '/x' }),
      ['reportingComponent: Invalid value: "/x": prefix part must be non-empty'],
    ],
  ])('refuses an event %s', (_name, fields, expected) => {
    expect(issuesOf(EVENTS, { ...fields })).toEqual(expected);
  });
});
