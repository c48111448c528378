import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type Clock, formatMicroTime } from '#base';
import type { UserInfo } from '../auth/authorization.types.ts';
import type { Caller } from '../auth/request-users.ts';
import { type AuditEvent, planAuditEvent } from './audit-event.plan.ts';
import { auditLimits } from './limits.ts';

/** Where events go. Must not throw. */
export interface AuditSink {
  write(event: AuditEvent): void;
}

/** One request that will be noted when it is over. */
export interface AuditEntry {
  identified(caller: Caller): void;
}

/** A write of a part of the server that needs no HTTP. */
export interface LocalWrite {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As it would stand in a request. */
  readonly target: string;
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly name: string | undefined;
  /** The HTTP status it would have been answered with. */
  readonly status: number;
  readonly receivedAtMs: number;
}

/** Notes who did what: one event per request that changes, reads secrets, enters containers or is refused. */
export interface AuditTrail {
  /** Follows a request until `answer` closes: it was sent, or its caller left. `statusOf` is asked then. */
  begin(request: IncomingMessage, answer: EventEmitter, statusOf: () => number): AuditEntry;
  /** A write that was made within the server, and how it ended. */
  noteLocal(write: LocalWrite): void;
}

export function createAuditTrail({ sink, clock }: { readonly sink: AuditSink; readonly clock: Clock }): AuditTrail {
  const strangers = new PerMinute(clock, auditLimits.strangersPerMinute);
  return {
    noteLocal({ receivedAtMs, ...write }) {
      const event = planAuditEvent({
        ...write,
        id: randomUUID(),
        address: undefined,
        isInProcess: true,
        receivedAt: formatMicroTime(receivedAtMs),
        endedAt: formatMicroTime(clock.nowMs()),
      });
      if (event !== undefined) sink.write(event);
    },
    begin(request, answer, statusOf) {
      const receivedAt = formatMicroTime(clock.nowMs());
      const { method = '', url = '/', headers, socket } = request;
      const address = socket.remoteAddress;
      let caller: Caller | undefined;
      answer.once('close', () => {
        const event = planAuditEvent({
          id: randomUUID(),
          method,
          target: url,
          userAgent: headers['user-agent'],
          address,
          user: caller?.user,
          impersonator: caller?.impersonator,
          status: statusOf(),
          receivedAt,
          endedAt: formatMicroTime(clock.nowMs()),
        });
        if (event !== undefined && (caller !== undefined || strangers.take())) sink.write(event);
      });
      return {
        identified(found) {
          caller = found;
        },
      };
    },
  };
}

/** Lets so many through in each minute. */
class PerMinute {
  readonly #clock: Clock;
  readonly #limit: number;
  #startedMs = Number.NEGATIVE_INFINITY;
  #taken = 0;

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  take(): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#startedMs >= 60_000) {
      this.#startedMs = nowMs;
      this.#taken = 0;
    }
    this.#taken += 1;
    return this.#taken <= this.#limit;
  }
}
