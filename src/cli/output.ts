import { stripVTControlCharacters } from 'node:util';
import colors from 'picocolors';

/** Where a command writes; handed in so that tests can read it. */
export interface Output {
  /** Results, for pipes. */
  write(text: string): void;
  /** Progress and hints, for people. */
  note(text: string): void;
  /** Width of the terminal that results go to; undefined for a pipe or a file, which take lines of any length. */
  readonly columns?: number | undefined;
}

export const terminalOutput: Output = {
  write: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
  get columns() {
    return process.stdout.columns;
  },
};

/** Control and bidirectional characters, which could move the cursor or hide text on a terminal, made visible. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A colour as `picocolors` writes it; captured, so that `split` keeps it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour begins with
const COLOR = /(\u001b\[\d+m)/;

const width = (cell: string) => stripVTControlCharacters(cell).length;

/** The first `room` characters; colours, which take no room, are kept. */
function cut(line: string, room: number): string {
  if (width(line) <= room) return line;
  let left = room - 1;
  let isCut = false;
  // Colours are pieces of their own: whatever was opened before the cut is closed after it.
  return line
    .split(COLOR)
    .map((piece, index) => {
      if (index % 2 === 1 || isCut) return index % 2 === 1 ? piece : '';
      if (piece.length <= left) {
        left -= piece.length;
        return piece;
      }
      isCut = true;
      return `${piece.slice(0, left)}…`;
    })
    .join('');
}

/** Left-aligned columns, three spaces apart, as kubectl prints them; cut to `columns` characters where that is given. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns = Number.POSITIVE_INFINITY,
): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
        .join('   ')
        .trimEnd(),
    )
    .map((line) => cut(line, columns))
    .join('\n');
}

/** Green for what is as it should be, red for what is broken, yellow for what is under way. */
export function paint(word: string): string {
  if (['Synced', 'Healthy', 'Succeeded', 'Ready', 'ok'].includes(word)) return colors.green(word);
  if (['Degraded', 'Failed', 'Missing', 'NotReady', 'FAIL', 'error'].includes(word)) return colors.red(word);
  if (['OutOfSync', 'Progressing', 'PruneBlocked', 'Running', 'Pending', 'warn'].includes(word))
    return colors.yellow(word);
  return word;
}

/** The first seven digits of a commit id. */
export const shortCommit = (commit: string | undefined) => commit?.slice(0, 7) ?? '-';
