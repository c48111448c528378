/** The heart: keeps the cluster true to Git. Git → plan → API, with history. Knows the cluster through `client` alone. */
export type { ApplicationSettings } from './application.plan.ts';
export { readApplication } from './application.plan.ts';
export type { SyncErrorCode } from './errors.ts';
export { SyncError } from './errors.ts';
export { effectiveRules } from './ignore-rules.plan.ts';
export { startInlineThread } from './inline-thread.ts';
export type { EndedRun, GitRequest, SyncMeter } from './meter.types.ts';
export type { QueueFigures, RepositoryHint, SyncDeps, SyncEngine, SyncFigures, SyncSettings } from './sync.ts';
export { createSync, syncSettingsDefaults } from './sync.ts';
