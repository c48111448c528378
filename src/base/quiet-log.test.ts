import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { Log, LogFields } from './log.ts';
import { createQuietLog } from './quiet-log.ts';

function quiet(maxTroubles = 10) {
  const lines: string[] = [];
  const fields: LogFields[] = [];
  const note = (level: string) => (facts: LogFields, message: string) => {
    lines.push(`${level} ${message}`);
    fields.push(facts);
  };
  const base: Log = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
    child: () => base,
  };
  const clock = new FakeClock();
  return { lines, fields, clock, log: createQuietLog(base, clock, { againAfterMs: 60_000, maxTroubles }) };
}

const refused = () => new Error('connect ECONNREFUSED 127.0.0.1:7443');

describe('src/base/quiet-log.ts', () => {
  it('tells a lasting trouble once, also when many parts meet it, and other troubles as well', () => {
    const { lines, log } = quiet();
    for (let times = 0; times < 25; times += 1) {
      log.child({ resource: `kind-${times}` }).warn({ err: refused(), failures: times }, 'the watch broke');
    }
    log.warn({ err: refused() }, 'the lease cannot be renewed');
    log.warn({ err: new Error('disk full') }, 'the watch broke');
    expect(lines).toEqual(['warn the watch broke', 'warn the lease cannot be renewed', 'warn the watch broke']);
  });

  it('tells it again after a while, with how often it was met', async () => {
    const { fields, clock, log } = quiet();
    for (let times = 0; times < 4; times += 1) log.error({ err: refused() }, 'x');
    await clock.advance(60_000);
    log.error({ err: refused() }, 'x');
    expect(fields.map(({ repeats }) => repeats)).toEqual([undefined, 3]);
  });

  it('passes on what is no trouble', () => {
    const { lines, log } = quiet();
    for (let times = 0; times < 2; times += 1) {
      log.debug({ err: refused() }, 'a');
      log.info({}, 'b');
      log.warn({ reason: 'c' }, 'c');
    }
    expect(lines).toHaveLength(6);
  });

  it('remembers no more troubles than it may', () => {
    const { lines, log } = quiet(2);
    for (const name of ['a', 'b', 'c', 'c', 'b', 'a']) log.warn({ err: new Error(name) }, name);
    expect(lines.map((line) => line.slice(-1))).toEqual(['a', 'b', 'c', 'a']);
  });
});
