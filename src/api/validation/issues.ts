/** Makers of field issues, in the words of Kubernetes. Source: apimachinery pkg/util/validation/field/errors.go (v0.32). */
import type { FieldIssue } from '../schema/schema.ts';

/** Longest part of a wrong value that a message repeats, in UTF-16 units. */
const MAX_SHOWN_VALUE = 256;

/** `"text"`, `12`, `{"a":"b"}`: a value as messages show it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(typeof value === 'string' ? value.slice(0, MAX_SHOWN_VALUE + 1) : value) ?? 'null';
  return text.length <= MAX_SHOWN_VALUE ? text : `${text.slice(0, MAX_SHOWN_VALUE)}…`;
}

export function required(path: string, detail = ''): FieldIssue {
  return {
    reason: 'FieldValueRequired',
    path,
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
  };
}

export function invalid(path: string, value: unknown, detail: string): FieldIssue {
  return { reason: 'FieldValueInvalid', path, message: `Invalid value: ${shown(value)}: ${detail}` };
}

/** Where the wrong value would say nothing, or is the whole. */
export function invalidAltogether(path: string, detail: string): FieldIssue {
  return { reason: 'FieldValueInvalid', path, message: `Invalid value: ${detail}` };
}

/** Choices named in a refusal; a definition may have thousands. */
const MAX_CHOICES = 100;

export function unsupported(path: string, value: unknown, supported: readonly string[]): FieldIssue {
  const choices = [...supported].sort().map((one) => JSON.stringify(one));
  const more = choices.length > MAX_CHOICES ? ` and ${choices.length - MAX_CHOICES} more` : '';
  return {
    reason: 'FieldValueNotSupported',
    path,
    message: `Unsupported value: ${shown(value)}: supported values: ${choices.slice(0, MAX_CHOICES).join(', ')}${more}`,
  };
}

export function duplicate(path: string, value: unknown): FieldIssue {
  return { reason: 'FieldValueDuplicate', path, message: `Duplicate value: ${shown(value)}` };
}

/** It names something that is not there. */
export function notFoundValue(path: string, value: unknown): FieldIssue {
  return { reason: 'FieldValueNotFound', path, message: `Not found: ${shown(value)}` };
}

export function forbidden(path: string, detail: string): FieldIssue {
  return { reason: 'FieldValueForbidden', path, message: `Forbidden: ${detail}` };
}

export function tooLong(path: string, maxBytes: number): FieldIssue {
  return { reason: 'FieldValueTooLong', path, message: `Too long: may not be more than ${maxBytes} bytes` };
}

export function tooMany(path: string, actual: number, max: number): FieldIssue {
  return { reason: 'FieldValueTooMany', path, message: `Too many: ${actual}: must have at most ${max} items` };
}

export function wrongType(path: string, expected: string, got: string): FieldIssue {
  return { reason: 'FieldValueTypeInvalid', path, message: `Invalid type: expected ${expected}, got ${got}` };
}
