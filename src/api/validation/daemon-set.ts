/** Rules of DaemonSets. Source: kubernetes pkg/apis/apps/validation/validation.go (v1.32). */
import type { DaemonSetUpdateStrategy } from 'kubernetes-types/apps/v1.js';
import type { DaemonSet } from '../kinds/types.ts';
import { checked, type Issues, type Loose, notNegativeNumber } from './checks.ts';
import { invalid, required, unsupported } from './issues.ts';
import { countOrShare, isNothing, notMoreThanAll, validateWorkload } from './workload.ts';

export function* validateDaemonSet({ spec = {} }: Loose<DaemonSet>): Issues {
  yield* validateWorkload(spec, { owner: 'daemonset', maker: 'DaemonSet' });
  yield* validateStrategy(spec.updateStrategy ?? {});
  yield* notNegativeNumber('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
}

function* validateStrategy(strategy: Loose<DaemonSetUpdateStrategy>): Issues {
  const path = 'spec.updateStrategy';
  const { type, rollingUpdate } = strategy;
  if (type === 'OnDelete') return;
  if (type !== undefined && type !== 'RollingUpdate') {
    yield unsupported(path, strategy, ['OnDelete', 'RollingUpdate']);
    return;
  }
  if (rollingUpdate === undefined) {
    yield required(`${path}.rollingUpdate`);
    return;
  }
  for (const field of ['maxUnavailable', 'maxSurge'] as const) {
    yield* checked(`${path}.rollingUpdate.${field}`, rollingUpdate[field], countOrShare);
    yield* checked(`${path}.rollingUpdate.${field}`, rollingUpdate[field], notMoreThanAll);
  }
  const { maxUnavailable, maxSurge } = rollingUpdate;
  const keepsOld = isNothing(maxUnavailable ?? 0);
  const addsNone = isNothing(maxSurge ?? 0);
  if (keepsOld && addsNone) yield required(`${path}.rollingUpdate.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
  if (!keepsOld && !addsNone) {
    yield invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero');
  }
}

const STATUS_COUNTS = [
  'currentNumberScheduled',
  'numberMisscheduled',
  'desiredNumberScheduled',
  'numberReady',
  'observedGeneration',
  'updatedNumberScheduled',
  'numberAvailable',
  'numberUnavailable',
  'collisionCount',
] as const;

export function* validateDaemonSetStatus({ status }: Loose<DaemonSet>): Issues {
  for (const field of STATUS_COUNTS) yield* notNegativeNumber(`status.${field}`, status?.[field]);
}
