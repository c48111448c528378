import { PlumblineError } from '#base';

/** The machine-readable reasons of a failed call. Source: apimachinery meta/v1 types.go, StatusReason (v0.32). */
export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Invalid'
  | 'Expired'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'TooManyRequests'
  | 'Timeout'
  | 'ServerTimeout'
  | 'ServiceUnavailable'
  | 'InternalError';

export interface StatusCause {
  /** `FieldValueInvalid`, `FieldValueRequired`, `FieldManagerConflict` … */
  reason?: string;
  message?: string;
  /** Path of the field, as Kubernetes writes it: `spec.containers[0].image`, `.spec.replicas` in conflicts. */
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  /** The resource (plural), or the kind in `Invalid`. */
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

/** The `Status` object that answers a failed call. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: {
    /** With `Expired`, of a list: gives the rest of it as things stand now. */
    continue?: string;
  };
  status: 'Success' | 'Failure';
  message?: string;
  reason?: StatusReason;
  details?: StatusDetails;
  code: number;
}

const HTTP_CODES: Record<StatusReason, number> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  ServerTimeout: 504,
};

const RETRYABLE: ReadonlySet<StatusReason> = new Set([
  'Conflict',
  'Expired',
  'TooManyRequests',
  'Timeout',
  'ServerTimeout',
  'ServiceUnavailable',
  'InternalError',
]);

/** A call the API server refused, in process and over HTTP alike. `code` is the Kubernetes reason. */
export class ApiError extends PlumblineError {
  readonly reason: StatusReason;
  readonly httpStatus: number;
  readonly details: StatusDetails | undefined;

  constructor(reason: StatusReason, message: string, details?: StatusDetails, cause?: unknown) {
    super(message, { code: reason, retryable: RETRYABLE.has(reason), cause });
    this.reason = reason;
    this.httpStatus = HTTP_CODES[reason];
    this.details = details;
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.httpStatus,
    };
  }
}

/** Whether `error` is an `ApiError` with one of these reasons. */
export function isApiError(error: unknown, ...reasons: readonly StatusReason[]): error is ApiError {
  return error instanceof ApiError && (reasons.length === 0 || reasons.includes(error.reason));
}

/** `pods "x" not found`: the words kubectl shows. `resource` is `pods` or `deployments.apps`. */
export function notFound(group: string, resource: string, name: string): ApiError {
  const qualified = group === '' ? resource : `${resource}.${group}`;
  return new ApiError('NotFound', `${qualified} "${name}" not found`, {
    name,
    ...(group === '' ? {} : { group }),
    kind: resource,
  });
}
