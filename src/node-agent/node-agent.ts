import { setMaxListeners } from 'node:events';
import { chmod, mkdir, realpath, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Pod } from '#api';
import { backoffMs, type Clock, errorMessage, type Log, sleep } from '#base';
import type { Client } from '#client';
import type { Network, NetworkSupport, NodePortProblem } from '#network';
import { createEventRecorder, type EventRecorder } from '#reconcile';
import { gateProgram, type Runtime, type RuntimeVersion } from '#runtime';
import type { ControlConnection } from './control.ts';
import { ImageKeeper } from './garbage/image-keeper.ts';
import { PulledImages } from './garbage/pulled-images.ts';
import { planHostPorts } from './network/host-ports.plan.ts';
import { HostPorts } from './network/host-ports.ts';
import { createPodNetwork } from './network/pod-network.ts';
import { readHost } from './node/host.ts';
import { keepLease } from './node/lease.ts';
import type { HostFacts, HostHealth } from './node/node.plan.ts';
import { NodeReporter } from './node/node-reporter.ts';
import { PodManager } from './pod/pod-manager.ts';
import { planPressureAdmission } from './pressure/eviction.plan.ts';
import { type MachineView, readMachineView } from './pressure/machine.ts';
import { PressureManager } from './pressure/pressure-manager.ts';
import { ServiceWatcher } from './services/service-watcher.ts';
import { planRoutes } from './services/services.plan.ts';
import { type NodeSettings, settingDefaults } from './settings/settings.plan.ts';
import { StateFile } from './state/saved-state.ts';
import { readMachine } from './stats/machine.ts';
import { createNodeStats } from './stats/node-stats.ts';
import { serveStreams } from './streams/stream-service.ts';
import { type RenewalOptions, renewalDefaults } from './tokens/token.plan.ts';
import { openPodFolders } from './volumes/pod-folders.ts';

export interface NodeAgentOptions {
  readonly clusterDomain: string;
  /** The nameserver of pods: the cluster DNS Service. */
  readonly dnsIP: string;
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  /** Thresholds, garbage, pulls: what a person may set about this node. */
  readonly settings: NodeSettings;
  /** How often the node says that it lives, in ms, and how long that is believed, in seconds. */
  readonly leaseRenewMs: number;
  readonly leaseDurationSeconds: number;
  /** Pods of one container do without a sandbox. */
  readonly standAlone: boolean;
  /** When mounted tokens are renewed. */
  readonly renewal: RenewalOptions;
}

export const nodeAgentDefaults: NodeAgentOptions = {
  clusterDomain: 'cluster.local',
  dnsIP: '10.96.0.10',
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  settings: settingDefaults,
  leaseRenewMs: 2_000,
  leaseDurationSeconds: 10,
  standAlone: true,
  renewal: renewalDefaults,
};

export interface NodeAgentDeps {
  readonly client: Client;
  readonly runtime: Runtime;
  /** Called once the node knows its range of addresses. */
  readonly createNetwork: (podCidr: string) => Network;
  readonly control: ControlConnection;
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeName: string;
  /** Where the agent keeps its own files and the pods' volumes. */
  readonly stateDir: string;
  /** The address others reach this node by; looked up when absent. */
  readonly address?: string;
  /** What this machine is short of, as far as it can be seen; looked at itself when absent. */
  readonly machine?: () => Promise<MachineView>;
  /** The product's version, told after the Kubernetes version whose kubelet this behaves like. */
  readonly version: string;
}

export interface NodeAgent {
  /** Runs until the signal aborts. Containers, routes and files stay as they are: the next run takes them over. */
  run(signal: AbortSignal): Promise<void>;
}

/** How often the engine is asked whether it lives, in ms, and after how many misses the node is not ready. */
const HEALTH_MS = 10_000;
const HEALTH_MISSES = 3;
const ENGINE_RETRY = { initialMs: 200, maxMs: 5_000 };
/** How long a container waits for the first answer about Services, in ms. */
const SERVICES_TIMEOUT_MS = 5_000;

