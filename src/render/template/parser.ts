import { RenderError } from './errors.ts';
import { lex, placeIn, type Token, type TokenType } from './lexer.ts';
import { type Argument, type CommandNode, isEmptyTree, type Node, type PipeNode, type TemplateTree } from './nodes.ts';
import { looksLikeInteger, parseFloating, parseInteger } from './numbers.ts';
import { unquote } from './quote.ts';

/** Levels of blocks and parentheses in one template. */
const MAX_NESTING = 200;

type Where = 'if' | 'with' | 'range' | 'template' | 'block' | 'command' | 'parenthesized pipeline';

/**
 * Reads a file into the template of its own name and those that it defines, in that order. `isFunction` says which
 * functions there are: an unknown one is an error now, not when it is called. Throws `TemplateInvalid`.
 * Source: Go text/template/parse/parse.go (go1.23).
 */
export function parseTemplate(
  source: string,
  file: { readonly name: string; readonly path: string },
  isFunction: (name: string) => boolean,
): readonly TemplateTree[] {
  return new Parser(source, file, isFunction).run();
}

class Parser {
  readonly #source: string;
  readonly #path: string;
  readonly #name: string;
  readonly #isFunction: (name: string) => boolean;
  readonly #tokens: readonly Token[];
  readonly #defined = new Map<string, TemplateTree>();
  #next = 0;
  #variables: string[] = ['$'];
  #ranges = 0;
  #nesting = 0;

  constructor(
    source: string,
    file: { readonly name: string; readonly path: string },
    isFunction: (name: string) => boolean,
  ) {
    this.#source = source;
    this.#path = file.path;
    this.#name = file.name;
    this.#isFunction = isFunction;
    this.#tokens = lex(source, file.path);
  }

  run(): readonly TemplateTree[] {
    const nodes: Node[] = [];
    while (this.#peek().type !== 'end') {
      if (this.#takeDefine()) {
        this.#define();
        continue;
      }
      const node = this.#node();
      if ('ends' in node) this.#fail(`unexpected {{${node.ends}}}`, node.at);
      nodes.push(node);
    }
    return [this.#tree(this.#name, nodes), ...this.#defined.values()];
  }

  #tree(name: string, nodes: readonly Node[]): TemplateTree {
    return { name, path: this.#path, source: this.#source, nodes };
  }

  #add(tree: TemplateTree, at: number): void {
    const known = this.#defined.get(tree.name);
    if (known === undefined || isEmptyTree(known.nodes)) this.#defined.set(tree.name, tree);
    else if (!isEmptyTree(tree.nodes)) this.#fail(`multiple definition of template ${JSON.stringify(tree.name)}`, at);
  }

