import {
  APP_PROJECTS,
  APPLICATION_SETS,
  APPLICATIONS,
  type Application,
  type ApplicationSet,
  type AppProject,
  ageSince,
  humanDuration,
  INVENTORIES,
  type Inventory,
  RENDERED_SETS,
  type RenderedSet,
  SYNC_RUNS,
  type SyncRun,
} from '#api';
import type { ResourceRow } from '../api.ts';
import { stampApproval, stampOperation } from '../stamps.ts';
import { ageColumn, column, wide } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { countGeneration, firstGeneration, keepStatus, onCreate, onUpdate, startStatus } from './strategy.ts';

/** Commit ids in tables are cut to this many digits, as Git's own `--short` does at least. */
const SHORT_COMMIT = 7;

const withStatus: Pick<ResourceRow, 'prepareForCreate' | 'prepareForUpdate'> = {
  prepareForCreate: onCreate(startStatus(), firstGeneration),
  prepareForUpdate: onUpdate(keepStatus, countGeneration()),
};

const plain: Pick<ResourceRow, 'prepareForCreate' | 'prepareForUpdate'> = {
  prepareForCreate: firstGeneration,
  prepareForUpdate: countGeneration(),
};

export const applicationRow: ResourceRow = {
  type: APPLICATIONS,
  singular: 'application',
  shortNames: ['app', 'apps'],
  verbs: allVerbs,
  subresources: statusOf(APPLICATIONS),
  columns: [
    column<Application>('Sync Status', 'string', ({ status }) => status?.sync?.status ?? ''),
    column<Application>('Health Status', 'string', ({ status }) => status?.health?.status ?? ''),
    wide<Application>('Revision', 'string', ({ status }) => status?.sync?.revision ?? ''),
  ],
  ...withStatus,
  stamp: stampOperation,
};

export const applicationSetRow: ResourceRow = {
  type: APPLICATION_SETS,
  singular: 'applicationset',
  shortNames: ['appset', 'appsets'],
  verbs: allVerbs,
  subresources: statusOf(APPLICATION_SETS),
  columns: [
    column<ApplicationSet>('Applications', 'integer', ({ status }) => status?.resources?.length ?? 0),
    column<ApplicationSet>('Up To Date', 'string', ({ status }) => conditionOf(status, 'ResourcesUpToDate')),
    ageColumn,
  ],
  ...withStatus,
};

function conditionOf(status: ApplicationSet['status'], type: string): string {
  return status?.conditions?.find((condition) => condition.type === type)?.status ?? '';
}

export const appProjectRow: ResourceRow = {
  type: APP_PROJECTS,
  singular: 'appproject',
  shortNames: ['appproj', 'appprojs'],
  verbs: allVerbs,
  columns: [column<AppProject>('Description', 'string', ({ spec }) => spec?.description ?? ''), ageColumn],
  ...plain,
};

function runDuration({ status }: SyncRun, nowMs: number): string {
  if (status?.durationMs !== undefined) return humanDuration(status.durationMs);
  return status?.startedAt === undefined ? '' : ageSince(status.startedAt, nowMs);
}

export const syncRunRow: ResourceRow = {
  type: SYNC_RUNS,
  singular: 'syncrun',
  shortNames: ['run', 'runs'],
  verbs: allVerbs,
  subresources: statusOf(SYNC_RUNS),
  columns: [
    column<SyncRun>('Application', 'string', ({ spec }) => spec?.application ?? ''),
    column<SyncRun>('Revision', 'string', ({ spec }) => (spec?.revision ?? '').slice(0, SHORT_COMMIT)),
    column<SyncRun>('Trigger', 'string', ({ spec }) => spec?.trigger ?? ''),
    column<SyncRun>('Phase', 'string', ({ status }) => status?.phase ?? ''),
    column<SyncRun>('Duration', 'string', runDuration),
    ageColumn,
    wide<SyncRun>('Requested By', 'string', ({ spec }) => spec?.requestedBy ?? ''),
    wide<SyncRun>('Message', 'string', ({ status }) => status?.message ?? ''),
  ],
  fieldSelectors: {
    'spec.application': (object) => (object as SyncRun).spec?.application ?? '',
    'status.phase': (object) => (object as SyncRun).status?.phase ?? '',
  },
  ...withStatus,
  stamp: stampApproval,
};

export const renderedSetRow: ResourceRow = {
  type: RENDERED_SETS,
  singular: 'renderedset',
  verbs: allVerbs,
  columns: [column<RenderedSet>('Bytes', 'integer', ({ data }) => Buffer.byteLength(data ?? '')), ageColumn],
  encrypted: true,
  ...plain,
};

export const inventoryRow: ResourceRow = {
  type: INVENTORIES,
  singular: 'inventory',
  verbs: allVerbs,
  columns: [
    column<Inventory>('Application', 'string', ({ application }) => application ?? ''),
    column<Inventory>('Objects', 'integer', ({ entries }) => entries?.length ?? 0),
    ageColumn,
  ],
  ...plain,
};
