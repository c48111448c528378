import { describe, expect, it } from 'vitest';
import { ApiError, type StoredObject } from '#api';
import { RESOURCE_ROWS } from '../registry/rows.ts';
import { createEncoder, encodeErrorFrame } from './encoding.ts';
import { httpLimits } from './limits.ts';

const row = RESOURCE_ROWS.find(({ type }) => type.kind === 'ConfigMap');
if (row === undefined) throw new Error('config maps are not served');

const object = (name: string, more: object = {}): StoredObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', uid: name, resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' },
  ...more,
});
const parse = (bytes: Buffer) => JSON.parse(bytes.toString());

describe('src/server/http/encoding.ts', () => {
  const encoder = createEncoder(() => 0);

  it('encodes an event once, however many watch it', () => {
    const added = { type: 'ADDED' as const, object: object('a') };
    const first = encoder.frame(row, added, { as: 'object' });
    expect(encoder.frame(row, { ...added }, { as: 'object' })).toBe(first);
    expect(parse(first)).toEqual(added);
    expect(first.at(-1)).toBe(0x0a);
    const deleted = encoder.frame(row, { ...added, type: 'DELETED' }, { as: 'object' });
    expect(parse(deleted).type).toBe('DELETED');
  });

  it('keeps no more encodings than its limit', () => {
    const filler = 'x'.repeat(httpLimits.encodedBytes / 4);
    const events = Array.from({ length: 6 }, (_, n) => ({
      type: 'ADDED' as const,
      object: object(`big-${n}`, { filler }),
    }));
    const lines = events.map((event) => encoder.frame(row, event, { as: 'object' }));
    const isKept = (n: number) => encoder.frame(row, events[n] as never, { as: 'object' }) === lines[n];
    expect([isKept(5), isKept(0)]).toEqual([true, false]);
  });

  it.each([
    [{ as: 'object' } as const, 'ConfigMap', 'v1'],
    [{ as: 'metadata', version: 'v1' } as const, 'PartialObjectMetadata', 'meta.k8s.io/v1'],
    [{ as: 'table', version: 'v1', includeObject: 'Metadata' } as const, 'Table', 'meta.k8s.io/v1'],
  ])('tells in a bookmark how far the watch has come, as %o', (format, kind, apiVersion) => {
    const frame = { type: 'BOOKMARK' as const, resourceVersion: '9', initialEventsEnd: true };
    const { type, object: bookmark } = parse(encoder.frame(row, frame, format));
    expect(type).toBe('BOOKMARK');
    expect(bookmark).toMatchObject({ kind, apiVersion, metadata: { resourceVersion: '9' } });
    expect(bookmark.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  it('gives a list in pieces that are its JSON, also when it is empty', () => {
    const list = (items: readonly StoredObject[]) =>
      JSON.parse(
        [
          ...encoder.list(row, { items, resourceVersion: '3', continue: 'c', remainingItemCount: 1 }, { as: 'object' }),
        ].join(''),
      );
    expect(list([])).toEqual({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: '3', continue: 'c', remainingItemCount: 1 },
      items: [],
    });
    const many = Array.from({ length: 50 }, (_, n) => object(`n${n}`, { filler: 'y'.repeat(20_000) }));
    expect(list(many).items).toEqual(many);
  });

  it('ends a watch with a Status, and says nothing of what is not for the caller', () => {
    expect(parse(encodeErrorFrame(new ApiError('Expired', 'too old')))).toMatchObject({
      type: 'ERROR',
      object: { code: 410, reason: 'Expired', message: 'too old' },
    });
    const hidden = encodeErrorFrame(new Error('disk /secret/path broke')).toString();
    expect(hidden).toContain('"code":500');
    expect(hidden).not.toContain('secret');
  });
});
