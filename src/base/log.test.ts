import { describe, expect, it } from 'vitest';
import { PlumblineError } from './errors.ts';
import { createLog, type LogFields, type LogOptions, silentLog } from './log.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void, level: LogOptions['level'] = 'debug') {
  const lines: string[] = [];
  write(createLog({ level, destination: { write: (line) => void lines.push(line) } }));
  return { text: lines.join(''), lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('src/base/log.ts', () => {
  it('writes one line of JSON with the constant message, the facts and the time', () => {
    const { lines, text } = logged((log) => log.warn({ key: 'a/b', durationMs: 5 }, 'sync failed'));
    expect(lines).toEqual([{ level: 40, time: expect.any(String), key: 'a/b', durationMs: 5, msg: 'sync failed' }]);
    expect(text.endsWith('\n')).toBe(true);
    expect(text.trimEnd()).not.toContain('\n');
  });

  it.each<[string, LogFields]>([
    ['a token', { token: 'canary' }],
    ['a header', { headers: { authorization: 'Bearer canary' } }],
    ['a whole Secret', { object: { kind: 'Secret', data: { password: 'canary' }, stringData: { a: 'canary' } } }],
    ['a Secret two levels deep', { event: { object: { data: { a: 'canary' } } } }],
    ['a key', { pki: { privateKey: 'canary' } }],
  ])('never writes %s', (_what, fields) => {
    const { text } = logged((log) => {
      log.info(fields, 'message');
      log.child(fields).info({}, 'message');
    });
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('canary');
  });

  it('writes an error with its code and its stack, and what caused it', () => {
    const cause = new Error('the disk is gone');
    const err = new PlumblineError('no answer', { code: 'StoreBroken', cause });
    const [line] = logged((log) => log.error({ err }, 'commit failed')).lines;
    expect(line).toMatchObject({ err: { code: 'StoreBroken', message: expect.stringContaining('no answer') } });
    expect(JSON.stringify(line)).toContain('the disk is gone');
  });

  it('writes nothing below its level, and nothing at all when silent', () => {
    expect(logged((log) => log.info({}, 'x'), 'warn').lines).toEqual([]);
    expect(logged((log) => log.error({}, 'x'), 'silent').lines).toEqual([]);
    expect(() => silentLog.child({}).error({}, 'x')).not.toThrow();
  });

  it('cannot be made to write a second line by what it is given', () => {
    const { lines } = logged((log) => log.info({ key: 'a\n{"level":60}' }, 'x'));
    expect(lines).toHaveLength(1);
  });
});
