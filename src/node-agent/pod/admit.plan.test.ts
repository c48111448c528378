import { describe, expect, it } from 'vitest';
import { planAdmission } from './admit.plan.ts';
import type { Pod } from './pod.types.ts';

const pod = (spec: Partial<Pod['spec']>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { containers: [{ name: 'app' }], ...spec },
});
const sysctls = (...names: string[]) => ({
  securityContext: { sysctls: names.map((name) => ({ name, value: '1' })) },
});
const appArmor = (type: string) => ({ securityContext: { appArmorProfile: { type } } });

describe('src/node-agent/pod/admit.plan.ts', () => {
  it.each<[string, Partial<Pod['spec']>, string | undefined]>([
    ['nothing special', {}, undefined],
    ['safe sysctls', sysctls('kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range'), undefined],
    ['a safe sysctl with slashes', sysctls('net/ipv4/tcp_syncookies'), undefined],
    [
      'an unsafe sysctl',
      sysctls('kernel.msgmax'),
      'SysctlForbidden: forbidden sysctl: "kernel.msgmax" not allowlisted',
    ],
    [
      'an unsafe one behind a safe one',
      sysctls('net.ipv4.tcp_syncookies', 'kernel/sem'),
      'SysctlForbidden: forbidden sysctl: "kernel.sem" not allowlisted',
    ],
    [
      "one of the host's network",
      { ...sysctls('net.ipv4.tcp_syncookies'), hostNetwork: true },
      'SysctlForbidden: forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
    ],
    [
      "one of the host's memory segments",
      { ...sysctls('kernel.shm_rmid_forced'), hostIPC: true },
      'SysctlForbidden: forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled',
    ],
    ['to be unconfined', appArmor('Unconfined'), undefined],
    [
      'to be confined where the kernel cannot',
      appArmor('RuntimeDefault'),
      'AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host',
    ],
    [
      'the same of one container',
      { containers: [{ name: 'app', ...appArmor('Localhost') }] },
      'AppArmor: Cannot enforce AppArmor: AppArmor is not enabled on the host',
    ],
    ['users of its own', { hostUsers: false }, 'UnsupportedPodField: hostUsers: user namespaces are not supported'],
  ])('judges a pod that wants %s', (_, spec, expected) => {
    const refusal = planAdmission(pod(spec), { appArmor: false });
    expect(refusal && `${refusal.reason}: ${refusal.message.replace('Pod was rejected: ', '')}`).toBe(expected);
  });

  it('lets a pod be confined where the kernel can', () => {
    expect(planAdmission(pod(appArmor('RuntimeDefault')), { appArmor: true })).toBeUndefined();
  });
});
