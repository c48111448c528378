/** Rules of StatefulSets and ControllerRevisions. Source: kubernetes pkg/apis/apps/validation/validation.go (v1.32). */
import type { StatefulSetSpec, StatefulSetUpdateStrategy } from 'kubernetes-types/apps/v1.js';
import { equalJson } from '#base';
import type { ControllerRevision, StatefulSet } from '../kinds/types.ts';
import { checked, type Issues, type Loose, notNegativeNumber, oneOf } from './checks.ts';
import { forbidden, invalid, required } from './issues.ts';
import { countOrShare, isNothing, notMoreThanAll, validateReplicaCounts, validateWorkload } from './workload.ts';

/**
 * v1.32 leaves the pods of a template unjudged until they are made; we judge them with the template, as later versions
 * do, so that a commit is refused and not its pods.
 */
export function* validateStatefulSet({ spec = {} }: Loose<StatefulSet>): Issues {
  yield* checked('spec.podManagementPolicy', spec.podManagementPolicy, (policy) =>
    policy === 'OrderedReady' || policy === 'Parallel' ? undefined : "must be 'OrderedReady' or 'Parallel'",
  );
  yield* validateStrategy(spec.updateStrategy ?? {});
  const { whenDeleted, whenScaled } = spec.persistentVolumeClaimRetentionPolicy ?? {};
  yield* oneOf('spec.persistentVolumeClaimRetentionPolicy.whenDeleted', whenDeleted, ['Delete', 'Retain']);
  yield* oneOf('spec.persistentVolumeClaimRetentionPolicy.whenScaled', whenScaled, ['Delete', 'Retain']);
  yield* notNegativeNumber('spec.ordinals.start', spec.ordinals?.start);
  yield* notNegativeNumber('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '');
  yield* validateWorkload(spec, { owner: 'statefulset', maker: 'StatefulSet', claims });
}

function* validateStrategy(strategy: Loose<StatefulSetUpdateStrategy>): Issues {
  const path = 'spec.updateStrategy';
  const { type, rollingUpdate } = strategy;
  if (type !== undefined && type !== 'RollingUpdate' && type !== 'OnDelete') {
    yield invalid(path, strategy, "must be 'RollingUpdate' or 'OnDelete'");
  }
  if (rollingUpdate === undefined) return;
  if (type === 'OnDelete') {
    yield invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'");
    return;
  }
  const { partition, maxUnavailable } = rollingUpdate;
  yield* notNegativeNumber(`${path}.rollingUpdate.partition`, partition);
  yield* checked(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, countOrShare);
  if (isNothing(maxUnavailable)) yield invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'cannot be 0');
  yield* checked(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, notMoreThanAll);
}

export function* validateStatefulSetStatus({ status }: Loose<StatefulSet>): Issues {
  yield* notNegativeNumber('status.collisionCount', status?.collisionCount);
  yield* validateReplicaCounts(status, ['readyReplicas', 'currentReplicas', 'updatedReplicas', 'availableReplicas']);
}

const MUTABLE_FIELDS =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export function* validateStatefulSetUpdate({ spec }: Loose<StatefulSet>, { spec: old }: Loose<StatefulSet>): Issues {
  if (!equalJson(fixedPart(spec ?? {}), fixedPart(old ?? {}))) yield forbidden('spec', MUTABLE_FIELDS);
}

/** The spec without what an update may change. */
function fixedPart(spec: Loose<StatefulSetSpec>): unknown {
  const mutable = { replicas: undefined, ordinals: undefined, template: undefined, updateStrategy: undefined };
  return { ...spec, ...mutable, persistentVolumeClaimRetentionPolicy: undefined, minReadySeconds: undefined };
}

export function* validateControllerRevision({ data, revision }: Loose<ControllerRevision>): Issues {
  if (data === undefined) yield required('data', 'data is mandatory');
  yield* notNegativeNumber('revision', revision);
}

/** A revision is what once was: only its number may change. */
export function* validateControllerRevisionUpdate(
  { data }: Loose<ControllerRevision>,
  { data: old }: Loose<ControllerRevision>,
): Issues {
  if (!equalJson(data, old)) yield invalid('data', data ?? null, 'field is immutable');
}
