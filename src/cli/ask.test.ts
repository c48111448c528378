import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { askOn } from './ask.ts';

const terminal = (isTTY: boolean) => ({
  input: Object.assign(new PassThrough(), { isTTY }),
  output: new PassThrough({ encoding: 'utf8' }),
});

describe('src/cli/ask.ts', () => {
  it.each([
    ['y\n', true],
    [' YES \n', true],
    ['n\n', false],
    ['\n', false],
    ['yesterday\n', false],
  ])('takes %j for %s', async (typed, answer) => {
    const { input, output } = terminal(true);
    const asked = askOn({ input, output })?.('Go on?');
    input.write(typed);
    expect(await asked).toBe(answer);
    expect(output.read()).toContain('Go on? [y/N] ');
  });

  it('has no answer from one who leaves', async () => {
    const { input, output } = terminal(true);
    const asked = askOn({ input, output })?.('Go on?');
    input.end();
    expect(await asked).toBeUndefined();
  });

  it('asks nobody where there is no terminal', () => {
    expect(askOn(terminal(false))).toBeUndefined();
  });
});
