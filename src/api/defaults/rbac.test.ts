import { describe, expect, it } from 'vitest';
import { CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS } from '../kinds/resources.ts';
import { defaultObject } from './default-object.ts';

const apiGroup = 'rbac.authorization.k8s.io';

describe('src/api/defaults/rbac', () => {
  it.each([ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS])('names the groups in a $kind', (resource) => {
    const binding = {
      roleRef: { kind: 'ClusterRole', name: 'view' },
      subjects: [
        { kind: 'User', name: 'vera' },
        { kind: 'Group', name: 'ops', apiGroup: 'a.example' },
        { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
      ],
    };
    expect(defaultObject<unknown>(resource, binding)).toEqual({
      roleRef: { apiGroup, kind: 'ClusterRole', name: 'view' },
      subjects: [
        { apiGroup, kind: 'User', name: 'vera' },
        { apiGroup: 'a.example', kind: 'Group', name: 'ops' },
        { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
      ],
    });
  });
});
