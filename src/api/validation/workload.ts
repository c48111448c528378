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

interface WorkloadWords {
  /** As in `empty selector is invalid for deployment`. */
  readonly owner: string;
  /** As in `activeDeadlineSeconds in ReplicaSet is not Supported`. */
  readonly maker: string;
  /** Volumes that the pods get besides those of the template. */
  readonly claims?: readonly string[];
}

/** The part that everything shares which keeps pods running: a selector that matches a template of lasting pods. */
export function* validateWorkload(spec: WorkloadSpec, words: WorkloadWords): Issues {
  yield* notNegativeNumber('spec.replicas', spec.replicas);
  yield* notNegativeNumber('spec.minReadySeconds', spec.minReadySeconds);
  const { selector, template } = spec;
  if (selector === undefined) yield required('spec.selector');
  else {
    yield* validateSelector(selector, 'spec.selector');
    if (isEmptySelector(selector)) {
      yield invalid('spec.selector', selector, `empty selector is invalid for ${words.owner}`);
    }
  }
  if (template === undefined) {
    yield required('spec.template');
    return;
  }
  if (selector !== undefined && !isEmptySelector(selector)) yield* validateTemplateLabels(selector, template);
  yield* validateLastingTemplate(template, words);
}

export function* validateTemplateLabels(selector: Loose<LabelSelector>, template: Loose<PodTemplateSpec>): Issues {
  const labels = template.metadata?.labels;
  if (!selectorMatches(selector, labels)) {
    yield invalid('spec.template.metadata.labels', labels ?? {}, '`selector` does not match template `labels`');
  }
}

/** A template of pods that run until somebody stops them. */
export function* validateLastingTemplate(
  template: Loose<PodTemplateSpec>,
  { maker, claims = [] }: Omit<WorkloadWords, 'owner'>,
): Issues {
  yield* validatePodTemplate(template, 'spec.template', claims);
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy && restartPolicy !== 'Always') {
    yield unsupported('spec.template.spec.restartPolicy', restartPolicy, ['Always']);
  }
  if (activeDeadlineSeconds !== undefined) {
    yield forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${maker} is not Supported`);
  }
}

export function* validateReplicaSet({ spec }: Loose<ReplicaSet>): Issues {
  yield* validateWorkload(spec ?? {}, { owner: 'replicaset', maker: 'ReplicaSet' });
}

export function* validateDeployment({ spec = {} }: Loose<Deployment>): Issues {
  yield* validateWorkload(spec, { owner: 'deployment', maker: 'ReplicaSet' });
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
  yield* checked(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, notMoreThanAll);
}

/** A number of pods, or a share of them in percent. */
export function countOrShare(value: number | string): string | undefined {
  return typeof value === 'number' ? notNegative(value) : percentage(value);
}

export function notMoreThanAll(value: number | string): string | undefined {
  return isShare(value) && Number.parseInt(value, 10) > 100 ? 'must not be greater than 100%' : undefined;
}

function isShare(value: number | string): value is string {
  return typeof value === 'string' && percentage(value) === undefined;
}

export function isNothing(value: number | string | undefined): boolean {
  return value === 0 || (typeof value === 'string' && /^0+%$/.test(value));
}

interface ReplicaCounts {
  readonly replicas?: number | undefined;
  readonly readyReplicas?: number | undefined;
  readonly availableReplicas?: number | undefined;
  readonly observedGeneration?: number | undefined;
}

/** Counts in a status cannot be negative, nor a part more than the whole. */
export function* validateReplicaCounts<T extends ReplicaCounts>(
  status: T | undefined,
  parts: readonly (keyof T & string)[],
): Issues {
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status ?? {};
  for (const field of ['replicas', 'observedGeneration', ...parts] as const) {
    const count = status?.[field];
    if (typeof count !== 'number') continue;
    yield* notNegativeNumber(`status.${field}`, count);
    if (field === 'observedGeneration' || count <= replicas) continue;
    yield invalid(`status.${field}`, count, 'cannot be greater than status.replicas');
  }
  if (availableReplicas > readyReplicas) {
    yield invalid('status.availableReplicas', availableReplicas, 'cannot be greater than status.readyReplicas');
  }
}

export function* validateWorkloadUpdate(
  object: { readonly spec?: WorkloadSpec | undefined },
  old: { readonly spec?: WorkloadSpec | undefined },
): Issues {
  if (!equalJson(object.spec?.selector, old.spec?.selector)) {
    yield invalid('spec.selector', object.spec?.selector ?? null, 'field is immutable');
  }
}