/** Runs the pods that are bound to this node, keeps its Services and DNS, and tells how it is. */
export function createNodeAgent(deps: NodeAgentDeps, options: Partial<NodeAgentOptions> = {}): NodeAgent {
  const settings = { ...nodeAgentDefaults, ...options };
  return {
    async run(signal) {
      // Every pod, watch and wait listens to it; that many listeners are no leak here.
      const own = new AbortController();
      setMaxListeners(0, own.signal);
      const stop = () => own.abort(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      try {
        await runAgent(deps, settings, own.signal);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
  };
}

async function runAgent(deps: NodeAgentDeps, options: NodeAgentOptions, signal: AbortSignal): Promise<void> {
  const { client, runtime, control, clock, log, nodeName, stateDir, address } = deps;
  const { settings } = options;
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const state = new StateFile(stateDir, clock, log);
  const known = await state.read();
  const folders = await openPodFolders(stateDir, log);
  const version = await engineVersion(deps, signal);
  const agentVersion = `v1.32.0+plumbline-${deps.version}`;
  const host = { name: nodeName, version, agentVersion, stateDir, settings };
  const facts: HostFacts = await readHost({ ...host, ...(address === undefined ? {} : { address }) });

  const machine = deps.machine ?? (() => readMachineView({ stateDir, dataRoot: version.dataRoot }));
  const recorder = createEventRecorder({ client, clock, log }, { component: 'kubelet', host: nodeName });
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, uid: nodeName } };
  const keeper = new ImageKeeper({
    runtime,
    pulled: await PulledImages.open(stateDir, log),
    settings: settings.imageGc,
    disk: async () => (await machine()).observations.get('imagefs.available'),
    wanted: () => (pods?.active() ?? known.pods).flatMap(imagesOf),
    recorder,
    node,
    onChange: () => reporter.kick(),
    clock,
    log,
  });
  const health = new Health();
  const healthNow = (): HostHealth => ({
    ...health.now,
    pressure: pressure?.pressure ?? new Set(),
    images: keeper.images,
  });
  const reporter = new NodeReporter({ client, clock, log, nodeName, facts: () => facts, health: healthNow });
  let pods: PodManager | undefined;
  let pressure: PressureManager | undefined;
  const running: Promise<void>[] = [
    reporter.run(signal),
    keepLease(
      { client, clock, log, nodeName, renewMs: options.leaseRenewMs, durationSeconds: options.leaseDurationSeconds },
      signal,
    ),
    watchEngine(deps, health, reporter, signal),
    keeper.run(signal),
  ];

  const podCidr = known.podCidr ?? (await reporter.podCidr(signal).catch(() => undefined));
  if (podCidr === undefined) {
    await Promise.all(running);
    return;
  }
  state.save({ podCidr });
  const network = deps.createNetwork(podCidr);
  const hostPorts = new HostPorts({ network, clock, log, signal }, known.pods);
  // The tables that stand are taken over as they are: no connection finds nothing in between.
  await network.setServices(planRoutes(known));
  await network.setHostPorts(hostPorts.routes);
  const support = await startNetwork(network, log, signal);
  health.network = support;
  reporter.kick();

  const services = new ServiceWatcher({
    client,
    network: support.ok ? network : NO_NETWORK,
    clock,
    log,
    state,
    clusterDomain: options.clusterDomain,
  });
  network.onNodePortProblems((problems) => {
    health.taken = problems.map(({ address, port }) => `${address}:${port}`);
    reporter.kick();
    void tellTakenPorts(problems, { services, pods: pods?.active() ?? [], recorder });
  });
  const manager = new PodManager({
    client,
    runtime,
    runtimeName: version.name,
    network: createPodNetwork({ network, hostPorts, podCidr: support.ok ? podCidr : undefined, hostIP: facts.address }),
    folders,
    gate: options.standAlone && support.ok ? await writeGate(stateDir, version.architecture) : undefined,
    recorder,
    node: {
      hostIP: facts.address,
      cpuMillis: facts.cpus * 1000,
      memoryBytes: facts.memoryBytes,
      ...(settings.podPidsLimit === undefined ? {} : { podPidsLimit: settings.podPidsLimit }),
      appArmor: version.appArmor,
      clusterDomain: options.clusterDomain,
      clusterCidr: options.clusterCidr,
      dnsIP: options.dnsIP,
    },
    services: () => services.services(SERVICES_TIMEOUT_MS),
    renewal: options.renewal,
    onReady: (uid, ready) => services.setReady(uid, ready),
    clock,
    log,
    nodeName,
    state,
    keeper,
    maxParallelPulls: settings.maxParallelPulls,
    admit: (pod) => planPressureAdmission(pod, pressure?.pressure ?? new Set()),
  });
  pods = manager;
  pressure = new PressureManager({
    runtime,
    containers: (uid) => manager.view.containers(uid),
    folders,
    machine,
    settings,
    pods: manager,
    reclaim: [() => manager.removeRecords(), () => keeper.reclaimAll()],
    recorder,
    node,
    onChange: () => reporter.kick(),
    clock,
    log,
  });
  const stats = createNodeStats({ runtime, machine: readMachine, clock });
  running.push(
    services.run({ services: known.services, slices: known.slices }, signal),
    manager.run(known.pods, signal),
    pressure.run(signal),
    serveStreams({ control, runtime, view: manager.view, stats, clock, log }, signal),
  );
  log.info({ node: nodeName, podCidr, network: support.ok, runtime: version.name }, 'node agent runs');
  await Promise.all(running);
  await network.close();
  await state.flush();
}

/** As the pod's spec names them. */
function imagesOf({ spec }: Pod): readonly string[] {
  const all = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  return all.flatMap(({ image }) => image ?? []);
}

/** The gate program as a file that containers get bound in; undefined for processors it was not made for. */
async function writeGate(stateDir: string, architecture: string): Promise<string | undefined> {
  const program = gateProgram(architecture);
  if (program === undefined) return undefined;
  const file = path.join(await realpath(stateDir), 'gate');
  // A new file each time: the old one may be running.
  await writeFile(`${file}.new`, program, { mode: 0o755 });
  await chmod(`${file}.new`, 0o755);
  await rename(`${file}.new`, file);
  return file;
}

/** Waits for the engine; without it there is nothing an agent could do. */
async function engineVersion({ runtime, clock, log }: NodeAgentDeps, signal: AbortSignal): Promise<RuntimeVersion> {
  for (let failures = 0; ; ) {
    try {
      return await runtime.version();
    } catch (error) {
      failures += 1;
      log.warn({ err: error, failures }, 'the container engine does not answer, it is tried again');
      await sleep(clock, backoffMs(failures, ENGINE_RETRY), signal);
    }
  }
}

/** Without the rights to touch the kernel's tables the agent runs all the same, and says what is missing. */
async function startNetwork(network: Network, log: Log, signal: AbortSignal): Promise<NetworkSupport> {
  const support = await network.support();
  if (!support.ok) {
    log.warn({ reason: support.reason, remedy: support.remedy }, 'pods get no network of their own on this node');
    return support;
  }
  try {
    await network.start(signal);
    return support;
  } catch (error) {
    log.error({ err: error }, 'the pod network cannot be started');
    return { ok: false, lacks: 'kernel', reason: errorMessage(error), remedy: 'see the log of the node agent' };
  }
}

/** Tells of each port, at its Service or its pod, that it does not answer on loopback. */
async function tellTakenPorts(
  problems: readonly NodePortProblem[],
  of: { readonly services: ServiceWatcher; readonly pods: readonly Pod[]; readonly recorder: EventRecorder },
): Promise<void> {
  if (problems.length === 0) return;
  const services = await of.services.services(SERVICES_TIMEOUT_MS);
  for (const { address, port, reason } of problems) {
    const why = `${reason === 'EADDRINUSE' ? 'another program holds it' : reason}. It is taken as soon as it is free.`;
    const service = services.find(({ spec }) => spec.ports?.some(({ nodePort }) => nodePort === port));
    const pod = of.pods.find((one) =>
      planHostPorts(one, one.status?.podIP).some(
        ({ hostPort, hostIP = '127.0.0.1' }) => hostPort === port && (hostIP === address || hostIP === '0.0.0.0'),
      ),
    );
    const [owner, kind] = service === undefined ? [pod, 'HostPort'] : [service, 'NodePort'];
    if (owner === undefined) continue;
    const message = `${kind} ${port} does not answer on ${address}: ${why}`;
    of.recorder.record(owner, { type: 'Warning', reason: `${kind}Taken`, message });
  }
}

/** Takes routes and records, and does nothing with them. */
const NO_NETWORK: Pick<Network, 'setServices' | 'setDnsRecords'> = {
  setServices: () => Promise.resolve(),
  setDnsRecords: () => undefined,
};

/** What the Node's conditions are made from. */
class Health {
  network: NetworkSupport | undefined;
  taken: readonly string[] = [];
  misses = 0;
  problem = '';

  get now(): Omit<HostHealth, 'pressure' | 'images'> {
    const runtimeOk = this.misses < HEALTH_MISSES;
    const { network } = this;
    return {
      runtime: {
        ok: runtimeOk && network !== undefined,
        message: !runtimeOk
          ? `the container engine does not answer: ${this.problem}`
          : network === undefined
            ? 'the node agent is starting'
            : 'the node agent runs',
      },
      network: {
        ok: network?.ok === true,
        taken: this.taken,
        message:
          network === undefined
            ? 'the network is being set up'
            : network.ok
              ? 'pods, Services and DNS have their network'
              : `${network.reason}. ${network.remedy}`,
      },
    };
  }
}

async function watchEngine(
  { runtime, clock, log }: NodeAgentDeps,
  health: Health,
  reporter: NodeReporter,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, HEALTH_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    const before = health.now.runtime.ok;
    try {
      await runtime.version();
      health.misses = 0;
    } catch (error) {
      health.misses += 1;
      health.problem = errorMessage(error);
      log.warn({ err: error, misses: health.misses }, 'the container engine missed a health check');
    }
    if (before !== health.now.runtime.ok) reporter.kick();
  }
}