  #takeDefine(): boolean {
    const before = this.#next;
    if (this.#take().type === 'open') {
      const word = this.#takeNonSpace();
      if (word.type === 'keyword' && word.text === 'define') return true;
    }
    this.#next = before;
    return false;
  }

  #define(): void {
    const at = this.#tokens[this.#next - 1]?.at ?? 0;
    const name = this.#string('define clause');
    this.#expect('close', 'define clause');
    const body = this.#apart(() => this.#list('define'));
    if (body.ends !== 'end') this.#fail(`unexpected {{${body.ends}}} in define clause`, at);
    this.#add(this.#tree(name, body.nodes), at);
  }

  /** A template of its own sees no variable but `$`, and no range around it. */
  #apart<T>(read: () => T): T {
    const [variables, ranges] = [this.#variables, this.#ranges];
    this.#variables = ['$'];
    this.#ranges = 0;
    const result = read();
    this.#variables = variables;
    this.#ranges = ranges;
    return result;
  }

  #list(what: string): { readonly nodes: readonly Node[]; readonly ends: 'end' | 'else'; readonly at: number } {
    const nodes: Node[] = [];
    while (this.#peek().type !== 'end') {
      const node = this.#node();
      if ('ends' in node) return { nodes, ...node };
      nodes.push(node);
    }
    return this.#fail(`unexpected EOF: {{${what}}} has no {{end}}`, this.#source.length);
  }

  #node(): Node | { readonly ends: 'end' | 'else'; readonly at: number } {
    const token = this.#takeNonSpace();
    if (token.type === 'text') return { type: 'text', at: token.at, text: token.text };
    if (token.type === 'open') return this.#action();
    return this.#unexpected(token, 'input');
  }

  #action(): Node | { readonly ends: 'end' | 'else'; readonly at: number } {
    const token = this.#takeNonSpace();
    const { at } = token;
    if (token.type === 'keyword') {
      switch (token.text) {
        case 'block':
          return this.#block(at);
        case 'break':
        case 'continue':
          return this.#jump(token.text, at);
        case 'else':
          return { ends: 'else', at };
        case 'end':
          this.#expect('close', 'end');
          return { ends: 'end', at };
        case 'if':
        case 'with':
        case 'range':
          return this.#control(token.text, at);
        case 'template':
          return this.#template(at);
      }
      this.#unexpected(token, 'command');
    }
    this.#next -= 1;
    const pipe = this.#pipeline('command', 'close');
    return { type: 'action', at: pipe.at, pipe };
  }

  #jump(type: 'break' | 'continue', at: number): Node {
    const token = this.#takeNonSpace();
    if (token.type !== 'close') this.#unexpected(token, `{{${type}}}`);
    if (this.#ranges === 0) this.#fail(`{{${type}}} outside {{range}}`, at);
    return { type, at };
  }

  #control(type: 'if' | 'with' | 'range', at: number): Node {
    const seen = this.#variables.length;
    this.#enter(at);
    const pipe = this.#pipeline(type, 'close');
    if (type === 'range') this.#ranges += 1;
    const { nodes: body, ends } = this.#list(type);
    if (type === 'range') this.#ranges -= 1;
    const otherwise = ends === 'else' ? this.#else(type) : [];
    this.#variables.length = seen;
    this.#nesting -= 1;
    return { type, at: pipe.at, pipe, body, otherwise };
  }

  /** `{{else if …}}` is `{{else}}{{if …}}` that needs one `{{end}}` only; `{{else with …}}` likewise. */
  #else(type: 'if' | 'with' | 'range'): readonly Node[] {
    const token = this.#takeNonSpace();
    if (token.type === 'keyword' && token.text === type && type !== 'range') return [this.#control(type, token.at)];
    if (token.type !== 'close') this.#unexpected(token, 'else');
    const { nodes, ends, at } = this.#list(type);
    if (ends !== 'end') this.#fail('expected end; found {{else}}', at);
    return nodes;
  }

  #block(at: number): Node {
    const name = this.#string('block clause');
    const pipe = this.#pipeline('block', 'close');
    const body = this.#apart(() => this.#list('block'));
    if (body.ends !== 'end') this.#fail(`unexpected {{${body.ends}}} in block clause`, at);
    this.#add(this.#tree(name, body.nodes), at);
    return { type: 'template', at, name, pipe };
  }

  #template(at: number): Node {
    const name = this.#string('template clause');
    if (this.#peekNonSpace().type === 'close') {
      this.#take();
      return { type: 'template', at, name, pipe: undefined };
    }
    return { type: 'template', at, name, pipe: this.#pipeline('template', 'close') };
  }

  #pipeline(where: Where, end: 'close' | ')'): PipeNode {
    const { at } = this.#peekNonSpace();
    this.#enter(at);
    const declared = this.#declarations(where);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#peekNonSpace();
      if (token.type === end) break;
      if (!STARTS.has(token.type)) this.#unexpected(token, where);
      commands.push(this.#command());
    }
    this.#take();
    if (commands.length === 0) this.#fail(`missing value for ${where}`, at);
    for (const [index, { args }] of commands.entries()) {
      const type = args[0]?.type;
      if (index > 0 && type !== undefined && NOT_CALLED.has(type))
        this.#fail(`non executable command in pipeline stage ${index + 1}`, at);
    }
    this.#nesting -= 1;
    return { type: 'pipe', at, ...declared, commands };
  }

  #declarations(where: Where): Pick<PipeNode, 'variables' | 'assigns'> {
    const variables: string[] = [];
    let assigns = false;
    for (let token = this.#peekNonSpace(); token.type === 'variable'; token = this.#peekNonSpace()) {
      const before = this.#next;
      this.#take();
      const next = this.#peekNonSpace();
      if (next.type === 'assign' || next.type === 'declare') {
        this.#take();
        assigns = next.type === 'assign';
        variables.push(token.text);
        this.#variables.push(token.text);
        break;
      }
      if (next.type !== ',') {
        this.#next = before;
        break;
      }
      this.#take();
      variables.push(token.text);
      this.#variables.push(token.text);
      if (where !== 'range' || variables.length > 1) this.#fail(`too many declarations in ${where}`, token.at);
      const after = this.#peekNonSpace().type;
      if (after !== 'variable') this.#fail('range can only initialize variables', token.at);
    }
    return { variables, assigns };
  }

  #command(): CommandNode {
    const args: Argument[] = [];
    const { at } = this.#peekNonSpace();
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) args.push(operand);
      const token = this.#take();
      if (token.type === 'space') continue;
      if (token.type === 'close' || token.type === ')') this.#next -= 1;
      else if (token.type !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    if (args.length === 0) this.#fail('empty command', at);
    return { at, args };
  }

  #operand(): Argument | undefined {
    const node = this.#term();
    if (node === undefined || this.#peek().type !== 'field') return node;
    const names: string[] = [];
    while (this.#peek().type === 'field') names.push(this.#take().text.slice(1));
    switch (node.type) {
      case 'field':
      case 'variable':
        return { ...node, names: [...node.names, ...names] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail('unexpected . after a literal', node.at);
    }
    return { type: 'chain', at: node.at, node, names };
  }

  #term(): Argument | undefined {
    const token = this.#peekNonSpace();
    const { at, text } = token;
    this.#take();
    switch (token.type) {
      case 'identifier':
        if (!this.#isFunction(text)) this.#fail(`function ${JSON.stringify(text)} not defined`, at);
        return { type: 'identifier', at, name: text };
      case 'dot':
        return { type: 'dot', at };
      case 'nil':
        return { type: 'nil', at };
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${JSON.stringify(text)}`, at);
        return { type: 'variable', at, names: [text] };
      case 'field':
        return { type: 'field', at, names: [text.slice(1)] };
      case 'bool':
        return { type: 'bool', at, value: text === 'true' };
      case 'number':
      case 'char':
        return this.#number(token);
      case 'string':
      case 'rawString':
        return { type: 'string', at, value: this.#unquote(token), quoted: text };
      case '(':
        return this.#pipeline('parenthesized pipeline', ')');
    }
    this.#next -= 1;
    return undefined;
  }

  #number({ type, text, at }: Token): Argument {
    if (type === 'char') {
      const character = unquote(text);
      const [first = '', ...more] = character ?? '';
      if (first === '' || more.length > 0) this.#fail(`malformed character constant: ${text}`, at);
      const code = first.codePointAt(0) ?? 0;
      return { type: 'number', at, text, int: BigInt(code), float: code, prefersFloat: false };
    }
    const int = parseInteger(text);
    if (int !== undefined) return { type: 'number', at, text, int, float: Number(int), prefersFloat: false };
    if (looksLikeInteger(text)) this.#fail(`integer overflow: ${JSON.stringify(text)}`, at);
    const float = parseFloating(text);
    if (float === undefined) return this.#fail(`illegal number syntax: ${JSON.stringify(text)}`, at);
    const whole = Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? BigInt(float) : undefined;
    return { type: 'number', at, text, int: whole, float, prefersFloat: true };
  }

  #string(what: string): string {
    const token = this.#takeNonSpace();
    if (token.type !== 'string' && token.type !== 'rawString') this.#unexpected(token, what);
    return this.#unquote(token);
  }

  #unquote({ text, at }: Token): string {
    return unquote(text) ?? this.#fail('invalid syntax in a quoted string', at);
  }

  #enter(at: number): void {
    this.#nesting += 1;
    if (this.#nesting > MAX_NESTING) this.#fail(`nested deeper than ${MAX_NESTING} levels`, at);
  }

  #expect(type: TokenType, what: string): void {
    const token = this.#takeNonSpace();
    if (token.type !== type) this.#unexpected(token, what);
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { type: 'end', text: '', at: this.#source.length };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #peekNonSpace(): Token {
    while (this.#peek().type === 'space') this.#next += 1;
    return this.#peek();
  }

  #takeNonSpace(): Token {
    this.#peekNonSpace();
    return this.#take();
  }

  #unexpected(token: Token, where: string): never {
    const what = token.type === 'end' ? 'EOF' : `${JSON.stringify(token.text.slice(0, 40))}`;
    this.#fail(`unexpected ${what} in ${where}`, token.at);
  }

  #fail(message: string, at: number): never {
    throw new RenderError('TemplateInvalid', message, placeIn(this.#source, this.#path, at));
  }
}

/** Tokens that a command may begin with. */
const STARTS: ReadonlySet<TokenType> = new Set([
  'bool',
  'char',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  '(',
]);

const NOT_CALLED: ReadonlySet<Argument['type']> = new Set(['bool', 'dot', 'nil', 'number', 'string']);
