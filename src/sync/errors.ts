import { PlumblineError } from '#base';

/** `SyncClosed`: asked while shutting down. `UnknownRepository`: a hint for a repository that nobody uses. */
export type SyncErrorCode = 'SyncClosed' | 'UnknownRepository';

export class SyncError extends PlumblineError {
  constructor(code: SyncErrorCode, message: string) {
    super(message, { code });
  }
}
