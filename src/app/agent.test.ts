import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { networkObstacle } from '../../test/support/network-process.ts';
import { writeAgentConfig } from './agent-config.ts';
import { packageRoot } from './paths.ts';

const run = promisify(execFile);
const reason = networkObstacle();

/** Takes the pod network of its namespace as the product does, and leaves it taken. */
const TAKE = `
  import { takePodNetwork } from '#network';
  import { silentLog } from '#base';
  await takePodNetwork({ id: 'first/node', directory: process.argv[1] }, silentLog);
`;

describe.skipIf(reason !== undefined)(`src/app/agent.ts${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let namespace = '';
  let folder = '';
  beforeEach(async () => {
    namespace = `plbt-a-${randomBytes(3).toString('hex')}`;
    folder = await mkdtemp(path.join(os.tmpdir(), 'plumbline-agent-'));
    execFileSync('ip', ['netns', 'add', namespace]);
  });
  afterEach(async () => {
    spawnSync('ip', ['netns', 'delete', namespace]);
    await rm(folder, { recursive: true, force: true });
  });

  const inside = (...args: readonly string[]) =>
    run(
      'nsenter',
      [`--net=/run/netns/${namespace}`, process.execPath, '--conditions=source', '--import', 'tsx', ...args],
      {
        cwd: packageRoot,
        timeout: 30_000,
      },
    );

  it('does not start on a host whose pod network another installation has, and says which', async () => {
    const first = path.join(folder, 'first/.plumbline');
    const second = path.join(folder, 'second/.plumbline');
    const agentDir = path.join(second, 'agent');
    await mkdir(first, { recursive: true });
    await mkdir(agentDir, { recursive: true });
    await writeAgentConfig(agentDir, {
      server: 'https://127.0.0.1:1',
      ca: '',
      token: '',
      nodeName: 'node',
      clusterId: 'second',
    });
    await inside('--input-type=module', '--eval', TAKE, first);
    const pidFile = path.join(second, 'agent.pid');
    const ended = await inside('src/cli/main.ts', 'agent', '--agent-dir', agentDir, '--pid-file', pidFile).then(
      () => undefined,
      (error: { code?: number; stderr?: string }) => error,
    );
    expect(ended?.stderr).toContain(`another installation of Plumbline, ${first}, has the pod network of this host`);
    expect(ended?.stderr).toContain(`plumb reset --yes --state-dir ${first}`);
    expect(ended?.code).toBe(2);
  });
});
