import { ApiError } from '../meta/status.ts';
import { MAX_SELECTOR_LENGTH } from './selector.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Chooses objects by the values of their fields. All requirements must hold. */
export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  /** `fieldValue` gives a field's value as text, '' when it is not set. */
  matches(fieldValue: (field: string) => string): boolean;
}

/**
 * Reads `metadata.name=x,status.phase!=Failed`; `==` is `=`, and `\,` `\=` `\\` are themselves. Which fields may be
 * asked for is the caller's to check. Throws `BadRequest`.
 */
export function parseFieldSelector(text: string): FieldSelector {
  if (text.length > MAX_SELECTOR_LENGTH) {
    throw new ApiError('BadRequest', `the field selector is longer than ${MAX_SELECTOR_LENGTH} characters`);
  }
  const requirements = splitTerms(text)
    .filter((term) => term !== '')
    .map((term) => parseTerm(term, text));
  return {
    requirements,
    matches: (fieldValue) =>
      requirements.every(({ field, operator, value }) => (fieldValue(field) === value) === (operator === '=')),
  };
}

/** At commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '\\') index += 1;
    else if (text[index] === ',') {
      terms.push(text.slice(start, index));
      start = index + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function parseTerm(term: string, text: string): FieldRequirement {
  const match = /^([^=!\\]*)(==|!=|=)(.*)$/s.exec(term);
  if (match === null) {
    throw new ApiError('BadRequest', `invalid field selector ${shown(text)}; can't understand ${shown(term)}`);
  }
  const [, field = '', mark, escaped = ''] = match;
  return { field: field.trim(), operator: mark === '!=' ? '!=' : '=', value: unescaped(escaped, text) };
}

function unescaped(value: string, text: string): string {
  let plain = '';
  for (let index = 0; index < value.length; index += 1) {
    const char = value[index] as string;
    if (char === '=') throw new ApiError('BadRequest', `invalid field selector ${shown(text)}: unescaped "="`);
    if (char !== '\\') {
      plain += char;
      continue;
    }
    index += 1;
    const escaped = value[index];
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=') {
      throw new ApiError('BadRequest', `invalid field selector ${shown(text)}: bad escape after "\\"`);
    }
    plain += escaped;
  }
  return plain;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
