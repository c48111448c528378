import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, silentLog } from '#base';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { openAuditLog } from './audit-log.ts';

describe('src/server/audit/audit-log.ts', () => {
  let directory: string;
  let clock: FakeClock;
  beforeEach(async () => {
    directory = path.join(await mkdtemp(path.join(tmpdir(), 'plumbline-audit-')), 'audit');
    clock = new FakeClock();
  });
  afterEach(() => rm(path.dirname(directory), { recursive: true, force: true }));

  const read = async (name: string) => (await readFile(path.join(directory, name), 'utf8')).trim().split('\n');

  it('writes one line per event, for the owner only, and goes on where it stopped', async () => {
    for (const id of ['a', 'b']) {
      const audit = await openAuditLog({ directory, clock, log: silentLog });
      audit.write({ auditID: id, text: 'two\nlines' });
      await audit.close();
    }
    expect((await read('audit.log')).map((line) => JSON.parse(line).auditID)).toEqual(['a', 'b']);
    expect((await stat(path.join(directory, 'audit.log'))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('begins a new file when one is full, and keeps so many', async () => {
    const limits = { fileBytes: 10, files: 2, queueBytes: 1_000 };
    const audit = await openAuditLog({ directory, clock, log: silentLog, limits });
    for (const id of ['one', 'two', 'three', 'four']) {
      audit.write({ id });
      await audit.flush();
      await clock.advance(1_000);
    }
    await audit.close();
    const names = (await readdir(directory)).sort();
    expect(names).toHaveLength(3);
    expect(await Promise.all(names.map(read))).toEqual([['{"id":"two"}'], ['{"id":"three"}'], ['{"id":"four"}']]);
  });

  it('loses what it cannot hold, and says so', async () => {
    const lines: string[] = [];
    const log = createLog({ destination: { write: (line) => lines.push(line) } });
    const limits = { fileBytes: 1_000, files: 2, queueBytes: 30 };
    const audit = await openAuditLog({ directory, clock, log, limits });
    for (const id of ['one', 'two', 'three', 'four']) audit.write({ id });
    await audit.close();
    // The first goes to the disk at once; two more fit into the queue.
    expect(await read('audit.log')).toEqual(['{"id":"one"}', '{"id":"two"}', '{"id":"three"}']);
    expect(JSON.parse(lines.at(-1) ?? '{}')).toMatchObject({ lost: 1, msg: 'audit events were lost' });
  });
});
