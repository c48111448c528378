import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRequestPath } from './request-path.plan.ts';

const core = { type: 'resource', group: '', version: 'v1', namespace: '' };
const apps = { type: 'resource', group: 'apps', version: 'v1', namespace: '' };

describe('src/server/http/request-path.plan.ts', () => {
  it.each([
    ['/api', { type: 'versions', legacy: true }],
    ['/apis', { type: 'versions', legacy: false }],
    ['/apis/', { type: 'versions', legacy: false }],
    ['/apis/apps', { type: 'group', group: 'apps' }],
    ['/api/v1', { type: 'resources', group: '', version: 'v1' }],
    ['/apis/apps/v1/', { type: 'resources', group: 'apps', version: 'v1' }],
    ['/api/v1/pods', { ...core, resource: 'pods' }],
    ['/api/v1/nodes/n1/status', { ...core, resource: 'nodes', name: 'n1', subresource: 'status' }],
    ['/api/v1/namespaces', { ...core, resource: 'namespaces' }],
    ['/api/v1/namespaces/web', { ...core, resource: 'namespaces', name: 'web' }],
    ['/api/v1/namespaces/web/status', { ...core, resource: 'namespaces', name: 'web', subresource: 'status' }],
    ['/api/v1/namespaces/web/finalize', { ...core, resource: 'namespaces', name: 'web', subresource: 'finalize' }],
    ['/api/v1/namespaces/web/pods', { ...core, namespace: 'web', resource: 'pods' }],
    [
      '/api/v1/namespaces/web/pods/p/log',
      { ...core, namespace: 'web', resource: 'pods', name: 'p', subresource: 'log' },
    ],
    ['/apis/apps/v1/namespaces/web/deployments/d', { ...apps, namespace: 'web', resource: 'deployments', name: 'd' }],
    ['/api/v1/pods/system%3Acontroller', { ...core, resource: 'pods', name: 'system:controller' }],
  ])('reads %s', (path, expected) => {
    expect(planRequestPath(path)).toEqual(expected);
  });

  it.each([
    '',
    '/',
    '/apix',
    '//api',
    '/api//pods',
    '/api/v1/../pods',
    '/api/v1/%2e%2e/pods',
    '/api/v1/pods/a%2Fb',
    '/api/v1/pods/%00',
    '/api/v1/pods/%zz',
    '/api/v1/pods/a/b/c',
    '/api/v1/namespaces/web/pods/p/log/more',
  ])('finds nothing in %s', (path) => {
    expect(planRequestPath(path)).toBeUndefined();
  });

  it('answers any path without throwing, and gives out no separators', () => {
    const segment = fc.oneof(fc.constantFrom('api', 'apis', 'v1', 'namespaces', 'status', '..', '%2F'), fc.string());
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 9 }), (segments) => {
        const found = planRequestPath(`/${segments.join('/')}`);
        return Object.values(found ?? {}).every((value) => typeof value !== 'string' || !value.includes('/'));
      }),
    );
  });
});
