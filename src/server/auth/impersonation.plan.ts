import { ApiError } from '#api';
import type { ResourceAttributes, UserInfo } from './authorization.types.ts';
import {
  asAuthenticated,
  GROUP_UNAUTHENTICATED,
  serviceAccountGroups,
  serviceAccountOf,
  USER_ANONYMOUS,
} from './groups.plan.ts';

/** A request's headers, every value of each. Names in lower case. */
export type ManyHeaders = Readonly<Record<string, readonly string[] | undefined>>;

/** As whom a request is made, and all the rights its real caller needs for that. */
export interface ImpersonationPlan {
  readonly user: UserInfo;
  readonly needs: readonly ResourceAttributes[];
}

/** Named limits of one impersonation: each value is a right to be looked up. */
export const impersonationLimits = { groups: 64, extraValues: 64 } as const;

const USER = 'impersonate-user';
const GROUP = 'impersonate-group';
const UID = 'impersonate-uid';
const EXTRA = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';

/**
 * Reads `Impersonate-…`; undefined when none is there. Throws `BadRequest` for what names no user.
 * Source: apiserver endpoints/filters/impersonation.go (v0.32).
 */
export function planImpersonation(headers: ManyHeaders): ImpersonationPlan | undefined {
  const name = headers[USER]?.[0] ?? '';
  const groups = headers[GROUP] ?? [];
  const uid = headers[UID]?.[0] ?? '';
  const extra = extraOf(headers);
  if (name === '') {
    // Running as the caller where another identity was asked for would be worse than refusing.
    const asked = Object.keys(headers).some((header) => header.startsWith('impersonate-'));
    if (asked) throw new ApiError('BadRequest', 'a request that impersonates must name a user: Impersonate-User');
    return undefined;
  }
  assertBounded(groups, extra);
  const account = serviceAccountOf(name);
  const needs: ResourceAttributes[] = [
    account === undefined
      ? need('', 'users', name)
      : { verb: 'impersonate', group: '', resource: 'serviceaccounts', ...account },
    ...groups.map((group) => need('', 'groups', group)),
    ...(uid === '' ? [] : [need(AUTHENTICATION, 'uids', uid)]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({ ...need(AUTHENTICATION, 'userextras', value), subresource: key })),
    ),
  ];
  const user = {
    name,
    groups: groups.length === 0 && account !== undefined ? serviceAccountGroups(account.namespace) : groups,
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  if (name !== USER_ANONYMOUS) return { user: asAuthenticated(user), needs };
  return { user: { ...user, groups: groups.length === 0 ? [GROUP_UNAUTHENTICATED] : groups }, needs };
}

function need(group: string, resource: string, name: string): ResourceAttributes {
  return { verb: 'impersonate', group, resource, namespace: '', name };
}

function extraOf(headers: ManyHeaders): Readonly<Record<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  for (const [header, values = []] of Object.entries(headers)) {
    if (header.startsWith(EXTRA)) found.set(unescaped(header.slice(EXTRA.length)), values);
  }
  return Object.fromEntries(found);
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key).toLowerCase();
  } catch {
    return key; // as Kubernetes does: a bad escape is part of the key
  }
}

function assertBounded(groups: readonly string[], extra: Readonly<Record<string, readonly string[]>>): void {
  const extraValues = Object.values(extra).flat().length;
  if (groups.length <= impersonationLimits.groups && extraValues <= impersonationLimits.extraValues) return;
  throw new ApiError('BadRequest', `at most ${impersonationLimits.groups} groups and extra values can be impersonated`);
}
