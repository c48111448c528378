import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import type { ResourceType } from '../kinds/resource.ts';
import { CONTROLLER_REVISIONS, STATEFUL_SETS } from '../kinds/resources.ts';

const podSpec = { containers: [{ name: 'web', image: 'web:1' }] };
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec };
const workload = { selector: { matchLabels: { app: 'web' } }, template };

type Fields = Readonly<Record<string, unknown>>;
const stateful = (fields: Fields) => ({ spec: { ...workload, serviceName: 'web', ...fields } });
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

describe('src/api/validation/stateful-set', () => {
  it.each<[string, ResourceType, Fields, string[]]>([
    [
      'a StatefulSet with a dot in its name',
      STATEFUL_SETS,
      { ...stateful({}), metadata: { name: 'a.b' } },
      [`metadata.name: Invalid value: "a.b": ${LABEL}`],
    ],
    [
      'a StatefulSet of nothing',
      STATEFUL_SETS,
      stateful({ selector: {}, podManagementPolicy: 'Random', ordinals: { start: -1 }, minReadySeconds: -1 }),
      [
        "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'",
        'spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0',
        'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.selector: Invalid value: {}: empty selector is invalid for statefulset',
      ],
    ],
    [
      'parameters of a strategy that has none',
      STATEFUL_SETS,
      stateful({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }),
      [
        'spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy \'RollingUpdate\'',
      ],
    ],
    [
      'a strategy of its own',
      STATEFUL_SETS,
      stateful({ updateStrategy: { type: 'Recreate' } }),
      ['spec.updateStrategy: Invalid value: {"type":"Recreate"}: must be \'RollingUpdate\' or \'OnDelete\''],
    ],
    [
      'an update that never moves',
      STATEFUL_SETS,
      stateful({ updateStrategy: { rollingUpdate: { partition: -1, maxUnavailable: '0%' } } }),
      [
        'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0',
        'spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: "0%": cannot be 0',
      ],
    ],
    [
      'a fate of claims that is none',
      STATEFUL_SETS,
      stateful({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Keep' } }),
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: "Delete", "Retain"',
      ],
    ],
    [
      'a mount of a claim that is not there',
      STATEFUL_SETS,
      stateful({
        template: {
          ...template,
          spec: { containers: [{ ...podSpec.containers[0], volumeMounts: [{ name: 'data', mountPath: '/d' }] }] },
        },
      }),
      ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    ],
    [
      'more available than ready',
      STATEFUL_SETS,
      { ...stateful({}), status: { replicas: 3, readyReplicas: 1, availableReplicas: 2 } },
      ['status.availableReplicas: Invalid value: 2: cannot be greater than status.readyReplicas'],
    ],
    [
      'a revision of nothing',
      CONTROLLER_REVISIONS,
      { revision: -1 },
      ['data: Required value: data is mandatory', 'revision: Invalid value: -1: must be greater than or equal to 0'],
    ],
  ])('refuses %s (%$)', (_name, resource, fields, expected) => {
    expect(issuesOf(resource, fields)).toEqual(expected);
  });

  it.each<[string, ResourceType, Fields, Fields, string[]]>([
    [
      'name of the Service of a StatefulSet',
      STATEFUL_SETS,
      stateful({}),
      stateful({ serviceName: 'other' }),
      [
        "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ],
    ],
    [
      'data of a revision',
      CONTROLLER_REVISIONS,
      { data: { a: 1 }, revision: 1 },
      { data: { a: 2 }, revision: 2 },
      ['data: Invalid value: {"a":2}: field is immutable'],
    ],
  ])('does not let an update change the %s', (_name, resource, before, after, expected) => {
    expect(updateIssuesOf(resource, before, after)).toEqual(expected);
  });

  it.each<[string, ResourceType, Fields, Fields]>([
    [
      'size, template and strategy of a StatefulSet',
      STATEFUL_SETS,
      stateful({}),
      stateful({
        replicas: 5,
        minReadySeconds: 3,
        ordinals: { start: 1 },
        updateStrategy: { type: 'OnDelete' },
        persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
        template: { ...template, spec: { containers: [{ name: 'web', image: 'web:2' }] } },
      }),
    ],
    ['number of a revision', CONTROLLER_REVISIONS, { data: {}, revision: 1 }, { data: {}, revision: 2 }],
  ])('lets an update change the %s', (_name, resource, before, after) => {
    expect(updateIssuesOf(resource, before, after)).toEqual([]);
  });
});
