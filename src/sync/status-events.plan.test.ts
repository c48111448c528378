import { describe, expect, it } from 'vitest';
import type { ApplicationStatus, FieldDrift, HealthStatus } from '#api';
import { planStatusEvents } from './status-events.plan.ts';

const resource = (name: string, drift: FieldDrift[] = []) =>
  ({ group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name, status: 'Synced', drift }) as const;
const status = (
  resources: ReturnType<typeof resource>[],
  more: Partial<ApplicationStatus> = {},
): ApplicationStatus => ({
  sync: { status: 'Synced', revision: 'c1' },
  digest: 'd1',
  resources,
  ...more,
});
const field: FieldDrift = { path: 'spec.replicas', desired: 2, live: 'canary', manager: 'kubectl', user: 'ada' };
const FOUND = 'Drift in apps/Deployment/shop/web (spec.replicas by ada)';
const HEALED = 'As in Git again: apps/Deployment/shop/web (spec.replicas by ada)';

describe('src/sync/status-events.plan.ts', () => {
  it.each<[HealthStatus | undefined, HealthStatus, string | undefined]>([
    [undefined, 'Healthy', undefined],
    ['Healthy', 'Healthy', undefined],
    ['Progressing', 'Healthy', 'Normal HealthChanged: Health changed from Progressing to Healthy'],
    ['Healthy', 'Degraded', 'Warning HealthChanged: Health changed from Healthy to Degraded'],
    ['Healthy', 'Missing', 'Warning HealthChanged: Health changed from Healthy to Missing'],
  ])('tells of health that was %s and is %s', (was, is, told) => {
    const before = was === undefined ? {} : { health: { status: was } };
    const events = planStatusEvents({ before, after: { health: { status: is } }, wasSynced: false });
    expect(events.map(({ type, reason, message }) => `${type} ${reason}: ${message}`)).toEqual(
      told === undefined ? [] : [told],
    );
  });

  const clean = status([resource('web')]);
  const drifted = status([resource('web', [field])]);
  it.each<[string, ApplicationStatus, ApplicationStatus, boolean, string[]]>([
    ['drift that was not there', clean, drifted, true, [FOUND]],
    ['drift that is gone', drifted, clean, true, [HEALED]],
    ['nothing of drift that stays', drifted, drifted, true, []],
    ['nothing of what a sync under way changes', drifted, clean, false, []],
    ['nothing of a new commit', clean, { ...drifted, sync: { status: 'OutOfSync', revision: 'c2' } }, true, []],
    ['nothing of the end of a sync', drifted, { ...clean, digest: 'd2' }, true, []],
  ])('tells %s', (_what, before, after, wasSynced, told) => {
    expect(planStatusEvents({ before, after, wasSynced }).map(({ message }) => message)).toEqual(told);
  });

  it('names a few objects, counts the others, and shows no value', () => {
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => resource(name, [field]));
    const [event] = planStatusEvents({ before: status([]), after: status(many), wasSynced: true });
    expect(event?.message).toMatch(/and 2 more$/);
    expect(event?.message).not.toContain('canary');
  });
});
