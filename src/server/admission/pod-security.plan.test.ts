import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PodSpec } from '#api';
import { planPolicy, planViolations } from './pod-security.plan.ts';

const spec = (container: object = {}, pod: object = {}): PodSpec =>
  ({ containers: [{ name: 'c', image: 'sample:1', ...container }], ...pod }) as PodSpec;
const secured = (context: object, pod: object = {}) => spec({ securityContext: context }, pod);

/** What a pod of the restricted level looks like. */
const TIGHT = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

describe('src/server/admission/pod-security.plan.ts', () => {
  it.each<[what: string, spec: PodSpec, violation: string | undefined]>([
    ['a plain pod', spec(), undefined],
    [
      'host namespaces',
      spec({}, { hostNetwork: true, hostPID: true }),
      'host namespaces (hostNetwork=true, hostPID=true)',
    ],
    [
      'a privileged container',
      secured({ privileged: true }),
      'privileged (container "c" must not set securityContext.privileged=true)',
    ],
    [
      'a privileged init container',
      spec({}, { initContainers: [{ name: 'i', image: 'x', securityContext: { privileged: true } }] }),
      'privileged (container "i" must not set securityContext.privileged=true)',
    ],
    [
      'a capability',
      secured({ capabilities: { add: ['NET_ADMIN', 'CHOWN'] } }),
      'non-default capabilities (container "c" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    ['a default capability', secured({ capabilities: { add: ['CHOWN'] } }), undefined],
    ['a host path', spec({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }), 'hostPath volumes (volume "v")'],
    ['a host port', spec({ ports: [{ containerPort: 1, hostPort: 80 }] }), 'hostPort (container "c" uses hostPort 80)'],
    [
      'an unconfined pod',
      spec({}, { securityContext: { seccompProfile: { type: 'Unconfined' } } }),
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'an unconfined AppArmor profile',
      secured({ appArmorProfile: { type: 'Unconfined' } }),
      'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'an SELinux user',
      secured({ seLinuxOptions: { user: 'root' } }),
      'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions)',
    ],
    [
      'an unmasked proc',
      secured({ procMount: 'Unmasked' }),
      'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'a sysctl',
      spec({}, { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }),
      'forbidden sysctls (kernel.msgmax)',
    ],
  ])('holds %s to baseline', (_what, pod, violation) => {
    expect(planViolations('baseline', pod)).toEqual(violation === undefined ? [] : [violation]);
    expect(planViolations('privileged', pod)).toEqual([]);
  });

  it('asks much of a restricted pod', () => {
    expect(planViolations('restricted', spec())).toEqual([
      'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
      'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
      'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
      'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ]);
    expect(planViolations('restricted', secured(TIGHT))).toEqual([]);
    const { seccompProfile, runAsNonRoot, ...rest } = TIGHT;
    expect(planViolations('restricted', secured(rest, { securityContext: { seccompProfile, runAsNonRoot } }))).toEqual(
      [],
    );
  });

  it.each<[change: object, pod: object, violation: string]>([
    [
      { runAsNonRoot: false },
      {},
      'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
    ],
    [{ runAsUser: 0 }, {}, 'runAsUser=0 (container "c" must not set runAsUser=0)'],
    [
      { capabilities: { drop: ['ALL'], add: ['CHOWN'] } },
      {},
      'unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
    [
      {},
      { volumes: [{ name: 'v', nfs: { server: 'a', path: '/' } }] },
      'restricted volume types (volume "v" uses restricted volume type "nfs")',
    ],
  ])('refuses a restricted pod with %j %j', (change, pod, violation) => {
    expect(planViolations('restricted', secured({ ...TIGHT, ...change }, pod))).toEqual([violation]);
  });

  it.each<[labels: Record<string, string> | undefined, enforce: string, warn: string]>([
    [undefined, 'privileged', 'baseline'],
    [{ 'pod-security.kubernetes.io/enforce': 'baseline' }, 'baseline', 'baseline'],
    [{ 'pod-security.kubernetes.io/warn': 'privileged' }, 'privileged', 'privileged'],
    [{ 'pod-security.kubernetes.io/enforce': 'Baseline' }, 'restricted', 'baseline'],
  ])('reads %j', (labels, enforce, warn) => {
    expect(planPolicy(labels)).toEqual({ enforce, warn });
  });

  it('never lets a stricter level take what a looser one refuses', () => {
    const flag = fc.boolean();
    const pods = fc
      .record({ hostNetwork: flag, privileged: flag, allowPrivilegeEscalation: flag, runAsNonRoot: flag })
      .map(({ hostNetwork, ...context }) => secured(context, { hostNetwork }));
    fc.assert(
      fc.property(pods, (pod) => {
        const strict = planViolations('restricted', pod);
        return planViolations('baseline', pod).every((violation) => strict.includes(violation));
      }),
    );
  });
});
