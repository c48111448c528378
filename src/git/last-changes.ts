import type { GitChild } from './git-command.ts';

/** A commit's line in the format below. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the mark that the format puts before a commit.
const COMMIT = /^\u0001(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** No path and no commit line is longer. */
const MAX_FIELD = 65_536;
/** What `readLastChanges` understands. */
export const LAST_CHANGES_FORMAT = ['-z', '--format=%x01%H', '--name-only', '--no-renames', '--diff-merges=combined'];

/** Reads `git log` in the format above and notes for each path, up to so many, the first (newest) commit that names it. */
export async function readLastChanges(
  child: GitChild,
  limit: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  child.stdin.end();
  child.stderr.resume();
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
    child.on('error', () => resolve());
  });
  try {
    let commit = '';
    let rest = '';
    child.stdout.setEncoding('utf8');
    for await (const chunk of child.stdout as AsyncIterable<string>) {
      const fields = (rest + chunk).split('\0');
      rest = fields.pop() ?? '';
      for (const field of fields) {
        if (COMMIT.test(field)) {
          commit = field.slice(1);
          continue;
        }
        // The first path after a commit's line comes with the newline between them.
        const path = field.startsWith('\n') ? field.slice(1) : field;
        if (path !== '' && !found.has(path)) found.set(path, commit);
      }
      if (found.size >= limit || rest.length > MAX_FIELD) break;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
    await ended;
  }
  return found;
}
