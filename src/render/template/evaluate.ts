import { BUILTINS } from './builtins.ts';
import { FunctionProblem, type Place, RenderError, type RenderErrorCode } from './errors.ts';
import { formatValue } from './format.ts';
import { placeIn } from './lexer.ts';
import {
  type Argument,
  type Branch,
  type CommandNode,
  formatCommand,
  formatNode,
  isEmptyTree,
  type Node,
  type NumberNode,
  type PipeNode,
  type TemplateTree,
} from './nodes.ts';
import { parseTemplate } from './parser.ts';
import type { CallContext, GoFunction, ParameterType } from './value.ts';
import { GoObject, intOf, isTrue, listOf, mapOf, sortedKeys, typeOf, type Value, weigh } from './value.ts';

export interface TemplateLimits {
  /** Nodes evaluated and items passed, over all templates of one rendering. */
  readonly steps: number;
  /** Templates inside of templates, by `template`, `include` and `tpl`. */
  readonly depth: number;
  /** Length of any text that is made, and of all that is written. */
  readonly bytes: number;
}

export const templateLimits: TemplateLimits = { steps: 20_000_000, depth: 200, bytes: 33_554_432 };

export interface RenderedText {
  readonly text: string;
  /** For each line of the text the line of the template that made it begin, from 1. */
  readonly lines: readonly number[];
}

/** What a call of a function wants told, and where it stands. */
export type TemplateWarning = (message: string, place: Place) => void;

/** Templates that see each other, and what they may spend together. */
export class Templates {
  readonly #functions: ReadonlyMap<string, GoFunction>;
  readonly #limits: TemplateLimits;
  readonly #warn: TemplateWarning;
  readonly #failsOnMissingKey: boolean;
  readonly #trees = new Map<string, TemplateTree>();
  /** How often each place has been called, for `CallContext.callId`. */
  readonly #calls = new Map<string, number>();
  #steps: number;
  #bytes: number;

  constructor(
    functions: ReadonlyMap<string, GoFunction>,
    {
      limits = templateLimits,
      warn = () => undefined,
      failsOnMissingKey = false,
    }: {
      readonly limits?: TemplateLimits;
      readonly warn?: TemplateWarning;
      /** Go's option `missingkey=error`. */
      readonly failsOnMissingKey?: boolean;
    } = {},
  ) {
    this.#failsOnMissingKey = failsOnMissingKey;
    this.#warn = warn;
    this.#functions = new Map([...BUILTINS, ...functions]);
    this.#limits = limits;
    this.#steps = limits.steps;
    this.#bytes = limits.bytes;
  }

