import { describe, expect, it } from 'vitest';
import { planSettings, settingDefaults } from './settings.plan.ts';

const MINUTE = 60_000;

describe('src/node-agent/settings/settings.plan.ts', () => {
  it('has the defaults of the kubelet where nothing is set', () => {
    const { settings, problems } = planSettings({ kind: 'KubeletConfiguration' });
    expect(problems).toEqual([]);
    expect(settings).toEqual(settingDefaults);
    expect(settings.thresholds).toEqual([
      { signal: 'memory.available', limit: { quantity: '100Mi' }, graceMs: 0, minReclaim: undefined },
      { signal: 'nodefs.available', limit: { share: 0.05 }, graceMs: 0, minReclaim: undefined },
      { signal: 'nodefs.inodesFree', limit: { share: 0.05 }, graceMs: 0, minReclaim: undefined },
      { signal: 'imagefs.available', limit: { share: 0.05 }, graceMs: 0, minReclaim: undefined },
      { signal: 'imagefs.inodesFree', limit: { share: 0.05 }, graceMs: 0, minReclaim: undefined },
    ]);
  });

  it('reads hard and soft thresholds, what they reclaim at least, and every other field', () => {
    const { settings, problems } = planSettings({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      maxPods: 20,
      evictionHard: { 'memory.available': '1Gi', 'pid.available': 1000, 'nodefs.available': '0%' },
      evictionSoft: { 'memory.available': '2Gi' },
      evictionSoftGracePeriod: { 'memory.available': '1m30s' },
      evictionMinimumReclaim: { 'memory.available': '5%' },
      evictionPressureTransitionPeriod: '30s',
      evictionMaxPodGracePeriod: 60,
      systemReserved: { cpu: '500m', memory: '1Gi' },
      kubeReserved: { cpu: '100m', 'ephemeral-storage': '1Gi' },
      imageGCHighThresholdPercent: 90,
      imageGCLowThresholdPercent: 50,
      imageMinimumGCAge: '10m',
      maxParallelImagePulls: 7,
      podPidsLimit: 500,
    });
    expect(problems).toEqual([]);
    const minReclaim = { share: 0.05 };
    expect(settings).toEqual({
      maxPods: 20,
      thresholds: [
        { signal: 'memory.available', limit: { quantity: '1Gi' }, graceMs: 0, minReclaim },
        { signal: 'pid.available', limit: { quantity: '1000' }, graceMs: 0, minReclaim: undefined },
        { signal: 'memory.available', limit: { quantity: '2Gi' }, graceMs: 90_000, minReclaim },
      ],
      pressureTransitionMs: 30_000,
      maxPodGraceSeconds: 60,
      reserved: { cpuMillis: 600, memoryBytes: 2 ** 30, storageBytes: 2 ** 30 },
      imageGc: { highPercent: 90, lowPercent: 50, minAgeMs: 10 * MINUTE },
      maxParallelPulls: 7,
      podPidsLimit: 500,
    });
  });

  it('limits no processes when it is told -1, or nothing', () => {
    expect(planSettings({ podPidsLimit: -1 })).toEqual({ settings: settingDefaults, problems: [] });
    expect(settingDefaults).not.toHaveProperty('podPidsLimit');
  });

  it('keeps the other defaults only where it is told to', () => {
    const evictionHard = { 'memory.available': '1Gi' };
    expect(planSettings({ evictionHard }).settings.thresholds).toHaveLength(1);
    expect(planSettings({ evictionHard, mergeDefaultEvictionSettings: true }).settings.thresholds).toHaveLength(5);
  });

  it.each<[string, unknown, string]>([
    ['no object', 'text', '(file): is no object'],
    ['another kind', { kind: 'Pod' }, 'kind: is not KubeletConfiguration'],
    ['a field that would do nothing', { cgroupDriver: 'systemd' }, 'cgroupDriver: has no effect here: take it out'],
    ['an unknown signal', { evictionHard: { 'disk.free': '1Gi' } }, 'evictionHard[disk.free]: is no signal'],
    ['no amount', { evictionHard: { 'memory.available': 'much' } }, '"much" is neither an amount nor a percentage'],
    ['more than all', { evictionHard: { 'memory.available': '101%' } }, '"101%" is neither'],
    ['a soft one without grace', { evictionSoft: { 'memory.available': '1Gi' } }, 'needs a grace period'],
    ['grace of nothing', { evictionSoftGracePeriod: { 'memory.available': '1m' } }, 'has no threshold in evictionSoft'],
    ['a bad transition', { evictionPressureTransitionPeriod: 'soon' }, 'must be a duration'],
    ['low above high', { imageGCLowThresholdPercent: 85 }, 'must be less than imageGCHighThresholdPercent'],
    ['reserved nonsense', { systemReserved: { memory: 'x' } }, 'systemReserved[memory]: "x" is no amount'],
    ['a reserve that would do nothing', { kubeReserved: { pid: '100' } }, 'kubeReserved[pid]: has no effect here'],
    ['no processes at all', { podPidsLimit: 0 }, 'podPidsLimit: must be -1'],
    ['two answers', { serializeImagePulls: true, maxParallelImagePulls: 3 }, 'must be 1 when serializeImagePulls'],
    ['no pods', { maxPods: 0 }, 'maxPods: must be a whole number from 1'],
  ])('refuses %s', (_, input, problem) => {
    expect(planSettings(input).problems.join('\n')).toContain(problem);
  });
});
