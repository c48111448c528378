import {
  DEPLOYMENTS,
  type Deployment,
  formatSelectorObject,
  type PodTemplateSpec,
  REPLICA_SETS,
  type ReplicaSet,
} from '#api';
import type { ResourceRow } from '../api.ts';
import { ageColumn, column, wide } from './column.ts';
import { allVerbs, scale, statusOf } from './shared.ts';
import { countGeneration, firstGeneration, keepStatus, onCreate, onUpdate, startStatus } from './strategy.ts';

type Workload = Deployment | ReplicaSet;

const containersOf = (template: PodTemplateSpec | undefined) => template?.spec?.containers ?? [];

const templateColumns = [
  wide<Workload>('Containers', 'string', ({ spec }) =>
    containersOf(spec.template)
      .map((each) => each.name)
      .join(','),
  ),
  wide<Workload>('Images', 'string', ({ spec }) =>
    containersOf(spec.template)
      .map((each) => each.image ?? '')
      .join(','),
  ),
  wide<Workload>('Selector', 'string', ({ spec }) => formatSelectorObject(spec.selector)),
];

export const deploymentRow: ResourceRow = {
  type: DEPLOYMENTS,
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: { ...statusOf(DEPLOYMENTS), scale },
  columns: [
    column<Deployment>('Ready', 'string', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    column<Deployment>('Up-to-date', 'integer', ({ status }) => status?.updatedReplicas ?? 0),
    column<Deployment>('Available', 'integer', ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    ...templateColumns,
  ],
  prepareForCreate: onCreate(startStatus({}), firstGeneration),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};

export const replicaSetRow: ResourceRow = {
  type: REPLICA_SETS,
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: { ...statusOf(REPLICA_SETS), scale },
  columns: [
    column<ReplicaSet>('Desired', 'integer', ({ spec }) => spec.replicas ?? 0),
    column<ReplicaSet>('Current', 'integer', ({ status }) => status?.replicas ?? 0),
    column<ReplicaSet>('Ready', 'integer', ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns,
  ],
  fieldSelectors: { 'status.replicas': (object) => String((object as ReplicaSet).status?.replicas ?? 0) },
  prepareForCreate: onCreate(startStatus({ replicas: 0 }), firstGeneration),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};
