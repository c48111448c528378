import { ApiError, type Json } from '#api';
import type { UserInfo } from './authorization.types.ts';

/** Longest name of a user or group, and most groups of one user. */
const MAX_NAME_LENGTH = 253;
const MAX_GROUPS = 32;
const OWN_PREFIX = 'system:plumbline:';

/** Reads `{user, groups}`: whom a new token is for. Throws `BadRequest`. */
export function planNamedUser(body: Json): UserInfo {
  const { user, groups = [] } =
    typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as NamedUser) : {};
  if (!isName(user)) throw new ApiError('BadRequest', 'user must be a name of letters, digits and ._@:-');
  if (user.startsWith(OWN_PREFIX)) throw new ApiError('BadRequest', `${OWN_PREFIX} is kept for our own components`);
  if (!Array.isArray(groups) || groups.length > MAX_GROUPS || !groups.every(isName)) {
    throw new ApiError('BadRequest', 'groups must be a list of names');
  }
  return { name: user, groups };
}

interface NamedUser {
  readonly user?: unknown;
  readonly groups?: unknown;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_LENGTH && /^[\w.@:-]+$/.test(value);
}
