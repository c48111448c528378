import { ApiError } from '../meta/status.ts';
import { createYamlReader } from './documents.ts';
import type { StrictJson } from './json.ts';
import { bodyLimits } from './limits.ts';
import { YamlProblem } from './problem.ts';
import { ValueReader } from './values.ts';

/** Doubled keys told per body. */
const MAX_DUPLICATES = 20;

/**
 * Parses a YAML request body of one document, as kubectl reads scalars. As in JSON the last of doubled keys wins.
 * Throws `BadRequest` with line and column.
 */
export function parseYamlBody(text: string): StrictJson {
  const reader = createYamlReader(text, bodyLimits);
  try {
    for (const { root, problems } of reader.documents()) {
      const [problem] = problems;
      if (problem !== undefined) throw problem;
      if (root === null) return NOTHING;
      const duplicates: string[] = [];
      const onDuplicate = (path: string) => {
        if (duplicates.length < MAX_DUPLICATES) duplicates.push(path);
      };
      return { value: new ValueReader(bodyLimits, { onDuplicate }).read(root), duplicates };
    }
    return NOTHING;
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    const { line, column } = reader.position(error.offset);
    throw new ApiError('BadRequest', `the body is not valid YAML: line ${line}, column ${column}: ${error.message}`);
  }
}

const NOTHING: StrictJson = { value: null, duplicates: [] };
