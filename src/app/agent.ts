import { setMaxListeners } from 'node:events';
import path from 'node:path';
import { createLog, createQuietLog, systemClock } from '#base';
import { createHttpClient } from '#client';
import { createLinuxNetwork, takePodNetwork } from '#network';
import { createHttpsControl, createNodeAgent } from '#node-agent';
import { createDockerRuntime } from '#runtime';
import { readAgentConfig } from './agent-config.ts';
import { clusterNetwork } from './config.ts';
import { loadImages, withImagesComing } from './images.ts';
import { boundLogFile } from './log-file.ts';
import { readNodeSettings } from './node-settings.ts';
import { removeProcessFile, startTicksOf, writeProcessFile } from './process-file.ts';

export interface AgentRunOptions {
  readonly agentDir: string;
  readonly dockerHost?: string;
  readonly nodeName?: string;
  /** The file of the node's settings; `config.yaml` in the agent's folder, if it is there, when absent. */
  readonly config?: string;
  /** Written when the agent runs, taken away when it leaves. */
  readonly pidFile?: string;
  readonly fingerprint?: string;
  readonly verbose?: boolean;
  readonly version: string;
}

/** Whose containers these are. */
export const ownerLabel = (clusterId: string, nodeName: string) => `${clusterId}/${nodeName}`;

/** Whose the pod network of a host is, and by which folder a person finds it. */
export const networkOwner = (clusterId: string, nodeName: string, agentDir: string) => ({
  id: ownerLabel(clusterId, nodeName),
  directory: installationOf(path.resolve(agentDir)),
});

/** What `plumb reset --state-dir` takes: the state folder where `plumb up` started the agent, the agent's own elsewhere. */
const installationOf = (agentDir: string) => (path.basename(agentDir) === 'agent' ? path.dirname(agentDir) : agentDir);

/** Runs the node agent of this machine until the signal aborts. Containers, routes and rules stay. */
export async function runAgent(options: AgentRunOptions, signal: AbortSignal): Promise<void> {
  const { agentDir, pidFile, fingerprint = '', verbose = false } = options;
  setMaxListeners(0, signal); // every pod's worker listens
  const clock = systemClock;
  const everyLine = createLog({ level: verbose ? 'debug' : 'info' });
  const log = verbose ? everyLine : createQuietLog(everyLine, clock);
  const config = await readAgentConfig(agentDir);
  const settings = await readNodeSettings(agentDir, options.config);
  const nodeName = options.nodeName ?? config.nodeName;
  const owner = networkOwner(config.clusterId, nodeName, agentDir);
  await takePodNetwork(owner, log);
  const runtime = createDockerRuntime({
    owner: ownerLabel(config.clusterId, nodeName),
    clock,
    log,
    ...(options.dockerHost === undefined ? {} : { host: options.dockerHost }),
  });
  if (pidFile !== undefined)
    await writeProcessFile(pidFile, {
      pid: process.pid,
      startTicks: (await startTicksOf(process.pid)) ?? '',
      fingerprint,
    });
  // Only whoever starts it as a process of its own knows that stderr is a log and nobody else's file.
  const bounded = pidFile === undefined ? undefined : boundLogFile({ descriptor: 2, clock, log }, signal);
  try {
    // Beside all else: after a restart Services and DNS must not wait for megabytes.
    const loaded = loadImages(path.join(agentDir, 'images'), runtime, log).catch((error: unknown) =>
      log.error({ err: error }, 'image archives could not be loaded'),
    );
    const { server, ca, token } = config;
    const client = createHttpClient({ server, ca, token, userAgent: 'plumbline-node-agent' });
    const deps = {
      client,
      runtime: withImagesComing(runtime, loaded),
      createNetwork: (podCidr: string) =>
        createLinuxNetwork(
          {
            owner,
            podCidr,
            clusterCidr: clusterNetwork.podCidr,
            serviceCidr: clusterNetwork.serviceCidr,
            dnsIP: clusterNetwork.dnsServiceIP,
            clusterDomain: clusterNetwork.domain,
            api: { serviceIP: clusterNetwork.apiServiceIP, ...hostAndPort(server) },
          },
          { clock, log },
        ),
      control: createHttpsControl({ server, ca, token, nodeName, clock, log }),
      clock,
      log,
      nodeName,
      stateDir: agentDir,
      version: options.version,
    };
    await createNodeAgent(deps, { settings }).run(signal);
    client.close();
    await bounded;
  } finally {
    if (pidFile !== undefined) await removeProcessFile(pidFile);
  }
}

/** Of an https URL. */
function hostAndPort(server: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(server);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 443 : Number(port) };
}
