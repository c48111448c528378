/**
 * The ground floor: clock, log, errors, back-off, hashing and small containers. Knows no word of the domain.
 * Only `systemClock` reads the machine's clock.
 */
export { AsyncQueue } from './async-queue.ts';
export type { BackoffOptions } from './backoff.ts';
export { backoffMs, jitterMs } from './backoff.ts';
export type { Clock, Timer } from './clock.ts';
export { formatMicroTime, formatTime, sleep, systemClock } from './clock.ts';
export type { PlumblineErrorOptions } from './errors.ts';
export { errorCode, errorMessage, PlumblineError } from './errors.ts';
export { cloneJson, deepFreeze, equalJson } from './freeze.ts';
export { gunzip } from './gunzip.ts';
export { canonicalJson, digestHex, sha256Hex, shortHash } from './hash.ts';
export type { Log, LogFields, LogOptions } from './log.ts';
export { createLog, silentLog } from './log.ts';
export type { QuietLogOptions } from './quiet-log.ts';
export { createQuietLog } from './quiet-log.ts';
export type { Version } from './semver.ts';
export { compareVersions, formatVersion, parseConstraint, parseVersion } from './semver.ts';
export type { EntryPoint } from './worker.ts';
export { entryPoint } from './worker.ts';
