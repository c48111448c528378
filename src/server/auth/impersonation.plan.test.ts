import { describe, expect, it } from 'vitest';
import type { ResourceAttributes } from './authorization.types.ts';
import { impersonationLimits, type ManyHeaders, planImpersonation } from './impersonation.plan.ts';

const told = ({ group, resource, subresource, namespace, name }: ResourceAttributes) =>
  `${group}/${resource}${subresource === undefined ? '' : `/${subresource}`} ${namespace}/${name}`;

describe('src/server/auth/impersonation.plan.ts', () => {
  it.each<[headers: ManyHeaders, groups: string[], needs: string[]]>([
    [{ 'impersonate-user': ['vera'] }, ['system:authenticated'], ['/users /vera']],
    [
      { 'impersonate-user': ['vera'], 'impersonate-group': ['a, b', 'c'] },
      ['a, b', 'c', 'system:authenticated'],
      ['/users /vera', '/groups /a, b', '/groups /c'],
    ],
    [
      { 'impersonate-user': ['system:serviceaccount:team:bot'] },
      ['system:serviceaccounts', 'system:serviceaccounts:team', 'system:authenticated'],
      ['/serviceaccounts team/bot'],
    ],
    [
      { 'impersonate-user': ['system:serviceaccount:team:bot:x'] },
      ['system:authenticated'],
      ['/users /system:serviceaccount:team:bot:x'],
    ],
    [{ 'impersonate-user': ['system:anonymous'] }, ['system:unauthenticated'], ['/users /system:anonymous']],
    [
      { 'impersonate-user': ['vera'], 'impersonate-uid': ['7'], 'impersonate-extra-example.com%2fscope': ['x', 'y'] },
      ['system:authenticated'],
      [
        '/users /vera',
        'authentication.k8s.io/uids /7',
        'authentication.k8s.io/userextras/example.com/scope /x',
        'authentication.k8s.io/userextras/example.com/scope /y',
      ],
    ],
  ])('reads %j', (headers, groups, needs) => {
    const plan = planImpersonation(headers);
    expect(plan?.user.groups).toEqual(groups);
    expect(plan?.needs.map(told)).toEqual(needs);
    expect(plan?.needs.every(({ verb }) => verb === 'impersonate')).toBe(true);
  });

  it('is nothing without a header', () => {
    expect(planImpersonation({ authorization: ['Bearer x'] })).toBeUndefined();
  });

  it.each<ManyHeaders>([
    { 'impersonate-group': ['system:masters'] },
    { 'impersonate-uid': ['1'] },
    { 'impersonate-extra-a': ['b'] },
    { 'impersonate-user': [''] },
    { 'impersonate-user': ['a'], 'impersonate-group': Array.from({ length: impersonationLimits.groups + 1 }, String) },
  ])('refuses what names no user, or too much: %j', (headers) => {
    expect(() => planImpersonation(headers)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });
});
