import { isApiError, parseYamlBody } from '#api';
import {
  define,
  FunctionProblem,
  fromJson,
  type GoFunction,
  type GoMap,
  isList,
  isMap,
  type Value,
  walking,
} from '../../template/index.ts';
import { goJson } from '../go-json.ts';
import { goToml } from '../go-toml.ts';
import { goYaml, PRETTY_STYLE, type YamlStyle } from '../go-yaml.ts';

/** YAML and JSON in both directions, TOML out. Source: helm pkg/engine/funcs.go (v3.17). */
export const DATA: Readonly<Record<string, GoFunction>> = walking({
  toYaml: define('any', (_, value) => orEmpty(() => toYaml(value))),
  mustToYaml: define('any', (_, value) => toYaml(value)),
  toYamlPretty: define('any', (_, value) => orEmpty(() => toYaml(value, PRETTY_STYLE))),
  fromYaml: define('string', (_, text) => mapOrError(() => parseYaml(text))),
  fromYamlArray: define('string', (_, text) => listOrError(() => parseYaml(text))),
  toJson: define('any', (_, value) => orEmpty(() => goJson(value))),
  mustToJson: define('any', (_, value) => goJson(value)),
  toPrettyJson: define('any', (_, value) => orEmpty(() => goJson(value, PRETTY))),
  mustToPrettyJson: define('any', (_, value) => goJson(value, PRETTY)),
  toRawJson: define('any', (_, value) => goJson(value, RAW)),
  mustToRawJson: define('any', (_, value) => goJson(value, RAW)),
  fromJson: define('string', (_, text) => mapOrError(() => parseJson(text))),
  mustFromJson: define('string', (_, text) => parseJson(text)),
  fromJsonArray: define('string', (_, text) => listOrError(() => parseJson(text))),
  toToml: define('any', (_, value) => goToml(value)),
});

const PRETTY = { escapesHtml: true, indent: '  ' };
const RAW = { escapesHtml: false, indent: '' };

export function toYaml(value: Value, style?: YamlStyle): string {
  const plain = fromJson(JSON.parse(goJson(value)));
  return goYaml(plain, style).replace(/\n$/, '');
}

/** Helm swallows what cannot be written, so a chart may count on it. */
function orEmpty(make: () => string): string {
  try {
    return make();
  } catch (error) {
    if (error instanceof FunctionProblem) return '';
    throw error;
  }
}

function parseYaml(text: string): Value {
  try {
    return fromJson(parseYamlBody(text).value);
  } catch (error) {
    if (isApiError(error, 'BadRequest')) throw new FunctionProblem(error.message);
    throw error;
  }
}

function parseJson(text: string): Value {
  try {
    return fromJson(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) throw new FunctionProblem(error.message);
    throw error;
  }
}

function mapOrError(read: () => Value): GoMap {
  try {
    const value = read();
    if (value === null || value === undefined) return new Map();
    if (isMap(value)) return value;
    return new Map([['Error', 'json: cannot unmarshal into Go value of type map[string]interface {}']]);
  } catch (error) {
    if (error instanceof FunctionProblem) return new Map([['Error', error.message]]);
    throw error;
  }
}

function listOrError(read: () => Value): Value[] {
  try {
    const value = read();
    if (value === null || value === undefined) return [];
    return isList(value) ? value : ['json: cannot unmarshal into Go value of type []interface {}'];
  } catch (error) {
    if (error instanceof FunctionProblem) return [error.message];
    throw error;
  }
}
