import { define, FunctionProblem, type GoFunction, type Value } from '../../template/index.ts';
import { DATA } from './data.ts';
import { dateFunctions } from './dates.ts';
import { DICTS } from './dicts.ts';
import { ENCODING } from './encoding.ts';
import { LISTS } from './lists.ts';
import { LOGIC } from './logic.ts';
import { NUMBERS } from './numbers.ts';
import { PATHS } from './paths.ts';
import { randomFunctions } from './random.ts';
import { REGEX } from './regex.ts';
import { SEMVER } from './semver.ts';
import { STRINGS } from './strings.ts';

export interface FunctionOptions {
  /** What chance is drawn from. */
  readonly seed: string;
  /** What time it is said to be. */
  readonly nowMs: number;
}

const stripNoValue = (text: string) => text.replaceAll('<no value>', '');

/** Helm's own functions. Source: helm pkg/engine/engine.go (v3.17). */
const HELM: Readonly<Record<string, GoFunction>> = {
  include: define('string, any', (context, name, data) => context.execute(name, data ?? undefined)),
  tpl: define('string, any', (context, text, data) => stripNoValue(context.executeText(text, data ?? undefined))),
  required: define('string, any', (_, message, value) => {
    if (value === undefined || value === null || value === '') throw new FunctionProblem(message);
    return value;
  }),
  fail: define('string', (_, message): Value => {
    throw new FunctionProblem(message);
  }),
  // There is no cluster to ask, as in `helm template`.
  lookup: define('string, string, string, string', () => new Map()),
};

/** Every function that a template of a chart may call, besides those of Go itself. */
export function helmFunctions({ seed, nowMs }: FunctionOptions): ReadonlyMap<string, GoFunction> {
  return new Map<string, GoFunction>(
    Object.entries({
      ...STRINGS,
      ...LISTS,
      ...DICTS,
      ...LOGIC,
      ...NUMBERS,
      ...ENCODING,
      ...PATHS,
      ...REGEX,
      ...SEMVER,
      ...DATA,
      ...dateFunctions(nowMs),
      ...randomFunctions(seed),
      ...HELM,
    }),
  );
}
