import { JOBS, type Job, type KubeObject } from '#api';
import { controllerReference } from '../shared/owners.plan.ts';
import { TRACKING_FINALIZER } from './job-pods.plan.ts';

/** A pod of a Job, held until it is counted. */
export function podOf(job: Job): KubeObject {
  const { template } = job.spec;
  const { labels, annotations, finalizers = [] } = template.metadata ?? {};
  const { name, namespace } = job.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${name}-`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      finalizers: [...finalizers.filter((each) => each !== TRACKING_FINALIZER), TRACKING_FINALIZER],
      ownerReferences: [controllerReference(job, JOBS)],
    },
    spec: template.spec,
  };
}
