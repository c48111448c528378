import type { Container, PodSpec, ServiceAccount, Volume } from '#api';

export const DEFAULT_ACCOUNT = 'default';

/** Where programs look for their token. Source: kubernetes plugin/pkg/admission/serviceaccount/admission.go, DefaultAPITokenMountPath. */
export const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** What the volume is called, before five random characters. Source: the same, ServiceAccountVolumeName. */
const VOLUME_PREFIX = 'kube-api-access-';
/** A second more than what people ask for, so that these tokens are told from others. Source: kubernetes pkg/serviceaccount/claims.go, WarnOnlyBoundTokenExpirationPeriod. */
const TOKEN_SECONDS = 3_607;
/** 0644. Source: core/v1 ProjectedVolumeSourceDefaultMode. */
const MODE = 420;

export interface PodAccountInput {
  readonly spec: PodSpec;
  /** The account that the pod runs as, if it is there. */
  readonly account: ServiceAccount | undefined;
  /** For the volume, if it needs one. */
  readonly volumeName: string;
}

/**
 * A new pod's spec with what its account gives it: its name, its pull secrets where the pod has none, and its token,
 * mounted into every container that has nothing else there. Source: kubernetes plugin/pkg/admission/serviceaccount/admission.go (v1.32).
 */
export function planPodAccount({ spec, account, volumeName }: PodAccountInput): PodSpec {
  const named = spec.serviceAccountName || DEFAULT_ACCOUNT;
  const pulls = account?.imagePullSecrets ?? [];
  const isWithoutPulls = (spec.imagePullSecrets ?? []).length === 0 && pulls.length > 0;
  const settled = {
    ...spec,
    serviceAccountName: named,
    serviceAccount: named,
    ...(isWithoutPulls ? { imagePullSecrets: pulls.map(({ name }) => (name === undefined ? {} : { name })) } : {}),
  };
  const mounts = spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true;
  return mounts ? withToken(settled, volumeName) : settled;
}

function withToken(spec: PodSpec, volumeName: string): PodSpec {
  const { volumes = [], containers, initContainers } = spec;
  const present = volumes.find(({ name }) => name.startsWith(VOLUME_PREFIX));
  const mount = { name: present?.name ?? volumeName, readOnly: true, mountPath: TOKEN_PATH };
  const lacks = ({ volumeMounts = [] }: Container) => !volumeMounts.some(({ mountPath }) => mountPath === TOKEN_PATH);
  const all = [...(initContainers ?? []), ...containers];
  if (!all.some(lacks)) return spec;
  const mounted = (container: Container): Container =>
    lacks(container) ? { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] } : container;
  return {
    ...spec,
    containers: containers.map(mounted),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(mounted) }),
    ...(present === undefined ? { volumes: [...volumes, tokenVolume(volumeName)] } : {}),
  };
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: MODE,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}
