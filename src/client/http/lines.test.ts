import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLines } from './lines.ts';

async function* pieces(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function read(source: AsyncIterable<Uint8Array>, limit = 1_000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(source, limit)) lines.push(line);
  return lines;
}

describe('src/client/http/lines.ts', () => {
  it.each([
    [['a\nb\n'], ['a', 'b']],
    [
      ['a', 'b\nc', '\n'],
      ['ab', 'c'],
    ],
    [['a\n\n\nb'], ['a', 'b']],
    [[''], []],
    [['no end'], ['no end']],
  ])('splits %o', async (given, expected) => {
    expect(await read(pieces(...given))).toEqual(expected);
  });

  it('refuses a line that is too long before it has ended', async () => {
    await expect(read(pieces('12345', '67890', '1'), 10)).rejects.toMatchObject({ reason: 'RequestEntityTooLarge' });
    await expect(read(pieces('12345678901\n'), 10)).rejects.toMatchObject({ reason: 'RequestEntityTooLarge' });
    expect(await read(pieces('1234567890\n'), 10)).toEqual(['1234567890']);
  });

  it('gives the same lines however the bytes are cut, also inside a character', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme' })),
        fc.integer({ min: 1, max: 7 }),
        async (texts, size) => {
          const lines = texts.map((text) => text.replaceAll('\n', ' ')).filter((text) => text !== '');
          const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
          const cuts: Uint8Array[] = [];
          for (let at = 0; at < bytes.length; at += size) cuts.push(bytes.subarray(at, at + size));
          expect(await read(pieces(...cuts))).toEqual(lines);
        },
      ),
      { numRuns: 50 },
    );
  });
});
