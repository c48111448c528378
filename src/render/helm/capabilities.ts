import { RESOURCES } from '#api';
import type { Capabilities } from './scope.ts';

/** Which Kubernetes charts are told that they are rendered for: the one that is served here. */
const KUBE_VERSION = 'v1.32.0';

/** What charts are told that is served here: `v1`, `apps/v1`, `apps/v1/Deployment`. Kinds of definitions are not among it. */
export function servedCapabilities(): Capabilities {
  const versions = new Set<string>();
  for (const { group, version, kind } of RESOURCES) {
    const apiVersion = group === '' ? version : `${group}/${version}`;
    versions.add(apiVersion).add(`${apiVersion}/${kind}`);
  }
  return { kubeVersion: KUBE_VERSION, apiVersions: [...versions] };
}
