import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import type { ResourceType } from '../kinds/resource.ts';
import { POD_TEMPLATES, REPLICATION_CONTROLLERS } from '../kinds/resources.ts';

const podSpec = { containers: [{ name: 'web', image: 'web:1' }] };
const template = { metadata: { labels: { app: 'web' } }, spec: podSpec };

type Fields = Readonly<Record<string, unknown>>;

describe('src/api/validation/replication-controller', () => {
  it.each<[string, ResourceType, Fields, string[]]>([
    [
      'no labels to select by',
      REPLICATION_CONTROLLERS,
      { spec: { template: { spec: podSpec } } },
      ['spec.selector: Required value'],
    ],
    [
      'no template of a ReplicationController',
      REPLICATION_CONTROLLERS,
      { spec: { selector: { app: 'web' } } },
      ['spec.template: Required value'],
    ],
    [
      'a ReplicationController of other pods that end',
      REPLICATION_CONTROLLERS,
      {
        spec: {
          replicas: -1,
          selector: { app: 'api' },
          template: { ...template, spec: { ...podSpec, restartPolicy: 'Never', activeDeadlineSeconds: 5 } },
        },
      },
      [
        'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        'spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicationController is not Supported',
      ],
    ],
    [
      'more ready than there are',
      REPLICATION_CONTROLLERS,
      { spec: { template }, status: { replicas: 1, readyReplicas: 2, availableReplicas: -1 } },
      [
        'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
        'status.availableReplicas: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    ['a template without containers', POD_TEMPLATES, { template: {} }, ['template.spec.containers: Required value']],
  ])('refuses %s (%$)', (_name, resource, fields, expected) => {
    expect(issuesOf(resource, fields)).toEqual(expected);
  });

  it.each<[string, ResourceType, Fields, Fields]>([
    [
      'selector of a ReplicationController',
      REPLICATION_CONTROLLERS,
      { spec: { template } },
      {
        spec: {
          selector: { app: 'web', x: 'y' },
          template: { ...template, metadata: { labels: { app: 'web', x: 'y' } } },
        },
      },
    ],
  ])('lets an update change the %s', (_name, resource, before, after) => {
    expect(updateIssuesOf(resource, before, after)).toEqual([]);
  });
});
