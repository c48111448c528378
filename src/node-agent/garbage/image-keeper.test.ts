import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createHollowRuntime, RuntimeError } from '#runtime';
import { settingDefaults } from '../settings/settings.plan.ts';
import { ImageKeeper } from './image-keeper.ts';
import { PulledImages } from './pulled-images.ts';

it('lets an image that cannot be removed keep no other, forgets those that went, and tells of it', async () => {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'plumbline-images-'));
  try {
    const images = ['r/stuck:1', 'r/a:1', 'r/b:1'];
    const runtime = createHollowRuntime({ clock: systemClock, images: [], registry: images });
    const pulled = await PulledImages.open(stateDir, silentLog);
    const keeper = new ImageKeeper({
      runtime: {
        listImages: () => runtime.listImages(),
        usedImages: () => runtime.usedImages(),
        async removeImage(name) {
          if (name.includes('stuck')) throw new RuntimeError('EngineRefused', 'layer does not exist');
          await runtime.removeImage(name);
        },
      },
      pulled,
      settings: settingDefaults.imageGc,
      disk: async () => undefined,
      wanted: () => [],
      recorder: { record: () => undefined, flush: async () => undefined },
      node: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } },
      onChange: () => undefined,
      clock: systemClock,
      log: silentLog,
    });
    for (const image of images) await keeper.pulled(image, () => runtime.pullImage(image));
    await expect(keeper.reclaimAll()).rejects.toThrow('layer does not exist');
    const left = (await runtime.listImages()).flatMap(({ tags }) => tags);
    expect(left).toEqual([expect.stringContaining('stuck')]);
    expect([...pulled.all.values()].flatMap((names) => [...names])).toEqual([expect.stringContaining('stuck')]);
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
});
