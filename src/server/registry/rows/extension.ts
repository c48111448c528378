/** Kinds by which others extend an API server. They are kept for whoever reads them; what they ask for is not done here, and told. */
import {
  API_SERVICES,
  type ApiService,
  CSI_NODES,
  type CsiNode,
  type KubeObject,
  MUTATING_WEBHOOKS,
  type MutatingWebhookConfiguration,
  type ResourceType,
  VALIDATING_WEBHOOKS,
  type ValidatingWebhookConfiguration,
} from '#api';
import { formatTime } from '#base';
import type { ResourceRow } from '../api.ts';
import { ageColumn, column } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { countGeneration, firstGeneration, keepStatus } from './strategy.ts';

type Webhooks = ValidatingWebhookConfiguration | MutatingWebhookConfiguration;

function webhookRow(type: ResourceType, singular: string, effect: string): ResourceRow {
  return {
    type,
    singular,
    categories: ['api-extensions'],
    verbs: allVerbs,
    columns: [column<Webhooks>('Webhooks', 'integer', ({ webhooks }) => webhooks?.length ?? 0), ageColumn],
    prepareForCreate: firstGeneration,
    prepareForUpdate: countGeneration('webhooks'),
    warningsOf: (object) =>
      ((object as Webhooks).webhooks ?? []).length === 0
        ? []
        : [`webhooks: they are kept and not asked: no object is ${effect} by them here`],
  };
}

export const validatingWebhookRow = webhookRow(VALIDATING_WEBHOOKS, 'validatingwebhookconfiguration', 'refused');
export const mutatingWebhookRow = webhookRow(MUTATING_WEBHOOKS, 'mutatingwebhookconfiguration', 'changed');

/** Source: kube-aggregator pkg/registry/apiservice/etcd/etcd.go, ConvertToTable (v0.32). */
function servedBy({ spec: { service } }: ApiService): string {
  return service === undefined ? 'Local' : `${service.namespace ?? ''}/${service.name ?? ''}`;
}

function isAvailable({ status }: ApiService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available');
  if (condition === undefined) return 'Unknown';
  const { status: is, reason = '' } = condition;
  return is === 'True' || reason === '' ? is : `${is} (${reason})`;
}

/** Source: kube-aggregator pkg/registry/apiservice/strategy.go, PrepareForCreate (v0.32); what is not local is not reached. */
function startApiService({ status: _, ...object }: KubeObject, nowMs: number): KubeObject {
  const isLocal = (object as unknown as ApiService).spec?.service === undefined;
  const condition = isLocal
    ? { status: 'True', reason: 'Local', message: 'Local APIServices are always available' }
    : { status: 'False', reason: 'NotAggregated', message: 'this server passes no group on to another' };
  const conditions = [{ type: 'Available', lastTransitionTime: formatTime(nowMs), ...condition }];
  return { ...object, status: { conditions } } as KubeObject;
}

export const apiServiceRow: ResourceRow = {
  type: API_SERVICES,
  singular: 'apiservice',
  categories: ['api-extensions'],
  verbs: allVerbs,
  subresources: statusOf(API_SERVICES),
  columns: [
    column<ApiService>('Service', 'string', servedBy),
    column<ApiService>('Available', 'string', isAvailable),
    ageColumn,
  ],
  prepareForCreate: startApiService,
  prepareForUpdate: keepStatus,
  warningsOf: (object) =>
    (object as ApiService).spec?.service === undefined
      ? []
      : ['spec.service: it is kept and not called: the group is not served by it here'],
};

export const csiNodeRow: ResourceRow = {
  type: CSI_NODES,
  singular: 'csinode',
  verbs: allVerbs,
  columns: [column<CsiNode>('Drivers', 'integer', ({ spec }) => spec.drivers?.length ?? 0), ageColumn],
};
