import type { Clock } from '#base';
import type { UserInfo } from '../registry/api.ts';
import { SecretsMap } from './secrets-map.ts';

/** Named limits of browser logins. */
export const sessionLimits = {
  /** A login link waits so long for its one use. */
  ticketTtlMs: 10 * 60_000,
  tickets: 100,
  /** A browser stays logged in so long, used or not. Source: research S04, sessions ≤ 12 h. */
  sessionTtlMs: 12 * 3_600_000,
  sessions: 1_000,
} as const;

/** Logins of browsers. In memory only: a restart of the server logs everyone out. */
export interface Sessions {
  /** The secret of a login link. Good once, for `ticketTtlMs`. */
  createTicket(user: UserInfo): string;
  /** Trades a login link's secret for a session's; undefined when it was used, is too old, or never was. */
  redeem(ticket: string): { readonly sessionId: string; readonly user: UserInfo } | undefined;
  authenticate(sessionId: string): UserInfo | undefined;
  end(sessionId: string): void;
  /** Logs a user out everywhere and voids the links. */
  endAllOf(userName: string): void;
}

export function createSessions({ clock }: { readonly clock: Clock }): Sessions {
  const { ticketTtlMs, tickets: ticketLimit, sessionTtlMs, sessions: sessionLimit } = sessionLimits;
  const tickets = new SecretsMap<UserInfo>({ clock, ttlMs: ticketTtlMs, limit: ticketLimit });
  const sessions = new SecretsMap<UserInfo>({ clock, ttlMs: sessionTtlMs, limit: sessionLimit });
  return {
    createTicket: (user) => tickets.add(user),
    redeem(ticket) {
      const user = tickets.take(ticket);
      return user === undefined ? undefined : { sessionId: sessions.add(user), user };
    },
    authenticate: (sessionId) => sessions.get(sessionId),
    end: (sessionId) => void sessions.take(sessionId),
    endAllOf(userName) {
      tickets.deleteWhere((user) => user.name === userName);
      sessions.deleteWhere((user) => user.name === userName);
    },
  };
}
