import { isMap, isScalar, isSeq, type ParsedNode } from 'yaml';
import type { Json, KubeObject } from '../meta/object.ts';
import { isRecord } from '../values/own.ts';
import { createYamlReader, type Position, type YamlDocument, type YamlReader } from './documents.ts';
import { manifestLimits, type YamlLimits } from './limits.ts';
import { type LineTree, linesOf } from './locate.ts';
import { YamlProblem } from './problem.ts';
import type { Words } from './scalar.ts';
import { offsetOf, ValueReader } from './values.ts';

/** One thing wrong with a file of a repository. Lines and columns count from 1. */
export interface Diagnostic {
  readonly path: string;
  readonly line: number;
  readonly column?: number;
  readonly message: string;
}

/** One object of a file, the line on which it begins, and those of its fields. */
export interface Manifest {
  readonly object: KubeObject;
  readonly path: string;
  readonly line: number;
  readonly lines: LineTree;
}

export interface ParsedManifests {
  readonly objects: readonly Manifest[];
  /** A file with any of these is not wholly loaded: what it seems to lack may stand in a broken document. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface ParseOptions {
  readonly limits?: YamlLimits;
  readonly words?: Words;
}

/** Diagnostics told per file; whoever mends the first hundred sees the rest. */
const MAX_DIAGNOSTICS = 100;

/**
 * Reads the Kubernetes objects of one file: several documents, lists expanded, documents of comments alone skipped,
 * scalars as kubectl reads them. One bad document does not hide the others. Never throws.
 */
export function parseManifests(
  text: string,
  path: string,
  { limits = manifestLimits, words = 'booleans' }: ParseOptions = {},
): ParsedManifests {
  const reader = createYamlReader(text, limits);
  const objects: Manifest[] = [];
  const diagnostics: Diagnostic[] = [];
  const report = (problem: YamlProblem) => {
    if (diagnostics.length >= MAX_DIAGNOSTICS) return;
    diagnostics.push({ path, ...reader.position(problem.offset), message: problem.message });
  };
  let spent = 0;
  try {
    for (const document of reader.documents()) {
      const values = new ValueReader(limits, { spent, words });
      try {
        objects.push(...readDocument(document, values, reader, path, report));
      } catch (error) {
        report(problemOf(error));
      }
      spent = values.nodes;
    }
  } catch (error) {
    report(problemOf(error));
  }
  return { objects, diagnostics };
}

function readDocument(
  { root, problems }: YamlDocument,
  values: ValueReader,
  reader: YamlReader,
  path: string,
  report: (problem: YamlProblem) => void,
): Manifest[] {
  if (problems.length > 0) {
    problems.forEach(report);
    return [];
  }
  if (root === null) return [];
  const value = values.read(root);
  // `---` followed by nothing, or by `null`.
  if (value === null) return [];
  const found: Manifest[] = [];
  for (const { item, node } of expandList(value, root, 0)) {
    const problem = shapeProblem(item);
    if (problem !== undefined) report(new YamlProblem(problem, offsetOf(node)));
    else {
      const lines = linesOf(node, (part) => lineOf(reader, part));
      found.push({ object: item as unknown as KubeObject, path, line: lineOf(reader, node), lines });
    }
  }
  return found;
}

interface Item {
  readonly item: Json;
  readonly node: ParsedNode;
}

/** Lists may hold lists; deeper ones than this are left as they are and then refused for their shape. */
const MAX_LIST_DEPTH = 4;

function expandList(value: Json, node: ParsedNode, depth: number): Item[] {
  if (depth >= MAX_LIST_DEPTH || !isListObject(value)) return [{ item: value, node }];
  const nodes = itemNodes(node);
  return value.items.flatMap((item, index) => expandList(item, nodes[index] ?? node, depth + 1));
}

function isListObject(value: Json): value is { readonly items: readonly Json[] } {
  if (!isRecord(value) || typeof value['kind'] !== 'string' || typeof value['apiVersion'] !== 'string') return false;
  return value['kind'].endsWith('List') && Array.isArray(value['items']);
}

/** The nodes of `items`, when they are written there and not brought in by an alias. */
function itemNodes(node: ParsedNode): readonly ParsedNode[] {
  if (!isMap(node)) return [];
  const pair = node.items.find(({ key }) => isScalar(key) && key.source === 'items');
  return isSeq(pair?.value) ? (pair.value.items as ParsedNode[]) : [];
}

function shapeProblem(value: Json): string | undefined {
  if (!isRecord(value)) return 'not a Kubernetes object: a map with apiVersion, kind and metadata is expected';
  for (const field of ['apiVersion', 'kind'] as const) {
    const text = value[field];
    if (text === undefined || text === null || text === '') return `not a Kubernetes object: ${field} is missing`;
    if (typeof text !== 'string') return `${field} must be text`;
  }
  const metadata = value['metadata'];
  if (metadata === undefined || metadata === null) return 'metadata.name is missing';
  if (!isRecord(metadata)) return 'metadata must be a map';
  return nameProblem(metadata);
}

function nameProblem(metadata: Readonly<Record<string, unknown>>): string | undefined {
  const { name, namespace, generateName } = metadata;
  if (name === undefined || name === null || name === '') {
    if (generateName === undefined) return 'metadata.name is missing';
    if (!isHook(metadata)) {
      return 'metadata.generateName names a new object each time; objects in Git need metadata.name, unless they are hooks';
    }
    if (typeof generateName !== 'string' || generateName === '') return 'metadata.generateName must be text';
    return namespaceProblem(namespace);
  }
  if (typeof name !== 'string') return `metadata.name must be text: write "${String(name)}" in quotes`;
  return namespaceProblem(namespace);
}

/** What runs at an event and does not stay may be named anew each time. */
function isHook({ annotations }: Readonly<Record<string, unknown>>): boolean {
  return isRecord(annotations) && HOOKS.some((annotation) => typeof annotations[annotation] === 'string');
}

/** Source: argo-cd docs/user-guide/resource_hooks.md; helm.sh/docs, "Chart Hooks". */
const HOOKS = ['argocd.argoproj.io/hook', 'helm.sh/hook'];

function namespaceProblem(namespace: unknown): string | undefined {
  if (namespace === undefined || namespace === null || typeof namespace === 'string') return undefined;
  return `metadata.namespace must be text: write "${String(namespace)}" in quotes`;
}

function lineOf(reader: YamlReader, node: ParsedNode): number {
  const position: Position = reader.position(offsetOf(node));
  return position.line;
}

function problemOf(error: unknown): YamlProblem {
  if (error instanceof YamlProblem) return error;
  // The parser recurses; a shape that its depth check does not see must not stop the other files.
  if (error instanceof RangeError) return new YamlProblem('nested too deep', 0);
  throw error;
}
