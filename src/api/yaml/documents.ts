import { Composer, Lexer, LineCounter, type ParsedNode, Parser, type YAMLError } from 'yaml';
import type { YamlLimits } from './limits.ts';
import { YamlProblem } from './problem.ts';

/** One document of a text: a tree of nodes, or what is wrong with it. */
export interface YamlDocument {
  /** Null when the document holds only comments. */
  readonly root: ParsedNode | null;
  readonly problems: readonly YamlProblem[];
}

export interface Position {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface YamlReader {
  /** Throws `YamlProblem` where the text breaks a limit: what comes after is not read. */
  documents(): Iterable<YamlDocument>;
  position(offset: number): Position;
}

/** Lexemes that one node has at most: key, colon, blanks, newline, anchor, tag and the marks around it. */
const LEXEMES_PER_NODE = 8;
/** Problems told per document; the rest follows from them. */
const MAX_PROBLEMS = 10;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for. Source: YAML 1.1 §4.1, c-printable.
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/;

/**
 * Reads a text into documents, one at a time. The limits are checked while the text is cut into tokens, before any
 * tree is built, so a hostile text costs no more than its size.
 */
export function createYamlReader(text: string, limits: YamlLimits): YamlReader {
  const lines = new LineCounter();
  return {
    documents: () => readDocuments(text, limits, lines),
    position(offset) {
      const { line, col } = lines.linePos(Math.max(0, offset));
      return line === 0 ? positionIn(text, offset) : { line, column: col };
    },
  };
}

function* readDocuments(text: string, limits: YamlLimits, lines: LineCounter): Generator<YamlDocument> {
  if (text.length > limits.maxBytes || Buffer.byteLength(text) > limits.maxBytes) {
    throw new YamlProblem(`larger than ${limits.maxBytes} bytes`, 0);
  }
  const unprintable = UNPRINTABLE.exec(text);
  if (unprintable !== null) {
    const code = unprintable[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    throw new YamlProblem(`the control character U+${code} is not allowed`, unprintable.index);
  }
  // Scalars are left as text here: what they mean is decided in scalar.ts.
  const composer = new Composer({
    schema: 'failsafe',
    version: '1.1',
    merge: false,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  let count = 0;
  for (const document of composer.compose(tokens(text, limits, lines))) {
    count += 1;
    if (count > limits.maxDocuments) {
      throw new YamlProblem(`more than ${limits.maxDocuments} documents`, document.range[0]);
    }
    yield { root: document.contents, problems: toProblems([...document.errors, ...document.warnings]) };
  }
  // A text that is nothing but a mistake has no document to carry it.
  const { errors, warnings } = composer.streamInfo();
  if (errors.length + warnings.length > 0) yield { root: null, problems: toProblems([...errors, ...warnings]) };
}

function* tokens(text: string, limits: YamlLimits, lines: LineCounter) {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > limits.maxNodes * LEXEMES_PER_NODE) {
      throw new YamlProblem(`more than ${limits.maxNodes} values`, parser.offset);
    }
    yield* parser.next(lexeme);
    // The stack holds the document, one entry a level, and the scalar at its end.
    if (parser.stack.length > limits.maxDepth + 2) {
      throw new YamlProblem(`nested deeper than ${limits.maxDepth} levels`, parser.offset);
    }
  }
  yield* parser.end();
}

function toProblems(errors: readonly YAMLError[]): YamlProblem[] {
  return errors.slice(0, MAX_PROBLEMS).map((error) => new YamlProblem(withoutContent(error), error.pos[0]));
}

/** The parser's words where they would quote the file: an unquoted password may begin with `!`. */
function withoutContent({ code, message }: YAMLError): string {
  if (code === 'TAG_RESOLVE_FAILED') return 'an unknown tag (a value that begins with ! needs quotes)';
  return message;
}

/** For problems found before the lines were counted. */
function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, Math.max(0, offset));
  const lastBreak = before.lastIndexOf('\n');
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line += 1;
  return { line, column: before.length - lastBreak };
}
