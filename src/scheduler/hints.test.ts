import { describe, expect, it } from 'vitest';
import type { Node, Pod, PodSpec } from '#api';
import type { ClusterChange } from './filters/filter.ts';
import { type ClusterEvent, mayHelp } from './hints.ts';
import { NodeTable } from './node-table.ts';

const meta = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' });
const node = (name: string, spec: Node['spec'] = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { ...meta(name), labels: { host: name } },
  spec,
  status: { allocatable: { cpu: '2', pods: '9' }, conditions: [{ type: 'Ready', status: 'True' }] },
});
const pod = (cpu: string, spec: Partial<PodSpec> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...meta('p'), namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...spec },
});

describe('src/scheduler/hints.ts', () => {
  const table = new NodeTable();
  table.setNode(node('plain'));
  table.setNode(node('tainted', { taints: [{ key: 'k', effect: 'NoSchedule' }] }));

  it.each<readonly [string, ClusterEvent, Pod, readonly ClusterChange[], boolean]>([
    ['a node that could take it', { change: 'node', node: 'plain' }, pod('1'), ['node', 'pod'], true],
    ['a node that it does not tolerate', { change: 'node', node: 'tainted' }, pod('1'), ['node', 'pod'], false],
    ['a node that is too small', { change: 'node', node: 'plain' }, pod('3'), ['node', 'pod'], false],
    ['a node that is gone again', { change: 'node', node: 'gone' }, pod('1'), ['node', 'pod'], false],
    ['room on a node that could take it', { change: 'pod', node: 'plain' }, pod('2'), ['node', 'pod'], true],
    ['room on a node that it does not tolerate', { change: 'pod', node: 'tainted' }, pod('1'), ['node', 'pod'], false],
    ['room somewhere', { change: 'pod' }, pod('1'), ['node', 'pod'], true],
    ['room, where no room was wanting', { change: 'pod', node: 'plain' }, pod('1'), ['node'], false],
    [
      'a pod less of those it must not be beside, on any node of the zone',
      { change: 'pod', node: 'tainted' },
      pod('1'),
      ['node', 'pod', 'placed'],
      true,
    ],
    [
      'room on another node than it selects',
      { change: 'pod', node: 'plain' },
      pod('1', { nodeSelector: { host: 'tainted' } }),
      ['node', 'pod'],
      false,
    ],
    ['a pod more, to who does not care', { change: 'placed' }, pod('1'), ['node', 'pod'], false],
  ])('tells whether to try a pod again after %s', (_what, event, one, retryOn, expected) => {
    expect(mayHelp(event, { pod: one, retryOn: new Set(retryOn) }, table)).toBe(expected);
  });
});