  /** Reads a file; its templates are seen by all. A later one of the same name replaces an earlier, unless it is empty. */
  add(source: string, file: { readonly name: string; readonly path: string }): void {
    addTrees(
      this.#trees,
      parseTemplate(source, file, (name) => this.#functions.has(name)),
    );
  }

  /** What the named template makes of `data`. Throws `RenderError` only. */
  render(name: string, data: Value): RenderedText {
    try {
      const execution = new Execution(this.#world(), this.#trees, 0);
      const text = execution.run(name, data);
      return { text, lines: execution.lines() };
    } catch (error) {
      if (error instanceof RenderError) throw error;
      // The stack or the longest text of the machine.
      if (error instanceof RangeError) throw new RenderError('TemplateTooCostly', `${name}: ${error.message}`);
      if (error instanceof Unplaced) throw new RenderError('TemplateFailed', `${name}: ${error.message}`);
      throw error;
    }
  }

  #world(): World {
    const templates = this;
    return {
      functions: this.#functions,
      limits: this.#limits,
      warn: this.#warn,
      failsOnMissingKey: this.#failsOnMissingKey,
      spend(steps) {
        templates.#steps -= steps;
        if (templates.#steps < 0) throw new TooCostly(`more than ${templates.#limits.steps} steps`);
      },
      write(bytes) {
        templates.#bytes -= bytes;
        if (templates.#bytes < 0) throw new TooCostly(`more than ${templates.#limits.bytes} bytes of text`);
      },
      count(place) {
        const count = (templates.#calls.get(place) ?? 0) + 1;
        templates.#calls.set(place, count);
        return count;
      },
    };
  }
}

interface World {
  readonly functions: ReadonlyMap<string, GoFunction>;
  readonly limits: TemplateLimits;
  readonly warn: TemplateWarning;
  readonly failsOnMissingKey: boolean;
  spend(steps: number): void;
  write(bytes: number): void;
  count(place: string): number;
}

function addTrees(trees: Map<string, TemplateTree>, added: readonly TemplateTree[]): void {
  for (const tree of added) {
    if (!trees.has(tree.name) || !isEmptyTree(tree.nodes)) trees.set(tree.name, tree);
  }
}

/** Problems on their way to where their place is known. They never leave this file. */
class Unplaced extends Error {
  readonly code: RenderErrorCode = 'TemplateFailed';
}
class TooCostly extends Unplaced {
  override readonly code = 'TemplateTooCostly';
}

/** How a list of nodes ended. */
type Ending = 'done' | 'break' | 'continue';

/** No value came from the pipeline: nil may have. */
const MISSING = Symbol('missing');
type Final = Value | typeof MISSING;

interface Variable {
  readonly name: string;
  value: Value;
}

/** One template at work. Source: Go text/template/exec.go (go1.23), with the option missingkey=zero or error. */
class Execution {
  readonly #world: World;
  readonly #trees: Map<string, TemplateTree>;
  readonly #depth: number;
  #tree!: TemplateTree;
  #variables: Variable[] = [];
  /** What was written, and where in the source it comes from. */
  #output: { readonly text: string; readonly at: number; readonly isText: boolean }[] = [];
  #at = 0;
  #what = '';

  constructor(world: World, trees: Map<string, TemplateTree>, depth: number) {
    this.#world = world;
    this.#trees = trees;
    this.#depth = depth;
  }

  run(name: string, data: Value): string {
    const tree = this.#trees.get(name);
    if (tree === undefined) throw new FunctionProblem(`no template ${JSON.stringify(name)} is defined`);
    return this.runTree(tree, data);
  }

  runTree(tree: TemplateTree, data: Value): string {
    if (this.#depth > this.#world.limits.depth)
      throw new TooCostly(`templates call each other more than ${this.#world.limits.depth} levels deep`);
    this.#tree = tree;
    this.#variables = [{ name: '$', value: data }];
    try {
      this.#walk(data, tree.nodes);
    } catch (error) {
      if (error instanceof Unplaced || error instanceof FunctionProblem) this.#place(error);
      throw error;
    }
    return this.#output.map(({ text }) => text).join('');
  }

  /** For each line that was written the line of the source that made it begin. */
  lines(): readonly number[] {
    const lineAt = lineCounter(this.#tree.source);
    const lines = [1];
    let started = false;
    for (const { text, at, isText } of this.#output) {
      if (!started && text !== '') {
        lines[0] = lineAt(at);
        started = true;
      }
      for (let found = text.indexOf('\n'); found >= 0; found = text.indexOf('\n', found + 1))
        lines.push(lineAt(isText ? at + found + 1 : at));
    }
    return lines;
  }

  #place(error: Unplaced | FunctionProblem): never {
    const { name, source, path } = this.#tree;
    const code = error instanceof Unplaced ? error.code : 'TemplateFailed';
    const what = this.#what.length > 60 ? `${this.#what.slice(0, 60)}...` : this.#what;
    const inside = name === path || name.endsWith(path) ? '' : ` in ${JSON.stringify(name)}`;
    throw new RenderError(
      code,
      `${what === '' ? '' : `<${what}>${inside}: `}${error.message}`,
      placeIn(source, path, this.#at),
    );
  }

  #fail(message: string): never {
    throw new Unplaced(message);
  }

  #look(at: number, what: string): void {
    this.#at = at;
    this.#what = what;
  }

  #walk(dot: Value, nodes: readonly Node[]): Ending {
    for (const node of nodes) {
      this.#world.spend(1);
      switch (node.type) {
        case 'text':
          this.#write(node.text, node.at, true);
          break;
        case 'action': {
          const value = this.#pipeline(dot, node.pipe);
          if (node.pipe.variables.length > 0) break;
          weigh(value, this.#world.spend);
          this.#write(value === undefined ? '<no value>' : formatValue(value), node.at, false);
          break;
        }
        case 'if':
        case 'with': {
          const ending = this.#branch(dot, node);
          if (ending !== 'done') return ending;
          break;
        }
        case 'range': {
          const mark = this.#variables.length;
          this.#range(dot, node);
          this.#variables.length = mark;
          break;
        }
        case 'template':
          this.#look(node.at, `template ${JSON.stringify(node.name)}`);
          this.#template(dot, node);
          break;
        default:
          return node.type;
      }
    }
    return 'done';
  }

  #branch(dot: Value, node: Branch & { readonly type: 'if' | 'with' | 'range' }): Ending {
    const mark = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    const truth = isTrue(value);
    const ending = this.#walk(truth && node.type === 'with' ? value : dot, truth ? node.body : node.otherwise);
    this.#variables.length = mark;
    return ending;
  }

  #range(dot: Value, node: Branch): void {
    const { pipe, body, otherwise } = node;
    const value = this.#pipeline(dot, pipe);
    this.#look(pipe.at, formatNode(pipe));
    const mark = this.#variables.length;
    const entries = this.#entries(value);
    let any = false;
    for (const [key, item] of entries) {
      any = true;
      this.#world.spend(1);
      this.#setRangeVariables(pipe, key, item, mark);
      const ending = this.#walk(item, body);
      this.#variables.length = mark;
      if (ending === 'break') break;
    }
    if (!any) this.#walk(dot, otherwise);
  }

  #entries(value: Value): Iterable<readonly [Value, Value]> {
    if (value === undefined || value === null) return [];
    const list = listOf(value);
    if (list !== undefined) return list.map((item, index) => [BigInt(index), item] as const);
    const map = mapOf(value);
    if (map !== undefined) return sortedKeys(map).map((key) => [key, map.get(key)] as const);
    const count = intOf(value);
    if (count !== undefined) return countTo(count);
    return this.#fail(`range can't iterate over ${formatValue(value).slice(0, 100)}`);
  }

  #setRangeVariables({ variables, assigns }: PipeNode, key: Value, item: Value, mark: number): void {
    const values = variables.length > 1 ? [key, item] : [item];
    for (const [index, name] of variables.entries()) {
      const value = values[index];
      if (assigns) this.#assign(name, value);
      else {
        const variable = this.#variables[mark - variables.length + index];
        if (variable !== undefined) variable.value = value;
      }
    }
  }

