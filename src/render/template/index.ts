/** Go's text/template: a text and values → a text. Pure; what it may spend is limited. */
export { byteLength, byteSlice, bytesOf, compareTexts, printable, textOf } from './bytes.ts';
export type { Place, RenderErrorCode } from './errors.ts';
export { FunctionProblem, RenderError } from './errors.ts';
export type { RenderedText, TemplateLimits, TemplateWarning } from './evaluate.ts';
export { Templates, templateLimits } from './evaluate.ts';
export { formatValue, sprint } from './format.ts';
export { define, walking } from './function.ts';
export { formatFloat, MAX_INT64, MIN_INT64, parseInteger } from './numbers.ts';
export { quote } from './quote.ts';
export type { CallContext, GoFunction, GoList, GoMap, Value } from './value.ts';
export {
  ByteList,
  copyMap,
  deepCopy,
  deepEqual,
  fromJson,
  GoObject,
  int64,
  intOf,
  isList,
  isMap,
  isTrue,
  kindOf,
  listOf,
  mapOf,
  SizedInt,
  sortedKeys,
  typeOf,
  weigh,
} from './value.ts';
