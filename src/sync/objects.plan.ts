import { groupOf, type KubeObject, type StoredObject } from '#api';

/** Places on nodes that only one object can hold: node ports and host ports, as comparable text. */
export function occupiedPlaces(object: KubeObject): readonly string[] {
  if (object.kind === 'Service') return nodePorts(object['spec']);
  const spec = record(object['spec']);
  const podSpec = object.kind === 'Pod' ? spec : record(record(spec?.['template'])?.['spec']);
  return list(podSpec?.['containers']).flatMap((container) =>
    list(record(container)?.['ports']).flatMap((port) => {
      const { hostPort, hostIP = '', protocol = 'TCP' } = record(port) ?? {};
      return typeof hostPort === 'number' && hostPort > 0 ? [`hostPort/${protocol}/${hostIP}/${hostPort}`] : [];
    }),
  );
}

function nodePorts(spec: unknown): readonly string[] {
  return list(record(spec)?.['ports']).flatMap((port) => {
    const { nodePort, protocol = 'TCP' } = record(port) ?? {};
    return typeof nodePort === 'number' && nodePort > 0 ? [`nodePort/${protocol}/${nodePort}`] : [];
  });
}

/** The kind that an object defines, if it is a CustomResourceDefinition that says so. */
export function definedKind(object: KubeObject): { readonly group: string; readonly kind: string } | undefined {
  if (object.kind !== 'CustomResourceDefinition' || groupOf(object.apiVersion) !== 'apiextensions.k8s.io')
    return undefined;
  const spec = record(object['spec']);
  const group = spec?.['group'];
  const kind = record(spec?.['names'])?.['kind'];
  return typeof group === 'string' && typeof kind === 'string' ? { group, kind } : undefined;
}

/** Images named in an object's pod template. */
export function imagesOf(object: KubeObject): readonly string[] {
  const spec = record(object['spec']);
  const podSpec = object.kind === 'Pod' ? spec : record(record(spec?.['template'])?.['spec']);
  return ['initContainers', 'containers'].flatMap((field) =>
    list(podSpec?.[field]).flatMap((container) => {
      const image = record(container)?.['image'];
      return typeof image === 'string' && image !== '' ? [image] : [];
    }),
  );
}

/** Whether a live object is the one we made: the same uid where we noted it, else our mark among its managers. */
export function isOurs(live: StoredObject, uid: string | undefined, manager: string): boolean {
  if (uid !== undefined && uid === live.metadata.uid) return true;
  return (live.metadata.managedFields ?? []).some((entry) => entry.manager === manager);
}

function record(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
