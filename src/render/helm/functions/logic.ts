import {
  deepEqual,
  define,
  type GoFunction,
  isTrue,
  kindOf,
  typeOf,
  type Value,
  walking,
} from '../../template/index.ts';

/** Defaults, choices and types. Source: Masterminds/sprig v3.3.0 defaults.go, reflect.go. */
export const LOGIC: Readonly<Record<string, GoFunction>> = {
  default: define('any, any...', (_, fallback, ...given) => (isTrue(given[0]) ? given[0] : fallback)),
  empty: define('any', (_, value) => !isTrue(value)),
  coalesce: define('any...', (_, ...values) => values.find(isTrue)),
  all: define('any...', (_, ...values) => values.every(isTrue)),
  any: define('any...', (_, ...values) => values.some(isTrue)),
  ternary: define('any, any, bool', (_, yes, no, condition): Value => (condition ? yes : no)),
  typeOf: define('any', (_, value) => typeOf(value)),
  typeIs: define('string, any', (_, type, value) => typeOf(value) === type),
  typeIsLike: define('string, any', (_, type, value) => typeOf(value) === type || typeOf(value) === `*${type}`),
  kindOf: define('any', (_, value) => kindOf(value)),
  kindIs: define('string, any', (_, kind, value) => kindOf(value) === kind),
  ...walking({ deepEqual: define('any, any', (_, left, right) => deepEqual(left, right)) }),
};
