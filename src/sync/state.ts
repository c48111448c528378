import type { Application, HookRun, SyncResult, SyncRun, SyncRunStatus } from '#api';
import type { Client } from '#client';
import { Comparer } from './compare.ts';
import type { FailedAttempt } from './decide.plan.ts';
import type { Loaded } from './load.ts';
import type { Rows } from './ownership.ts';

/** A run that has not come to its end. */
export interface ActiveRun {
  run: SyncRun;
  /** What was done, by id. */
  readonly results: Map<string, SyncResult>;
  /** Of this attempt, in the order of the sync. */
  hooks: HookRun[];
  /** Why it fails, while what is to run then still runs. */
  failing: string | undefined;
  /** Ids that failed and are not tried again in this run. */
  readonly failed: Map<string, string>;
  /** Ids that the run set out to change, each once; undefined: all. What differs beyond that is drift. */
  planned: ReadonlySet<string> | undefined;
  readonly startedAtMs: number;
  /** Commits of the sources that this run stands for, when it must not move on to newer ones. */
  pinned: readonly string[] | undefined;
  /** Whether this run deletes what left Git, whatever the Application's switch says. */
  readonly prune: boolean;
  /** `pruneDigest` that a person has approved. */
  approved: string | undefined;
  waiting: { readonly object: string; readonly reason: string; readonly deadlineMs: number } | undefined;
  readonly attempts: number;
}

/** What is remembered of an Application between two passes. Everything here can be lost and found again. */
export interface ApplicationState {
  readonly comparer: Comparer;
  /** The Application as our own last write left it. */
  written: Application | undefined;
  loaded: Loaded | undefined;
  /** Of the commits it was loaded from, as of the newest load. */
  signatureWarnings: readonly string[];
  /** Another Application stands in the way of something: what that one says next matters here. */
  isContested: boolean;
  /** Fetches of its sources so far, and how many of them the newest load had seen. */
  fetches: number;
  fetchesRead: number;
  /** When the newest load first lacked an owned object, by id. */
  readonly dropped: Map<string, number>;
  active: ActiveRun | undefined;
  /** Whether a run that an earlier process left open was looked for. */
  resumed: boolean;
  failedAttempt: FailedAttempt | undefined;
  /** Ids that runs changed since the last one that succeeded: deletions wait for their health, whichever run they are in. */
  unproven: ReadonlySet<string>;
  /** The last run that was no heal did not succeed: the hooks after a sync are still to come. */
  owesHooks: boolean;
  /** Runs in a row that gave way to a newer commit. */
  supersedes: number;
  /** The request to sync that Git was asked for, and since when, by the monotonic clock. */
  asked: { readonly id: string; readonly atMs: number } | undefined;
  heals: { readonly count: number; readonly lastMs: number };
  /** Whether the newest commit has no history in common with the one that was synced last. */
  unrelated: { readonly from: string; readonly to: string; readonly answer: boolean } | undefined;
  /** What the ownership table was last brought in line with, and how it left it. */
  settled: { readonly loaded: Loaded; readonly rows: Rows } | undefined;
  /** The last run's word, for the status. */
  lastRun: { readonly name: string; readonly phase: SyncRunStatus['phase'] } | undefined;
}

/** Whether the newest commit of every source has been looked at. */
export function isUpToDate({ fetches, fetchesRead }: ApplicationState): boolean {
  return fetches === fetchesRead;
}

export function newState(client: Client): ApplicationState {
  return {
    comparer: new Comparer(client),
    written: undefined,
    loaded: undefined,
    signatureWarnings: [],
    isContested: false,
    fetches: 0,
    fetchesRead: -1,
    dropped: new Map(),
    active: undefined,
    resumed: false,
    failedAttempt: undefined,
    unproven: new Set(),
    owesHooks: false,
    supersedes: 0,
    asked: undefined,
    heals: { count: 0, lastMs: 0 },
    unrelated: undefined,
    settled: undefined,
    lastRun: undefined,
  };
}
