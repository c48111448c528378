import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTable, paint, plain, shortCommit } from './output.ts';

describe('src/cli/output.ts', () => {
  it.each([
    ['text as it is', 'Grüße, 世界 ✓\nnext', 'Grüße, 世界 ✓\nnext'],
    ['an escape that would clear the screen', '\u001b[2Jgone', '\\u001b[2Jgone'],
    ['a return that would write over the line', 'safe\rEVIL', 'safe\\u000dEVIL'],
    ['an 8-bit control', '\u009b31m', '\\u009b31m'],
    ['a right-to-left override', 'a\u202eb', 'a\\u202eb'],
    ['an isolate', '\u2066a\u2069', '\\u2066a\\u2069'],
  ])('shows %s', (_what, text, shown) => {
    expect(plain(text)).toBe(shown);
  });

  it('lets no control or bidirectional character through but the line feed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plain(text)).not.toMatch(/(?!\n)[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });

  it('aligns columns three spaces apart and leaves no blanks at the ends', () => {
    expect(
      formatTable(
        ['NAME', 'STATUS'],
        [
          ['web', 'Running'],
          ['long-name', ''],
        ],
      ),
    ).toBe('NAME        STATUS\nweb         Running\nlong-name');
  });

  it('does not count colours as width', () => {
    const table = formatTable(
      ['A', 'B'],
      [
        ['\u001b[32mok\u001b[39m', 'x'],
        ['ok', 'x'],
      ],
    );
    const lines = stripVTControlCharacters(table).split('\n');
    expect(lines).toEqual(['A    B', 'ok   x', 'ok   x']);
  });

  it('cuts a line to the terminal, and closes the colour it cuts through', () => {
    const table = (cell: string) => formatTable(['A', 'B'], [['x', cell]], 10).split('\n')[1];
    expect(table('abcdef')).toBe('x   abcdef');
    expect(table('abcdefg')).toBe('x   abcde…');
    expect(table('\u001b[31mabcdefg\u001b[39m')).toBe('x   \u001b[31mabcde…\u001b[39m');
    expect(table('\u001b[31mabc\u001b[39mdefg')).toBe('x   \u001b[31mabc\u001b[39mde…');
  });

  it('prints the header alone when there are no rows, and fills short rows', () => {
    expect(formatTable(['A', 'B'], [])).toBe('A   B');
    expect(formatTable(['A', 'B'], [['x']])).toBe('A   B\nx');
  });

  it('changes no word by painting it', () => {
    for (const word of ['Synced', 'Degraded', 'OutOfSync', 'Unheard-of']) {
      expect(stripVTControlCharacters(paint(word))).toBe(word);
    }
  });

  it('shortens a commit to seven digits, and shows a dash where there is none', () => {
    expect(shortCommit('0123456789abcdef')).toBe('0123456');
    expect(shortCommit(undefined)).toBe('-');
  });
});
