import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Application } from '#api';
import { planApplicationLabels, planRepositoryLabel } from './labels.plan.ts';

const application = (more: object = {}): Application =>
  ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace: 'argocd', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: {},
    ...more,
  }) as Application;

describe('src/app/metrics/labels.plan.ts', () => {
  it('says what is known of an Application that nothing looked at yet', () => {
    expect(planApplicationLabels(application())).toEqual({
      namespace: 'argocd',
      name: 'shop',
      project: 'default',
      repo: '',
      dest_server: 'https://kubernetes.default.svc',
      dest_namespace: '',
      sync_status: 'Unknown',
      health_status: 'Unknown',
      operation: '',
      autosync_enabled: 'false',
    });
  });

  it.each([
    [{ spec: { syncPolicy: { automated: {} } } }, { autosync_enabled: 'true' }],
    [{ spec: { syncPolicy: { automated: { enabled: false } } } }, { autosync_enabled: 'false' }],
    [{ operation: { sync: {} } }, { operation: 'sync' }],
    [{ spec: { sources: [{ repoURL: 'https://a/b' }, { repoURL: 'https://c/d' }] } }, { repo: 'https://a/b' }],
    [{ spec: { destination: { name: 'east', namespace: 'shop' } } }, { dest_server: 'east', dest_namespace: 'shop' }],
    [
      { status: { sync: { status: 'OutOfSync' }, health: { status: 'Degraded' } } },
      { sync_status: 'OutOfSync', health_status: 'Degraded' },
    ],
  ])('reads %j as %j', (more, labels) => {
    expect(planApplicationLabels(application(more))).toMatchObject(labels);
  });

  it.each([
    ['https://github.com/team/shop.git', 'https://github.com/team/shop.git'],
    ['https://me:secret@github.com/team/shop.git', 'https://github.com/team/shop.git'],
    ['https://me:se@cret@github.com/shop', 'https://github.com/shop'],
    ['https://token@host', 'https://host'],
    ['https://host/a?private_token=secret', 'https://host/a'],
    ['git@github.com:team/shop.git', 'git@github.com:team/shop.git'],
    ['/srv/git/shop.git', '/srv/git/shop.git'],
  ])('shows %s as %s', (url, label) => {
    expect(planRepositoryLabel(url)).toBe(label);
  });

  it('never shows the password of an address', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9@:._~-]{8,40}$/), (password) => {
        expect(planRepositoryLabel(`https://me:X${password}X@git.test/shop`)).toBe('https://git.test/shop');
      }),
    );
  });
});
