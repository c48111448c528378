import { type KubeObject, podSpecOf, unsupportedPodFields } from '#api';
import { equalJson } from '#base';

/** What of an object's pods has no effect here, told to whoever writes it; not again while it stays as it was. */
export function podWarnings(object: KubeObject, old: KubeObject | undefined): readonly string[] {
  const pods = podSpecOf(object);
  if (pods === undefined || (old !== undefined && equalJson(podSpecOf(old)?.spec, pods.spec))) return [];
  return unsupportedPodFields(pods.spec).map(
    ({ path, message }) => `${pods.path}.${path}: ${message}; the pod will not be scheduled`,
  );
}
