import { existsSync } from 'node:fs';
import { access, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { createLog, errorCode, errorMessage, systemClock } from '#base';
import { createLinuxNetwork, type Network } from '#network';
import { createDockerRuntime, type DockerRuntime, mountsBelow, unmount } from '#runtime';
import { networkOwner, ownerLabel } from './agent.ts';
import { readAgentConfigIfThere } from './agent-config.ts';
import { stopAgentProcess } from './agent-process.ts';
import { clusterNetwork } from './config.ts';
import { StartError } from './errors.ts';
import type { StatePaths } from './paths.ts';
import { readProcessFile } from './process-file.ts';
import { removeBut, removeEngineVolumes, type VolumeData, volumeFolders, volumesInWords } from './volume-data.ts';

/**
 * Takes away what the agent mounted below a folder, in memory or from servers: removing the folder would reach through it.
 * No server is asked. Throws while anything is mounted there that is not kept.
 */
async function unmountBelow(directory: string, kept: ReadonlySet<string>): Promise<void> {
  // Mounts are told by their real paths.
  const root = await realpath(directory).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (root === undefined) return;
  const stays = await Promise.all([...kept].map((each) => realpath(each)));
  const isKept = (target: string) => stays.some((each) => target === each || target.startsWith(`${each}/`));
  const below = async () => (await mountsBelow(root)).filter((target) => target !== root && !isKept(target));
  for (const target of await below()) {
    try {
      await unmount(target);
    } catch (error) {
      throw stillMounted(target, errorMessage(error));
    }
  }
  const [left] = await below();
  if (left !== undefined) throw stillMounted(left, 'it is mounted again');
}

function stillMounted(target: string, why: string): StartError {
  const remedy = 'End what uses it, then run the command again.';
  return new StartError('UnmountFailed', `${target} could not be unmounted: ${why}`, remedy);
}

/** Whether this user must ask root to remove an installation: an agent ran, as root, or the folder is another user's. */
export async function needsRootToRemove(paths: StatePaths, uid = process.getuid?.() ?? 0): Promise<boolean> {
  if (uid === 0) return false;
  if ((await stat(paths.root)).uid !== uid) return true;
  for (const folder of [paths.agent, paths.root]) {
    try {
      await access(path.join(folder, 'agent.json'));
      return true;
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') return true; // closed to this user: then root made it
    }
  }
  return false;
}

export interface RemovalOptions {
  readonly dockerHost?: string | undefined;
  /** Whether the data of volumes goes too. Asked before anything is removed, and only where there is some; no answer in time ends all by throwing. */
  deletesVolumes(found: VolumeData): boolean | Promise<boolean>;
}

export interface Removal {
  /** How many containers went, sandboxes too. */
  readonly containers: number;
  /** What stays on this machine, in words. */
  readonly kept: readonly string[];
  /** The state folder went too: false where volumes lie in it that were kept. */
  readonly isFolderGone: boolean;
}

/**
 * Ends the agent and removes this installation's containers, kernel rules and files. Root only where an agent ran; others'
 * containers and the images stay, and so does what volumes hold unless it is to go. Throws before it removes anything where
 * kernel rules could not be removed.
 */
export async function removeInstallation(
  paths: StatePaths,
  { dockerHost, deletesVolumes }: RemovalOptions,
): Promise<Removal> {
  const log = createLog({ level: 'warn' });
  const clock = systemClock;
  const control = await readProcessFile(paths.serverPid);
  if (control !== undefined)
    throw new StartError(
      'ControlPlaneRuns',
      `the control plane still runs (process ${control.pid})`,
      'End it with Ctrl-C where it runs, then run the command again.',
    );
  // A machine that only runs an agent has its folder alone.
  const agentDir = existsSync(path.join(paths.root, 'agent.json')) ? paths.root : paths.agent;
  const config = await readAgentConfigIfThere(agentDir);
  const kept = ['images in Docker', 'the Docker engine and packages that were installed'];
  let containers = 0;
  let network: Network | undefined;
  let runtime: DockerRuntime | undefined;
  if (config !== undefined) {
    runtime = createDockerRuntime({
      owner: ownerLabel(config.clusterId, config.nodeName),
      clock,
      log,
      ...(dockerHost === undefined ? {} : { host: dockerHost }),
    });
    const { podCidr, serviceCidr, dnsServiceIP: dnsIP, domain: clusterDomain } = clusterNetwork;
    const owner = networkOwner(config.clusterId, config.nodeName, agentDir);
    network = createLinuxNetwork(
      { owner, podCidr, clusterCidr: podCidr, serviceCidr, dnsIP, clusterDomain },
      { clock, log },
    );
    const support = await network.support();
    if (!support.ok) {
      // Rules may stand from when the programs were here: without them, and the state, nobody would find those again.
      if (support.lacks === 'tools')
        throw new StartError('RulesNotRemovable', `kernel rules cannot be removed: ${support.reason}`, support.remedy);
      kept.push(`kernel rules, if there are any (${support.reason})`);
      network = undefined;
    }
  }
  const found = { folders: await volumeFolders(paths), engine: (await runtime?.ownVolumes()) ?? [] };
  const hasVolumes = found.folders.length > 0 || found.engine.length > 0;
  const isDeleting = hasVolumes && (await deletesVolumes(found));
  if (hasVolumes && !isDeleting) kept.push(`the data of ${volumesInWords(found)}`);
  const running = await readProcessFile(paths.agentPid);
  if (running !== undefined) await stopAgentProcess(running, paths.agentPid, clock);
  if (runtime !== undefined) {
    containers = (await runtime.listContainers()).length + (await runtime.listSandboxes()).length;
    await runtime.removeAll();
    await network?.remove();
    if (isDeleting) await removeEngineVolumes(runtime, found.engine);
  }
  // An agent that ran until now may have made a volume after it was asked what is to become of them: that one stays.
  const asked = new Set(isDeleting ? found.folders.map((each) => each.path) : []);
  const keptFolders = new Set((await volumeFolders(paths)).map((each) => each.path).filter((each) => !asked.has(each)));
  await unmountBelow(agentDir, keptFolders);
  const isFolderGone = keptFolders.size === 0;
  if (isFolderGone) await rm(paths.root, { recursive: true, force: true });
  else await removeBut(paths.root, keptFolders);
  return { containers, kept, isFolderGone };
}
