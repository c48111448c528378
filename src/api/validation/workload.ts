/** Rules of Deployments and ReplicaSets. Source: kubernetes pkg/apis/apps/validation/validation.go (v1.32). */

import type { DeploymentStrategy } from 'kubernetes-types/apps/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { LabelSelector } from 'kubernetes-types/meta/v1.js';
import { equalJson } from '#base';
import type { Deployment, ReplicaSet } from '../kinds/types.ts';
import { checked, type Issues, type Loose, notNegativeNumber, oneOf } from './checks.ts';
import { forbidden, invalid, required, unsupported } from './issues.ts';
import { notNegative, percentage } from './names.ts';
import { validatePodTemplate } from './pod.ts';
import { isEmptySelector, selectorMatches, validateSelector } from './selector.ts';

interface WorkloadSpec {
  readonly replicas?: number | undefined;
  readonly minReadySeconds?: number | undefined;
  readonly selector?: Loose<LabelSelector> | undefined;
  readonly template?: Loose<PodTemplateSpec> | undefined;
}

function* validateWorkload(spec: WorkloadSpec, kind: string): Issues {
  yield* notNegativeNumber('spec.replicas', spec.replicas);
  yield* notNegativeNumber('spec.minReadySeconds', spec.minReadySeconds);
  const { selector, template } = spec;
  if (selector === undefined) yield required('spec.selector');
  else {
    yield* validateSelector(selector, 'spec.selector');
    if (isEmptySelector(selector)) yield invalid('spec.selector', selector, `empty selector is invalid for ${kind}`);
  }
  if (template === undefined) {
    yield required('spec.template');
    return;
  }
  const labels = template.metadata?.labels;
  if (selector !== undefined && !isEmptySelector(selector) && !selectorMatches(selector, labels)) {
    yield invalid('spec.template.metadata.labels', labels ?? {}, '`selector` does not match template `labels`');
  }
  yield* validatePodTemplate(template, 'spec.template');
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy && restartPolicy !== 'Always') {
    yield unsupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']);
  }
  if (activeDeadlineSeconds !== undefined) {
    yield forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in ReplicaSet is not Supported');
  }
}

export function* validateReplicaSet({ spec }: Loose<ReplicaSet>): Issues {
  yield* validateWorkload(spec ?? {}, 'replicaset');
}

export function* validateDeployment({ spec = {} }: Loose<Deployment>): Issues {
  yield* validateWorkload(spec, 'deployment');
  yield* validateStrategy(spec.strategy ?? {});
  yield* notNegativeNumber('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
  const { progressDeadlineSeconds, minReadySeconds = 0 } = spec;
  yield* notNegativeNumber('spec.progressDeadlineSeconds', progressDeadlineSeconds);
  if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= minReadySeconds) {
    yield invalid('spec.progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds');
  }
}

function* validateStrategy({ type, rollingUpdate }: Loose<DeploymentStrategy>): Issues {
  const path = 'spec.strategy';
  if (type === 'Recreate') {
    if (rollingUpdate !== undefined) {
      yield forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'");
    }
    return;
  }
  yield* oneOf(`${path}.type`, type, ['Recreate', 'RollingUpdate']);
  if (rollingUpdate === undefined) return;
  const { maxSurge, maxUnavailable } = rollingUpdate;
  yield* checked(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, countOrShare);
  yield* checked(`${path}.rollingUpdate.maxSurge`, maxSurge, countOrShare);
  if (isNothing(maxUnavailable) && isNothing(maxSurge)) {
    yield invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  }
  if (typeof maxUnavailable === 'string' && Number.parseInt(maxUnavailable, 10) > 100) {
    yield invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'must not be greater than 100%');
  }
}

function countOrShare(value: number | string): string | undefined {
  return typeof value === 'number' ? notNegative(value) : percentage(value);
}

function isNothing(value: number | string | undefined): boolean {
  return value === 0 || (typeof value === 'string' && /^0+%$/.test(value));
}

export function* validateWorkloadUpdate(
  object: { readonly spec?: WorkloadSpec | undefined },
  old: { readonly spec?: WorkloadSpec | undefined },
): Issues {
  if (!equalJson(object.spec?.selector, old.spec?.selector)) {
    yield invalid('spec.selector', object.spec?.selector ?? null, 'field is immutable');
  }
}
