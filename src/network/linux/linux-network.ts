import { networkInterfaces } from 'node:os';
import { type Clock, errorCode, type Log, type Timer } from '#base';
import { parseCidr } from '../address.plan.ts';
import { createZone, NO_RECORDS } from '../dns/dns.plan.ts';
import { createDnsServer, type DnsServer } from '../dns/dns-server.ts';
import { createForwarder, type Forwarder } from '../dns/forwarder.ts';
import { createUpstreams } from '../dns/resolv-conf.ts';
import { NetworkError } from '../errors.ts';
import type { Network, NetworkSupport, PodAttachment } from '../network.ts';
import type { DnsRecords, HostPortRoute, NetworkOptions, NodePortProblem, ServicePortRoute } from '../network.types.ts';
import { ApiRelay } from '../services/api-relay.ts';
import { type FrontsPlan, leadTo, planFronts, type Refusal } from '../services/fronts.plan.ts';
import { NodePortRelay } from '../services/node-port-relay.ts';
import { closeDockerFirewall, firewallIsMonitored, openDockerFirewall } from './docker-firewall.ts';
import { ensureHostLinks, removeHostLinks } from './host-links.ts';
import { NetworkClaim } from './network-claim.ts';
import { PodLinks } from './pod-links.ts';
import { RuleMonitor } from './rule-monitor.ts';
import { ServiceTable } from './service-table.ts';
import { checkSupport } from './support.ts';

/** Pause before a look at what others may have taken away, in ms; with the look itself each is well below 5 s. */
const LOOK_AFTER_MS = {
  /** After somebody changed rules. He may not be done. */
  change: 200,
  /** While changes are not told, or something is still to be had that another program holds. */
  unsure: 4_000,
  /** While all is well and changes are told: in case one was missed. */
  calm: 60_000,
} as const;
/** Least pause between two looks, in ms, however much others change. */
const LOOK_PAUSE_MS = 1_000;
const DNS_PORT = 53;
/** What is tried again often while it lasts. */
const TROUBLES = ['dns', 'relay', 'api'] as const;
/** Routes named in one line of the log. */
const REFUSALS_TOLD = 10;

export interface LinuxNetworkDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The host's list of nameservers. */
  readonly resolvConf?: string;
}

/** Pod links, Services and DNS by the means of the Linux kernel. Needs root; see `support`. */
export function createLinuxNetwork(options: NetworkOptions, deps: LinuxNetworkDeps): Network {
  for (const name of ['podCidr', 'clusterCidr', 'serviceCidr'] as const) {
    if (parseCidr(options[name]) === undefined) {
      throw new NetworkError('NetworkAddress', `${name} ${options[name]} is no IPv4 range such as 10.244.0.0/16.`);
    }
  }
  return new LinuxNetwork(options, deps);
}

class LinuxNetwork implements Network {
  readonly #options: NetworkOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #claim: NetworkClaim;
  readonly #links: PodLinks;
  readonly #table: ServiceTable;
  readonly #relay: NodePortRelay;
  readonly #apiRelay: ApiRelay | undefined;
  readonly #forwarder: Forwarder;
  readonly #dns: DnsServer;
  #onNodePortProblems: (problems: readonly NodePortProblem[]) => void = () => undefined;
  #routes: readonly ServicePortRoute[] = [];
  #hostPorts: readonly HostPortRoute[] = [];
  #planned: FrontsPlan = planFronts({ services: [] }, { dnsIP: '' });
  #started = false;
  #closed = false;
  readonly #monitor: RuleMonitor;
  /** Whether the monitor sees all rules that matter. */
  #monitored = false;
  #timer: { readonly timer: Timer; readonly atMs: number } | undefined;
  #lookedMs = 0;
  /** Changes of the kernel's tables and the relay, one after the other. */
  #work: Promise<void> = Promise.resolve();
  /** What was last told of a trouble that lasts, so that it is told once. */
  readonly #told = new Map<string, string>();

