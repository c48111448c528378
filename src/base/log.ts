import { pino } from 'pino';

/** Fields of a log line. The message itself is constant; what varies goes here. Never a Secret's value. */
export type LogFields = Readonly<Record<string, unknown>>;

/** The few methods of pino that we use, so that tests can hand in their own. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where JSON lines go; stderr when absent. */
  readonly destination?: { write(line: string): void };
}

/** Field names whose values never reach a log line, whatever object they sit in (two levels deep). */
const REDACTED = ['authorization', 'token', 'password', 'stringData', 'data', 'secret', 'privateKey'];

/** JSON lines to stderr. Errors under the key `err` are written with their code and stack. */
export function createLog({ level = 'info', destination }: LogOptions = {}): Log {
  const paths = REDACTED.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);
  return pino(
    { level, redact: { paths, censor: '[redacted]' }, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination ?? pino.destination({ fd: 2, sync: true }),
  );
}

export const silentLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLog,
};
