import type { CommitInfo } from './repository.ts';

/** Longest message that is kept, in characters. */
const MAX_MESSAGE = 4_096;
const MAX_NAME = 256;

/** Reads a commit as git stores it. Control characters but newlines are dropped: names and messages are shown to people. */
export function parseCommit(id: string, bytes: Uint8Array): CommitInfo {
  const text = Buffer.from(bytes).toString('utf8');
  const split = text.indexOf('\n\n');
  const header = split < 0 ? text : text.slice(0, split);
  const message = split < 0 ? '' : text.slice(split + 2);
  const author = /^author (.*?) ?<([^>\n]*)>/m.exec(header);
  const committed = /^committer .*> (-?\d+) [+-]\d{4}$/m.exec(header);
  return {
    id,
    author: clean(author?.[1] ?? '').slice(0, MAX_NAME),
    email: clean(author?.[2] ?? '').slice(0, MAX_NAME),
    committedAtMs: boundedMs(Number(committed?.[1] ?? 0)),
    message: clean(message).trim().slice(0, MAX_MESSAGE),
  };
}

/** Git accepts any 64-bit number of seconds; a date of ours must be one that `Date` can show. */
function boundedMs(seconds: number): number {
  return Math.min(Math.max(0, seconds * 1_000), 8_640_000_000_000_000) || 0;
}

/** Bidirectional overrides can make shown text lie about its order; terminal escapes can do worse. */
function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '');
}
