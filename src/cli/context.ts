import type { Output } from './output.ts';

/** What every group of commands is given. A command says how it ended through `exit`. */
export interface ProgramContext {
  readonly output: Output;
  exit(code: number): void;
}