  #assign(name: string, value: Value): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined) this.#fail(`undefined variable: ${name}`);
    else variable.value = value;
  }

  #template(dot: Value, { name, pipe, at }: Extract<Node, { type: 'template' }>): void {
    const data = pipe === undefined ? undefined : this.#pipeline(dot, pipe);
    this.#look(at, `template ${JSON.stringify(name)}`);
    const text = new Execution(this.#world, this.#trees, this.#depth + 1).run(name, data);
    this.#output.push({ text, at, isText: false });
  }

  #write(text: string, at: number, isText: boolean): void {
    this.#world.write(text.length);
    this.#output.push({ text, at, isText });
  }

  #pipeline(dot: Value, pipe: PipeNode): Value {
    this.#look(pipe.at, formatPipeStart(pipe));
    let value: Final = MISSING;
    for (const command of pipe.commands) {
      value = this.#command(dot, command, value);
      // Go looks into the interface here: a nil in it is no value at all from now on.
      if (value === null) value = undefined;
    }
    const result = value === MISSING ? undefined : value;
    for (const name of pipe.variables) {
      if (pipe.assigns) this.#assign(name, result);
      else this.#variables.push({ name, value: result });
    }
    return result;
  }

  #command(dot: Value, command: CommandNode, final: Final): Value {
    this.#world.spend(1);
    const [first] = command.args;
    if (first === undefined) return undefined;
    switch (first.type) {
      case 'field':
        this.#look(first.at, formatNode(first));
        return this.#fields(dot, dot, first, first.names, command.args, final);
      case 'chain':
        return this.#chain(dot, first, command.args, final);
      case 'identifier':
        this.#look(first.at, formatCommand(command));
        return this.#function(dot, first, command, final);
      case 'variable':
        return this.#variable(dot, first, command.args, final);
    }
    this.#look(first.at, formatNode(first));
    if (command.args.length > 1 || final !== MISSING)
      this.#fail(`can't give argument to non-function ${formatNode(first)}`);
    if (first.type === 'nil') this.#fail('nil is not a command');
    return this.#literal(dot, first);
  }

  #literal(dot: Value, node: Argument): Value {
    switch (node.type) {
      case 'bool':
      case 'string':
        return node.value;
      case 'number':
        return this.#constant(node);
      case 'pipe':
        return this.#pipeline(dot, node);
      default:
        return dot;
    }
  }

  #constant(node: NumberNode): Value {
    if (node.prefersFloat || node.int === undefined) return node.float;
    return node.int;
  }

  #chain(dot: Value, node: Extract<Argument, { type: 'chain' }>, args: readonly Argument[], final: Final): Value {
    this.#look(node.at, formatNode(node));
    const value =
      node.node.type === 'nil' ? this.#fail('indirection through explicit nil') : this.#argument(dot, 'any', node.node);
    this.#look(node.at, formatNode(node));
    return this.#fields(dot, value, node, node.names, args, final);
  }

  #variable(dot: Value, node: Extract<Argument, { type: 'variable' }>, args: readonly Argument[], final: Final): Value {
    this.#look(node.at, formatNode(node));
    const [name = '', ...fields] = node.names;
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (variable === undefined) return this.#fail(`undefined variable: ${name}`);
    if (fields.length > 0) return this.#fields(dot, variable.value, node, fields, args, final);
    if (args.length > 1 || final !== MISSING) this.#fail(`can't give argument to non-function ${name}`);
    return variable.value;
  }

  #fields(
    dot: Value,
    start: Value,
    node: Argument,
    names: readonly string[],
    args: readonly Argument[],
    final: Final,
  ): Value {
    let value = start;
    for (const [index, name] of names.entries()) {
      this.#look(node.at, formatNode(node));
      const last = index === names.length - 1;
      value = this.#field(dot, value, name, last ? args : [], last ? final : MISSING);
    }
    return value;
  }

  #field(dot: Value, receiver: Value, name: string, args: readonly Argument[], final: Final): Value {
    if (receiver === undefined) return undefined;
    if (receiver === null) return this.#fail(`nil pointer evaluating interface {}.${name}`);
    const method = receiver instanceof GoObject ? receiver.methods.get(name) : undefined;
    if (method !== undefined) return this.#call(dot, name, method, args, final);
    const hasArguments = args.length > 1 || final !== MISSING;
    const map = mapOf(receiver);
    if (map !== undefined) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      const value = map.get(name);
      if (value === undefined && this.#world.failsOnMissingKey) this.#fail(`map has no entry for key "${name}"`);
      return value ?? null;
    }
    if (receiver instanceof GoObject && receiver.fields.has(name)) {
      if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
      return receiver.fields.get(name);
    }
    return this.#fail(`can't evaluate field ${name} in type ${typeOf(receiver)}`);
  }

  #function(
    dot: Value,
    { name, at }: Extract<Argument, { type: 'identifier' }>,
    command: CommandNode,
    final: Final,
  ): Value {
    const found = this.#world.functions.get(name);
    if (found === undefined) return this.#fail(`${JSON.stringify(name)} is not a defined function`);
    if (name === 'and' || name === 'or') return this.#shortCircuit(dot, name, command.args, final);
    const value = this.#call(dot, name, found, command.args, final, { at, what: formatCommand(command) });
    return value;
  }

  #shortCircuit(dot: Value, name: 'and' | 'or', args: readonly Argument[], final: Final): Value {
    if (args.length < 2 && final === MISSING) this.#fail(`wrong number of args for ${name}: want at least 1 got 0`);
    let value: Value;
    for (const argument of args.slice(1)) {
      value = this.#argument(dot, 'any', argument);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return final === MISSING ? value : final;
  }

  #call(
    dot: Value,
    name: string,
    { parameters, variadic, walks, call }: GoFunction,
    nodes: readonly Argument[],
    final: Final,
    place = { at: this.#at, what: this.#what },
  ): Value {
    const given = nodes.slice(1);
    const count = given.length + (final === MISSING ? 0 : 1);
    const fixed = variadic ? parameters.length - 1 : parameters.length;
    if (variadic ? count < fixed : count !== fixed)
      this.#fail(`wrong number of args for ${name}: want ${variadic ? 'at least ' : ''}${fixed} got ${count}`);
    const typeAt = (index: number): ParameterType => parameters[Math.min(index, parameters.length - 1)] ?? 'any';
    const args = given.map((node, index) => this.#argument(dot, typeAt(index), node));
    this.#look(place.at, place.what);
    if (final !== MISSING) args.push(this.#assignable(typeAt(count - 1), final));
    let result: Value;
    try {
      if (walks) for (const argument of args) weigh(argument, this.#world.spend);
      result = call(this.#context(name, place.at), args);
    } catch (error) {
      this.#look(place.at, place.what);
      if (error instanceof FunctionProblem) return this.#fail(`error calling ${name}: ${error.message}`);
      if (error instanceof RangeError) throw new TooCostly(`${name}: ${error.message}`);
      throw error;
    }
    this.#look(place.at, place.what);
    if (typeof result === 'string') {
      this.#checkBytes(result.length);
      this.#world.spend(result.length >> 4);
    } else if (Array.isArray(result)) this.#world.spend(result.length);
    return result;
  }

  #checkBytes(bytes: number): void {
    const { limits } = this.#world;
    if (bytes > limits.bytes) throw new TooCostly(`a text of ${bytes} bytes, over the limit of ${limits.bytes}`);
  }

  #context(name: string, at: number): CallContext {
    const [world, trees, depth, tree] = [this.#world, this.#trees, this.#depth, this.#tree];
    return {
      execute: (wanted, data) => new Execution(world, trees, depth + 1).run(wanted, data),
      executeText: (text, data) => {
        const own = new Map(trees);
        const added = parseTemplate(text, { name: tree.name, path: tree.path }, (known) => world.functions.has(known));
        const [main] = added;
        addTrees(own, added.slice(1));
        if (main === undefined) return '';
        world.spend(text.length >> 4);
        return new Execution(world, own, depth + 1).runTree(main, data);
      },
      spend: (steps) => world.spend(steps),
      warn: (message) => world.warn(message, placeIn(tree.source, tree.path, at)),
      checkBytes: (bytes) => this.#checkBytes(bytes),
      callId: () => {
        const place = `${tree.path}:${at}:${name}`;
        return `${place}:${world.count(place)}`;
      },
    };
  }

  #argument(dot: Value, type: ParameterType, node: Argument): Value {
    this.#look(node.at, formatNode(node));
    switch (node.type) {
      case 'dot':
        return this.#assignable(type, dot);
      case 'nil':
        if (type === 'any') return null;
        if (type === 'dict' || type === 'list') return emptyOf(type);
        return this.#fail(`cannot assign nil to ${GO_TYPES[type]}`);
      case 'field':
        return this.#assignable(type, this.#fields(dot, dot, node, node.names, [], MISSING));
      case 'variable':
        return this.#assignable(type, this.#variable(dot, node, [], MISSING));
      case 'pipe':
        return this.#assignable(type, this.#pipeline(dot, node));
      case 'identifier':
        return this.#assignable(type, this.#function(dot, node, { at: node.at, args: [node] }, MISSING));
      case 'chain':
        return this.#assignable(type, this.#chain(dot, node, [], MISSING));
      case 'bool':
        return type === 'bool' || type === 'any' ? node.value : this.#unexpected(type, node);
      case 'string':
        return type === 'string' || type === 'any' ? node.value : this.#unexpected(type, node);
      case 'number':
        return this.#number(type, node);
    }
  }

  #number(type: ParameterType, node: NumberNode): Value {
    if (type === 'any') return this.#constant(node);
    if (type === 'int' && node.int !== undefined) return node.int;
    if (type === 'float' && node.float !== undefined) return node.float;
    return this.#unexpected(type, node);
  }

  #unexpected(type: ParameterType, node: Argument): never {
    const dictionary = type === 'dict' || type === 'list' || type === 'time';
    if (dictionary) this.#fail(`can't handle ${formatNode(node)} for arg of type ${GO_TYPES[type]}`);
    return this.#fail(`expected ${type === 'int' ? 'integer' : GO_TYPES[type]}; found ${formatNode(node)}`);
  }

  /** The value, if Go would assign it to a parameter of this type. */
  #assignable(type: ParameterType, value: Value): Value {
    if (type === 'any') return value;
    if (value === undefined || value === null) {
      if (type === 'dict' || type === 'list')
        return value === undefined ? emptyOf(type) : this.#wrong(type, 'interface {}');
      if (value === undefined) return this.#fail(`invalid value; expected ${GO_TYPES[type]}`);
      return this.#wrong(type, 'interface {}');
    }
    return isOfType(type, value) ? (type === 'dict' ? mapOf(value) : value) : this.#wrong(type, typeOf(value));
  }

  #wrong(type: ParameterType, got: string): never {
    return this.#fail(`wrong type for value; expected ${GO_TYPES[type]}; got ${got}`);
  }
}

