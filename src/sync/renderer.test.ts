import { afterEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createRenderer, type Renderer, type RendererOptions } from './renderer.ts';

const text = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;
const file = (name: string, content: string | Uint8Array = text(name)) => ({
  blobId: name,
  bytes: typeof content === 'string' ? Buffer.from(content) : content,
});

describe('src/sync/renderer.ts', () => {
  let renderer: Renderer | undefined;
  afterEach(() => renderer?.close());
  const start = (options: Partial<RendererOptions> = {}) => {
    renderer = createRenderer({ clock: systemClock, log: silentLog }, options);
    return renderer;
  };

  it('reads files in a thread, once for each content and namespace, and answers frozen objects', async () => {
    const one = start();
    const [first, again, other] = await Promise.all([
      one.prepare(file('a'), 'x'),
      one.prepare(file('a'), 'x'),
      one.prepare(file('a'), 'y'),
    ]);
    expect(first).toBe(again);
    expect(first.objects[0]?.id).toBe('ConfigMap/x/a');
    expect(other.objects[0]?.id).toBe('ConfigMap/y/a');
    expect(Object.isFrozen(first.objects[0]?.object.metadata)).toBe(true);
    expect(one.known('a', 'x')).toBe(first);
    expect(one.known('b', 'x')).toBeUndefined();
  });

  it('answers bytes that are not text, aliases that explode and nesting without end as broken files', async () => {
    const one = start();
    const laughs = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((letter, index) => `${letter}: &${letter} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`).join('\n')}\n`;
    const answers = await Promise.all([
      one.prepare(file('bytes', Uint8Array.from([0xff, 0xfe, 0])), 'x'),
      one.prepare(file('laughs', laughs), 'x'),
      one.prepare(file('deep', '['.repeat(20_000)), 'x'),
      one.prepare(file('good'), 'x'),
    ]);
    expect(answers.map(({ failed }) => failed)).toEqual([true, true, true, false]);
    for (const { diagnostics } of answers.slice(0, 3)) expect(diagnostics[0]?.code).toBe('InvalidManifest');
  });

  it('gives up on a file that takes too long, and reads the others in a new thread', async () => {
    const one = start({ fileMs: 400, startMs: 15_000 });
    await one.prepare(file('warm'), 'x');
    const slow = Array.from({ length: 4_900 }, (_, index) => text(`m${index}`)).join('---\n');
    const [late, good] = await Promise.all([
      one.prepare(file('slow', slow.repeat(1)), 'x').then((answer) => answer),
      one.prepare(file('good'), 'x'),
    ]);
    expect(good.objects).toHaveLength(1);
    // On a machine that is fast enough it is read; it is never half read.
    if (late.failed) expect(late.diagnostics[0]?.message).toContain('took longer than 400 ms');
    else expect(late.objects).toHaveLength(4_900);
  });

  it('survives a file that needs more memory than the thread has', async () => {
    const one = start({ heapMb: 24 });
    const large = Array.from(
      { length: 4_000 },
      (_, index) => `${text(`m${index}`)}data: {a: "${'x'.repeat(150)}"}\n`,
    ).join('---\n');
    const answer = await one.prepare(file('large', large), 'x');
    expect(answer.failed || answer.objects.length === 4_000).toBe(true);
    expect((await one.prepare(file('good'), 'x')).failed).toBe(false);
  });

  it('keeps no more results than its limit', async () => {
    const one = start({ cachedBytes: 3_500 });
    for (const name of ['a', 'b', 'c', 'd']) await one.prepare(file(name), 'x');
    expect(one.known('a', 'x')).toBeUndefined();
    expect(one.known('d', 'x')).toBeDefined();
  });

  it('refuses work once it is closed', async () => {
    const one = start();
    await one.close();
    await expect(one.prepare(file('a'), 'x')).rejects.toMatchObject({ code: 'SyncClosed' });
  });
});
