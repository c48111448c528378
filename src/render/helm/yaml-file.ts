import { isApiError, isRecord, type Json, parseYamlBody } from '#api';
import { fromJson, type GoMap, isMap, RenderError, type RenderErrorCode, textOf } from '../template/index.ts';

/** The first document of a YAML file. Throws with the file's line. */
export function readYaml(text: string, path: string, code: RenderErrorCode): Json {
  try {
    return parseYamlBody(text).value;
  } catch (error) {
    if (!isApiError(error, 'BadRequest')) throw error;
    const at = /line (\d+), column (\d+): (.*)$/s.exec(error.message);
    const place = { path, line: Number(at?.[1] ?? 1), column: Number(at?.[2] ?? 1) };
    throw new RenderError(code, at?.[3] ?? error.message, place);
  }
}

/** A file of values; empty is none. */
export function readValues(bytes: Uint8Array, path: string): GoMap {
  const value = fromJson(readYaml(textOf(bytes), path, 'ValuesInvalid'));
  if (value === null || value === undefined) return new Map();
  if (!isMap(value)) throw new RenderError('ValuesInvalid', 'values must be a map', { path, line: 1, column: 1 });
  return value;
}

export function readRecord(bytes: Uint8Array, path: string): Readonly<Record<string, unknown>> {
  const value = readYaml(textOf(bytes), path, 'ChartInvalid');
  if (!isRecord(value)) throw new RenderError('ChartInvalid', 'the file must be a map', { path, line: 1, column: 1 });
  return value;
}
