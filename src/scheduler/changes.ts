/** Tells the table of what was seen, and answers what that may help: pods that were refused are tried again by these events alone. */
import type { Labels, Node, Pod } from '#api';
import type { ClusterEvent } from './hints.ts';
import type { NodeTable, Nominee } from './node-table.ts';

const NOTHING: readonly ClusterEvent[] = [];

/** A node as it is now; undefined when it is gone: then there is one place less over which pods must be spread. */
export function seeNode(table: NodeTable, name: string, node: Node | undefined): readonly ClusterEvent[] {
  if (node === undefined) return table.removeNode(name) ? [{ change: 'placed' }] : NOTHING;
  return table.setNode(node) ? [{ change: 'node', node: name }] : NOTHING;
}

/** The labels of a namespace as they are now; undefined when it is gone. */
export function seeNamespace(table: NodeTable, name: string, labels: Labels | undefined): readonly ClusterEvent[] {
  return table.setNamespace(name, labels) ? [{ change: 'placed' }] : NOTHING;
}

/** A pod that is on a node or about to be, as it is now. */
export function seePlaced(table: NodeTable, uid: string, pod: Pod, node: string): readonly ClusterEvent[] {
  const promise = seeNominee(table, uid, undefined);
  return table.place(uid, pod, node) ? [...promise, { change: 'placed' }] : promise;
}

/** A pod that needs no room any more. */
export function seeGone(table: NodeTable, uid: string): readonly ClusterEvent[] {
  const promise = seeNominee(table, uid, undefined);
  const node = table.placeOf(uid);
  return node !== undefined && table.unplace(uid) ? [...promise, { change: 'pod', node }] : promise;
}

/** A promise of room that was made or taken back. */
export function seeNominee(table: NodeTable, uid: string, nominee: Nominee | undefined): readonly ClusterEvent[] {
  return table.nominate(uid, nominee) ? [{ change: 'pod' }] : NOTHING;
}
