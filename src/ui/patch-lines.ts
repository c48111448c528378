export interface PatchLine {
  readonly kind: 'hunk' | 'add' | 'remove' | 'same';
  readonly text: string;
}

/** Header lines repeat the object's name, which stands above. */
const HEADER = /^(Index: |={20,}|--- |\+\+\+ |\\ No newline)/;

function kindOf(line: string): PatchLine['kind'] {
  if (line.startsWith('@@')) return 'hunk';
  if (line.startsWith('+')) return 'add';
  return line.startsWith('-') ? 'remove' : 'same';
}

/** The lines of a unified diff that a person reads: without its head and the end of its last line. */
export function patchLines(patch: string): readonly PatchLine[] {
  const lines = patch.replace(/\n$/, '').split('\n');
  const from = lines.findIndex((line) => line.startsWith('@@'));
  return lines
    .filter((line, index) => !HEADER.test(line) || (index > from && !line.startsWith('\\')))
    .map((text) => ({ kind: kindOf(text), text }));
}
