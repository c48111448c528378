import { PlumblineError } from '#base';

/** `StaleCache`: an informer did not show our own write in time. `ReconcileTimeout`: one pass over a key took too long. */
export type ReconcileErrorCode = 'StaleCache' | 'ReconcileTimeout';

/** A control loop could not finish a pass; the key is tried again. */
export class ReconcileError extends PlumblineError {
  constructor(code: ReconcileErrorCode, message: string) {
    super(message, { code, retryable: true });
  }
}
