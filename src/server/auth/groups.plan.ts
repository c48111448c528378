import type { UserInfo } from './authorization.types.ts';

/** Groups that carry rights. */
export const GROUP_MASTERS = 'system:masters';
export const GROUP_NODES = 'system:nodes';
export const GROUP_VIEWERS = 'plumbline:viewers';
/** Everyone whose credential was accepted. */
export const GROUP_AUTHENTICATED = 'system:authenticated';
export const GROUP_UNAUTHENTICATED = 'system:unauthenticated';
export const GROUP_SERVICE_ACCOUNTS = 'system:serviceaccounts';

const NODE_USER_PREFIX = 'system:node:';
const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

/** A node agent's user. */
export function nodeUser(nodeName: string): UserInfo {
  return { name: `${NODE_USER_PREFIX}${nodeName}`, groups: [GROUP_NODES] };
}

/** The node whose agent this user is; undefined for everyone else. Both the name and the group must say so. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.groups.includes(GROUP_NODES) || !user.name.startsWith(NODE_USER_PREFIX)) return undefined;
  const nodeName = user.name.slice(NODE_USER_PREFIX.length);
  return nodeName === '' ? undefined : nodeName;
}

/** The user name of a service account. */
export function serviceAccountUser(namespace: string, name: string): string {
  return `${SERVICE_ACCOUNT_PREFIX}${namespace}:${name}`;
}

/** The same user as one whose credential was accepted. */
export function asAuthenticated(user: UserInfo): UserInfo {
  const { groups } = user;
  if (groups.includes(GROUP_AUTHENTICATED) || groups.includes(GROUP_UNAUTHENTICATED)) return user;
  return { ...user, groups: [...groups, GROUP_AUTHENTICATED] };
}
