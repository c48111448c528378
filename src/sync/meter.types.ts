import type { Application, SyncRunSpec, SyncRunStatus } from '#api';

/** One question to a Git server. */
export interface GitRequest {
  /** As the Application names it. */
  readonly repoURL: string;
  readonly failed: boolean;
  readonly durationMs: number;
}

/** A run of an Application that came to its end. */
export interface EndedRun {
  readonly namespace: string;
  /** Its name. */
  readonly application: string;
  readonly trigger: SyncRunSpec['trigger'];
  readonly phase: SyncRunStatus['phase'];
  readonly durationMs: number;
}

/** Is told what the sync engine does, to count it. Must be quick, and must not throw. */
export interface SyncMeter {
  gitRequest(request: GitRequest): void;
  /** One pass over an Application, well or badly; undefined: it is gone. */
  reconciled(pass: { readonly application: Application | undefined; readonly durationMs: number }): void;
  /** Once for each run, right after its end was stored. */
  runEnded(run: EndedRun): void;
}

/** Counts nothing. */
export const noMeter: SyncMeter = {
  gitRequest: () => undefined,
  reconciled: () => undefined,
  runEnded: () => undefined,
};
