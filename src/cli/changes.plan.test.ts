import { describe, expect, it } from 'vitest';
import type { ResourceStatus } from '#api';
import { planFromStatus, restartsPods } from './changes.plan.ts';

const resource = (more: Partial<ResourceStatus>): ResourceStatus => ({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  namespace: 'demo',
  name: 'web',
  status: 'OutOfSync',
  ...more,
});

describe('src/cli/changes.plan.ts', () => {
  it.each([
    ['apps', 'Deployment', 'spec.template.spec.containers[name=web].image', true],
    ['apps', 'DaemonSet', 'spec.template', true],
    ['apps', 'Deployment', 'spec.replicas', false],
    ['apps', 'Deployment', 'spec.templates', false],
    ['batch', 'CronJob', 'spec.template.spec', false],
  ])('of %s/%s a change of %s restarts pods: %s', (group, kind, path, restarts) => {
    expect(restartsPods({ group, kind }, [{ path }])).toBe(restarts);
  });

  it.each<[string, Partial<ResourceStatus>, object[]]>([
    ['leaves out what is in sync', { status: 'Synced' }, []],
    ['creates what is missing', { health: { status: 'Missing' } }, [{ action: 'create', restarts: false }]],
    ['deletes what Git has no more', { requiresPruning: true }, [{ action: 'prune' }]],
    [
      'changes what differs',
      { health: { status: 'Healthy' }, drift: [{ path: 'spec.template.metadata.labels' }] },
      [{ action: 'configure', restarts: true, fields: [{ path: 'spec.template.metadata.labels' }] }],
    ],
  ])('%s', (_name, more, planned) => {
    expect(planFromStatus([resource(more)])).toMatchObject(planned);
    expect(planFromStatus([resource(more)])).toHaveLength(planned.length);
  });
});
