import { FunctionProblem } from './errors.ts';
import { GoObject, SizedInt, typeOf, type Value } from './value.ts';

/** Kinds that Go's comparisons tell apart; `nil` has none. */
type BasicKind = 'bool' | 'int' | 'uint' | 'float' | 'string' | undefined;

function basicKind(value: Value): BasicKind {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'number':
      return 'float';
    case 'bigint':
      return 'int';
    case 'string':
      return 'string';
  }
  if (value instanceof SizedInt) return value.kind.startsWith('u') ? 'uint' : 'int';
  return undefined;
}

const integer = (value: Value): bigint => (value instanceof SizedInt ? value.value : (value as bigint));
const isInteger = (kind: BasicKind) => kind === 'int' || kind === 'uint';
const isNil = (value: Value) => value === undefined || value === null;

/** `eq`: whether the first equals any of the others. Source: Go text/template/funcs.go (go1.23). */
export function equals(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new FunctionProblem('missing argument for comparison');
  return others.some((other) => equalsOne(first, other));
}

function equalsOne(left: Value, right: Value): boolean {
  const [leftKind, rightKind] = [basicKind(left), basicKind(right)];
  if (isInteger(leftKind) && isInteger(rightKind)) return integer(left) === integer(right);
  if (leftKind !== rightKind) {
    if (isNil(left) || isNil(right)) return false;
    throw new FunctionProblem('incompatible types for comparison');
  }
  if (leftKind !== undefined) return left === right;
  if (isNil(left) || isNil(right)) return isNil(left) && isNil(right);
  if (left instanceof GoObject && right instanceof GoObject) return left === right;
  throw new FunctionProblem(`non-comparable types ${typeOf(left)}, ${typeOf(right)}`);
}

/** `lt`. */
export function isLess(left: Value, right: Value): boolean {
  const [leftKind, rightKind] = [basicKind(left), basicKind(right)];
  if (leftKind === undefined || rightKind === undefined) throw new FunctionProblem('invalid type for comparison');
  if (isInteger(leftKind) && isInteger(rightKind)) return integer(left) < integer(right);
  if (leftKind !== rightKind) throw new FunctionProblem('incompatible types for comparison');
  if (leftKind === 'bool') throw new FunctionProblem('invalid type for comparison');
  if (leftKind === 'string') return Buffer.compare(Buffer.from(left as string), Buffer.from(right as string)) < 0;
  return (left as number) < (right as number);
}
