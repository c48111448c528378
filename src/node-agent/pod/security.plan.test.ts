import { describe, expect, it } from 'vitest';
import type { Pod } from './pod.types.ts';
import { planSecurity, type SecurityPlan } from './security.plan.ts';

type Context = NonNullable<Pod['spec']['containers'][number]['securityContext']>;
type PodContext = NonNullable<Pod['spec']['securityContext']>;

const planOf = (pod: PodContext, own: Context = {}, imageUser = '') =>
  planSecurity(
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: { containers: [], securityContext: pod },
    },
    { name: 'app', securityContext: own },
    imageUser,
  );

describe('src/node-agent/pod/security.plan.ts', () => {
  it.each<[string, PodContext, Context, string, SecurityPlan]>([
    ['says nothing of what is not said', {}, {}, '', {}],
    ['runs as the user of the pod', { runAsUser: 1 }, {}, '', { user: '1' }],
    ["takes the container's word before the pod's", { runAsUser: 1 }, { runAsUser: 2 }, '', { user: '2' }],
    ['runs in a group', { runAsUser: 1, runAsGroup: 3 }, {}, '', { user: '1:3' }],
    ['gives a group alone to root where the image names nobody', { runAsGroup: 3 }, {}, '', { user: '0:3' }],
    ["gives a group alone to the image's own user", { runAsGroup: 3 }, {}, 'web:web', { user: 'web:3' }],
    ['adds groups', { supplementalGroups: [5, 6], fsGroup: 7 }, {}, '', { groups: ['5', '6', '7'] }],
    ['hardens only on explicit word', {}, { allowPrivilegeEscalation: false }, '', { noNewPrivileges: true }],
    ['leaves programs that raise themselves alone', {}, { allowPrivilegeEscalation: true }, '', {}],
    [
      'adds and drops capabilities',
      {},
      { capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } },
      '',
      { capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } },
    ],
    ['has the profile of the engine by default', { seccompProfile: { type: 'RuntimeDefault' } }, {}, '', {}],
    ['lifts seccomp', { seccompProfile: { type: 'Unconfined' } }, {}, '', { seccomp: 'unconfined' }],
    [
      'takes a profile of the node',
      { seccompProfile: { type: 'Unconfined' } },
      { seccompProfile: { type: 'Localhost', localhostProfile: 'audit.json' } },
      '',
      { seccomp: { file: 'audit.json' } },
    ],
    [
      'is confined by AppArmor',
      { appArmorProfile: { type: 'RuntimeDefault' } },
      {},
      '',
      { appArmor: 'docker-default' },
    ],
    [
      'is confined by a profile of the node',
      { appArmorProfile: { type: 'RuntimeDefault' } },
      { appArmorProfile: { type: 'Localhost', localhostProfile: 'web' } },
      '',
      { appArmor: 'web' },
    ],
    [
      'has labels of SELinux',
      {},
      { seLinuxOptions: { type: 'container_t', level: 's0:c1' } },
      '',
      { seLinux: ['type:container_t', 'level:s0:c1'] },
    ],
    ['sees all of /proc', {}, { procMount: 'Unmasked' }, '', { unmaskedProc: true }],
    ['is privileged', {}, { privileged: true }, '', { privileged: true }],
    ['cannot write its root', {}, { readOnlyRootFilesystem: true }, '', { readOnlyRootFilesystem: true }],
  ])('%s', (_, pod, own, imageUser, expected) => {
    expect(planOf(pod, own, imageUser)).toEqual(expected);
  });

  it.each<[Context, string, string | undefined]>([
    [{}, '', 'container has runAsNonRoot and image will run as root (container: app)'],
    [{}, '0', 'container has runAsNonRoot and image will run as root (container: app)'],
    [
      {},
      'web',
      'container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root (container: app)',
    ],
    [{}, '65532:65532', undefined],
    [{ runAsUser: 0 }, '65532', "container's runAsUser breaks non-root policy (container: app)"],
    [{ runAsUser: 1000 }, '', undefined],
    [{ runAsNonRoot: false }, '', undefined],
  ])('refuses root where the pod says so (%#)', (own, imageUser, error) => {
    expect(planOf({ runAsNonRoot: true }, own, imageUser).error).toBe(error);
  });
});
