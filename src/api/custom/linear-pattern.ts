/**
 * Regular expressions of strangers. JavaScript's own may take for ever on thirty characters; these take time in proportion
 * to the text and to the expression, and count their steps, so that whoever calls can set an end.
 */
import {
  type Assertion,
  type CharTest,
  isWord,
  PatternError,
  type PatternNode,
  parsePattern,
} from './pattern-parser.ts';

/** Instructions of one expression: repetitions are written out. */
export const MAX_PROGRAM = 10_000;

/** Steps that may still be taken. Shared by all expressions of one question. */
export interface StepBudget {
  steps: number;
}

export interface LinearPattern {
  /** Instructions: what it costs to keep, and for each character at the most. */
  readonly size: number;
  /** Whether the text holds a match; undefined when the steps ran out. */
  matches(text: string, budget: StepBudget): boolean | undefined;
}

type Instruction =
  | { readonly op: 'char'; readonly test: CharTest }
  | { readonly op: 'split'; next: number; other: number }
  | { readonly op: 'jump'; next: number }
  | { readonly op: 'assert'; readonly assertion: Assertion }
  | { readonly op: 'match' };

function compilePattern(text: string): LinearPattern {
  const program = new Compiler().compile(parsePattern(text));
  return { size: program.length, matches: (value, budget) => new Run(program, value, budget).matches() };
}

/** The same as data: what is wrong with the expression, when something is. */
export function readPattern(text: string): LinearPattern | { readonly problem: string } {
  try {
    return compilePattern(text);
  } catch (error) {
    if (error instanceof PatternError) return { problem: error.message };
    throw error;
  }
}

class Compiler {
  readonly #program: Instruction[] = [];

  compile(node: PatternNode): readonly Instruction[] {
    this.#emit(node);
    this.#add({ op: 'match' });
    return this.#program;
  }

  #add<T extends Instruction>(instruction: T): T {
    if (this.#program.length >= MAX_PROGRAM) throw new PatternError('expression too large');
    this.#program.push(instruction);
    return instruction;
  }

  #emit(node: PatternNode): void {
    switch (node.is) {
      case 'empty':
        return;
      case 'char':
        this.#add({ op: 'char', test: node.test });
        return;
      case 'assert':
        this.#add({ op: 'assert', assertion: node.assertion });
        return;
      case 'all':
        for (const part of node.parts) this.#emit(part);
        return;
      case 'any':
        this.#alternatives(node.parts);
        return;
      case 'repeat':
        this.#repeat(node);
    }
  }

  #alternatives(parts: readonly PatternNode[]): void {
    const ends: { next: number }[] = [];
    for (const [index, part] of parts.entries()) {
      const isLast = index === parts.length - 1;
      const split = isLast ? undefined : this.#add({ op: 'split', next: this.#program.length + 1, other: 0 });
      this.#emit(part);
      if (split === undefined) continue;
      ends.push(this.#add({ op: 'jump', next: 0 }));
      split.other = this.#program.length;
    }
    for (const end of ends) end.next = this.#program.length;
  }

  #repeat({ part, min, max }: Extract<PatternNode, { is: 'repeat' }>): void {
    for (let count = 0; count < min; count += 1) this.#emit(part);
    if (max === undefined) {
      const start = this.#program.length;
      const split = this.#add({ op: 'split', next: start + 1, other: 0 });
      this.#emit(part);
      this.#add({ op: 'jump', next: start });
      split.other = this.#program.length;
      return;
    }
    const splits: { other: number }[] = [];
    for (let count = min; count < max; count += 1) {
      splits.push(this.#add({ op: 'split', next: this.#program.length + 1, other: 0 }));
      this.#emit(part);
    }
    for (const split of splits) split.other = this.#program.length;
  }
}

/** One text: all threads of the program go through it side by side, each instruction at most once a character. */
class Run {
  readonly #program: readonly Instruction[];
  readonly #text: readonly string[];
  readonly #budget: StepBudget;
  /** Position at which an instruction was entered last, plus one. */
  readonly #entered: Uint32Array;
  #isMatch = false;

  constructor(program: readonly Instruction[], text: string, budget: StepBudget) {
    this.#program = program;
    this.#text = [...text];
    this.#budget = budget;
    this.#entered = new Uint32Array(program.length);
  }

  matches(): boolean | undefined {
    let threads: number[] = [];
    for (let at = 0; at <= this.#text.length; at += 1) {
      this.#enter(0, at, threads);
      if (this.#isMatch) return true;
      if (this.#budget.steps <= 0) return undefined;
      const code = this.#text[at]?.codePointAt(0);
      if (code === undefined) break;
      const next: number[] = [];
      for (const thread of threads) {
        const instruction = this.#program[thread];
        this.#budget.steps -= 1;
        if (instruction?.op === 'char' && instruction.test(code)) this.#enter(thread + 1, at + 1, next);
      }
      threads = next;
      if (this.#isMatch) return true;
    }
    return false;
  }

  /** Follows all that needs no character. */
  #enter(start: number, at: number, threads: number[]): void {
    const waiting = [start];
    for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
      if (this.#entered[index] === at + 1) continue;
      this.#entered[index] = at + 1;
      this.#budget.steps -= 1;
      const instruction = this.#program[index] as Instruction;
      if (instruction.op === 'char') threads.push(index);
      else if (instruction.op === 'match') this.#isMatch = true;
      else if (instruction.op === 'jump') waiting.push(instruction.next);
      else if (instruction.op === 'split') waiting.push(instruction.other, instruction.next);
      else if (this.#holds(instruction.assertion, at)) waiting.push(index + 1);
    }
  }

  #holds(assertion: Assertion, at: number): boolean {
    switch (assertion) {
      case 'text-start':
        return at === 0;
      case 'text-end':
        return at === this.#text.length;
      case 'line-start':
        return at === 0 || this.#text[at - 1] === '\n';
      case 'line-end':
        return at === this.#text.length || this.#text[at] === '\n';
      case 'word-edge':
        return this.#isWordAt(at - 1) !== this.#isWordAt(at);
      case 'no-word-edge':
        return this.#isWordAt(at - 1) === this.#isWordAt(at);
    }
  }

  #isWordAt(at: number): boolean {
    const code = this.#text[at]?.codePointAt(0);
    return code !== undefined && isWord(code);
  }
}
