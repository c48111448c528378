import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '#api';
import { ImageIndex } from './image-locality.ts';
import { planScheduleOf } from './schedule.plan.ts';

const MIB = 1024 * 1024;

describe('src/scheduler/image-locality.ts', () => {
  const podOf = (...images: string[]): PodSpec => ({ containers: images.map((image) => ({ name: image, image })) });
  const scoresOf = (nodes: readonly Readonly<Record<string, number>>[], pod: PodSpec) => {
    const index = new ImageIndex();
    nodes.forEach((images, slot) => {
      index.set(slot, new Map(Object.entries(images)));
    });
    const scores = index.localityOf(pod, nodes.length, nodes.length)?.scores;
    return scores === undefined ? undefined : [...scores];
  };

  // Answers worked out by hand from image_locality.go (v1.32).
  it.each<[string, readonly Readonly<Record<string, number>>[], PodSpec, readonly number[] | undefined]>([
    ['no node has any', [{ 'b:1': 500 * MIB }, {}], podOf('a:1'), undefined],
    ['too small to matter', [{ 'a:1': 20 * MIB }], podOf('a:1'), [0]],
    ['between the bounds', [{ 'a:1': 511 * MIB }], podOf('a:1'), [49]],
    ['beyond the bound', [{ 'a:1': 5_000 * MIB }], podOf('a:1'), [100]],
    ['one of two nodes: half as much', [{ 'a:1': 1_000 * MIB }, {}], podOf('a:1'), [48, 0]],
    ['two of two', [{ 'a:1': 1_000 * MIB }, { 'a:1': 1_000 * MIB }], podOf('a:1'), [100, 100]],
    ['two containers: twice the bound', [{ 'a:1': 1_000 * MIB }], podOf('a:1', 'b:1'), [49]],
    ['without a tag', [{ 'registry:5000/a:latest': 1_000 * MIB }], podOf('registry:5000/a'), [100]],
    [
      'those of init containers too',
      [{ 'a:1': 1_000 * MIB, 'b:1': 1_000 * MIB }],
      { ...podOf('a:1'), initContainers: [{ name: 'b', image: 'b:1' }] },
      [100],
    ],
  ])('%s', (_what, nodes, pod, expected) => {
    expect(scoresOf(nodes, pod)).toEqual(expected);
  });

  it('follows nodes that lose an image, or go', () => {
    const index = new ImageIndex();
    const ask = () => [...(index.localityOf(podOf('a:1'), 2, 2)?.scores ?? [])];
    index.set(0, new Map([['a:1', 1_000 * MIB]]));
    index.set(1, new Map([['a:1', 1_000 * MIB]]));
    expect(ask()).toEqual([100, 100]);
    index.set(1, new Map());
    expect(ask()).toEqual([48, 0]);
    index.set(0, undefined);
    expect(ask()).toEqual([]);
  });

  it('breaks the tie between nodes that are equal otherwise, for each pod by its own images', () => {
    const meta = (name: string) => ({
      name,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    });
    const node = (name: string, image: string): Node => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: meta(name),
      spec: {},
      status: {
        allocatable: { cpu: '100', memory: '100Gi', pods: '110' },
        conditions: [{ type: 'Ready', status: 'True' }],
        images: [{ names: [image], sizeBytes: 900 * MIB }],
      },
    });
    const pod = (name: string, image: string) =>
      ({ apiVersion: 'v1', kind: 'Pod', metadata: meta(name), spec: podOf(image) }) as Pod;
    const nodes = [node('n1', 'one:1'), node('n2', 'two:1')];
    const pods = [pod('a', 'two:1'), pod('b', 'one:1'), pod('c', 'two:1')];
    const { bindings } = planScheduleOf({ nodes, pods });
    expect(Object.fromEntries(bindings.map((one) => [one.pod.metadata.name, one.node]))).toEqual({
      a: 'n2',
      b: 'n1',
      c: 'n2',
    });
  });
});
