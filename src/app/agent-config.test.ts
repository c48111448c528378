import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AgentConfig, readAgentConfig, readAgentConfigIfThere, writeAgentConfig } from './agent-config.ts';

const config: AgentConfig = {
  server: 'https://127.0.0.1:7443',
  ca: 'PEM',
  token: 'canary-token',
  nodeName: 'node-a',
  clusterId: '0123456789ab',
};

describe('src/app/agent-config.ts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-agent-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const file = () => path.join(directory, 'agent.json');

  it('gives back what was written, over what was there, readable by its owner only', async () => {
    await writeFile(file(), 'old', { mode: 0o644 });
    await writeAgentConfig(directory, config);
    expect(await readAgentConfig(directory)).toEqual(config);
    expect((await stat(file())).mode & 0o777).toBe(0o600);
  });

  it('is absent before the node joined; whoever needs it is told the way out', async () => {
    expect(await readAgentConfigIfThere(directory)).toBeUndefined();
    await expect(readAgentConfig(directory)).rejects.toMatchObject({
      code: 'AgentNotJoined',
      hint: expect.stringContaining('plumb up'),
    });
  });

  it.each([
    '',
    'canary-token',
    'null',
    '[]',
    JSON.stringify({ ...config, token: 1 }),
    JSON.stringify({ token: 'canary-token' }),
  ])('refuses %j, and does not quote it', async (text) => {
    await writeFile(file(), text);
    const failure: unknown = await readAgentConfigIfThere(directory).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'AgentConfigInvalid', hint: expect.stringMatching(/\S/) });
    expect(`${failure instanceof Error ? failure.message + failure.stack : ''}`).not.toContain('canary-token');
  });
});
