import { describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { createHollowRuntime } from '#runtime';
import { removeEngineVolumes } from './volume-data.ts';

describe('src/app/volume-data.ts', () => {
  it('says which volume the engine keeps and how to go on, and can be repeated', async () => {
    const runtime = createHollowRuntime({ clock: systemClock });
    for (const name of ['free', 'used', 'later']) await runtime.ensureVolume({ name, driver: 'local', options: {} });
    const pod = { namespace: 'default', name: 'db', uid: '00000000-0000-0000-0000-000000000001' };
    const sandbox = await runtime.runSandbox({ pod, hostname: 'db', attempt: 0, network: 'pod', annotations: {} });
    const user = await runtime.createContainer({
      ...{ pod, sandboxId: sandbox.id, name: 'app', attempt: 0, image: 'redis', env: [], resources: {} },
      mounts: [{ hostPath: '', volume: 'used', containerPath: '/data', readOnly: false }],
      annotations: {},
    });
    const names = ['free', 'used', 'later'];
    await expect(removeEngineVolumes(runtime, names)).rejects.toMatchObject({
      code: 'VolumeNotRemovable',
      message: expect.stringMatching(
        new RegExp(`^the Docker volume used could not be removed: .*the container ${user.id} has volume used`),
      ),
      hint: expect.stringContaining('--no-delete-volumes'),
    });
    await runtime.removeContainer(user.id);
    await expect(removeEngineVolumes(runtime, names)).resolves.toBeUndefined();
  });
});
