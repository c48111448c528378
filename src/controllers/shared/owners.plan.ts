import { apiVersionOf, type KubeObject, type OwnerReference, type ResourceType, type StoredObject } from '#api';

/** The one owner that manages an object. */
export function controllerOf({ metadata }: Pick<KubeObject, 'metadata'>): OwnerReference | undefined {
  return metadata.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(object: Pick<KubeObject, 'metadata'>, owner: StoredObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid;
}

/** The reference that makes `owner` the controller of an object. */
export function controllerReference(owner: StoredObject, resource: ResourceType): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Name of the informers' index by controller. */
export const BY_CONTROLLER = 'controller';

/** Index values: the controller's uid, or the namespace's orphans. */
export function controllerIndex(object: StoredObject): readonly string[] {
  return [controllerOf(object)?.uid ?? orphansOf(object.metadata.namespace)];
}

/** The index value of objects in a namespace that nobody controls. */
export function orphansOf(namespace: string | undefined): string {
  return `orphans/${namespace ?? ''}`;
}
