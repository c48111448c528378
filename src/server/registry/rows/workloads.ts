import {
  CONTROLLER_REVISIONS,
  type ControllerRevision,
  DAEMON_SETS,
  type DaemonSet,
  DEPLOYMENTS,
  type Deployment,
  formatSelectorObject,
  groupOf,
  type KubeObject,
  POD_TEMPLATES,
  type PodTemplate,
  type PodTemplateSpec,
  REPLICA_SETS,
  REPLICATION_CONTROLLERS,
  type ReplicaSet,
  type ReplicationController,
  STATEFUL_SETS,
  type StatefulSet,
  type StoredObject,
} from '#api';
import { equalJson } from '#base';
import type { ResourceRow, TableColumn } from '../api.ts';
import { formatLabels, NONE } from '../format.ts';
import { ageColumn, column, wide } from './column.ts';
import { allVerbs, scale, statusOf } from './shared.ts';
import { countGeneration, firstGeneration, keepStatus, onCreate, onUpdate, startStatus } from './strategy.ts';

type Template = PodTemplateSpec | undefined;

const names = (template: Template) => (template?.spec?.containers ?? []).map(({ name }) => name).join(',');
const images = (template: Template) => (template?.spec?.containers ?? []).map(({ image = '' }) => image).join(',');

/** What `-o wide` tells of a template's containers. */
export function templateColumns<T extends StoredObject>(templateOf: (object: T) => Template): readonly TableColumn[] {
  return [
    wide<T>('Containers', 'string', (object) => names(templateOf(object))),
    wide<T>('Images', 'string', (object) => images(templateOf(object))),
  ];
}

const selectingColumns = [
  ...templateColumns<Deployment>(({ spec }) => spec.template),
  wide<Deployment>('Selector', 'string', ({ spec }) => formatSelectorObject(spec.selector)),
];

export const replicationControllerRow: ResourceRow = {
  type: REPLICATION_CONTROLLERS,
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: { ...statusOf(REPLICATION_CONTROLLERS), scale },
  columns: [
    column<ReplicationController>('Desired', 'integer', ({ spec }) => spec.replicas ?? 0),
    column<ReplicationController>('Current', 'integer', ({ status }) => status?.replicas ?? 0),
    column<ReplicationController>('Ready', 'integer', ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns<ReplicationController>(({ spec }) => spec.template),
    wide<ReplicationController>('Selector', 'string', ({ spec }) => formatLabels(spec.selector)),
  ],
  fieldSelectors: { 'status.replicas': (object) => String((object as ReplicationController).status?.replicas ?? 0) },
  prepareForCreate: onCreate(startStatus({ replicas: 0 }), firstGeneration),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};

export const podTemplateRow: ResourceRow = {
  type: POD_TEMPLATES,
  singular: 'podtemplate',
  verbs: allVerbs,
  columns: [
    column<PodTemplate>('Containers', 'string', ({ template }) => names(template)),
    column<PodTemplate>('Images', 'string', ({ template }) => images(template)),
    column<PodTemplate>('Pod Labels', 'string', ({ template }) => formatLabels(template?.metadata?.labels)),
  ],
  prepareForCreate: firstGeneration,
  prepareForUpdate: countGeneration('template'),
};

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
    ...selectingColumns,
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
    ...selectingColumns,
  ],
  fieldSelectors: { 'status.replicas': (object) => String((object as ReplicaSet).status?.replicas ?? 0) },
  prepareForCreate: onCreate(startStatus({ replicas: 0 }), firstGeneration),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};

export const statefulSetRow: ResourceRow = {
  type: STATEFUL_SETS,
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: { ...statusOf(STATEFUL_SETS), scale },
  columns: [
    column<StatefulSet>('Ready', 'string', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`),
    ageColumn,
    ...templateColumns<StatefulSet>(({ spec }) => spec.template),
  ],
  prepareForCreate: onCreate(startStatus({ replicas: 0, availableReplicas: 0 }), firstGeneration),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};

export const daemonSetRow: ResourceRow = {
  type: DAEMON_SETS,
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  verbs: allVerbs,
  subresources: statusOf(DAEMON_SETS),
  columns: [
    column<DaemonSet>('Desired', 'integer', ({ status }) => status?.desiredNumberScheduled ?? 0),
    column<DaemonSet>('Current', 'integer', ({ status }) => status?.currentNumberScheduled ?? 0),
    column<DaemonSet>('Ready', 'integer', ({ status }) => status?.numberReady ?? 0),
    column<DaemonSet>('Up-to-date', 'integer', ({ status }) => status?.updatedNumberScheduled ?? 0),
    column<DaemonSet>('Available', 'integer', ({ status }) => status?.numberAvailable ?? 0),
    column<DaemonSet>('Node Selector', 'string', ({ spec }) => formatLabels(spec.template?.spec?.nodeSelector)),
    ageColumn,
    ...selectingColumns,
  ],
  prepareForCreate: onCreate(
    startStatus({ currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }),
    firstGeneration,
    (object) => withTemplateGeneration(object, Math.max(1, templateGenerationOf(object))),
  ),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec'), countTemplateGeneration),
};

/** How many templates a DaemonSet has had, for clients of the old API. Source: apps/v1 types.go, DeprecatedTemplateGeneration (v0.32). */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function templateGenerationOf({ metadata }: KubeObject): number {
  const text = metadata.annotations?.[TEMPLATE_GENERATION] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function withTemplateGeneration(object: KubeObject, generation: number): KubeObject {
  const annotations = { ...object.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function countTemplateGeneration(object: KubeObject, old: StoredObject): KubeObject {
  const templateOf = ({ spec }: KubeObject) => (spec as DaemonSet['spec'] | undefined)?.template;
  const step = equalJson(templateOf(object), templateOf(old)) ? 0 : 1;
  return withTemplateGeneration(object, templateGenerationOf(old) + step);
}

export const controllerRevisionRow: ResourceRow = {
  type: CONTROLLER_REVISIONS,
  singular: 'controllerrevision',
  verbs: allVerbs,
  columns: [
    column<ControllerRevision>('Controller', 'string', controllerOf),
    column<ControllerRevision>('Revision', 'integer', ({ revision }) => revision ?? 0),
    ageColumn,
  ],
};

/** `statefulset.apps/web`: whose revision it is. */
function controllerOf({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return NONE;
  const group = groupOf(owner.apiVersion);
  const kind = owner.kind.toLowerCase();
  return `${group === '' ? kind : `${kind}.${group}`}/${owner.name}`;
}
