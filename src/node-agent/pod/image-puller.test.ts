import { describe, expect, it } from 'vitest';
import type { ImageStatus, PullOptions } from '#runtime';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { ImagePuller } from './image-puller.ts';

const IMAGE: ImageStatus = { ref: 'reg/a:1', id: 'sha256:1', user: '', sizeBytes: 1234 };

/** A puller whose pulls end when the test says so. */
function bed(maxParallelPulls = 2) {
  const clock = new FakeClock();
  const pulls: { readonly image: string; end(error?: Error): Promise<void> }[] = [];
  const present = new Set<string>();
  const runtime = {
    imageStatus: async (ref: string) => (present.has(ref) ? { ...IMAGE, ref } : undefined),
    pullImage: (image: string, _: PullOptions = {}) =>
      new Promise<ImageStatus>((resolve, reject) => {
        const end = async (error?: Error) => {
          if (error === undefined) resolve({ ...IMAGE, ref: image });
          else reject(error);
          await settle();
        };
        pulls.push({ image, end });
      }),
  };
  const keeper = { used: () => undefined, pulled: <T>(_: string, pull: () => Promise<T>) => pull() };
  const puller = new ImagePuller({ runtime, keeper, clock, maxParallelPulls });
  const events: string[] = [];
  const ensure = (image: string, more: { podUid?: string; policy?: string } = {}) => {
    const done = puller.ensure({
      podUid: 'pod',
      image,
      policy: undefined,
      signal: new AbortController().signal,
      logins: async () => [],
      tell: (type, reason, message) => events.push(`${type} ${reason}: ${message}`),
      ...more,
    });
    return done.then(
      ({ ref }) => ref,
      (error: { code: string; retryAfterMs?: number }) => error,
    );
  };
  return { clock, pulls, present, ensure, events };
}

describe('src/node-agent/pod/image-puller.ts', () => {
  it('pulls one image once for all that ask, and only so many images at a time', async () => {
    const { pulls, ensure } = bed(2);
    const asked = ['reg/a:1', 'reg/a:1', 'reg/b:1', 'reg/c:1', 'reg/d:1'].map((image, at) =>
      ensure(image, { podUid: `p${at}` }),
    );
    await settle();
    expect(pulls.map(({ image }) => image)).toEqual(['reg/a:1', 'reg/b:1']);
    await pulls[1]?.end(new Error('gone'));
    expect(pulls.map(({ image }) => image)).toEqual(['reg/a:1', 'reg/b:1', 'reg/c:1']);
    await pulls[0]?.end();
    expect(await asked[0]).toBe('reg/a:1');
    expect(await asked[1]).toBe('reg/a:1');
    for (const pull of pulls.slice(2)) await pull.end();
    await pulls[3]?.end();
    expect(await asked[4]).toBe('reg/d:1');
    expect(pulls).toHaveLength(4);
  });

  it('waits longer after each failure of an image for a pod, and begins anew after a long silence or a success', async () => {
    const { clock, pulls, ensure } = bed();
    const fail = async (podUid: string) => {
      const failed = ensure('reg/a:1', { podUid });
      await settle();
      await pulls.at(-1)?.end(new Error('no'));
      return ((await failed) as { retryAfterMs: number }).retryAfterMs / 1000;
    };
    const waits: number[] = [];
    for (let round = 0; round < 7; round += 1) waits.push(await fail('pod'));
    expect(waits).toEqual([10, 20, 40, 80, 160, 300, 300]);
    expect(await fail('other')).toBe(10);
    await clock.advance(600_001);
    expect(await fail('pod')).toBe(10);
    const well = ensure('reg/a:1');
    await settle();
    await pulls.at(-1)?.end();
    await well;
    expect(await fail('pod')).toBe(10);
  });

  it('counts one failed pull once, though two containers of a pod waited for it', async () => {
    const { pulls, ensure } = bed();
    const both = [ensure('reg/a:1'), ensure('reg/a:1')];
    await settle();
    await pulls[0]?.end(new Error('no'));
    expect(await Promise.all(both)).toMatchObject([{ retryAfterMs: 10_000 }, { retryAfterMs: 10_000 }]);
  });

  it('tells how long a pull took, with the wait for its turn and without, and how large the image is', async () => {
    const { clock, pulls, ensure, events } = bed(1);
    const first = ensure('reg/a:1');
    await settle();
    const second = ensure('reg/b:1');
    await settle();
    await clock.advance(61_500);
    await pulls[0]?.end();
    await clock.advance(812);
    await pulls[1]?.end();
    await Promise.all([first, second]);
    expect(events.filter((event) => event.includes('Pulled'))).toEqual([
      'Normal Pulled: Successfully pulled image "reg/a:1" in 1m1.5s (1m1.5s including waiting). Image size: 1234 bytes.',
      'Normal Pulled: Successfully pulled image "reg/b:1" in 812ms (1m2.312s including waiting). Image size: 1234 bytes.',
    ]);
  });

  it.each([
    ['reg/a:1', undefined, true, 0],
    ['reg/a:1', 'Always', true, 1],
    ['reg/a:latest', undefined, true, 1],
    ['reg/a', undefined, true, 1],
    ['reg/a:latest', 'IfNotPresent', true, 0],
    ['reg/a:1', 'IfNotPresent', false, 1],
    ['reg/a:1', 'Never', true, 0],
  ] as const)('of %s with policy %s, there: %s, makes %i pulls', async (image, policy, isThere, count) => {
    const { pulls, present, ensure } = bed();
    if (isThere) present.add(image);
    const done = ensure(image, policy === undefined ? {} : { policy });
    await settle();
    await pulls[0]?.end();
    expect(await done).toBe(image);
    expect(pulls).toHaveLength(count);
  });

  it('says so when it may not pull, or cannot read the name', async () => {
    const { ensure, events } = bed();
    expect(await ensure('reg/a:1', { policy: 'Never' })).toMatchObject({ code: 'ErrImageNeverPull' });
    expect(await ensure('Not A Name')).toMatchObject({ code: 'InvalidImageName', retryAfterMs: undefined });
    expect(events).toEqual([
      'Warning ErrImageNeverPull: Container image "reg/a:1" is not present with pull policy of Never',
      'Warning Failed: Error: ErrImageNeverPull',
      'Warning InspectFailed: Failed to apply default image tag "Not A Name": couldn\'t parse image name',
      'Warning Failed: Error: InvalidImageName',
    ]);
  });
});
