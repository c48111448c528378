import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { createSessions, sessionLimits } from './sessions.ts';

const ALICE = { name: 'alice', groups: ['system:masters'] };

describe('src/server/auth/sessions.ts', () => {
  it('trades a ticket for a session once', () => {
    const sessions = createSessions({ clock: new FakeClock() });
    const ticket = sessions.createTicket(ALICE);
    const session = sessions.redeem(ticket);
    expect(session?.user).toEqual(ALICE);
    expect(sessions.authenticate(session?.sessionId ?? '')).toEqual(ALICE);
    expect(sessions.redeem(ticket)).toBeUndefined();
  });

  it('lets tickets and sessions end', async () => {
    const clock = new FakeClock();
    const sessions = createSessions({ clock });
    const late = sessions.createTicket(ALICE);
    const { sessionId = '' } = sessions.redeem(sessions.createTicket(ALICE)) ?? {};
    await clock.advance(sessionLimits.ticketTtlMs);
    expect(sessions.redeem(late)).toBeUndefined();
    await clock.advance(sessionLimits.sessionTtlMs - sessionLimits.ticketTtlMs - 1);
    expect(sessions.authenticate(sessionId)).toEqual(ALICE);
    await clock.advance(1);
    expect(sessions.authenticate(sessionId)).toBeUndefined();
  });

  it('keeps the newest when there are too many', () => {
    const sessions = createSessions({ clock: new FakeClock() });
    const tickets = Array.from({ length: sessionLimits.tickets + 1 }, () => sessions.createTicket(ALICE));
    expect(sessions.redeem(tickets[0] ?? '')).toBeUndefined();
    expect(sessions.redeem(tickets.at(-1) ?? '')).toBeDefined();
  });

  it('ends one session, or all of a user', () => {
    const sessions = createSessions({ clock: new FakeClock() });
    const login = () => sessions.redeem(sessions.createTicket(ALICE))?.sessionId ?? '';
    const [one, two, three] = [login(), login(), login()];
    sessions.end(one);
    expect([one, two].map((id) => sessions.authenticate(id)?.name)).toEqual([undefined, 'alice']);
    const link = sessions.createTicket(ALICE);
    sessions.endAllOf('alice');
    expect([two, three].map((id) => sessions.authenticate(id))).toEqual([undefined, undefined]);
    expect(sessions.redeem(link)).toBeUndefined();
  });

  it.each(['', 'x', 'A'.repeat(43)])('knows no session %s', (id) => {
    const sessions = createSessions({ clock: new FakeClock() });
    expect(sessions.authenticate(id)).toBeUndefined();
    expect(sessions.redeem(id)).toBeUndefined();
  });
});
