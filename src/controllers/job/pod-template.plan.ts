import { type Container, JOBS, type Job, type KubeObject } from '#api';
import { controllerReference } from '../shared/owners.plan.ts';
import { INDEX } from './indexes.plan.ts';
import { TRACKING_FINALIZER } from './job-pods.plan.ts';
import { FAILURE_COUNT, IGNORED_COUNT } from './tracking.plan.ts';

/** Longest prefix of a generated name. Source: apiserver storage/names/generate.go (v0.32). */
const MAX_PREFIX = 63 - 5;
const VARIABLE = 'JOB_COMPLETION_INDEX';

/** A pod to be made. */
export interface NewPod {
  /** Of an Indexed Job. */
  readonly index?: number;
  /** How often its index has failed, where that is limited: failures that count, and those that do not. */
  readonly failures?: { readonly counted: number; readonly ignored: number };
}

/** A pod of a Job, held until it is counted. Source: kubernetes pkg/controller/job/job_controller.go, manageJob (v1.32). */
export function podOf(job: Job, { index, failures }: NewPod = {}): KubeObject {
  const { template } = job.spec;
  const { labels, annotations, finalizers = [] } = template.metadata ?? {};
  const { name, namespace } = job.metadata;
  const counts = failures === undefined ? {} : countsOf(failures);
  const own = index === undefined ? {} : { [INDEX]: String(index) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: index === undefined ? `${name}-` : `${name.slice(0, MAX_PREFIX - `-${index}-`.length)}-${index}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ...someOf('labels', { ...labels, ...own }),
      ...someOf('annotations', { ...annotations, ...own, ...counts }),
      finalizers: [...finalizers.filter((each) => each !== TRACKING_FINALIZER), TRACKING_FINALIZER],
      ownerReferences: [controllerReference(job, JOBS)],
    },
    spec: index === undefined ? template.spec : indexedSpec(job, index),
  };
}

function someOf(field: string, values: Readonly<Record<string, string>>): object {
  return Object.keys(values).length === 0 ? {} : { [field]: values };
}

function countsOf({ counted, ignored }: NonNullable<NewPod['failures']>): Readonly<Record<string, string>> {
  return { [FAILURE_COUNT]: String(counted), ...(ignored === 0 ? {} : { [IGNORED_COUNT]: String(ignored) }) };
}

function indexedSpec({ metadata, spec }: Job, index: number) {
  const { containers = [], initContainers, ...rest } = spec.template.spec ?? {};
  return {
    ...rest,
    hostname: `${metadata.name}-${index}`,
    containers: containers.map(withVariable),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(withVariable) }),
  };
}

/** One that a person wrote stays. */
function withVariable(container: Container): Container {
  const { env = [] } = container;
  if (env.some(({ name }) => name === VARIABLE)) return container;
  const variable = { name: VARIABLE, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } };
  return { ...container, env: [...env, variable] };
}
