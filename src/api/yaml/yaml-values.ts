import type { Json } from '../meta/object.ts';
import { createYamlReader } from './documents.ts';
import { manifestLimits } from './limits.ts';
import { type LineTree, linesOf } from './locate.ts';
import type { ParseOptions } from './manifests.ts';
import { YamlProblem } from './problem.ts';
import { offsetOf, ValueReader } from './values.ts';

/** One document of a file, and the lines on which its parts stand. */
export interface YamlValue {
  readonly value: Json;
  readonly line: number;
  readonly lines: LineTree;
}

/** Why a file cannot be read, and where. */
export interface YamlValueProblem {
  readonly line: number;
  readonly message: string;
}

/** The documents of a file that need not be objects, scalars as kubectl reads them; or the first thing wrong with it. Never throws. */
export function parseYamlValues(
  text: string,
  { limits = manifestLimits, words = 'booleans' }: ParseOptions = {},
): { readonly values: readonly YamlValue[] } | { readonly problem: YamlValueProblem } {
  const reader = createYamlReader(text, limits);
  const lineAt = (offset: number) => reader.position(offset).line;
  const values: YamlValue[] = [];
  let spent = 0;
  try {
    for (const { root, problems } of reader.documents()) {
      const [problem] = problems;
      if (problem !== undefined) throw problem;
      if (root === null) continue;
      const valueReader = new ValueReader(limits, { spent, words });
      const value = valueReader.read(root);
      spent = valueReader.nodes;
      values.push({
        value,
        line: lineAt(offsetOf(root)),
        lines: linesOf(root, (node) => lineAt(offsetOf(node))),
      });
    }
    return { values };
  } catch (error) {
    if (error instanceof YamlProblem) return { problem: { line: lineAt(error.offset), message: error.message } };
    if (error instanceof RangeError) return { problem: { line: 0, message: 'nested too deep' } };
    throw error;
  }
}
