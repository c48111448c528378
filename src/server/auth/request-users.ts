import type { IncomingMessage } from 'node:http';
import { ApiError } from '#api';
import type { Authorize, UserInfo } from './authorization.types.ts';
import type { UserOfConnection } from './client-certificates.ts';
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
  /** The user of the connection's client certificate; undefined for none. */
  readonly userOfConnection: UserOfConnection;
  readonly authorize: Authorize;
}

/** Finds out who calls. Throws `Unauthorized` for strangers, `Forbidden` for who may not act as another. */
export type IdentifyCaller = (
  request: Pick<IncomingMessage, 'headers' | 'headersDistinct' | 'socket'>,
) => Promise<Caller>;

export function createRequestUsers({ authenticate, userOfConnection, authorize }: RequestUsersDeps): IdentifyCaller {
  /** A good certificate goes before a token, as in Kubernetes; one that is not good counts as none. */
  async function known({
    headers,
    socket,
  }: Pick<IncomingMessage, 'headers' | 'socket'>): Promise<UserInfo | undefined> {
    const user = userOfConnection(socket);
    if (user !== undefined) return user;
    const [scheme = '', token = ''] = (headers.authorization ?? '').split(' ');
    return scheme.toLowerCase() === 'bearer' ? authenticate(token) : undefined;
  }

  return async (request) => {
    const found = await known(request);
    if (found === undefined) throw new ApiError('Unauthorized', 'Unauthorized');
    const user = asAuthenticated(found);
    const plan = planImpersonation(request.headersDistinct);
    if (plan === undefined) return { user };
    for (const need of plan.needs) await authorize(user, need);
    return { user: plan.user, impersonator: user };
  };
}
