import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import type { ResourceType } from '../kinds/resource.ts';
import { DAEMON_SETS } from '../kinds/resources.ts';

const podSpec = { containers: [{ name: 'web', image: 'web:1' }] };
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec };
const workload = { selector: { matchLabels: { app: 'web' } }, template };

type Fields = Readonly<Record<string, unknown>>;
const daemonSet = (fields: Fields) => ({ spec: { ...workload, ...fields } });

describe('src/api/validation/daemon-set', () => {
  it.each<[string, ResourceType, Fields, string[]]>([
    [
      'a DaemonSet that both adds and takes away',
      DAEMON_SETS,
      daemonSet({ updateStrategy: { rollingUpdate: { maxSurge: 1 } } }),
      ['spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'],
    ],
    [
      'a DaemonSet that cannot move',
      DAEMON_SETS,
      daemonSet({ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }),
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
    ],
    [
      'a DaemonSet of a strategy and a share of its own',
      DAEMON_SETS,
      daemonSet({ updateStrategy: { type: 'Recreate' }, selector: {} }),
      [
        'spec.selector: Invalid value: {}: empty selector is invalid for daemonset',
        'spec.updateStrategy: Unsupported value: {"type":"Recreate"}: supported values: "OnDelete", "RollingUpdate"',
      ],
    ],
    [
      'fewer nodes than none',
      DAEMON_SETS,
      { spec: workload, status: { numberReady: -1 } },
      ['status.numberReady: Invalid value: -1: must be greater than or equal to 0'],
    ],
  ])('refuses %s (%$)', (_name, resource, fields, expected) => {
    expect(issuesOf(resource, fields)).toEqual(expected);
  });

  it.each<[string, ResourceType, Fields, Fields, string[]]>([
    [
      'selector of a DaemonSet',
      DAEMON_SETS,
      { spec: workload },
      daemonSet({ selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } }),
      ['spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable'],
    ],
  ])('does not let an update change the %s', (_name, resource, before, after, expected) => {
    expect(updateIssuesOf(resource, before, after)).toEqual(expected);
  });
});
