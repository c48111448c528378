import { isAlias, isMap, isPair, isScalar, isSeq, type ParsedNode, Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { cloneJson } from '#base';
import type { Json } from '../meta/object.ts';
import { setOwn } from '../values/own.ts';
import type { YamlLimits } from './limits.ts';
import { YamlProblem } from './problem.ts';
import { resolvePlain, resolveTagged, type ScalarResult, type Words } from './scalar.ts';

interface Anchor {
  readonly value: Json;
  readonly nodes: number;
  readonly depth: number;
}

type MutableMap = Record<string, Json>;

export interface ValueReaderOptions {
  /** Nodes that earlier documents of the same text took. */
  readonly spent?: number;
  readonly words?: Words;
  /** Told the path of each key that stands twice in one map, of which the last wins; without it such a key is refused. */
  onDuplicate?(path: string): void;
}

/**
 * Turns one document's nodes into a JSON value as kubectl reads them. Every use of an alias counts as a copy, a key
 * named `__proto__` is data, and a doubled key that nobody wants to be told of, an unknown tag or a loop of aliases throws `YamlProblem`.
 */
export class ValueReader {
  readonly #limits: YamlLimits;
  readonly #anchors = new Map<string, Anchor | 'open'>();
  readonly #onDuplicate: ValueReaderOptions['onDuplicate'];
  /** The way to the value now being read: `.spec`, `[0]`. */
  readonly #steps: string[] = [];
  readonly #words: Words;
  #nodes: number;

  constructor(limits: YamlLimits, { spent = 0, words = 'booleans', onDuplicate }: ValueReaderOptions = {}) {
    this.#limits = limits;
    this.#words = words;
    this.#nodes = spent;
    this.#onDuplicate = onDuplicate;
  }

  /** Nodes taken so far, `spent` included. */
  get nodes(): number {
    return this.#nodes;
  }

  read(root: ParsedNode): Json {
    return this.#value(root, 0).value;
  }

  #value(node: ParsedNode, depth: number): { value: Json; depth: number } {
    if (depth > this.#limits.maxDepth) this.#tooDeep(node);
    if (isAlias(node)) return this.#alias(node.source, offsetOf(node), depth);
    this.#spend(1, offsetOf(node));
    const anchor = node.anchor;
    if (anchor === undefined) return this.#plain(node, depth);
    const before = this.#nodes;
    this.#anchors.set(anchor, 'open');
    const result = this.#plain(node, depth);
    this.#anchors.set(anchor, { value: result.value, nodes: this.#nodes - before + 1, depth: result.depth });
    return result;
  }

  #plain(node: Exclude<ParsedNode, { type: 'alias' }>, depth: number): { value: Json; depth: number } {
    if (isMap(node)) return this.#map(node as YAMLMap.Parsed, depth);
    if (isSeq(node)) return this.#list(node as YAMLSeq.Parsed, depth);
    return { value: scalarValue(node as Scalar.Parsed, this.#words), depth: 0 };
  }

  #list(node: YAMLSeq.Parsed, depth: number): { value: Json; depth: number } {
    checkTag(node, 'tag:yaml.org,2002:seq');
    let below = 0;
    const value = node.items.map((item, index) => {
      // `[a: 1]` is a list of one-key maps.
      if (isPair(item)) throw new YamlProblem('write a map inside a list with braces', offsetOf(node));
      this.#steps.push(`[${index}]`);
      const inner = this.#value(item as ParsedNode, depth + 1);
      this.#steps.pop();
      below = Math.max(below, inner.depth);
      return inner.value;
    });
    return { value, depth: below + 1 };
  }

  #map(node: YAMLMap.Parsed, depth: number): { value: Json; depth: number } {
    checkTag(node, 'tag:yaml.org,2002:map');
    const value: MutableMap = {};
    const seen = new Set<string>();
    let below = 0;
    for (const pair of node.items) {
      const keyOffset = pair.key === null ? offsetOf(node) : offsetOf(pair.key);
      if (isMergeKey(pair.key)) {
        const merged = this.#merge(pair.value, keyOffset, depth);
        for (const key of Object.keys(merged.value)) setOwn(value, key, merged.value[key] as Json);
        below = Math.max(below, merged.depth);
        continue;
      }
      const key = this.#key(pair.key, keyOffset);
      this.#steps.push(`.${key}`);
      if (seen.has(key)) this.#duplicate(key, keyOffset);
      seen.add(key);
      const inner = pair.value === null ? NULL : this.#value(pair.value, depth + 1);
      this.#steps.pop();
      below = Math.max(below, inner.depth);
      setOwn(value, key, inner.value);
    }
    return { value, depth: below + 1 };
  }

  #duplicate(key: string, offset: number): void {
    if (this.#onDuplicate === undefined) throw new YamlProblem(`duplicate key ${JSON.stringify(key)}`, offset);
    this.#onDuplicate(this.#steps.join('').replace(/^\./, ''));
  }

  /** Keys become text: `on` is `true`, `0777` is `511`, as kubectl does it. */
  #key(node: ParsedNode | null, offset: number): string {
    const value = node === null ? null : this.#value(node, 0).value;
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw new YamlProblem(value === null ? 'a key is missing or null' : 'a list or map cannot be a key', offset);
  }

  /** The entries that `<<` brings in; among several maps the first wins. */
  #merge(node: ParsedNode | null, offset: number, depth: number): { value: MutableMap; depth: number } {
    const source = node === null ? NULL : this.#value(node, depth);
    const maps = Array.isArray(source.value) ? source.value : [source.value];
    const value: MutableMap = {};
    for (const map of [...maps].reverse()) {
      if (typeof map !== 'object' || map === null || Array.isArray(map)) {
        throw new YamlProblem('"<<" needs a map or a list of maps', offset);
      }
      for (const key of Object.keys(map)) setOwn(value, key, (map as MutableMap)[key] as Json);
    }
    return { value, depth: source.depth };
  }

  #alias(name: string, offset: number, depth: number): { value: Json; depth: number } {
    const anchor = this.#anchors.get(name);
    // The name is not told: an unquoted password may begin with `*`.
    if (anchor === undefined)
      throw new YamlProblem('an unknown alias (a value that begins with * needs quotes)', offset);
    if (anchor === 'open') throw new YamlProblem(`the alias *${name} is part of itself`, offset);
    this.#spend(anchor.nodes, offset);
    if (depth + anchor.depth > this.#limits.maxDepth) {
      throw new YamlProblem(`nested deeper than ${this.#limits.maxDepth} levels`, offset);
    }
    return { value: cloneJson(anchor.value), depth: anchor.depth };
  }

  #spend(nodes: number, offset: number): void {
    this.#nodes += nodes;
    if (this.#nodes > this.#limits.maxNodes) {
      throw new YamlProblem(`more than ${this.#limits.maxNodes} values, aliases expanded`, offset);
    }
  }

  #tooDeep(node: ParsedNode): never {
    throw new YamlProblem(`nested deeper than ${this.#limits.maxDepth} levels`, offsetOf(node));
  }
}

