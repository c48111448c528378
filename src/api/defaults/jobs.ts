/** Defaults of Jobs and CronJobs. Each changes the object it is given. Source: Kubernetes v1.32, pkg/apis/batch/v1/defaults.go. */
import type { JsonObject } from '../schema/json.ts';
import { ensurePart, partOf, partsOf, setDefault } from './fields.ts';
import { defaultPodTemplate } from './pod.ts';
import { labelLikeTemplate } from './workloads.ts';

/** Source: Go's math.MaxInt32: with a limit per index there is none for all together. */
const NO_LIMIT = 2_147_483_647;

export function defaultJob(job: JsonObject): void {
  const spec = ensurePart(job, 'spec');
  if (spec === undefined) return;
  if (spec['completions'] === undefined && spec['parallelism'] === undefined) spec['completions'] = 1;
  setDefault(spec, 'parallelism', 1);
  setDefault(spec, 'backoffLimit', spec['backoffLimitPerIndex'] === undefined ? 6 : NO_LIMIT);
  setDefault(spec, 'completionMode', 'NonIndexed');
  setDefault(spec, 'suspend', false);
  setDefault(spec, 'podReplacementPolicy', spec['podFailurePolicy'] === undefined ? 'TerminatingOrFailed' : 'Failed');
  setDefault(spec, 'manualSelector', false);
  labelLikeTemplate(job);
  defaultJobParts(spec);
}

/** What a Job template gets too; the rest is filled in when a Job is made of it. */
function defaultJobParts(spec: JsonObject): void {
  for (const rule of partsOf(partOf(spec, 'podFailurePolicy'), 'rules')) {
    for (const pattern of partsOf(rule, 'onPodConditions')) setDefault(pattern, 'status', 'True');
  }
  defaultPodTemplate(spec);
}

export function defaultCronJob(cronJob: JsonObject): void {
  const spec = ensurePart(cronJob, 'spec');
  if (spec === undefined) return;
  setDefault(spec, 'concurrencyPolicy', 'Allow');
  setDefault(spec, 'suspend', false);
  setDefault(spec, 'successfulJobsHistoryLimit', 3);
  setDefault(spec, 'failedJobsHistoryLimit', 1);
  const template = partOf(spec, 'jobTemplate');
  const jobSpec = template === undefined ? undefined : ensurePart(template, 'spec');
  if (jobSpec !== undefined) defaultJobParts(jobSpec);
}
