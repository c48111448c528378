import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { buildScratchImage, type ImageStatus } from '#runtime';
import { loadImages, withImagesComing } from './images.ts';

/** An engine's images: what is loaded is there afterwards, under the id that its archive names. */
function engine() {
  const images = new Map<string, ImageStatus>();
  const loads: number[] = [];
  return {
    images,
    loads,
    imageStatus: async (ref: string) => images.get(ref),
    loadImage: async (tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of tar) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('latin1');
      loads.push(text.length);
      const [, config = '', tag = ''] = /"Config":"([0-9a-f]{64})\.json","RepoTags":\["([^"]+)"\]/.exec(text) ?? [];
      images.set(tag, { ref: tag, id: `sha256:${config}`, user: '', sizeBytes: text.length });
    },
  };
}

describe('src/app/images.ts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-images-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const archive = (name: string, tag: string, content: string) =>
    writeFile(
      path.join(directory, name),
      Buffer.concat([
        ...buildScratchImage({
          tag,
          files: [{ path: 'app/data', mode: 0o644, content: Buffer.from(content) }],
          config: { cmd: ['/app/data'] },
        }),
      ]),
    );

  it('loads each archive once, and again when the engine lost or never had just that image', async () => {
    await archive('a.tar', 'local/a:1', 'first');
    await archive('b.tar', 'local/b:1', 'x'.repeat(5_000));
    const runtime = engine();
    await loadImages(directory, runtime, silentLog);
    expect([...runtime.images.keys()]).toEqual(['local/a:1', 'local/b:1']);
    await loadImages(directory, runtime, silentLog);
    expect(runtime.loads).toHaveLength(2);
    await archive('a.tar', 'local/a:1', 'second');
    await loadImages(directory, runtime, silentLog);
    expect(runtime.loads).toHaveLength(3);
    runtime.images.delete('local/b:1');
    await loadImages(directory, runtime, silentLog);
    expect(runtime.loads).toHaveLength(4);
  });

  it.each(['', 'no tar at all'.repeat(100)])(
    'hands an archive that it cannot read to the engine (%#)',
    async (text) => {
      await writeFile(path.join(directory, 'odd.tar'), text);
      const runtime = engine();
      await loadImages(directory, runtime, silentLog);
      expect(runtime.loads).toEqual([text.length]);
    },
  );

  it('does nothing without a folder', async () => {
    await loadImages(path.join(directory, 'absent'), engine(), silentLog);
  });

  it('waits for what is still coming before it says that an image is absent, and never for one that is here', async () => {
    const runtime = engine();
    runtime.images.set('here', { ref: 'here', id: 'sha256:1', user: '', sizeBytes: 1 });
    let arrive: () => void = () => undefined;
    const loaded = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const waiting = withImagesComing(runtime, loaded);
    expect(await waiting.imageStatus('here')).toMatchObject({ id: 'sha256:1' });
    const late = waiting.imageStatus('late');
    runtime.images.set('late', { ref: 'late', id: 'sha256:2', user: '', sizeBytes: 1 });
    arrive();
    expect(await late).toMatchObject({ id: 'sha256:2' });
    expect(await waiting.imageStatus('never')).toBeUndefined();
  });
});
