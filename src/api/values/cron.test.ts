import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cronProblem } from './cron.ts';

describe('src/api/values/cron', () => {
  it.each([
    '* * * * *',
    '*/5 0-23/2 1,15 jan-DEC mon-fri',
    '? ? ? ? ?',
    '0 0 31 12 6',
    '5/10 * * * *',
    '  0   3 * * 0  ',
    '@hourly',
    '@every 1h30m',
    'TZ=Europe/Paris 0 3 * * *',
  ])('reads %s', (schedule) => {
    expect(cronProblem(schedule)).toBeUndefined();
  });

  it.each([
    ['', 'empty spec string'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['* * * * * *', 'expected exactly 5 fields, found 6: [* * * * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* 24 * * *', 'end of range (24) above maximum (23): 24'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * 13 *', 'end of range (13) above maximum (12): 13'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-2 * * * *', 'beginning of range (5) beyond end of range (2): 5-2'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['1- * * * *', 'failed to parse int from : strconv.Atoi: parsing "": invalid syntax'],
    ['mon * * * *', 'failed to parse int from mon: strconv.Atoi: parsing "mon": invalid syntax'],
    ['@reboot', 'unrecognized descriptor: @reboot'],
    ['@every soon', 'failed to parse duration @every soon: time: invalid duration "soon"'],
  ])('says what is wrong with %j', (schedule, problem) => {
    expect(cronProblem(schedule)).toBe(problem);
  });

  it('reads every field that is a list of ranges within its bounds, and never throws on any other text', () => {
    const range = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 0 }), fc.integer({ min: 1, max: 9 }))
      .map(([low, more, step]) => `${low}-${low + more}/${step}`);
    const field = fc.array(range, { minLength: 1, maxLength: 3 }).map((ranges) => ranges.join(','));
    fc.assert(
      fc.property(fc.tuple(field, field, field, field, field), fc.string(), (fields, text) => {
        expect(cronProblem(fields.join(' '))).toBeUndefined();
        expect(['string', 'undefined']).toContain(typeof cronProblem(text));
      }),
    );
  });
});
