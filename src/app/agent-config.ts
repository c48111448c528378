import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '#base';
import { StartError } from './errors.ts';

/** What an agent must know to join: written beside its state by whoever starts it, mode 0600. */
export interface AgentConfig {
  readonly server: string;
  readonly ca: string;
  readonly token: string;
  readonly nodeName: string;
  readonly clusterId: string;
}

const fileOf = (agentDir: string) => path.join(agentDir, 'agent.json');

export async function writeAgentConfig(agentDir: string, config: AgentConfig): Promise<void> {
  await writeFile(fileOf(agentDir), `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(fileOf(agentDir), 0o600);
}

export async function readAgentConfigIfThere(agentDir: string): Promise<AgentConfig | undefined> {
  try {
    return JSON.parse(await readFile(fileOf(agentDir), 'utf8')) as AgentConfig;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export async function readAgentConfig(agentDir: string): Promise<AgentConfig> {
  const config = await readAgentConfigIfThere(agentDir);
  if (config !== undefined) return config;
  throw new StartError(
    'AgentNotJoined',
    `${fileOf(agentDir)} is not there`,
    'The control plane writes it: start with plumb up, or copy it from the machine of the control plane.',
  );
}
