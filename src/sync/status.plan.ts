import type {
  Application,
  ApplicationConditionType,
  ApplicationStatus,
  Condition,
  FieldDrift,
  HealthStatus,
  ObjectKey,
  Origin,
  ResourceStatus,
  SyncStatus,
} from '#api';
import { formatTime } from '#base';
import { type Health, worstHealth } from '#health';
import type { Diagnostic } from '#render';

/** What is told of one object. */
export interface ReportedObject {
  readonly key: ObjectKey;
  readonly version: string;
  readonly sync: SyncStatus;
  /** Undefined for kinds that have no health of their own. */
  readonly health: Health | undefined;
  readonly requiresPruning: boolean;
  readonly origin: Origin;
  readonly drift: readonly FieldDrift[];
}

export interface StatusSnapshot {
  readonly application: Application;
  readonly nowMs: number;
  /** Undefined when nothing could be loaded: what was told of the objects before stays. */
  readonly objects: readonly ReportedObject[] | undefined;
  readonly sync: SyncStatus;
  readonly revision: string | undefined;
  readonly digest: string | undefined;
  readonly run: ApplicationStatus['run'];
  readonly images: readonly string[];
  readonly conditions: readonly NewCondition[];
}

export interface NewCondition {
  readonly type: ApplicationConditionType;
  readonly reason?: string;
  readonly message: string;
  /** Since when, where that is known better than by when it was first written. */
  readonly sinceMs?: number;
}

/** Objects listed in a status, those that need a look first. The ownership table has them all. */
export const MAX_RESOURCES = 1_500;
/** Conditions of one type, such as broken files. */
const MAX_OF_TYPE = 10;
const MAX_MESSAGE = 1_024;
const MAX_IMAGES = 50;

/** The status of an Application in Argo CD's format. Equal facts give an equal status: nothing is written then. */
export function planStatus(snapshot: StatusSnapshot): ApplicationStatus {
  const { application, objects, revision, digest, run } = snapshot;
  const before = application.status ?? {};
  const resources = objects === undefined ? before.resources : listResources(objects);
  const health = objects === undefined ? before.health : applicationHealth(objects);
  const status: ApplicationStatus = {
    sync: { status: snapshot.sync, ...(revision === undefined ? {} : { revision }) },
    health: health ?? { status: 'Unknown' },
    conditions: planConditions(before.conditions ?? [], snapshot.conditions, snapshot.nowMs),
    resources: resources ?? [],
    ...(application.metadata.generation === undefined ? {} : { observedGeneration: application.metadata.generation }),
    ...(digest === undefined ? {} : { digest }),
    ...(run === undefined ? {} : { run }),
    ...(before.lastOperation === undefined ? {} : { lastOperation: before.lastOperation }),
    summary: {
      images:
        snapshot.images.length === 0 && objects === undefined
          ? (before.summary?.images ?? [])
          : snapshot.images.slice(0, MAX_IMAGES),
    },
  };
  return status;
}

function listResources(objects: readonly ReportedObject[]): ResourceStatus[] {
  const shown =
    objects.length <= MAX_RESOURCES
      ? objects
      : objects.toSorted((a, b) => urgency(a) - urgency(b)).slice(0, MAX_RESOURCES);
  return shown.map(({ key, version, sync, health, requiresPruning, origin, drift }) => ({
    group: key.group,
    version,
    kind: key.kind,
    namespace: key.namespace,
    name: key.name,
    status: sync,
    ...(health === undefined ? {} : { health: boundHealth(health) }),
    ...(requiresPruning ? { requiresPruning } : {}),
    origin,
    ...(drift.length === 0 ? {} : { drift: [...drift] }),
  }));
}

function urgency({ sync, health }: ReportedObject): number {
  return (sync === 'Synced' ? 2 : 0) + (health === undefined || health.status === 'Healthy' ? 1 : 0);
}

function boundHealth({ status, message }: Health): Health {
  return message === undefined ? { status } : { status, message: message.slice(0, MAX_MESSAGE) };
}

/** The worst of its objects; a missing one counts only when all are missing. Source: argo-cd controller/health.go (v3.0). */
function applicationHealth(objects: readonly ReportedObject[]): { status: HealthStatus; message?: string } {
  const judged = objects.flatMap(({ key, health }) => (health === undefined ? [] : [{ key, health }]));
  const present = judged.filter(({ health }) => health.status !== 'Missing');
  if (present.length === 0)
    return { status: objects.length > 0 && judged.length === objects.length ? 'Missing' : 'Healthy' };
  const worst = worstHealth(present.map(({ health }) => health));
  const first = present.find(({ health }) => health.status === worst.status);
  if (worst.status === 'Healthy' || worst.message === undefined || first === undefined) return { status: worst.status };
  return boundHealth({
    status: worst.status,
    message: `${first.key.kind} ${first.key.name}: ${first.health.message ?? ''}`,
  });
}

function planConditions(before: readonly Condition[], next: readonly NewCondition[], nowMs: number): Condition[] {
  const counts = new Map<ApplicationConditionType, number>();
  const planned: Condition[] = [];
  for (const { type, reason, message, sinceMs } of next) {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    if (count > MAX_OF_TYPE) continue;
    const text = message.slice(0, MAX_MESSAGE);
    const same = before.find((condition) => condition.type === type && condition.message === text);
    planned.push({
      type,
      status: 'True',
      ...(reason === undefined ? {} : { reason }),
      message: text,
      lastTransitionTime: sinceMs !== undefined ? formatTime(sinceMs) : (same?.lastTransitionTime ?? formatTime(nowMs)),
    });
  }
  for (const [type, count] of counts) {
    if (count <= MAX_OF_TYPE) continue;
    const message = `and ${count - MAX_OF_TYPE} more`;
    const same = before.find((condition) => condition.type === type && condition.message === message);
    planned.push({ type, status: 'True', message, lastTransitionTime: same?.lastTransitionTime ?? formatTime(nowMs) });
  }
  return planned;
}

/** Condition type of a diagnostic. */
const TYPES = {
  InvalidManifest: 'InvalidManifest',
  InvalidObject: 'InvalidManifest',
  FileSkipped: 'InvalidManifest',
  Duplicate: 'DuplicateResource',
  Unsupported: 'UnsupportedKind',
  NotAllowed: 'NotAllowed',
} as const satisfies Readonly<Record<Diagnostic['code'], ApplicationConditionType>>;

/** One condition a broken place, with file:line in front. */
export function conditionsOf(diagnostics: readonly Diagnostic[]): readonly NewCondition[] {
  return diagnostics.map(({ severity, code, message, path, line }) => ({
    type: severity === 'error' ? TYPES[code] : `${TYPES[code]}Warning`,
    reason: code,
    message: `${line === 0 ? path : `${path}:${line}`}: ${message}`,
  }));
}
