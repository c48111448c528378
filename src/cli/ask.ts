import { createInterface } from 'node:readline';

/** A question for yes or no. Undefined: whoever was asked left without an answer. */
export type Ask = (question: string) => Promise<boolean | undefined>;

export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Not where results go. */
  readonly output: NodeJS.WritableStream;
}

/** Asks on a terminal; undefined where there is none, as in a script. Anything but `y` or `yes` is a no. */
export function askOn({ input, output }: Terminal): Ask | undefined {
  if (input.isTTY !== true) return undefined;
  return (question) =>
    new Promise((resolve) => {
      const lines = createInterface({ input, output });
      // Also Ctrl-C and Ctrl-D.
      lines.once('close', () => resolve(undefined));
      lines.question(`${question} [y/N] `, (answer) => {
        resolve(/^y(es)?$/i.test(answer.trim()));
        lines.close();
      });
    });
}
