import { stripVTControlCharacters } from 'node:util';
import colors from 'picocolors';

/** Where a command writes; handed in so that tests can read it. */
export interface Output {
  /** Results, for pipes. */
  write(text: string): void;
  /** Progress and hints, for people. */
  note(text: string): void;
}

export const terminalOutput: Output = {
  write: (text) => void process.stdout.write(`${text}\n`),
  note: (text) => void process.stderr.write(`${text}\n`),
};

/** Control and bidirectional characters, which could move the cursor or hide text on a terminal, made visible. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const width = (cell: string) => stripVTControlCharacters(cell).length;

/** Left-aligned columns, three spaces apart, as kubectl prints them. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

/** Green for what is as it should be, red for what is broken, yellow for what is under way. */
export function paint(word: string): string {
  if (['Synced', 'Healthy', 'Succeeded', 'Ready', 'ok'].includes(word)) return colors.green(word);
  if (['Degraded', 'Failed', 'Missing', 'NotReady', 'FAIL'].includes(word)) return colors.red(word);
  if (['OutOfSync', 'Progressing', 'PruneBlocked', 'Running', 'Pending', 'warn'].includes(word))
    return colors.yellow(word);
  return word;
}

/** The first seven digits of a commit id. */
export const shortCommit = (commit: string | undefined) => commit?.slice(0, 7) ?? '-';
