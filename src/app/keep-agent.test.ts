import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, systemClock } from '#base';
import { until } from '../../test/support/until.ts';
import { readAgentConfig } from './agent-config.ts';
import { ensureAgentProcess, stopAgentProcess } from './agent-process.ts';
import { type KeepAgentOptions, keepAgentRunning } from './keep-agent.ts';
import { statePaths } from './paths.ts';
import { readProcessFile } from './process-file.ts';

/** A program that starts as the agent does, or ends with last words once there is a file `broken` beside its pid file. */
const AGENT = `
  const { existsSync, readFileSync, writeFileSync } = require('node:fs');
  const { dirname, join } = require('node:path');
  const flag = (name) => process.argv[process.argv.indexOf(name) + 1];
  const pidFile = flag('--pid-file');
  if (existsSync(join(dirname(pidFile), 'broken'))) {
    console.error('{"level":30,"msg":"an entry of the log"}');
    console.error('\\u001b[31merror:\\u001b[39m no engine here');
    console.error('Start one.');
    process.exit(2);
  }
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const startTicks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  writeFileSync(join(dirname(pidFile), 'seen.json'), JSON.stringify({ args: process.argv.slice(2), logins: process.env.DOCKER_CONFIG }));
  process.on('SIGTERM', () => process.exit(0));
  setInterval(() => {}, 1000);
  writeFileSync(pidFile, JSON.stringify({ pid: process.pid, startTicks, fingerprint: flag('--fingerprint') }));
`;

// Anyone else would start it through sudo.
const reason = process.getuid?.() === 0 ? undefined : 'not root';

describe.skipIf(reason !== undefined)(`src/app/keep-agent.ts${reason ? ` (skipped: ${reason})` : ''}`, () => {
  const leaving = new AbortController();
  let directory: string;
  let lines: { readonly msg: string; readonly level: number; readonly reason?: string; readonly hint?: string }[];
  let options: KeepAgentOptions;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-keep-'));
    const program = path.join(directory, 'agent.cjs');
    await writeFile(program, AGENT);
    const paths = statePaths(path.join(directory, 'state'));
    await mkdir(paths.root);
    lines = [];
    options = {
      plane: {
        paths,
        apiUrl: 'https://127.0.0.1:7443',
        ca: 'ca',
        clusterId: 'cluster',
        issueNodeToken: async (name) => `token of ${name}`,
      },
      program: [process.execPath, program],
      fingerprint: 'build-1',
      nodeName: 'one',
      log: createLog({ destination: { write: (line) => void lines.push(JSON.parse(line)) } }),
    };
  });
  let stop = leaving;
  const keep = (more: Partial<KeepAgentOptions> = {}) => {
    stop = new AbortController();
    return keepAgentRunning({ ...options, ...more }, stop.signal);
  };
  const running = () => readProcessFile(options.plane.paths.agentPid);
  afterEach(async () => {
    stop.abort();
    const record = await running();
    if (record !== undefined) await stopAgentProcess(record, options.plane.paths.agentPid, systemClock);
    await rm(directory, { recursive: true, force: true });
  });

  it('starts it once, gives it a credential, and finds it again; another build replaces it', async () => {
    expect(await keep()).toEqual({ state: 'started', nodeName: 'one' });
    expect(await readAgentConfig(options.plane.paths.agent)).toMatchObject({ token: 'token of one', nodeName: 'one' });
    const first = await running();
    stop.abort();
    expect(await keep()).toMatchObject({ state: 'adopted' });
    expect(await running()).toEqual(first);
    stop.abort();
    expect(await keep({ fingerprint: 'build-2' })).toMatchObject({ state: 'replaced' });
    expect((await running())?.pid).not.toBe(first?.pid);
  });

  it("hands the person's Docker logins on, and replaces an agent that has others", async () => {
    const before = process.env['DOCKER_CONFIG'];
    try {
      process.env['DOCKER_CONFIG'] = path.join(directory, 'logins');
      await keep();
      const seen = await readFile(path.join(options.plane.paths.root, 'seen.json'), 'utf8');
      expect(JSON.parse(seen)).toMatchObject({ logins: path.join(directory, 'logins') });
      stop.abort();
      process.env['DOCKER_CONFIG'] = path.join(directory, 'others');
      expect(await keep()).toMatchObject({ state: 'replaced' });
    } finally {
      if (before === undefined) delete process.env['DOCKER_CONFIG'];
      else process.env['DOCKER_CONFIG'] = before;
    }
  });

  it('says why the agent does not start, in its own last words, and where its log is', async () => {
    await writeFile(path.join(options.plane.paths.root, 'broken'), '');
    await expect(keep()).rejects.toMatchObject({
      code: 'AgentNotStarted',
      message: 'the node agent did not start: it ended with code 2: error: no engine here Start one.',
      hint: expect.stringContaining(options.plane.paths.agentLog),
    });
  });

  it('starts one that died again and tells it; tells one that cannot be started with the way out', async () => {
    await keep();
    const first = (await running())?.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until('another one runs', async () => ((await running())?.pid ?? first) !== first);
    await until('it is told', () => lines.some(({ msg }) => msg.includes('had ended and was started again')));
    await writeFile(path.join(options.plane.paths.root, 'broken'), '');
    process.kill((await running())?.pid ?? 0, 'SIGKILL');
    const told = await until('that is told too', () => lines.find(({ level }) => level >= 50));
    expect(told).toMatchObject({
      msg: 'the node agent cannot be started',
      reason: expect.stringContaining('no engine here'),
      hint: expect.stringContaining(options.plane.paths.agentLog),
    });
  });

  it('says so when an agent neither ends nor runs', async () => {
    const { paths } = options.plane;
    const idle = path.join(directory, 'idle.cjs');
    await writeFile(idle, 'setTimeout(() => {}, 30_000)');
    let nowMs = 0;
    const hurried = { ...systemClock, monotonicMs: () => (nowMs += 5_000) };
    const started = ensureAgentProcess({
      program: [process.execPath, idle],
      args: [],
      pidFile: paths.agentPid,
      logFile: paths.agentLog,
      fingerprint: '',
      clock: hurried,
    });
    await expect(started).rejects.toMatchObject({ code: 'AgentNotStarted', message: 'the node agent did not start' });
    expect(await running()).toBeUndefined();
  });
});
