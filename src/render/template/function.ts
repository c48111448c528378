import type { CallContext, GoFunction, GoMap, ParameterType, Value } from './value.ts';

/** JavaScript's side of a parameter list: `define('string, any...', (_, text, ...rest) => …)`. */
interface Sides {
  any: Value;
  string: string;
  int: bigint;
  bool: boolean;
  dict: GoMap;
  list: Value;
  float: number;
  time: Value;
}

type Split<S extends string> = S extends `${infer Head}, ${infer Tail}`
  ? [Head, ...Split<Tail>]
  : S extends ''
    ? []
    : [S];
type Given<P extends readonly string[]> = P extends [infer Head, ...infer Tail extends string[]]
  ? Head extends `${infer Type extends ParameterType}...`
    ? Sides[Type][]
    : Head extends ParameterType
      ? [Sides[Head], ...Given<Tail>]
      : never
  : [];

/** A function of templates by its Go signature. The evaluator has checked each argument against it. */
export function define<S extends string>(
  signature: S,
  call: (context: CallContext, ...args: Given<Split<S>>) => Value,
): GoFunction {
  const names = signature === '' ? [] : signature.split(', ');
  return {
    parameters: names.map((name) => name.replace('...', '') as ParameterType),
    variadic: signature.endsWith('...'),
    call: (context, args) => call(context, ...(args as Given<Split<S>>)),
  };
}

/** The same functions, each known to walk through its arguments: see `weigh`. */
export function walking(functions: Readonly<Record<string, GoFunction>>): Readonly<Record<string, GoFunction>> {
  return Object.fromEntries(Object.entries(functions).map(([name, one]) => [name, { ...one, walks: true }]));
}