  constructor(options: NetworkOptions, { clock, log, resolvConf = '/etc/resolv.conf' }: LinuxNetworkDeps) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#links = new PodLinks(log, options);
    this.#monitor = new RuleMonitor({
      onForeignChange: () => this.#arm('change'),
      onEnd: () => this.#arm('unsure'),
    });
    this.#claim = new NetworkClaim(options.owner, log, this.#monitor.expect);
    this.#table = new ServiceTable(log, options, this.#monitor.expect);
    this.#relay = new NodePortRelay(log, clock);
    this.#apiRelay = apiRelay(options, log);
    this.#forwarder = createForwarder(clock, createUpstreams(clock, resolvConf, options.dnsIP));
    this.#dns = createDnsServer({ log, forwarder: this.#forwarder }, this.#zone(NO_RECORDS));
  }

  support(): Promise<NetworkSupport> {
    return checkSupport();
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#assertOpen();
    const support = await this.support();
    if (!support.ok) throw new NetworkError('NetworkUnsupported', `${support.reason}; ${support.remedy}`);
    await this.#queue(async () => {
      await this.#claim.mustTake();
      await ensureHostLinks(this.#options);
      await this.#listenForApi();
      await this.#table.set(this.#planned.fronts);
      await this.#openFirewall();
      await this.#listen();
      await this.#setRelay();
      this.#monitored = await firewallIsMonitored();
      this.#monitor.start();
      this.#started = true;
    });
    if (signal.aborted) await this.close();
    else signal.addEventListener('abort', () => void this.close(), { once: true });
    this.#arm(this.#calm() ? 'calm' : 'unsure');
  }

  async attachPod(pod: PodAttachment): Promise<void> {
    this.#assertOpen();
    await this.#links.attach(pod);
  }

  async detachPod(id: string): Promise<void> {
    this.#assertOpen();
    await this.#links.detach(id);
  }

  async setServices(routes: readonly ServicePortRoute[]): Promise<void> {
    this.#assertOpen();
    this.#routes = routes;
    await this.#assertPlan();
  }

  async setHostPorts(routes: readonly HostPortRoute[]): Promise<void> {
    this.#assertOpen();
    this.#hostPorts = routes;
    await this.#assertPlan();
  }

  async #assertPlan(): Promise<void> {
    this.#plan();
    this.#tellRefusals(this.#planned.refused);
    // Before the start there is nothing to change yet; two changes at once become one, with the newer routes.
    await this.#queue(async () => {
      if (!this.#started) return;
      await this.#table.set(this.#planned.fronts);
      await this.#setRelay();
    });
    if (!this.#calm()) this.#arm('unsure');
  }

  #plan(): void {
    const { api } = this.#options;
    const endpoint = this.#apiRelay?.endpoint;
    const services =
      api === undefined ? this.#routes : leadTo(this.#routes, api.serviceIP, endpoint === undefined ? [] : [endpoint]);
    this.#planned = planFronts({ services, hostPorts: this.#hostPorts }, this.#options, this.#planned);
  }

  setDnsRecords(records: DnsRecords): void {
    this.#dns.setZone(this.#zone(records));
  }

  onNodePortProblems(listener: (problems: readonly NodePortProblem[]) => void): void {
    this.#onNodePortProblems = listener;
  }

  async remove(): Promise<void> {
    this.#rest();
    this.#started = false;
    await this.#queue(async () => {
      this.#relay.close();
      this.#apiRelay?.close();
      await this.#dns.close();
      const refusal = await this.#claim.take();
      if (refusal?.byAnother === false) throw new NetworkError('NetworkHeld', `${refusal.reason}; ${refusal.remedy}`);
      await this.#links.removeAll();
      if (refusal !== undefined) {
        this.#log.info({ reason: refusal.reason }, 'the rules of this host are not of this installation, and stay');
        return;
      }
      await this.#table.remove();
      await closeDockerFirewall();
      await removeHostLinks(this.#options);
      await this.#claim.release();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#rest();
    this.#forwarder.close();
    // What is under way might still begin to listen.
    await this.#work;
    this.#relay.close();
    this.#apiRelay?.close();
    await this.#dns.close();
  }

  #zone(records: DnsRecords): ReturnType<typeof createZone> {
    const ranges = [this.#options.clusterCidr, this.#options.serviceCidr].flatMap((text) => parseCidr(text) ?? []);
    return createZone(records, this.#options.clusterDomain, ranges);
  }

  /** Looks after the pause that goes with `why`, unless a look is due before. */
  #arm(why: keyof typeof LOOK_AFTER_MS): void {
    if (this.#closed || !this.#started) return;
    const nowMs = this.#clock.monotonicMs();
    const atMs = Math.max(nowMs + LOOK_AFTER_MS[why], this.#lookedMs + LOOK_PAUSE_MS);
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    this.#timer?.timer.cancel();
    const timer = this.#clock.after(atMs - nowMs, () => {
      this.#timer = undefined;
      this.#lookedMs = this.#clock.monotonicMs();
      void this.#queue(() => this.#look())
        .then(() => this.#arm(this.#calm() ? 'calm' : 'unsure'))
        .catch((error: unknown) => {
          this.#log.warn({ err: error }, 'network state cannot be re-asserted');
          this.#arm('unsure');
        });
    });
    this.#timer = { timer, atMs };
  }

  #rest(): void {
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    this.#monitor.stop();
  }

  /** Whether nothing waits to be tried again, and nobody can change rules unseen. */
  #calm(): boolean {
    return this.#monitored && this.#monitor.running && !TROUBLES.some((topic) => this.#told.has(topic));
  }

  /** Puts back what somebody else has taken away. A few short commands when all is well. */
  async #look(): Promise<void> {
    if (this.#closed || !this.#started) return;
    this.#monitor.start();
    await this.#claim.mustTake();
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    if (!addresses.some(({ address }) => address === this.#options.dnsIP)) await ensureHostLinks(this.#options);
    await this.#listenForApi();
    if (!(await this.#table.stands())) {
      this.#log.warn({}, 'service rules were removed by another program and are put back');
      this.#table.distrust();
    }
    await this.#table.set(this.#planned.fronts);
    await this.#openFirewall();
    await this.#listen();
    await this.#setRelay();
  }

  async #openFirewall(): Promise<void> {
    const state = await openDockerFirewall(this.#log, this.#monitor.expect);
    const { type: _type, ...fields } = state;
    this.#tellOnce('firewall', state.type === 'open' ? undefined : state.reason, fields);
  }

  /** An address that another program holds is tried again with each look. */
  async #listen(): Promise<void> {
    if (this.#dns.port !== undefined) return;
    const { dnsIP } = this.#options;
    try {
      await this.#dns.listen(dnsIP, DNS_PORT);
      this.#tellOnce('dns', undefined, {});
    } catch (error) {
      const code = errorCode(error);
      if (code !== 'EADDRINUSE' && code !== 'EADDRNOTAVAIL' && code !== 'EACCES') throw error;
      this.#tellOnce('dns', `cluster DNS cannot listen at ${dnsIP}:${DNS_PORT}: ${code}`, { err: error });
    }
  }

  /** Takes connections to the API's Service, if it does not yet; the plan then leads there. */
  async #listenForApi(): Promise<void> {
    if (this.#apiRelay === undefined || this.#apiRelay.endpoint !== undefined) return;
    try {
      await this.#apiRelay.listen();
      this.#tellOnce('api', undefined, {});
      this.#plan();
    } catch (error) {
      const reason = `the relay of the API cannot listen at ${this.#options.dnsIP}: ${errorCode(error) ?? 'unknown error'}`;
      this.#tellOnce('api', reason, { err: error });
    }
  }

  async #setRelay(): Promise<void> {
    const problems = await this.#relay.set([...this.#planned.relays.values()]);
    const reason = problems.map(({ address, port, reason: why }) => `${address}:${port}: ${why}`).join(', ');
    const told = this.#told.get('relay') ?? '';
    this.#tellOnce('relay', reason === '' ? undefined : reason, {});
    if (reason !== told) this.#onNodePortProblems(problems);
  }

  #tellRefusals(refused: readonly Refusal[]): void {
    const reasons = refused.map(({ service, reason }) => `${service}: ${reason}`);
    const shown = reasons.slice(0, REFUSALS_TOLD).join(', ');
    const rest = reasons.length - REFUSALS_TOLD;
    this.#tellOnce('routes', reasons.length === 0 ? undefined : rest > 0 ? `${shown}, and ${rest} more` : shown, {});
  }

  /** Logs a trouble when it comes or changes, and forgets it when it is over. */
  #tellOnce(topic: string, reason: string | undefined, fields: Readonly<Record<string, unknown>>): void {
    if (reason === undefined) this.#told.delete(topic);
    else if (this.#told.get(topic) !== reason) {
      this.#told.set(topic, reason);
      this.#log.warn({ ...fields, reason }, 'network is not as it should be');
    }
  }

  #queue(task: () => Promise<void>): Promise<void> {
    const turn = this.#work.then(task);
    this.#work = turn.catch(() => undefined);
    return turn;
  }

  #assertOpen(): void {
    if (this.#closed) throw new NetworkError('NetworkClosed', 'The network is closed.');
  }
}

/** At the nameserver's address: it is the node's own, pods reach it, and it is no Service of others. */
function apiRelay({ api, clusterCidr, dnsIP }: NetworkOptions, log: Log): ApiRelay | undefined {
  const clients = parseCidr(clusterCidr);
  if (api === undefined || clients === undefined) return undefined;
  const hostAddresses = () =>
    Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  return new ApiRelay({ address: dnsIP, clients, target: { host: api.host, port: api.port }, hostAddresses }, log);
}
