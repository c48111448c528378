import path from 'node:path';
import { readIfThere, writePrivateFile } from '#server';
import { StartError } from './errors.ts';

/** What an agent must know to join: written beside its state by whoever starts it, mode 0600, whole or not at all. */
export interface AgentConfig {
  readonly server: string;
  readonly ca: string;
  readonly token: string;
  readonly nodeName: string;
  readonly clusterId: string;
}

const fileOf = (agentDir: string) => path.join(agentDir, 'agent.json');

export async function writeAgentConfig(agentDir: string, config: AgentConfig): Promise<void> {
  await writePrivateFile(fileOf(agentDir), `${JSON.stringify(config, undefined, 2)}\n`);
}

export async function readAgentConfigIfThere(agentDir: string): Promise<AgentConfig | undefined> {
  const file = fileOf(agentDir);
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  const config = parse(text);
  if (config !== undefined) return config;
  throw new StartError(
    'AgentConfigInvalid',
    `${file} cannot be read: it is not what plumb up writes`,
    'Copy it again from the machine of the control plane; on that machine delete it, and plumb up writes it anew.',
  );
}

const FIELDS = ['server', 'ca', 'token', 'nodeName', 'clusterId'] as const;

function parse(text: string): AgentConfig | undefined {
  try {
    const config = JSON.parse(text) as Partial<Record<keyof AgentConfig, unknown>> | null;
    return config !== null && FIELDS.every((field) => typeof config[field] === 'string')
      ? (config as AgentConfig)
      : undefined;
  } catch {
    return undefined; // not JSON: told as unreadable, without quoting a file that holds a token
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
