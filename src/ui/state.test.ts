import { beforeEach, describe, expect, it } from 'vitest';
import type { UiApplicationSummary, UiNodeSummary, UiOverview, UiRunSummary } from '#api';
import { mayWrite, overview, receive, touched } from './state.ts';

const application = (name: string, more: Partial<UiApplicationSummary> = {}): UiApplicationSummary => ({
  namespace: 'argocd',
  name,
  sync: 'Synced',
  health: 'Healthy',
  drifted: 0,
  objects: 1,
  automated: true,
  selfHeal: true,
  prune: true,
  ...more,
});
const node: UiNodeSummary = { name: 'vm', ready: true, pods: 1, podCapacity: 110 };
const whole = (...applications: readonly UiApplicationSummary[]): UiOverview => ({
  applications,
  nodes: [],
  user: 'admin',
  mayWrite: true,
});
const run: UiRunSummary = {
  namespace: 'argocd',
  name: 'web-1',
  application: 'web',
  revision: '0123456',
  trigger: 'commit',
  requestedBy: 'git',
  phase: 'Running',
  createdAt: '2026-03-01T12:00:00Z',
  counts: {},
};
const names = () => overview.value?.applications.map(({ namespace, name }) => `${namespace}/${name}`);

describe('src/ui/state', () => {
  beforeEach(() => {
    overview.value = undefined;
    touched.value = {};
  });

  it('takes a whole overview in place of what it knew, and has every screen read again', () => {
    receive({ type: 'overview', overview: whole(application('old')) });
    receive({ type: 'overview', overview: whole(application('clock'), application('web')) });
    expect(names()).toEqual(['argocd/clock', 'argocd/web']);
    expect(mayWrite.value).toBe(true);
    expect(touched.value).toEqual({ 'argocd/old': 1, 'argocd/clock': 1, 'argocd/web': 1 });
  });

  it('replaces one Application and keeps the order by name', () => {
    receive({ type: 'overview', overview: whole(application('clock'), application('web')) });
    receive({ type: 'application', application: application('clock', { sync: 'OutOfSync' }) });
    receive({ type: 'application', application: application('api') });
    receive({ type: 'application', application: application('web', { namespace: 'other' }) });
    expect(names()).toEqual(['argocd/api', 'argocd/clock', 'argocd/web', 'other/web']);
    expect(overview.value?.applications[1]?.sync).toBe('OutOfSync');
    expect(touched.value).toMatchObject({ 'argocd/clock': 2, 'argocd/api': 1, 'other/web': 1 });
  });

  it('forgets a removed Application and tells its screen', () => {
    receive({ type: 'overview', overview: whole(application('clock'), application('web')) });
    receive({ type: 'application-removed', namespace: 'argocd', name: 'clock' });
    expect(names()).toEqual(['argocd/web']);
    expect(touched.value['argocd/clock']).toBe(2);
  });

  it('keeps the Applications when nodes change', () => {
    receive({ type: 'overview', overview: whole(application('web')) });
    receive({ type: 'nodes', nodes: [node] });
    expect(overview.value?.nodes).toEqual([node]);
    expect(names()).toEqual(['argocd/web']);
  });

  it('has the screen of an Application read again for its runs and pods, and no other', () => {
    receive({ type: 'overview', overview: whole(application('clock'), application('web')) });
    receive({ type: 'run', run });
    receive({ type: 'touched', namespace: 'argocd', name: 'web' });
    expect(touched.value).toEqual({ 'argocd/clock': 1, 'argocd/web': 3 });
  });

  it('knows nothing from deltas alone', () => {
    receive({ type: 'application', application: application('web') });
    receive({ type: 'application-removed', namespace: 'argocd', name: 'web' });
    receive({ type: 'nodes', nodes: [node] });
    expect(overview.value).toBeUndefined();
    expect(mayWrite.value).toBe(false);
  });
});