const GO_TYPES: Readonly<Record<ParameterType, string>> = {
  any: 'interface {}',
  string: 'string',
  int: 'int',
  bool: 'bool',
  dict: 'map[string]interface {}',
  list: '[]interface {}',
  float: 'float64',
  time: 'time.Time',
};

/** What a nil map or list does. */
const emptyOf = (type: 'dict' | 'list'): Value => (type === 'dict' ? new Map() : []);

function isOfType(type: ParameterType, value: Value): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'int':
      return typeof value === 'bigint';
    case 'bool':
      return typeof value === 'boolean';
    case 'float':
      return typeof value === 'number';
    case 'dict':
      return mapOf(value) !== undefined;
    case 'list':
      return listOf(value) !== undefined;
    case 'time':
      return value instanceof GoObject && value.timeMs !== undefined;
    default:
      return true;
  }
}

/** What stands first in a pipeline: an error in it names its own node later. */
function formatPipeStart({ commands }: PipeNode): string {
  const [first] = commands;
  return first === undefined ? '' : formatCommand(first);
}

function* countTo(count: bigint): Generator<readonly [Value, Value]> {
  for (let index = 0n; index < count; index += 1n) yield [index, index];
}

/** The line of an offset, from 1; offsets mostly grow. */
function lineCounter(source: string): (at: number) => number {
  const starts = [0];
  for (let found = source.indexOf('\n'); found >= 0; found = source.indexOf('\n', found + 1)) starts.push(found + 1);
  let line = 0;
  return (at) => {
    while (line > 0 && (starts[line] ?? 0) > at) line -= 1;
    while ((starts[line + 1] ?? Number.POSITIVE_INFINITY) <= at) line += 1;
    return line + 1;
  };
}
