import { isApiError, type Json, NODES, type Node, type NodeStatus } from '#api';
import { backoffMs, type Clock, type Log, sleep } from '#base';
import type { Client } from '#client';
import { createInformer, type Informer } from '#reconcile';
import { FIELD_MANAGER } from '../pod/status-writer.ts';
import { RECONNECT_MAX_MS } from '../reconnect.ts';
import { type HostFacts, type HostHealth, nodeLabels, planNodeStatus, sameNodeStatus } from './node.plan.ts';

export interface NodeReporterDeps {
  readonly client: Pick<Client, 'get' | 'list' | 'watch' | 'create' | 'patch'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  /** What the host is; looked up again at each report. */
  readonly facts: () => HostFacts;
  readonly health: () => HostHealth;
}

/** How often an unchanged status is written all the same, in ms. Source: kubelet nodeStatusReportFrequency (v1.32). */
const REPORT_MS = 5 * 60_000;
/** How often health is looked at, in ms. Source: kubelet nodeStatusUpdateFrequency (v1.32). */
const LOOK_MS = 10_000;
const RETRY = { initialMs: 200, maxMs: RECONNECT_MAX_MS };

/** Makes this host's Node stand in the API and keeps its status true. */
export class NodeReporter {
  readonly #deps: NodeReporterDeps;
  readonly #nodes: Informer<Node>;
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #wake: (() => void) | undefined;
  #dirty = false;

  constructor(deps: NodeReporterDeps) {
    this.#deps = deps;
    const { client, clock, log, nodeName } = deps;
    this.#nodes = createInformer({ client, clock, log, maxPauseMs: RECONNECT_MAX_MS }, NODES, {
      fieldSelector: `metadata.name=${nodeName}`,
    });
  }

  /** Resolves with the node's range of pod addresses, once the control plane gave it one. */
  async podCidr(signal: AbortSignal): Promise<string> {
    const given = () => this.#nodes.get(this.#deps.nodeName)?.spec?.podCIDR;
    await this.#nodes.until(() => given() !== undefined && given() !== '', signal);
    return given() ?? '';
  }

  /** Something changed: look now. */
  kick(): void {
    this.#dirty = true;
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#nodes.onChange(() => this.kick());
    signal.addEventListener('abort', () => this.kick(), { once: true });
    const watching = this.#nodes.run(signal);
    let failures = 0;
    while (!signal.aborted) {
      this.#dirty = false;
      try {
        await this.#report(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) break;
        failures += 1;
        this.#deps.log.warn({ err: error, failures }, 'the node cannot report');
      }
      await this.#pause(failures === 0 ? LOOK_MS : backoffMs(failures, RETRY), failures === 0, signal);
    }
    await watching;
  }

  /** Waits; a kick ends it early, unless the server is in trouble. */
  async #pause(ms: number, mayBeWoken: boolean, signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    const stop = () => early.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (mayBeWoken) this.#wake = stop;
    if (signal.aborted || (mayBeWoken && this.#dirty)) stop();
    await sleep(this.#deps.clock, ms, early.signal).catch(() => undefined);
    this.#wake = undefined;
    signal.removeEventListener('abort', stop);
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { client, clock, nodeName, facts, health } = this.#deps;
    const known = this.#nodes.get(nodeName) ?? (await client.get(NODES, { name: nodeName }, { signal }));
    const node = known ?? (await this.#register(signal));
    await this.#label(node, signal);
    const nowMs = clock.nowMs();
    const status = planNodeStatus(node, facts(), health(), nowMs);
    if (sameNodeStatus(node.status, status) && nowMs - this.#reportedAtMs < REPORT_MS) return;
    await this.#patch({ status: status as unknown as Json }, signal, 'status');
    this.#reportedAtMs = nowMs;
  }

  async #register(signal: AbortSignal): Promise<Node> {
    const { client, nodeName, facts, health, clock, log } = this.#deps;
    const status: NodeStatus = planNodeStatus(undefined, facts(), health(), clock.nowMs());
    const metadata = { name: nodeName, labels: { ...nodeLabels(facts()) } };
    try {
      const made = await client.create(
        NODES,
        { apiVersion: 'v1', kind: 'Node', metadata, spec: {}, status },
        { fieldManager: FIELD_MANAGER, signal },
      );
      log.info({ node: nodeName }, 'node registered');
      return made;
    } catch (error) {
      const existing = isApiError(error, 'AlreadyExists')
        ? await client.get(NODES, { name: nodeName }, { signal })
        : undefined;
      if (existing === undefined) throw error;
      return existing;
    }
  }

  /** Labels that are ours stay as the host is; all others are not touched. */
  async #label(node: Node, signal: AbortSignal): Promise<void> {
    const wanted = nodeLabels(this.#deps.facts());
    const differs = Object.entries(wanted).some(([key, value]) => node.metadata.labels?.[key] !== value);
    if (differs) await this.#patch({ metadata: { labels: wanted } }, signal, undefined);
  }

  async #patch(body: Json, signal: AbortSignal, subresource: 'status' | undefined): Promise<void> {
    const options = { fieldManager: FIELD_MANAGER, signal, ...(subresource === undefined ? {} : { subresource }) };
    await this.#deps.client.patch(NODES, { name: this.#deps.nodeName }, { type: 'merge', body }, options);
  }
}
