import { LIMIT_RANGES, RESOURCE_QUOTAS, type ResourceQuota } from '#api';
import type { ResourceRow } from '../api.ts';
import { ageColumn, column, createdColumn } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { keepStatus, startStatus } from './strategy.ts';

export const limitRangeRow: ResourceRow = {
  type: LIMIT_RANGES,
  singular: 'limitrange',
  shortNames: ['limits'],
  verbs: allVerbs,
  columns: [createdColumn],
};

/** `cpu: 1/4, pods: 2/10`, of what is limited or of all else. Source: kubernetes printers.go, printResourceQuota (v1.32). */
const usage =
  (isLimit: boolean) =>
  ({ status }: ResourceQuota): string =>
    Object.entries(status?.hard ?? {})
      .filter(([name]) => name.startsWith('limits.') === isLimit)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
      .join(', ');

export const resourceQuotaRow: ResourceRow = {
  type: RESOURCE_QUOTAS,
  singular: 'resourcequota',
  shortNames: ['quota'],
  verbs: allVerbs,
  subresources: statusOf(RESOURCE_QUOTAS),
  columns: [
    column<ResourceQuota>('Request', 'string', usage(false)),
    column<ResourceQuota>('Limit', 'string', usage(true)),
    ageColumn,
  ],
  prepareForCreate: startStatus({}),
  prepareForUpdate: keepStatus,
};
