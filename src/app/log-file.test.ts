import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { until } from '../../test/support/until.ts';
import { boundLogFile } from './log-file.ts';

describe('src/app/log-file.ts', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'plumbline-log-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('begins anew beyond its size, keeps the part before, and goes on in the same file', async () => {
    const file = path.join(directory, 'agent.log');
    const descriptor = openSync(file, 'a');
    const stop = new AbortController();
    const clock = new FakeClock();
    const old = `${'old line\n'.repeat(20)}`;
    writeSync(descriptor, 'old');
    const bound = boundLogFile({ descriptor, clock, log: silentLog, maxBytes: 100 }, stop.signal);
    expect(readFileSync(file, 'utf8')).toBe('old');
    writeSync(descriptor, old);
    await clock.advance(10_000);
    await until('it begins anew', () => readFileSync(file, 'utf8') === '');
    writeSync(descriptor, 'new');
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(readFileSync(`${file}.1`, 'utf8')).toBe(`old${old}`);
    stop.abort();
    await bound;
    closeSync(descriptor);
  });
});
