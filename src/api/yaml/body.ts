import type { Json } from '../meta/object.ts';
import { ApiError } from '../meta/status.ts';
import { createYamlReader } from './documents.ts';
import { bodyLimits } from './limits.ts';
import { YamlProblem } from './problem.ts';
import { ValueReader } from './values.ts';

/** Parses a YAML request body of one document, as kubectl reads scalars. Throws `BadRequest` with line and column. */
export function parseYamlBody(text: string): Json {
  const reader = createYamlReader(text, bodyLimits);
  try {
    for (const { root, problems } of reader.documents()) {
      const [problem] = problems;
      if (problem !== undefined) throw problem;
      return root === null ? null : new ValueReader(bodyLimits).read(root);
    }
    return null;
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    const { line, column } = reader.position(error.offset);
    throw new ApiError('BadRequest', `the body is not valid YAML: line ${line}, column ${column}: ${error.message}`);
  }
}
