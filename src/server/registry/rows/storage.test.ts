import { describe, expect, it } from 'vitest';
import type { KubeObject, StoredObject } from '#api';
import { persistentVolumeClaimRow, persistentVolumeRow } from './storage.ts';

const NOW = Date.parse('2026-01-01T12:00:00Z');
const metadata = { name: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T11:00:00Z' };
const claim = (spec: object): KubeObject => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec });
const stored = (object: KubeObject): StoredObject => ({ ...object, metadata });
const volume = (status: object): KubeObject => ({ apiVersion: 'v1', kind: 'PersistentVolume', metadata, status });

const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 's' };
const populator = { apiGroup: 'a.example', kind: 'Seed', name: 's' };

describe('src/server/registry/rows/storage.ts', () => {
  it.each<[string, object, object]>([
    ['the older name', { dataSource: snapshot }, { dataSource: snapshot, dataSourceRef: snapshot }],
    ['the newer name', { dataSourceRef: populator }, { dataSource: populator, dataSourceRef: populator }],
    ['neither', {}, {}],
    ['what the older name never held', { dataSource: populator }, {}],
    [
      'another namespace, which the older name cannot tell',
      { dataSourceRef: { ...snapshot, namespace: 'b' } },
      { dataSourceRef: { ...snapshot, namespace: 'b' } },
    ],
  ])('gives a new claim both names of its source from %s', (_name, spec, expected) => {
    const made = persistentVolumeClaimRow.prepareForCreate?.(claim(spec), NOW);
    expect(made).toMatchObject({ spec: expected, status: { phase: 'Pending' } });
    expect(made?.['spec']).toEqual(expected);
  });

  it('lets a client that knows only the older name write a claim back', () => {
    const old = stored(claim({ dataSource: populator, dataSourceRef: populator }));
    const written = persistentVolumeClaimRow.prepareForUpdate?.(claim({ dataSource: populator }), old, NOW);
    expect(written?.['spec']).toEqual({ dataSource: populator, dataSourceRef: populator });
  });

  it('says since when a volume has been in its phase', () => {
    const made = persistentVolumeRow.prepareForCreate?.(volume({ phase: 'Bound' }), NOW);
    expect(made?.['status']).toEqual({ phase: 'Pending', lastPhaseTransitionTime: '2026-01-01T12:00:00Z' });
    const earlier = '2026-01-01T10:00:00Z';
    const statusAfter = (status: object) =>
      persistentVolumeRow.prepareForStatus?.(
        volume(status),
        stored(volume({ phase: 'Available', lastPhaseTransitionTime: earlier })),
        NOW,
      )['status'];
    expect(statusAfter({ phase: 'Bound', lastPhaseTransitionTime: earlier })).toEqual({
      phase: 'Bound',
      lastPhaseTransitionTime: '2026-01-01T12:00:00Z',
    });
    const same = { phase: 'Available', reason: 'x', lastPhaseTransitionTime: earlier };
    expect(statusAfter(same)).toEqual(same);
    const told = { phase: 'Bound', lastPhaseTransitionTime: '2026-01-01T11:59:00Z' };
    expect(statusAfter(told)).toEqual(told);
  });
});
