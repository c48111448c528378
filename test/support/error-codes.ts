import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** What the source says about its errors. */
export interface ErrorSource {
  /** Code → the first place that names it, `src/git/errors.ts:5`. */
  readonly codes: ReadonlyMap<string, string>;
  /** Places that make an error of ours and do not let a reader tell its code. */
  readonly unclear: readonly string[];
}

/** Unions whose members are codes: every `…ErrorCode`, and the two that are called otherwise. */
const isCodeUnion = (name: string) =>
  name.endsWith('ErrorCode') || name === 'StatusReason' || name === 'DiagnosticCode';
const isCode = (text: string) => /^[A-Z][A-Za-z0-9]+$/.test(text);

/**
 * Every error code of the files: members of unions of codes, and the literal codes where an error of ours is made. Reads
 * syntax only, so it takes milliseconds; in return a code that is neither a literal nor typed by a union is `unclear`.
 */
export function collectErrorCodes(files: ReadonlyMap<string, string>): ErrorSource {
  const sources = [...files].map(([name, text]) => ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true));
  const errors = errorClasses(sources);
  const codes = new Map<string, string>();
  const unclear: string[] = [];
  for (const source of sources) {
    const at = (node: ts.Node) =>
      `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    const found = (code: ts.StringLiteral) => {
      if (isCode(code.text) && !codes.has(code.text)) codes.set(code.text, at(code));
    };
    walk(source, (node) => {
      if (ts.isTypeAliasDeclaration(node) && isCodeUnion(node.name.text))
        walk(node.type, (part) => {
          if (ts.isStringLiteral(part)) found(part);
        });
      if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && errors.has(node.expression.text)) {
        const literal = codeLiteral(node.arguments ?? ts.factory.createNodeArray());
        if (literal !== undefined) found(literal);
        else if (!errors.get(node.expression.text)?.known && !isTyped(node)) unclear.push(at(node));
      }
      if (isSuperCall(node) && errors.has(classOf(node)?.name?.text ?? '')) {
        const literal = codeLiteral(node.arguments);
        if (literal !== undefined) found(literal);
      }
    });
  }
  return { codes, unclear };
}

/** The TypeScript of a folder, without tests; names are relative to `root`. */
export function readSource(root: string, folder: string): ReadonlyMap<string, string> {
  const names = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/\.(test|contract)\.tsx?$/.test(name) && !name.includes('generated'))
    .sort();
  return new Map(names.map((name) => [path.join(folder, name), readFileSync(path.join(root, folder, name), 'utf8')]));
}

interface ErrorClass {
  /** Whether the class itself says its code, as a literal or by a union in its constructor. */
  readonly known: boolean;
}

/** The classes below `PlumblineError`, by name. */
function errorClasses(sources: readonly ts.SourceFile[]): ReadonlyMap<string, ErrorClass> {
  const classes: ts.ClassDeclaration[] = [];
  for (const source of sources)
    walk(source, (node) => {
      if (ts.isClassDeclaration(node)) classes.push(node);
    });
  const errors = new Map<string, ErrorClass>([['PlumblineError', { known: false }]]);
  for (let before = 0; before !== errors.size; ) {
    before = errors.size;
    for (const node of classes) {
      const base = node.heritageClauses?.flatMap((clause) => [...clause.types])[0]?.expression.getText() ?? '';
      if (node.name === undefined || node.name.text === 'PlumblineError' || !errors.has(base)) continue;
      const known = saysItsCode(node) && errors.get(node.name.text)?.known !== false;
      errors.set(node.name.text, { known });
    }
  }
  return errors;
}

function saysItsCode(node: ts.ClassDeclaration): boolean {
  let says = false;
  walk(node, (part) => {
    if (isSuperCall(part) && codeLiteral(part.arguments) !== undefined) says = true;
    if (ts.isParameter(part) && ts.isConstructorDeclaration(part.parent) && isCodeUnion(part.type?.getText() ?? ''))
      says = true;
  });
  return says;
}

/** `'Code'` as the first argument, or `{ code: 'Code' }` as any. */
function codeLiteral(given: readonly ts.Expression[]): ts.StringLiteral | undefined {
  for (const [index, argument] of given.entries()) {
    if (index === 0 && given.length > 1 && ts.isStringLiteral(argument) && isCode(argument.text)) return argument;
    if (!ts.isObjectLiteralExpression(argument)) continue;
    for (const property of argument.properties) {
      if (!ts.isPropertyAssignment(property) || property.name.getText() !== 'code') continue;
      if (ts.isStringLiteral(property.initializer)) return property.initializer;
    }
  }
  return undefined;
}

/** Whether the call names a variable or parameter whose declared type is a union of codes. */
function isTyped(call: ts.NewExpression): boolean {
  const names = new Set<string>();
  for (const argument of call.arguments ?? []) {
    walk(argument, (node) => {
      if (ts.isIdentifier(node)) names.add(node.text);
    });
  }
  let typed = false;
  walk(call.getSourceFile(), (node) => {
    if (!ts.isVariableDeclaration(node) && !ts.isParameter(node)) return;
    if (names.has(node.name.getText()) && isCodeUnion(node.type?.getText() ?? '')) typed = true;
  });
  return typed;
}

function isSuperCall(node: ts.Node): node is ts.CallExpression {
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.SuperKeyword;
}

function classOf(node: ts.Node): ts.ClassDeclaration | undefined {
  for (let at: ts.Node | undefined = node; at !== undefined; at = at.parent) if (ts.isClassDeclaration(at)) return at;
  return undefined;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  node.forEachChild((child) => walk(child, visit));
}
