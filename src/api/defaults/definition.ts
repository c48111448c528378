import type { JsonObject } from '../schema/json.ts';
import { ensurePart, partOf, setDefault, textOf } from './fields.ts';

/** Source: apiextensions-apiserver pkg/apis/apiextensions/v1/defaults.go (v0.32). */
export function defaultDefinition(definition: JsonObject): void {
  const spec = partOf(definition, 'spec');
  if (spec === undefined) return;
  defaultNames(partOf(spec, 'names'));
  const conversion = ensurePart(spec, 'conversion');
  if (conversion !== undefined) setDefault(conversion, 'strategy', 'None');
}

function defaultNames(names: JsonObject | undefined): void {
  const kind = textOf(names, 'kind');
  if (names === undefined || kind === undefined) return;
  setDefault(names, 'singular', kind.toLowerCase());
  setDefault(names, 'listKind', `${kind}List`);
}