const NULL = { value: null, depth: 0 } as const;

/** Where a node begins; 0 for one that was not parsed. */
export function offsetOf(node: ParsedNode): number {
  return node.range[0];
}

function isMergeKey(node: ParsedNode | null): boolean {
  if (!isScalar(node) || node.source !== '<<') return false;
  return node.tag === undefined ? node.type === Scalar.PLAIN : node.tag === 'tag:yaml.org,2002:merge';
}

function scalarValue(node: Scalar.Parsed, words: Words): Json {
  const result = resolve(node, words);
  if ('problem' in result) throw new YamlProblem(result.problem, offsetOf(node));
  return result.value;
}

function resolve(node: Scalar.Parsed, words: Words): ScalarResult {
  // A failsafe scalar without text (`key:`) is a plain empty one.
  const text = node.source ?? '';
  if (node.tag !== undefined) return resolveTagged(node.tag, text);
  return node.type === undefined || node.type === Scalar.PLAIN ? resolvePlain(text, words) : { value: text };
}

function checkTag(node: YAMLMap.Parsed | YAMLSeq.Parsed, expected: string): void {
  if (node.tag !== undefined && node.tag !== '!' && node.tag !== expected) {
    throw new YamlProblem(`unknown tag ${node.tag}`, offsetOf(node));
  }
}
