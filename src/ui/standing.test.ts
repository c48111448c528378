import { describe, expect, it } from 'vitest';
import { APPLICATION_CONDITIONS, type ConditionSeverity, type UiApplicationSummary } from '#api';
import { grouped, verdict } from './standing.ts';

const summary = (more: Partial<UiApplicationSummary> = {}): UiApplicationSummary => ({
  namespace: 'argocd',
  name: 'site',
  sync: 'Synced',
  health: 'Healthy',
  drifted: 0,
  objects: 1,
  automated: true,
  selfHeal: true,
  prune: true,
  ...more,
});
const run = (phase: NonNullable<UiApplicationSummary['run']>['phase']) => ({ run: { name: 'r', phase } });

describe('src/ui/standing.ts', () => {
  it.each<[string, Partial<UiApplicationSummary>, string]>([
    ['all is well', {}, 'True to Git'],
    ['a run waits', run('PruneBlocked'), 'Waits for you'],
    ['a run failed', run('Failed'), 'Failing'],
    ['nothing is there', { health: 'Missing' }, 'Failing'],
    ['its repository is down, whatever the last commit said', { severity: 'unread' }, 'Cannot be compared with Git'],
    ['it was never read', { sync: 'Unknown' }, 'Cannot be compared with Git'],
    ['it waits and its repository is down', { ...run('PruneBlocked'), severity: 'unread' }, 'Waits for you'],
    ['it differs', { sync: 'OutOfSync' }, 'Differs from Git'],
    ['it starts', { health: 'Progressing' }, 'Under way'],
    ['it is synced with a warning', { severity: 'warning' }, 'True to Git, with a warning'],
  ])('when %s', (_when, more, title) => {
    expect(grouped([summary(more)]).map((group) => group.title)).toEqual([title]);
  });

  it.each(Object.entries(APPLICATION_CONDITIONS))(
    'never calls an Application with %s simply true to Git',
    (_type, severity) => {
      expect(grouped([summary({ severity: severity as ConditionSeverity })])[0]?.tone).not.toBe('good');
      expect(verdict([summary(), summary({ severity: severity as ConditionSeverity })]).tone).not.toBe('good');
    },
  );

  it.each<[readonly Partial<UiApplicationSummary>[], string, string]>([
    [[{}, {}], 'Everything is true to Git.', '2 Applications'],
    [[{}, { severity: 'warning' }], 'Everything is true to Git.', 'true to Git, with a warning: 1 · true to Git: 1'],
    [
      [{}, { severity: 'unread' }],
      '1 of 2 Applications cannot be compared with Git.',
      'cannot be compared with Git: 1 · true to Git: 1',
    ],
    [
      [{ severity: 'error' }, { severity: 'unread' }],
      '2 of 2 Applications are not true to Git.',
      'failing: 1 · cannot be compared with Git: 1',
    ],
    [[{ sync: 'OutOfSync' }], '1 of 1 Application is not true to Git.', 'differs from Git: 1'],
  ])('says of %j: %s', (applications, text, more) => {
    expect(verdict(applications.map(summary))).toMatchObject({ text, more });
  });
});
