import { ApiError, type StatusDetails, type StatusReason } from '#api';
import { errorCode, errorMessage, PlumblineError } from '#base';

/** Each has a row in docs/errors.md. */
export type ConnectionErrorCode = 'ServerUrlInvalid' | 'ServerUnreachable' | 'CertificateNotTrusted';

/** The server could not be spoken to: nothing is known about whether it did what was asked. */
export class ConnectionError extends PlumblineError {}

const CERTIFICATE_CODES = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_SIGNATURE_FAILURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

export function connectionError(server: string, cause: unknown): ConnectionError {
  const untrusted = CERTIFICATE_CODES.has(errorCode(cause) ?? '');
  const code: ConnectionErrorCode = untrusted ? 'CertificateNotTrusted' : 'ServerUnreachable';
  return new ConnectionError(`${server}: ${errorMessage(cause)}`, { code, retryable: true, cause });
}

const REASONS: ReadonlySet<string> = new Set<StatusReason>([
  'BadRequest',
  'Unauthorized',
  'Forbidden',
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Gone',
  'Invalid',
  'Expired',
  'MethodNotAllowed',
  'NotAcceptable',
  'RequestEntityTooLarge',
  'UnsupportedMediaType',
  'TooManyRequests',
  'Timeout',
  'ServerTimeout',
  'ServiceUnavailable',
  'InternalError',
]);

const REASON_OF_CODE: ReadonlyMap<number, StatusReason> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [404, 'NotFound'],
  [405, 'MethodNotAllowed'],
  [406, 'NotAcceptable'],
  [409, 'Conflict'],
  [410, 'Expired'],
  [413, 'RequestEntityTooLarge'],
  [415, 'UnsupportedMediaType'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]);

/** Longest message taken from a server that does not answer with a Status. */
const MAX_MESSAGE_LENGTH = 1_024;

/** The refusal that a server's answer means. `body` is a parsed Status, or whatever else came. */
export function refusal(httpStatus: number, body: unknown): ApiError {
  const status = isRecord(body) && body['kind'] === 'Status' ? body : {};
  const code = typeof status['code'] === 'number' ? status['code'] : httpStatus;
  const reason = reasonOf(status['reason'], code);
  const fallback = typeof body === 'string' && body.trim() !== '' ? body.trim() : `the server answered ${httpStatus}`;
  const message = typeof status['message'] === 'string' ? status['message'] : fallback.slice(0, MAX_MESSAGE_LENGTH);
  const details = isRecord(status['details']) ? (status['details'] as StatusDetails) : undefined;
  return new ApiError(reason, message, details);
}

/** `Gone` and `Expired` mean the same to a watcher: list again. */
function reasonOf(given: unknown, code: number): StatusReason {
  if (given === 'Gone') return 'Expired';
  if (typeof given === 'string' && REASONS.has(given)) return given as StatusReason;
  return REASON_OF_CODE.get(code) ?? (code >= 500 ? 'InternalError' : 'BadRequest');
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
