/** Source: kubernetes test/e2e/apimachinery/chunking.go (v1.32). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { POD_TEMPLATES, type PodTemplate } from '#api';
import { type ConformanceBed, startConformanceBed } from '../support/bed.ts';
import { type Resource, refused } from '../support/resource.ts';

const TOTAL = 400;
const nameAt = (at: number) => `template-${String(at).padStart(4, '0')}`;

let bed: ConformanceBed;
let templates: Resource<PodTemplate>;
beforeAll(async () => {
  bed = await startConformanceBed({ nodes: 0 });
  templates = bed.of(POD_TEMPLATES, await bed.namespace('chunking'));
  const waiting = Array.from({ length: TOTAL }, (_, at) => nameAt(at)).values();
  const work = async () => {
    for (const name of waiting) {
      const spec = { containers: [{ name: 'test', image: 'test2' }] };
      await templates.create({ metadata: { name }, template: { metadata: { labels: { foo: 'bar' } }, spec } });
    }
  };
  await Promise.all(Array.from({ length: 20 }, work));
});
afterAll(() => bed.close());

it('[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls [Conformance]', async () => {
  for (const limit of [7, 40, TOTAL / 10 + 3]) {
    let found = 0;
    let token = '';
    const versions = new Set<string>();
    do {
      const { items, metadata } = await templates.list({ limit, ...(token === '' ? {} : { continue: token }) });
      expect(items.length).toBeLessThanOrEqual(limit);
      expect(items.length).toBeGreaterThan(0);
      expect(items.map((item) => item.metadata.name)).toEqual(items.map((_, at) => nameAt(found + at)));
      versions.add(metadata.resourceVersion);
      found += items.length;
      token = metadata.continue ?? '';
      if (token === '') expect(metadata.remainingItemCount).toBeUndefined();
      else expect((metadata.remainingItemCount ?? 0) + found).toBe(TOTAL);
    } while (token !== '');
    expect(found).toBe(TOTAL);
    expect(versions.size).toBe(1);
  }
  const whole = await templates.list({ limit: TOTAL + 1 });
  expect(whole.items).toHaveLength(TOTAL);
  expect(whole.metadata.continue ?? '').toBe('');
});

it('[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow] [Conformance]', async () => {
  const limit = TOTAL / 10;
  const first = await templates.list({ limit });
  expect(first.items).toHaveLength(limit);
  expect((first.metadata.remainingItemCount ?? 0) + limit).toBe(TOTAL);
  // The official test waits some minutes until the store forgets: here it is told to, once something has changed.
  await templates.patch(nameAt(0), 'merge', { metadata: { labels: { changed: 'true' } } });
  await bed.server.compact();
  const expired = await refused(templates.list({ limit, continue: first.metadata.continue ?? '' }));
  expect(expired).toMatchObject({ code: 410, reason: 'Expired' });
  const inconsistent = (expired as { metadata?: { continue?: string } }).metadata?.continue ?? '';
  expect(inconsistent).not.toBe('');

  const second = await templates.list({ limit, continue: inconsistent });
  expect(second.metadata.resourceVersion).not.toBe(first.metadata.resourceVersion);
  expect(second.items.map((item) => item.metadata.name)).toEqual(second.items.map((_, at) => nameAt(limit + at)));
  let found = limit + second.items.length;
  let token = second.metadata.continue ?? '';
  while (token !== '') {
    const { items, metadata } = await templates.list({ limit, continue: token });
    expect(metadata.resourceVersion).toBe(second.metadata.resourceVersion);
    expect(items.map((item) => item.metadata.name)).toEqual(items.map((_, at) => nameAt(found + at)));
    found += items.length;
    token = metadata.continue ?? '';
    expect((metadata.remainingItemCount ?? 0) + found).toBe(TOTAL);
  }
  expect(found).toBe(TOTAL);
});
