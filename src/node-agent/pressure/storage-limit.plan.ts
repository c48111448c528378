import { addQuantities, compareQuantities, formatQuantity, type Pod, type Quantity, quantityToBytes } from '#api';
import type { PodVerdict } from '../pod/pod.types.ts';
import { IMMEDIATE_GRACE_SECONDS, isCritical, type PodUse } from './eviction.plan.ts';

const STORAGE = 'ephemeral-storage';

/** Whether how much of the disk a pod uses must be known at each look: it has a limit that could be exceeded. */
export function hasStorageLimit({ spec }: Pod): boolean {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return limitedVolumes(spec).length > 0 || containers.some((container) => limitOf(container) !== undefined);
}

/**
 * The end of a pod that has outgrown a limit of its own: of an emptyDir, of all its containers together, of one container.
 * Source: kubelet eviction_manager.go, localStorageEviction (v1.32).
 */
export function planStorageLimit(pod: Pod, use: PodUse): PodVerdict | undefined {
  if (isCritical(pod)) return undefined;
  const message = outgrownVolume(pod, use) ?? outgrownPod(pod, use) ?? outgrownContainer(pod, use);
  return message === undefined ? undefined : { reason: 'Evicted', message, graceSeconds: IMMEDIATE_GRACE_SECONDS };
}

function outgrownVolume({ spec }: Pod, { volumes }: PodUse): string | undefined {
  const found = limitedVolumes(spec).find(
    ({ name, limit }) => (volumes.get(name)?.bytes ?? 0) > quantityToBytes(limit),
  );
  return found && `Usage of EmptyDir volume "${found.name}" exceeds the limit "${found.limit}". `;
}

/**
 * Only containers with a limit are counted into it, but everything the pod holds counts against it. Each step of the
 * beginning has the pod to itself, but for the sidecars before it. Source: component-helpers resource/helpers.go, PodLimits (v1.32).
 */
function outgrownPod({ spec }: Pod, { containers, volumes }: PodUse): string | undefined {
  const total = podLimit(spec);
  if (total === undefined) return undefined;
  const used =
    sum(containers.map(({ diskBytes = 0 }) => diskBytes)) + sum([...volumes.values()].map(({ bytes }) => bytes));
  return used > quantityToBytes(total)
    ? `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(total)}. `
    : undefined;
}

/** Undefined when no container has a limit. */
function podLimit({ containers, initContainers = [] }: Pod['spec']): Quantity | undefined {
  const plus = (total: Quantity | undefined, limit: string | undefined) =>
    limit === undefined ? total : addQuantities(total ?? '0', limit);
  let sidecars: Quantity | undefined;
  let highest: Quantity | undefined;
  const consider = (limit: Quantity | undefined) => {
    if (limit !== undefined && (highest === undefined || compareQuantities(limit, highest) > 0)) highest = limit;
  };
  for (const step of initContainers) {
    if (step.restartPolicy === 'Always') sidecars = plus(sidecars, limitOf(step));
    else consider(plus(sidecars, limitOf(step)));
  }
  consider(containers.map(limitOf).reduce(plus, sidecars));
  return highest;
}

function outgrownContainer({ spec }: Pod, { containers }: PodUse): string | undefined {
  for (const container of spec.containers) {
    const limit = limitOf(container);
    const used = containers.find(({ name }) => name === container.name)?.diskBytes ?? 0;
    if (limit !== undefined && used > quantityToBytes(limit))
      return `Container ${container.name} exceeded its local ephemeral storage limit "${limit}". `;
  }
  return undefined;
}

/** In memory the limit is a wall, which nobody outgrows. */
function limitedVolumes({ volumes = [] }: Pod['spec']): readonly { readonly name: string; readonly limit: string }[] {
  return volumes.flatMap(({ name, emptyDir }) => {
    const limit = emptyDir?.sizeLimit;
    const isWall = emptyDir?.medium !== undefined && emptyDir.medium !== '';
    return limit === undefined || isWall || compareQuantities(limit, '0') <= 0 ? [] : [{ name, limit: String(limit) }];
  });
}

function limitOf({ resources }: Pod['spec']['containers'][number]): string | undefined {
  const limit = resources?.limits?.[STORAGE];
  return limit === undefined || compareQuantities(limit, '0') <= 0 ? undefined : String(limit);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
