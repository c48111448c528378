import type { ListRequest, WatchRequest } from './api.ts';
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

/**
 * How fresh a list has to be. Throws `BadRequest` or `Invalid` for options that do not go together.
 * Source: apiserver storage/interfaces.go and apimachinery meta/internalversion/validation/validation.go (v0.32).
 */
export function listVersion(request: ListRequest): ListVersion {
  const { resourceVersion = '', resourceVersionMatch: match = '', limit = 0 } = request;
  if (request.sendInitialEvents !== undefined)
    throw refused('Forbidden: sendInitialEvents is forbidden for list', { path: 'sendInitialEvents' });
  if (request.continue) {
    if (resourceVersion !== '' && resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    if (match !== '') throw refused('Forbidden: resourceVersionMatch is forbidden when continue is provided');
  }
  if (match !== '' && resourceVersion === '')
    throw refused('Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan')
    throw unsupportedMatch(match, '"Exact", "NotOlderThan", ""');
  if (match === 'Exact' && resourceVersion === '0')
    throw refused('Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
  if (resourceVersion === '') return { at: 'newest' };
  if (resourceVersion === '0') return { at: 'any' };
  const revision = parseResourceVersion(resourceVersion);
  // With a limit and no match the version has always meant "exactly".
  const exactly = match === 'Exact' || (match === '' && limit > 0);
  return { at: exactly ? 'exactly' : 'not-older-than', revision };
}

/**
 * After which revision a watch begins; 0: anywhere. Throws as `listVersion` does.
 * Source: apimachinery meta/internalversion/validation/validation.go, validateWatchOptions (v0.32).
 */
export function watchVersion(request: WatchRequest): number {
  const { resourceVersion = '', resourceVersionMatch: match = '', sendInitialEvents } = request;
  if (match !== '' && match !== 'NotOlderThan') throw unsupportedMatch(match, '"NotOlderThan"');
  if (sendInitialEvents !== undefined && match === '')
    throw refused('Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  if (sendInitialEvents === undefined && match !== '')
    throw refused('Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  return resourceVersion === '' ? 0 : parseResourceVersion(resourceVersion);
}

function unsupportedMatch(match: string, supported: string) {
  const message = `Unsupported value: ${JSON.stringify(match.slice(0, 64))}: supported values: ${supported}`;
  return refused(message, { reason: 'FieldValueNotSupported' });
}

function refused(message: string, { reason = 'FieldValueForbidden', path = 'resourceVersionMatch' } = {}) {
  const type = { group: 'meta.k8s.io', kind: 'ListOptions' };
  return invalid(type, '', [{ reason, path, message }]);
}
