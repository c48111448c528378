import type { Application } from '#api';
import type { ApplicationSettings } from './application.plan.ts';
import type { Loaded } from './load.ts';
import type { ReadyOperation } from './operation.ts';
import type { ApplicationState } from './state.ts';
import type { Survey } from './survey.ts';
import type { SyncPlan } from './sync.types.ts';

/** What one turn leaves to wait for. */
export interface Outcome {
  readonly again: boolean;
  readonly wakeAtMs?: number;
}

/** One look at an Application: what Git says, what is live, and the plan between the two. */
export interface Turn {
  readonly key: string;
  readonly application: Application;
  readonly settings: ApplicationSettings;
  /** A person's request to sync, once it can be answered. */
  readonly operation: ReadyOperation | undefined;
  readonly state: ApplicationState;
  readonly loaded: Loaded;
  readonly survey: Survey;
  readonly plan: SyncPlan;
  readonly signal: AbortSignal;
}

export function wakeAt(...times: readonly (number | undefined)[]): { readonly wakeAtMs?: number } {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? {} : { wakeAtMs: Math.min(...known) };
}
