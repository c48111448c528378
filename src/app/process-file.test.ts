import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProcessFile, removeProcessFile, startTicksOf, writeProcessFile } from './process-file.ts';

describe('src/app/process-file.ts', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-process-'));
    file = path.join(directory, 'agent.pid');
  });
  afterEach(() => rm(directory, { recursive: true }));

  const startTicks = async () => (await startTicksOf(process.pid)) ?? '';

  it('names a process that runs', async () => {
    const record = { pid: process.pid, startTicks: await startTicks(), fingerprint: 'build 1' };
    await writeProcessFile(file, record);
    expect(await readProcessFile(file)).toEqual(record);
  });

  it('does not take another process for the one it names when the id was given out again', async () => {
    const earlier = String(BigInt(await startTicks()) - 1n);
    await writeProcessFile(file, { pid: process.pid, startTicks: earlier, fingerprint: 'build 1' });
    expect(await readProcessFile(file)).toBeUndefined();
  });

  it('names no process that has ended', async () => {
    const child = spawn(process.execPath, ['--eval', 'process.stdin.resume()'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const pid = child.pid ?? 0;
    const ticks = await startTicksOf(pid);
    await writeProcessFile(file, { pid, startTicks: ticks ?? '', fingerprint: '' });
    expect(await readProcessFile(file)).toBeDefined();
    child.stdin.end();
    await once(child, 'close');
    expect(await startTicksOf(pid)).toBeUndefined();
    expect(await readProcessFile(file)).toBeUndefined();
  });

  it.each([
    '',
    'not JSON',
    'null',
    '[]',
    '{}',
    '{"pid":"1","startTicks":"1","fingerprint":""}',
    '{"pid":1.5,"startTicks":"1","fingerprint":""}',
  ])('names no process when it holds %j', async (text) => {
    await writeFile(file, text);
    expect(await readProcessFile(file)).toBeUndefined();
  });

  it('names no process when it is not there, also after it was removed twice', async () => {
    await removeProcessFile(file);
    await removeProcessFile(file);
    expect(await readProcessFile(file)).toBeUndefined();
  });
});
