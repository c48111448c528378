import { hasLabels, type Pod, type Service } from '#api';
import { equalJson } from '#base';
import { type Informer, keyOf } from '#reconcile';
import { isFinished, isReady } from './pods.plan.ts';

/** The keys of the Services that select a pod. */
export function servicesOf(services: Pick<Informer<Service>, 'list'>): (pod: Pod) => Iterable<string> {
  return (pod) =>
    services
      .list(pod.metadata.namespace)
      .filter(({ spec }) => selects(spec.selector, pod))
      .map(keyOf);
}

function selects(selector: Readonly<Record<string, string>> | undefined, { metadata }: Pod): boolean {
  return selector !== undefined && Object.keys(selector).length > 0 && hasLabels(metadata.labels, selector);
}

/** Whether a change of a pod changes nothing for the Services that select it. */
export function isSameEndpoint(previous: Pod, current: Pod): boolean {
  const told = (pod: Pod) => [
    pod.metadata.uid,
    pod.status?.podIP,
    pod.spec.nodeName,
    isReady(pod),
    isFinished(pod),
    pod.metadata.deletionTimestamp !== undefined,
    pod.metadata.labels,
  ];
  return equalJson(told(previous), told(current));
}
