import type { ListRequest } from './api.ts';
import { badRequest, invalid } from './errors.ts';

/** How fresh or how old a list has to be. */
export type ListVersion =
  | { readonly at: 'newest' | 'any' }
  | { readonly at: 'not-older-than' | 'exactly'; readonly revision: number };

/** The revision that a `resourceVersion` names. Throws `BadRequest` for text that is none. */
export function parseResourceVersion(text: string): number {
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(revision)) return revision;
  throw badRequest(`Invalid value for resourceVersion: ${JSON.stringify(text.slice(0, 64))}: must be a decimal number`);
}

/** Source: apiserver storage/interfaces and apimachinery meta/internalversion/validation (v0.32). */
export function listVersion(request: ListRequest): ListVersion {
  const { resourceVersion = '', resourceVersionMatch: match = '', limit = 0 } = request;
  if (request.continue) {
    if (resourceVersion !== '' && resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    if (match !== '') throw refused('Forbidden: resourceVersionMatch is forbidden when continue is provided');
  }
  if (match !== '' && resourceVersion === '')
    throw refused('Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    throw refused(
      `Unsupported value: ${JSON.stringify(match.slice(0, 64))}: supported values: "Exact", "NotOlderThan", ""`,
      'FieldValueNotSupported',
    );
  }
  if (match === 'Exact' && resourceVersion === '0')
    throw refused('Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (resourceVersion === '') return { at: 'newest' };
  if (resourceVersion === '0') return { at: 'any' };
  const revision = parseResourceVersion(resourceVersion);
  // With a limit and no match the version has always meant "exactly".
  const exactly = match === 'Exact' || (match === '' && limit > 0);
  return { at: exactly ? 'exactly' : 'not-older-than', revision };
}

function refused(message: string, reason = 'FieldValueForbidden') {
  const type = { group: 'meta.k8s.io', kind: 'ListOptions' };
  return invalid(type, '', [{ reason, path: 'resourceVersionMatch', message }]);
}
