import { NO_RECORDS } from './dns/dns.plan.ts';
import { NetworkError } from './errors.ts';
import type { Network, NetworkSupport, PodAttachment } from './network.ts';
import type { DnsRecords, HostPortRoute, NodePortProblem, ServicePortRoute } from './network.types.ts';

/** A network that only remembers what it was told, for simulation and for hosts where nothing may be touched. */
export interface FakeNetwork extends Network {
  /** Attached pods by id. */
  readonly pods: ReadonlyMap<string, PodAttachment>;
  readonly routes: readonly ServicePortRoute[];
  readonly hostPorts: readonly HostPortRoute[];
  readonly records: DnsRecords;
  readonly running: boolean;
  /** Every call in order: its name, and the pod's id where there is one. */
  readonly calls: readonly string[];
  /** As if these NodePorts were held by other programs. */
  tellNodePortProblems(problems: readonly NodePortProblem[]): void;
  /** Makes the next call of this name fail. */
  failNext(call: 'start' | 'attachPod' | 'detachPod' | 'setServices' | 'setHostPorts', error: Error): void;
}

export function createFakeNetwork(support: NetworkSupport = { ok: true }): FakeNetwork {
  const pods = new Map<string, PodAttachment>();
  const failures = new Map<string, Error>();
  const calls: string[] = [];
  let routes: readonly ServicePortRoute[] = [];
  let hostPorts: readonly HostPortRoute[] = [];
  let records = NO_RECORDS;
  let onProblems: (problems: readonly NodePortProblem[]) => void = () => undefined;
  let running = false;
  let closed = false;
  const enter = (call: string, id = '') => {
    calls.push(id === '' ? call : `${call} ${id}`);
    if (closed) throw new NetworkError('NetworkClosed', 'The network is closed.');
    const failure = failures.get(call);
    failures.delete(call);
    if (failure !== undefined) throw failure;
  };
  const fake: FakeNetwork = {
    pods,
    calls,
    get routes() {
      return routes;
    },
    get hostPorts() {
      return hostPorts;
    },
    get records() {
      return records;
    },
    get running() {
      return running;
    },
    onNodePortProblems: (listener) => {
      onProblems = listener;
    },
    tellNodePortProblems: (problems) => onProblems(problems),
    failNext: (call, error) => void failures.set(call, error),
    support: async () => support,
    async start(signal) {
      enter('start');
      if (!support.ok) throw new NetworkError('NetworkUnsupported', `${support.reason}; ${support.remedy}`);
      running = true;
      if (signal.aborted) await fake.close();
      else signal.addEventListener('abort', () => void fake.close(), { once: true });
    },
    async attachPod(pod) {
      enter('attachPod', pod.id);
      pods.set(pod.id, pod);
    },
    async detachPod(id) {
      enter('detachPod', id);
      pods.delete(id);
    },
    async setServices(next) {
      enter('setServices');
      routes = next;
    },
    async setHostPorts(next) {
      enter('setHostPorts');
      hostPorts = next;
    },
    setDnsRecords(next) {
      records = next;
    },
    async remove() {
      calls.push('remove');
      pods.clear();
      routes = [];
      hostPorts = [];
      running = false;
    },
    async close() {
      running = false;
      closed = true;
    },
  };
  return fake;
}
