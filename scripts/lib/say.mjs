import { createInterface } from 'node:readline/promises';

/** Prints one line about what happens next. */
export function say(line) {
  process.stdout.write(`${line}\n`);
}

/** Ends the program with a clear last word. */
export function fail(message, code = 1) {
  process.stderr.write(`\nplumbline: ${message}\n`);
  process.exit(code);
}

/** On a terminal asks; without one goes on by itself, having said what it does. */
export async function confirm(question) {
  if (!process.stdin.isTTY || !process.stdout.isTTY || process.env.CI !== undefined) return true;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal.question(`${question} [Y/n] `);
  terminal.close();
  return answer.trim() === '' || /^y(es)?$/i.test(answer.trim());
}
