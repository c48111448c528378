import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bundle, bundle } from '../../test/support/bundle.ts';
import { networkObstacle } from '../../test/support/network-process.ts';
import { writeAgentConfig } from './agent-config.ts';

const run = promisify(execFile);
const reason = networkObstacle();

/** Takes the pod network of its namespace for an installation in the folder named, and leaves it taken. */
const takeIn = (built: Bundle) => `
  import { takePodNetwork } from ${JSON.stringify(built.url('network').href)};
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  await takePodNetwork({ id: 'first/node', directory: process.argv[1] }, log);
`;

/** Runs the agent of the folder named. */
const agentIn = (built: Bundle) => `
  import { runAgent } from ${JSON.stringify(built.url('agent').href)};
  await runAgent({ agentDir: process.argv[1], version: 'test' }, new AbortController().signal);
`;

describe.skipIf(reason !== undefined)(`src/app/agent.ts${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let namespace = '';
  let folder = '';
  let built: Bundle;
  beforeEach(async () => {
    namespace = `plbt-a-${randomBytes(3).toString('hex')}`;
    folder = await mkdtemp(path.join(os.tmpdir(), 'plumbline-agent-'));
    execFileSync('ip', ['netns', 'add', namespace]);
    built = await bundle({
      agent: new URL('./agent.ts', import.meta.url),
      network: new URL('../network/index.ts', import.meta.url),
    });
  });
  afterEach(async () => {
    spawnSync('ip', ['netns', 'delete', namespace]);
    await rm(folder, { recursive: true, force: true });
    await built.remove();
  });

  const inside = (program: string, argument: string) =>
    run(
      'nsenter',
      [`--net=/run/netns/${namespace}`, process.execPath, '--input-type=module', '--eval', program, argument],
      { timeout: 60_000 },
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
    await inside(takeIn(built), first);
    const ended = await inside(agentIn(built), agentDir).then(
      () => undefined,
      (error: { code?: number; stderr?: string }) => error,
    );
    expect(ended?.stderr).toContain(`another installation of Plumbline, ${first}, has the pod network of this host`);
    expect(ended?.stderr).toContain(`plumb reset --yes --state-dir ${first}`);
    expect(ended?.stderr).toContain("code: 'NetworkHeld'");
  });
});
