import type { Application, ApplicationSet, ApplicationSetStatus, Condition, KubeObject } from '#api';
import { equalJson, formatTime, shortHash } from '#base';
import type { Generated } from '#render';
import { PRUNE_COUNT, PRUNE_SHARE } from './prune.plan.ts';

/** Says which deletions a person allows: the digest that the condition names. */
export const APPROVE_DELETIONS = 'plumbline.dev/approve-deletions';
/** Applications that a status lists. Source: argo-cd, maxResourcesStatusCount's own default is none; ours bounds the object. */
const MAX_LISTED = 1_500;
const MAX_MESSAGE = 1_024;

export interface ApplicationSetSnapshot {
  readonly set: ApplicationSet;
  readonly generated: Exclude<Generated, { readonly type: 'needs' }>;
  /** Every Application of the namespace, by name. */
  readonly applications: ReadonlyMap<string, Application>;
  readonly nowMs: number;
}

/** What becomes of the Applications of one ApplicationSet. */
export interface ApplicationSetPlan {
  readonly create: readonly KubeObject[];
  /** Whole objects, with the version that they replace. */
  readonly update: readonly Application[];
  readonly remove: readonly Application[];
  readonly status: ApplicationSetStatus;
}

/**
 * Applications as the generators say. Where they could not be asked nothing changes; what is deleted has the brake that
 * pruning has: not all of them, nor many at once, unless a person allows it.
 */
export function planApplicationSet({
  set,
  generated,
  applications,
  nowMs,
}: ApplicationSetSnapshot): ApplicationSetPlan {
  const owned = [...applications.values()].filter((application) => isOwned(application, set));
  const nothing = { create: [], update: [], remove: [] };
  if (set.metadata.deletionTimestamp !== undefined) return { ...nothing, status: set.status ?? {} };
  if (generated.type === 'failed') {
    const conditions = [
      condition('ErrorOccurred', 'True', 'ApplicationParamsGenerationError', generated.message),
      condition('ParametersGenerated', 'False', 'ErrorOccurred', generated.message),
      condition(
        'ResourcesUpToDate',
        'False',
        'ApplicationParamsGenerationError',
        'nothing is changed until this is mended',
      ),
    ];
    return { ...nothing, status: statusOf(set, conditions, owned, nowMs) };
  }
  const policy = set.spec.syncPolicy?.applicationsSync ?? 'sync';
  const taken = generated.applications.filter(({ metadata: { name = '' } }) => {
    const there = applications.get(name);
    return there !== undefined && !isOwned(there, set);
  });
  const foreign = new Set(taken.map(({ metadata }) => metadata.name));
  const wanted = generated.applications
    .filter(({ metadata }) => !foreign.has(metadata.name))
    .map((application) => owning(application, set));
  const create = wanted.filter(({ metadata: { name = '' } }) => !applications.has(name));
  const update = policy === 'create-only' || policy === 'create-delete' ? [] : changedOf(set, wanted, applications);
  const names = new Set(generated.applications.map(({ metadata }) => metadata.name));
  const dropped = owned.filter(({ metadata }) => !names.has(metadata.name) && metadata.deletionTimestamp === undefined);
  const deletes = policy === 'sync' || policy === 'create-delete';
  const brake = deletes
    ? brakeOf(set, dropped, owned.filter(({ metadata }) => metadata.deletionTimestamp === undefined).length)
    : undefined;
  const remove = deletes && brake === undefined ? dropped : [];
  const problem =
    taken.length === 0
      ? undefined
      : `an Application named "${taken[0]?.metadata.name}" exists and was not made by this ApplicationSet: rename one of them, or delete that one`;
  const conditions = [
    problem === undefined
      ? condition(
          'ErrorOccurred',
          'False',
          'ApplicationSetUpToDate',
          'All applications have been generated successfully',
        )
      : condition('ErrorOccurred', 'True', 'ApplicationNameTaken', problem),
    condition(
      'ParametersGenerated',
      'True',
      'ParametersGenerated',
      'Successfully generated parameters for all Applications',
    ),
    brake !== undefined
      ? condition('ResourcesUpToDate', 'False', 'DeletionBlocked', brake)
      : problem !== undefined
        ? condition('ResourcesUpToDate', 'False', 'ApplicationNameTaken', problem)
        : condition('ResourcesUpToDate', 'True', 'ApplicationSetUpToDate', 'ApplicationSet up to date'),
  ];
  const gone = new Set(remove);
  const after = [...owned.filter((application) => !gone.has(application)), ...create];
  return { create, update, remove, status: statusOf(set, conditions, after, nowMs) };
}

function isOwned({ metadata }: Application, set: ApplicationSet): boolean {
  return (metadata.ownerReferences ?? []).some(
    ({ controller, uid }) => controller === true && uid === set.metadata.uid,
  );
}

function owning(application: KubeObject, { metadata: { name = '', uid = '' } }: ApplicationSet): KubeObject {
  const owner = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  return { ...application, metadata: { ...application.metadata, ownerReferences: [owner] } };
}

