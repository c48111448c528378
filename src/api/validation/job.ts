/** Rules of Jobs. Source: kubernetes pkg/apis/batch/validation/validation.go and pkg/registry/batch/job/strategy.go (v1.32). */
import type { JobSpec, JobStatus } from 'kubernetes-types/batch/v1.js';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import { equalJson } from '#base';
import type { Job } from '../kinds/types.ts';
import { checked, type Issues, type Loose, notNegativeNumber, oneOf } from './checks.ts';
import { invalid, invalidAltogether, required, tooLong, unsupported } from './issues.ts';
import { validateFailurePolicy, validateSuccessPolicy } from './job-policies.ts';
import { dns1123Label, domainPrefixedPath } from './names.ts';
import { validatePodTemplate } from './pod.ts';
import { validateSelector } from './selector.ts';
import { validateTemplateLabels } from './workload.ts';

/** Pods that an Indexed Job may run at once, and indexes of it that may fail: their lists have to fit into a status. */
const MAX_INDEXED = 100_000;
/** The same for a Job of more completions than that, with a limit per index. */
const MAX_OF_MANY = 10_000;
const MAX_MANAGED_BY = 63;

export function* validateJob({ metadata, spec = {} }: Loose<Job>): Issues {
  const uid = metadata?.uid;
  const { completions = 0, completionMode } = spec;
  // A Job of Git has no uid yet: its selector and the labels that go with it are made when it is.
  if (uid !== undefined && spec.manualSelector !== true) yield* validateGenerated(metadata?.name ?? '', uid, spec);
  yield* validateJobSpec(spec, 'spec');
  if (spec.selector !== undefined) {
    yield* validateSelector(spec.selector, 'spec.selector');
    if (uid !== undefined || spec.manualSelector === true) {
      yield* validateTemplateLabels(spec.selector, spec.template ?? {});
    }
  } else if (uid !== undefined || spec.manualSelector === true) yield required('spec.selector');
  if (completionMode !== 'Indexed' || completions <= 0) return;
  const lastPod = `${metadata?.name ?? ''}-${completions - 1}`;
  if (dns1123Label(lastPod) !== undefined) {
    const detail = `will not able to create pod with invalid DNS label: ${lastPod}`;
    yield invalid('metadata.name', metadata?.name ?? '', detail);
  }
}

/** The labels by which a Job finds its pods; the ones without a domain are for older clients. */
export function generatedLabels(name: string, uid: string): Readonly<Record<string, string>> {
  return {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
}

function* validateGenerated(name: string, uid: string, { selector, template }: Loose<JobSpec>): Issues {
  if (selector === undefined) return;
  const expected = generatedLabels(name, uid);
  const labels = template?.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(expected)) {
    const path = `spec.template.metadata.labels[${key}]`;
    const given = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (given === undefined) yield required(path, `must be '${value}'`);
    else if (given !== value) yield invalid(path, labels, `must be '${value}'`);
  }
  for (const _ of validateTemplateLabels(selector, { metadata: { labels: expected } })) {
    yield invalid('spec.selector', selector, '`selector` not auto-generated');
  }
}

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const;

/** A Job's spec, also as the template of a CronJob. */
export function* validateJobSpec(spec: Loose<JobSpec>, path: string): Issues {
  for (const field of COUNTS) yield* notNegativeNumber(`${path}.${field}`, spec[field]);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    yield required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  }
  const { managedBy } = spec;
  if (managedBy === '') yield required(`${path}.managedBy`);
  else yield* checked(`${path}.managedBy`, managedBy, domainPrefixedPath);
  if ((managedBy ?? '').length > MAX_MANAGED_BY) yield tooLong(`${path}.managedBy`, MAX_MANAGED_BY);
  yield* oneOf(`${path}.completionMode`, spec.completionMode, ['Indexed', 'NonIndexed']);
  if (spec.completionMode === 'Indexed') yield* validateIndexed(spec, path);
  else yield* validateNonIndexed(spec, path);
  yield* validateFailurePolicy(spec, `${path}.podFailurePolicy`);
  yield* validateSuccessPolicy(spec, `${path}.successPolicy`);
  const replacements = spec.podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed'];
  yield* oneOf(`${path}.podReplacementPolicy`, spec.podReplacementPolicy, replacements);
  yield* validateEndingTemplate(spec, path);
}

