import type { HealthStatus } from '#api';
import { groupOf } from '#api';
import { applicationHealth, applicationSetHealth } from './application.ts';
import { autoscalerHealth } from './autoscaler.ts';
import { claimHealth } from './claim.ts';
import { conditionsHealth, definitionHealth } from './conditions.ts';
import { cronJobHealth } from './cron-job.ts';
import { daemonSetHealth } from './daemon-set.ts';
import { deploymentHealth } from './deployment.ts';
import { disruptionBudgetHealth } from './disruption-budget.ts';
import { type Health, type HealthContext, type HealthObject, type HealthRule, progressing } from './health.ts';
import { jobHealth } from './job.ts';
import { namespaceHealth } from './namespace.ts';
import { ingressHealth, serviceHealth } from './networking.ts';
import { podHealth } from './pod.ts';
import { replicaSetHealth } from './replica-set.ts';
import { statefulSetHealth } from './stateful-set.ts';

/** `group/Kind` → rule. A kind that is not here is judged by its conditions, if it has any. */
const RULES: ReadonlyMap<string, HealthRule> = new Map([
  ['/Namespace', namespaceHealth],
  ['/PersistentVolumeClaim', claimHealth],
  ['/Pod', podHealth],
  ['/ReplicationController', replicaSetHealth],
  ['/Service', serviceHealth],
  ['apps/DaemonSet', daemonSetHealth],
  ['apps/Deployment', deploymentHealth],
  ['apps/ReplicaSet', replicaSetHealth],
  ['apps/StatefulSet', statefulSetHealth],
  ['apiextensions.k8s.io/CustomResourceDefinition', definitionHealth],
  ['argoproj.io/Application', applicationHealth],
  ['argoproj.io/ApplicationSet', applicationSetHealth],
  ['autoscaling/HorizontalPodAutoscaler', autoscalerHealth],
  ['batch/CronJob', cronJobHealth],
  ['batch/Job', jobHealth],
  ['networking.k8s.io/Ingress', ingressHealth],
  ['policy/PodDisruptionBudget', disruptionBudgetHealth],
]);

/** Best to worst. Source: gitops-engine pkg/health/health.go. */
const ORDER: readonly HealthStatus[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];

/** How a live object is; undefined for one that has no health: it does not count. */
export function healthOf(object: HealthObject, context: HealthContext): Health | undefined {
  const rule = RULES.get(`${groupOf(object.apiVersion)}/${object.kind}`);
  if (object.metadata.deletionTimestamp !== undefined) return progressing('Pending deletion');
  return rule === undefined ? conditionsHealth(object) : rule(object, context);
}

/** The worst of many, with the message that goes with it. An Application without anything to judge is Healthy. */
export function worstHealth(all: readonly Health[]): Health {
  return all.reduce<Health>((worst, one) => (ORDER.indexOf(one.status) > ORDER.indexOf(worst.status) ? one : worst), {
    status: 'Healthy',
  });
}
