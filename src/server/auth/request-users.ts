import type { IncomingMessage } from 'node:http';
import { ApiError } from '#api';
import type { Authorize, UserInfo } from './authorization.types.ts';
import { asAuthenticated } from './groups.plan.ts';
import { planImpersonation } from './impersonation.plan.ts';

/** Who makes a request. */
export interface Caller {
  /** As whom it is decided and done. */
  readonly user: UserInfo;
  /** Who really called, where that is somebody else. */
  readonly impersonator?: UserInfo;
}

export interface RequestUsersDeps {
  /** The user behind a bearer token; undefined for none. */
  readonly authenticate: (token: string) => Promise<UserInfo | undefined>;
  readonly authorize: Authorize;
}

/** Finds out who calls. Throws `Unauthorized` for strangers, `Forbidden` for who may not act as another. */
export type IdentifyCaller = (request: Pick<IncomingMessage, 'headers' | 'headersDistinct'>) => Promise<Caller>;

export function createRequestUsers({ authenticate, authorize }: RequestUsersDeps): IdentifyCaller {
  return async ({ headers, headersDistinct }) => {
    const [scheme = '', token = ''] = (headers.authorization ?? '').split(' ');
    const known = scheme.toLowerCase() === 'bearer' ? await authenticate(token) : undefined;
    if (known === undefined) throw new ApiError('Unauthorized', 'Unauthorized');
    const user = asAuthenticated(known);
    const plan = planImpersonation(headersDistinct);
    if (plan === undefined) return { user };
    for (const need of plan.needs) await authorize(user, need);
    return { user: plan.user, impersonator: user };
  };
}
