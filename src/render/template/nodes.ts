/** A template as a tree. `at`: the offset in the source that an error points at. */

export type Argument =
  | { readonly type: 'dot'; readonly at: number }
  | { readonly type: 'nil'; readonly at: number }
  | { readonly type: 'bool'; readonly at: number; readonly value: boolean }
  | NumberNode
  | { readonly type: 'string'; readonly at: number; readonly value: string; readonly quoted: string }
  | { readonly type: 'field'; readonly at: number; readonly names: readonly string[] }
  | { readonly type: 'variable'; readonly at: number; readonly names: readonly string[] }
  | { readonly type: 'identifier'; readonly at: number; readonly name: string }
  | { readonly type: 'chain'; readonly at: number; readonly node: Argument; readonly names: readonly string[] }
  | PipeNode;

export interface NumberNode {
  readonly type: 'number';
  readonly at: number;
  readonly text: string;
  /** What the literal can stand for. */
  readonly int: bigint | undefined;
  readonly float: number | undefined;
  /** Whether it stands for a float where nothing says which. */
  readonly prefersFloat: boolean;
}

export interface CommandNode {
  readonly at: number;
  readonly args: readonly Argument[];
}

export interface PipeNode {
  readonly type: 'pipe';
  readonly at: number;
  /** Names with the dollar sign. */
  readonly variables: readonly string[];
  readonly assigns: boolean;
  readonly commands: readonly CommandNode[];
}

export interface Branch {
  readonly at: number;
  readonly pipe: PipeNode;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

export type Node =
  | { readonly type: 'text'; readonly at: number; readonly text: string }
  | { readonly type: 'action'; readonly at: number; readonly pipe: PipeNode }
  | ({ readonly type: 'if' | 'with' | 'range' } & Branch)
  | { readonly type: 'template'; readonly at: number; readonly name: string; readonly pipe: PipeNode | undefined }
  | { readonly type: 'break' | 'continue'; readonly at: number };

/** A template that was read, with the file that it stands in. */
export interface TemplateTree {
  readonly name: string;
  readonly path: string;
  readonly source: string;
  readonly nodes: readonly Node[];
}

/** Whether it says nothing: then it replaces no template of its name. */
export function isEmptyTree(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.type === 'text' && node.text.trim() === '');
}

/** The node as Go prints it in errors. */
export function formatNode(node: Argument): string {
  switch (node.type) {
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'number':
      return node.text;
    case 'string':
      return node.quoted;
    case 'identifier':
      return node.name;
    case 'variable':
      return node.names.join('.');
    case 'field':
      return node.names.map((name) => `.${name}`).join('');
    case 'chain':
      return `${node.node.type === 'pipe' ? `(${formatNode(node.node)})` : formatNode(node.node)}${node.names.map((name) => `.${name}`).join('')}`;
    case 'pipe':
      return formatPipe(node);
  }
}

function formatPipe({ variables, assigns, commands }: PipeNode): string {
  const declared = variables.length === 0 ? '' : `${variables.join(', ')} ${assigns ? '=' : ':='} `;
  return declared + commands.map(formatCommand).join(' | ');
}

export function formatCommand({ args }: CommandNode): string {
  return args.map((arg) => (arg.type === 'pipe' ? `(${formatNode(arg)})` : formatNode(arg))).join(' ');
}
