import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#api';
import { digestOf, digestOfObject } from './digest.ts';
import { maskPair, maskSecrets } from './mask.ts';
import { diffRendered, objectPatch, unifiedDiff } from './rendered-diff.ts';

const config = (name: string, data: Record<string, string>, annotations?: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', ...(annotations === undefined ? {} : { annotations }) },
  data,
});
const secret = (data: Record<string, string>, annotations: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'shop', annotations },
  data,
  stringData: { plain: 'canary-text' },
});

describe('src/diff/rendered-diff.ts', () => {
  it('shows one change with its neighbours', () => {
    expect(
      unifiedDiff(
        [config('a', { x: '1', y: 'no' }), config('b', {})],
        [config('b', {}), config('a', { x: '2', y: 'no' })],
      ),
    ).toBe(
      [
        '--- a/ConfigMap/shop/a',
        '+++ b/ConfigMap/shop/a',
        '@@ -1,6 +1,6 @@',
        ' apiVersion: v1',
        ' data:',
        '-  x: "1"',
        '+  x: "2"',
        '   "y": "no"',
        ' kind: ConfigMap',
        ' metadata:',
        '',
      ].join('\n'),
    );
  });

  it('tells added and removed objects', () => {
    const diffs = diffRendered([config('gone', {})], [config('new', {})]);
    expect(diffs.map(({ name, change, kind, namespace }) => [name, change, kind, namespace])).toEqual([
      ['gone', 'removed', 'ConfigMap', 'shop'],
      ['new', 'added', 'ConfigMap', 'shop'],
    ]);
    expect(diffs[0]?.patch).toContain('+++ /dev/null');
    expect(diffs[1]?.patch).toContain('--- /dev/null');
  });

  it('finds nothing in two equal sets, their source notes aside', () => {
    const moved = config('a', { x: '1' }, { 'plumbline.dev/source': 'new.yaml' });
    expect(unifiedDiff([config('a', { x: '1' })], [moved])).toBe('');
    expect(objectPatch(undefined, undefined)).toBe('');
  });

  it('shows that a Secret changed, and never what is in it', () => {
    const applied = { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":"canary-note"}' };
    const text = unifiedDiff(
      [secret({ same: 'canary-same', other: 'canary-old', gone: 'canary-gone' }, applied)],
      [secret({ same: 'canary-same', other: 'canary-new' }, applied)],
    );
    expect(text).not.toContain('canary');
    expect(text).toContain('-  other: ++++++++ (before)\n+  other: ++++++++ (after)');
    expect(text).toContain('-  gone: ++++++++\n');
    expect(text).toMatch(/^ {3}same: /m);
  });

  it('gives up on a text that has changed all over', () => {
    const lines = (word: string) =>
      config('big', { file: Array.from({ length: 30_000 }, (_, index) => `${word}${index}`).join('\n') });
    const before = performance.now();
    expect(objectPatch(lines('a'), lines('b'))).toContain('too much has changed');
    expect(performance.now() - before).toBeLessThan(15_000);
  });
});

describe('src/diff/mask.ts', () => {
  it('shows equality alone', () => {
    const [a, b] = maskPair('x', 'x');
    expect(a).toBe(b);
    const [c, d] = maskPair('x', 'y'.repeat(100));
    expect(c).not.toBe(d);
    expect(maskPair('x', 'completely different')).toEqual([c, d]);
    expect(maskPair(undefined, 'x')).toEqual([undefined, a]);
  });

  it('leaves other objects as they are', () => {
    const object = config('a', { password: 'x' });
    expect(maskSecrets(object, undefined)[0]).toBe(object);
  });

  it('masks what is no map at all', () => {
    const broken = { ...secret({}), data: 'canary' } as KubeObject;
    expect(JSON.stringify(maskSecrets(broken, undefined))).not.toContain('canary');
  });
});

describe('src/diff/digest.ts', () => {
  it('does not depend on the order of objects or keys, nor on the source note', () => {
    const a = config('a', { x: '1', y: '2' });
    const b = config('b', {});
    const again = config('a', { y: '2', x: '1' }, { 'plumbline.dev/source': 'elsewhere.yaml' });
    expect(digestOf([b, again])).toBe(digestOf([a, b]));
    expect(digestOfObject(again)).toBe(digestOfObject(a));
  });

  it('depends on everything else', () => {
    const digests = [
      digestOf([]),
      digestOf([config('a', {})]),
      digestOf([config('a', { x: '1' })]),
      digestOf([config('a', { x: '2' })]),
      digestOf([config('b', { x: '1' })]),
      digestOf([config('a', {}), config('b', {})]),
      digestOf([config('a', {}, { note: 'x' })]),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});
