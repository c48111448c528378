import { describe, expect, it } from 'vitest';
import { dialPod } from './dial-pod.ts';

describe('src/network/linux/dial-pod.ts', () => {
  it.each([
    ['a process of another container', process.pid],
    ['a process that is gone', 2 ** 22 + 1],
  ])('does not enter the network of %s', async (_what, pid) => {
    await expect(dialPod({ pid, containerId: 'f'.repeat(64), port: 1 })).rejects.toMatchObject({
      code: 'PodPortUnreachable',
      message: expect.stringContaining("the pod's network is gone"),
    });
  });
});