function* validateIndexed(spec: Loose<JobSpec>, path: string): Issues {
  const { completions, parallelism = 0, maxFailedIndexes, backoffLimitPerIndex } = spec;
  if (completions === undefined) yield required(`${path}.completions`, 'when completion mode is Indexed');
  if (parallelism > MAX_INDEXED) {
    const detail = `must be less than or equal to ${MAX_INDEXED} when completion mode is Indexed`;
    yield invalid(`${path}.parallelism`, parallelism, detail);
  }
  if (completions === undefined) return;
  const failed = maxFailedIndexes ?? 0;
  if (failed > completions) {
    yield invalid(`${path}.maxFailedIndexes`, failed, 'must be less than or equal to completions');
  }
  if (failed > MAX_INDEXED) {
    yield invalid(`${path}.maxFailedIndexes`, failed, `must be less than or equal to ${MAX_INDEXED}`);
  }
  if (completions <= MAX_INDEXED || backoffLimitPerIndex === undefined) return;
  if (maxFailedIndexes === undefined) {
    yield required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MAX_INDEXED}`);
  }
  const tooMany = `must be less than or equal to ${MAX_OF_MANY} when completions are above ${MAX_INDEXED} and used with backoff limit per index`;
  if (parallelism > MAX_OF_MANY) yield invalid(`${path}.parallelism`, parallelism, tooMany);
  if (failed > MAX_OF_MANY) yield invalid(`${path}.maxFailedIndexes`, failed, tooMany);
}

function* validateNonIndexed(spec: Loose<JobSpec>, path: string): Issues {
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes', 'successPolicy'] as const) {
    if (spec[field] !== undefined) yield invalid(`${path}.${field}`, spec[field], 'requires indexed completion mode');
  }
}

/** A template of pods that end. */
function* validateEndingTemplate({ template, podFailurePolicy }: Loose<JobSpec>, path: string): Issues {
  if (template === undefined) {
    yield required(`${path}.template`);
    return;
  }
  yield* validatePodTemplate(template, `${path}.template`);
  const policy = template.spec?.restartPolicy ?? '';
  const at = `${path}.template.spec.restartPolicy`;
  // `Always` is what a template without one was given.
  if (policy === '' || policy === 'Always') yield required(at, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') yield unsupported(at, policy, ['OnFailure', 'Never']);
  else if (podFailurePolicy !== undefined && policy !== 'Never') {
    yield invalid(at, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

export function* validateJobStatus({ status = {} }: Loose<Job>): Issues {
  for (const field of ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const) {
    yield* notNegativeNumber(`status.${field}`, status[field]);
  }
  for (const [one, other] of CONTRADICTIONS) {
    if (holds(status, one) && holds(status, other)) {
      yield invalidAltogether('status.conditions', `cannot set ${one}=True and ${other}=true conditions`);
    }
  }
}

const CONTRADICTIONS = [
  ['Complete', 'Failed'],
  ['Complete', 'FailureTarget'],
  ['SuccessCriteriaMet', 'Failed'],
  ['SuccessCriteriaMet', 'FailureTarget'],
] as const;

function holds({ conditions = [] }: Loose<JobStatus>, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

const IMMUTABLE = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;

export function* validateJobUpdate({ spec = {} }: Loose<Job>, old: Loose<Job>): Issues {
  const before = old.spec ?? {};
  yield* validateCompletionsUpdate(spec, before);
  if (!equalJson(spec.selector, before.selector)) {
    yield invalid('spec.selector', spec.selector ?? null, 'field is immutable');
  }
  // What has not begun yet may still be sent elsewhere: a queue decides where it fits.
  const waits = before.suspend === true && old.status?.startTime === undefined;
  const fixed = waits ? withoutPlacement : (template: Loose<PodTemplateSpec> | undefined) => template;
  if (!equalJson(fixed(spec.template), fixed(before.template))) {
    yield invalid('spec.template', spec.template ?? null, 'field is immutable');
  }
  for (const field of IMMUTABLE) {
    if (!equalJson(spec[field], before[field])) {
      yield invalid(`spec.${field}`, spec[field] ?? null, 'field is immutable');
    }
  }
}

function* validateCompletionsUpdate(spec: Loose<JobSpec>, { completions: before }: Loose<JobSpec>): Issues {
  const { completions, completionMode, parallelism } = spec;
  if (completions === before) return;
  const path = 'spec.completions';
  if (completionMode !== 'Indexed') yield invalid(path, completions ?? null, 'field is immutable');
  else if (completions !== undefined && completions !== parallelism) {
    yield invalid(path, completions, 'can only be modified in tandem with spec.parallelism');
  }
}

/** The template without what decides where its pods run. */
function withoutPlacement(template: Loose<PodTemplateSpec> | undefined): unknown {
  const { nodeAffinity: _, ...affinity } = template?.spec?.affinity ?? {};
  return {
    ...template,
    metadata: { ...template?.metadata, labels: undefined, annotations: undefined },
    spec: {
      ...template?.spec,
      affinity: Object.keys(affinity).length === 0 ? undefined : affinity,
      nodeSelector: undefined,
      tolerations: undefined,
      schedulingGates: undefined,
    },
  };
}
