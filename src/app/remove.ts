import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createLog, systemClock } from '#base';
import { createLinuxNetwork } from '#network';
import { createDockerRuntime } from '#runtime';
import { networkOwner, ownerLabel } from './agent.ts';
import { readAgentConfigIfThere } from './agent-config.ts';
import { stopAgentProcess } from './agent-process.ts';
import { clusterNetwork } from './config.ts';
import { StartError } from './errors.ts';
import type { StatePaths } from './paths.ts';
import { readProcessFile } from './process-file.ts';

/** Volumes in memory that the agent mounted below its folder; they must go before the folder can. */
function unmountBelow(directory: string): void {
  const mounts = spawnSync('findmnt', ['--noheadings', '--list', '--output', 'TARGET'], { encoding: 'utf8' });
  const below = (mounts.stdout ?? '').split('\n').filter((target) => target.startsWith(`${directory}/`));
  for (const target of below.sort((a, b) => b.length - a.length)) {
    const done = spawnSync('umount', [target], { encoding: 'utf8' });
    if (done.status !== 0)
      throw new StartError(
        'UnmountFailed',
        `${target} could not be unmounted: ${done.stderr.trim()}`,
        'End what uses it, then run the command again.',
      );
  }
}

/**
 * Ends the agent and removes this installation's containers, kernel rules and files. Root only where an agent ran; others'
 * containers and the images stay. Answers how many containers went.
 */
export async function removeInstallation(
  paths: StatePaths,
  dockerHost: string | undefined,
): Promise<{ readonly containers: number }> {
  const log = createLog({ level: 'warn' });
  const clock = systemClock;
  const control = await readProcessFile(paths.serverPid);
  if (control !== undefined)
    throw new StartError(
      'ControlPlaneRuns',
      `the control plane still runs (process ${control.pid})`,
      'End it with Ctrl-C where it runs, then run the command again.',
    );
  const running = await readProcessFile(paths.agentPid);
  if (running !== undefined) await stopAgentProcess(running, paths.agentPid, clock);
  // A machine that only runs an agent has its folder alone.
  const agentDir = existsSync(path.join(paths.root, 'agent.json')) ? paths.root : paths.agent;
  const config = await readAgentConfigIfThere(agentDir);
  let containers = 0;
  if (config !== undefined) {
    const runtime = createDockerRuntime({
      owner: ownerLabel(config.clusterId, config.nodeName),
      clock,
      log,
      ...(dockerHost === undefined ? {} : { host: dockerHost }),
    });
    containers = (await runtime.listContainers()).length + (await runtime.listSandboxes()).length;
    await runtime.removeAll();
    const { podCidr, serviceCidr, dnsServiceIP: dnsIP, domain: clusterDomain } = clusterNetwork;
    const network = createLinuxNetwork(
      {
        owner: networkOwner(config.clusterId, config.nodeName, agentDir),
        podCidr,
        clusterCidr: podCidr,
        serviceCidr,
        dnsIP,
        clusterDomain,
      },
      { clock, log },
    );
    if ((await network.support()).ok) await network.remove();
  }
  unmountBelow(agentDir);
  await rm(paths.root, { recursive: true, force: true });
  return { containers };
}
