import {
  POD_DISRUPTION_BUDGETS,
  type PodDisruptionBudget,
  PRIORITY_CLASSES,
  type PriorityClass,
  RUNTIME_CLASSES,
  type RuntimeClass,
} from '#api';
import type { ResourceRow } from '../api.ts';
import { ageColumn, column } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { countGeneration, firstGeneration, keepStatus, onCreate, onUpdate, startStatus } from './strategy.ts';

const amount = (value: string | number | undefined) => String(value ?? 'N/A');

export const podDisruptionBudgetRow: ResourceRow = {
  type: POD_DISRUPTION_BUDGETS,
  singular: 'poddisruptionbudget',
  shortNames: ['pdb'],
  verbs: allVerbs,
  subresources: statusOf(POD_DISRUPTION_BUDGETS),
  columns: [
    column<PodDisruptionBudget>('Min Available', 'string', ({ spec }) => amount(spec?.minAvailable)),
    column<PodDisruptionBudget>('Max Unavailable', 'string', ({ spec }) => amount(spec?.maxUnavailable)),
    column<PodDisruptionBudget>('Allowed Disruptions', 'integer', ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
  prepareForCreate: onCreate(
    startStatus({ currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }),
    firstGeneration,
  ),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};

export const priorityClassRow: ResourceRow = {
  type: PRIORITY_CLASSES,
  singular: 'priorityclass',
  shortNames: ['pc'],
  verbs: allVerbs,
  columns: [
    column<PriorityClass>('Value', 'integer', ({ value }) => value ?? 0),
    column<PriorityClass>('Global-Default', 'boolean', ({ globalDefault }) => globalDefault ?? false),
    ageColumn,
    column<PriorityClass>('PreemptionPolicy', 'string', ({ preemptionPolicy }) => preemptionPolicy ?? ''),
  ],
  prepareForCreate: firstGeneration,
};

export const runtimeClassRow: ResourceRow = {
  type: RUNTIME_CLASSES,
  singular: 'runtimeclass',
  verbs: allVerbs,
  columns: [column<RuntimeClass>('Handler', 'string', ({ handler }) => handler), ageColumn],
};
