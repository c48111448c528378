import type { UserInfo } from './authorization.types.ts';

/** Groups that carry rights. */
export const GROUP_MASTERS = 'system:masters';
export const GROUP_NODES = 'system:nodes';
export const GROUP_VIEWERS = 'plumbline:viewers';

const NODE_USER_PREFIX = 'system:node:';

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
