import type { Node, Pod } from '#api';
import { quantityToMillis, quantityToNumber } from '#api';
import { type PodRequests, podRequests } from './requests.ts';

/** A host port a pod holds on its node: `TCP/8080`; addresses are not told apart. */
type HostPort = string;

interface Placed {
  readonly node: string;
  readonly requests: PodRequests;
  readonly ports: readonly HostPort[];
  readonly owner: string | undefined;
}

/** Columns of numbers, one row a node: scanning them costs nanoseconds. */
export interface NodeColumns {
  readonly cpuMillis: Float64Array;
  readonly memoryBytes: Float64Array;
  readonly ephemeralBytes: Float64Array;
  readonly pods: Float64Array;
}

const columnsOf = (size: number): NodeColumns => ({
  cpuMillis: new Float64Array(size),
  memoryBytes: new Float64Array(size),
  ephemeralBytes: new Float64Array(size),
  pods: new Float64Array(size),
});

const copyOf = ({ cpuMillis, memoryBytes, ephemeralBytes, pods }: NodeColumns): NodeColumns => ({
  cpuMillis: cpuMillis.slice(),
  memoryBytes: memoryBytes.slice(),
  ephemeralBytes: ephemeralBytes.slice(),
  pods: pods.slice(),
});

export function hostPortsOf({ spec }: Pick<Pod, 'spec'>): readonly HostPort[] {
  return [...(spec.initContainers ?? []), ...spec.containers]
    .flatMap(({ ports = [] }) => ports)
    .flatMap(({ hostPort, protocol = 'TCP' }) =>
      hostPort === undefined || hostPort === 0 ? [] : [`${protocol}/${hostPort}`],
    );
}

/** The uid of the controller that made the pod; pods of one owner are spread. */
export const ownerOf = ({ metadata }: Pick<Pod, 'metadata'>) =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;

/** A pod that has ended holds nothing. */
const holdsNothing = ({ status }: Pod) => status?.phase === 'Succeeded' || status?.phase === 'Failed';

/** What is free on every node, kept up to date pod by pod, so that a placement never recounts the cluster. */
export class NodeTable {
  #nodes: readonly Node[] = [];
  #index = new Map<string, number>();
  #capacity = columnsOf(0);
  #used = columnsOf(0);
  #ports: readonly Map<HostPort, number>[] = [];
  #owners: readonly Map<string, number>[] = [];
  readonly #placed = new Map<string, Placed>();

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get capacity(): NodeColumns {
    return this.#capacity;
  }

  /** What is used now; a copy, for a plan to count on. */
  copyUsed(): NodeColumns {
    return copyOf(this.#used);
  }

  portTaken(row: number, port: HostPort): boolean {
    return (this.#ports[row]?.get(port) ?? 0) > 0;
  }

  podsOfOwner(row: number, owner: string): number {
    return this.#owners[row]?.get(owner) ?? 0;
  }

  /** Replaces the nodes; placed pods are counted onto them anew. Rows are sorted by name, so that order carries no meaning. */
  setNodes(nodes: readonly Node[]): void {
    this.#nodes = [...nodes].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    this.#index = new Map(this.#nodes.map((node, row) => [node.metadata.name, row]));
    this.#capacity = columnsOf(nodes.length);
    this.#used = columnsOf(nodes.length);
    this.#ports = nodes.map(() => new Map());
    this.#owners = nodes.map(() => new Map());
    for (const [row, node] of this.#nodes.entries()) {
      const allocatable: Readonly<Record<string, string | number | undefined>> = node.status?.allocatable ?? {};
      const amount = (name: string, absent: number) =>
        allocatable[name] === undefined ? absent : quantityToNumber(allocatable[name]);
      this.#capacity.cpuMillis[row] = allocatable['cpu'] === undefined ? 0 : quantityToMillis(allocatable['cpu']);
      this.#capacity.memoryBytes[row] = amount('memory', 0);
      this.#capacity.ephemeralBytes[row] = amount('ephemeral-storage', Number.POSITIVE_INFINITY);
      this.#capacity.pods[row] = amount('pods', 110);
    }
    for (const placed of this.#placed.values()) this.#count(placed, 1);
  }

  /** Counts a pod onto its node (bound or assumed), or takes it off when it ended. Doing it twice counts once. */
  setPod(pod: Pod, node = pod.spec.nodeName): void {
    this.removePod(pod.metadata.uid);
    if (node === undefined || node === '' || holdsNothing(pod)) return;
    const placed = { node, requests: podRequests(pod), ports: hostPortsOf(pod), owner: ownerOf(pod) };
    this.#placed.set(pod.metadata.uid, placed);
    this.#count(placed, 1);
  }

  removePod(uid: string): void {
    const placed = this.#placed.get(uid);
    if (placed === undefined) return;
    this.#placed.delete(uid);
    this.#count(placed, -1);
  }

  #count({ node, requests, ports, owner }: Placed, sign: 1 | -1): void {
    const row = this.#index.get(node);
    if (row === undefined) return;
    addTo(this.#used, row, requests, sign);
    for (const port of ports) tally(this.#ports[row], port, sign);
    if (owner !== undefined) tally(this.#owners[row], owner, sign);
  }
}

/** Counts a pod's requests onto a row of columns. */
export function addTo(
  columns: NodeColumns,
  row: number,
  { cpuMillis, memoryBytes, ephemeralBytes }: PodRequests,
  sign: 1 | -1,
): void {
  columns.cpuMillis[row] = (columns.cpuMillis[row] ?? 0) + sign * cpuMillis;
  columns.memoryBytes[row] = (columns.memoryBytes[row] ?? 0) + sign * memoryBytes;
  columns.ephemeralBytes[row] = (columns.ephemeralBytes[row] ?? 0) + sign * ephemeralBytes;
  columns.pods[row] = (columns.pods[row] ?? 0) + sign;
}

function tally(counts: Map<string, number> | undefined, key: string, sign: 1 | -1): void {
  if (counts === undefined) return;
  const next = (counts.get(key) ?? 0) + sign;
  if (next <= 0) counts.delete(key);
  else counts.set(key, next);
}