/** Those that are not as they should be, as they should be. Argo CD's rule: the template says all, labels and annotations too. */
function changedOf(
  set: ApplicationSet,
  wanted: readonly KubeObject[],
  applications: ReadonlyMap<string, Application>,
): readonly Application[] {
  return wanted.flatMap((application) => {
    const live = applications.get(application.metadata.name ?? '');
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return [];
    const next = asWanted(set, live, application);
    return equalJson(next, live) ? [] : [next];
  });
}

/** Set by people or programs on an Application itself, and theirs to take off. Source: argo-cd, createOrUpdateInCluster (v3.0). */
const KEPT_ANNOTATIONS = ['argocd.argoproj.io/refresh', 'notified.notifications.argoproj.io'];
const KEPT_PREFIX = 'plumbline.dev/';

function asWanted(set: ApplicationSet, live: Application, wanted: KubeObject): Application {
  const { preservedFields = {} } = set.spec;
  const annotations = {
    ...kept(live.metadata.annotations, [...KEPT_ANNOTATIONS, ...(preservedFields.annotations ?? [])], KEPT_PREFIX),
    ...wanted.metadata.annotations,
  };
  const labels = { ...kept(live.metadata.labels, preservedFields.labels ?? []), ...wanted.metadata.labels };
  const { labels: _l, annotations: _a, finalizers: _f, ownerReferences: _o, ...metadata } = live.metadata;
  const next: Application = {
    ...live,
    metadata: {
      ...metadata,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(wanted.metadata.finalizers === undefined ? {} : { finalizers: wanted.metadata.finalizers }),
      ...(wanted.metadata.ownerReferences === undefined ? {} : { ownerReferences: wanted.metadata.ownerReferences }),
    },
    // As the API fills it in.
    spec: { project: 'default', ...(wanted['spec'] as object) } as Application['spec'],
  };
  return ignoredPointers(set, live.metadata.name).reduce((object, pointer) => withLive(object, live, pointer), next);
}

function kept(
  values: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
  prefix?: string,
): Record<string, string> {
  const isKept = (name: string) => names.includes(name) || (prefix !== undefined && name.startsWith(prefix));
  return Object.fromEntries(Object.entries(values ?? {}).filter(([name]) => isKept(name)));
}

function ignoredPointers({ spec }: ApplicationSet, name: string): readonly string[] {
  return (spec.ignoreApplicationDifferences ?? [])
    .filter((rule) => rule.name === undefined || rule.name === '' || rule.name === name)
    .flatMap(({ jsonPointers }) => jsonPointers ?? []);
}

/** The object with what stands at the pointer taken from `live`, be it nothing. */
function withLive<T extends object>(object: T, live: object, pointer: string): T {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const take = (target: unknown, source: unknown, [name, ...rest]: readonly string[]): unknown => {
    if (name === undefined) return source;
    const fields = isRecord(target) ? target : {};
    const inner = take(fields[name], isRecord(source) ? source[name] : undefined, rest);
    const { [name]: _old, ...others } = fields;
    return inner === undefined ? others : { ...others, [name]: inner };
  };
  return path.length === 0 ? object : (take(object, live, path) as T);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Why these may not be deleted unasked; undefined when they may. */
function brakeOf(set: ApplicationSet, dropped: readonly Application[], ownedCount: number): string | undefined {
  const limit = Math.max(PRUNE_COUNT, Math.floor(ownedCount * PRUNE_SHARE));
  const isAll = dropped.length > 1 && dropped.length === ownedCount;
  if (dropped.length <= limit && !isAll) return undefined;
  const names = dropped.map(({ metadata }) => metadata.name).sort();
  const digest = shortHash(names.join('\n'), 12);
  if (set.metadata.annotations?.[APPROVE_DELETIONS] === digest) return undefined;
  const why = isAll
    ? `all ${ownedCount} Applications`
    : `${dropped.length} Applications, more than ${limit} of ${ownedCount},`;
  return `${why} would be deleted (${names.slice(0, 5).join(', ')}${names.length > 5 ? ' …' : ''}): nothing is, until the annotation ${APPROVE_DELETIONS}: ${digest} allows it`;
}

const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
  type,
  status,
  reason,
  message: message.slice(0, MAX_MESSAGE),
});

/** Equal facts give an equal status: nothing is written then. */
function statusOf(
  set: ApplicationSet,
  conditions: readonly Condition[],
  applications: readonly KubeObject[],
  nowMs: number,
): ApplicationSetStatus {
  const before = set.status?.conditions ?? [];
  return {
    ...(set.metadata.generation === undefined ? {} : { observedGeneration: set.metadata.generation }),
    conditions: conditions.map((one) => {
      const old = before.find(({ type }) => type === one.type);
      const isSame = old?.status === one.status && old.lastTransitionTime !== undefined;
      return { ...one, lastTransitionTime: isSame ? old.lastTransitionTime : formatTime(nowMs) } as Condition;
    }),
    resources: applications
      .map((application) => resourceOf(application as Partial<Application> & KubeObject))
      .sort((left, right) => (left.name < right.name ? -1 : 1))
      .slice(0, MAX_LISTED),
  };
}

function resourceOf({ metadata, status }: Partial<Application> & KubeObject) {
  return {
    group: 'argoproj.io',
    version: 'v1alpha1',
    kind: 'Application',
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    status: status?.sync?.status ?? ('Unknown' as const),
    ...(status?.health === undefined ? {} : { health: { status: status.health.status } }),
  };
}
