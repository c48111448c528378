import {
  DOCKER_VOLUMES,
  type KubeObject,
  NODE_LOCAL,
  NODE_LOCAL_FINALIZER,
  type Node,
  type PersistentVolumeClaim,
  type StorageClass,
  VOLUME_ANNOTATIONS,
  VOLUME_NODE_LABEL,
} from '#api';
import { modeOf, requestOf } from '#scheduler';
import type { VolumeEvent } from './event.types.ts';

const { betaStorageProvisioner, provisionedBy, selectedNode, storageProvisioner } = VOLUME_ANNOTATIONS;

export interface ProvisioningSnapshot {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
  /** The node chosen for the claim's pod, if it is there. */
  readonly node: Node | undefined;
}

/**
 * `marks`: annotations that the claim is to have first. Then `volume` is made; or `reschedule`: the pod is to be given
 * another node; or neither: somebody else makes it, or nobody can.
 */
export interface ProvisioningPlan {
  readonly reason: string;
  readonly marks?: Readonly<Record<string, string>>;
  readonly volume?: KubeObject;
  readonly reschedule?: boolean;
  readonly event?: VolumeEvent;
}

/** Provisioners whose volumes a node's agent makes and deletes. */
export const OURS: ReadonlySet<string> = new Set([NODE_LOCAL, DOCKER_VOLUMES]);

/** Longest label value. A node with a longer name cannot be told from others by its labels. */
const MAX_LABEL = 63;

export function planProvisioning(snapshot: ProvisioningSnapshot): ProvisioningPlan {
  const { claim, storageClass } = snapshot;
  const { provisioner } = storageClass;
  const told = claim.metadata.annotations ?? {};
  const isMarked = told[storageProvisioner] === provisioner && told[betaStorageProvisioner] === provisioner;
  const marks = isMarked ? {} : { marks: { [storageProvisioner]: provisioner, [betaStorageProvisioner]: provisioner } };
  return { ...marks, ...(OURS.has(provisioner) ? planOnNode(snapshot) : external(provisioner)) };
}

/** Source: pv_controller.go, provisionClaimOperationExternal (v1.32). */
function external(provisioner: string): ProvisioningPlan {
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' ` +
    'or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.';
  return { reason: message, event: { type: 'Normal', reason: 'ExternalProvisioning', message } };
}

/** A folder, or a volume of Docker, of the node where the pod goes. It is made when it is first mounted: here only its name is given. */
function planOnNode({ claim, storageClass, node }: ProvisioningSnapshot): ProvisioningPlan {
  const { name, namespace, uid, annotations } = claim.metadata;
  const chosen = annotations?.[selectedNode];
  if (!chosen) return failed('volumes of a node need volumeBindingMode WaitForFirstConsumer');
  const why = refusalOf(claim, storageClass);
  if (why !== undefined) return failed(why);
  if (node === undefined) return { ...failed(`node "${chosen}" not found`), reschedule: true };
  const hostname = node.metadata.labels?.['kubernetes.io/hostname'];
  if (hostname === undefined || chosen.length > MAX_LABEL) {
    return failed(
      `node "${chosen}" has no label kubernetes.io/hostname, or a name longer than ${MAX_LABEL} characters`,
    );
  }
  const volumeName = `pvc-${uid}`;
  const { provisioner, parameters = {} } = storageClass;
  const volume: KubeObject = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      labels: { [VOLUME_NODE_LABEL]: chosen },
      annotations: { [provisionedBy]: provisioner },
      finalizers: [NODE_LOCAL_FINALIZER],
    },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage: requestOf(claim) },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace: namespace ?? '', uid },
      csi: {
        driver: provisioner,
        volumeHandle: volumeName,
        ...(provisioner === DOCKER_VOLUMES ? { volumeAttributes: { driver: 'local', ...parameters } } : {}),
      },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [hostname] }] },
          ],
        },
      },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
    },
  };
  const message = `Successfully provisioned volume ${volumeName}`;
  return { reason: message, volume, event: { type: 'Normal', reason: 'ProvisioningSucceeded', message } };
}

/** What a folder or a volume of Docker cannot be. */
function refusalOf(
  claim: PersistentVolumeClaim,
  { provisioner, parameters = {}, mountOptions = [] }: StorageClass,
): string | undefined {
  const { selector, dataSource, dataSourceRef } = claim.spec ?? {};
  const isKnown = (name: string) => provisioner === DOCKER_VOLUMES && (name === 'driver' || name.startsWith('opt.'));
  const parameter = Object.keys(parameters).find((name) => !isKnown(name));
  if (modeOf(claim) !== 'Filesystem') return `volumeMode ${modeOf(claim)} is not supported: the volume is a folder`;
  if (selector !== undefined) return 'claim.spec.selector is not supported: the volume is made for the claim';
  if (dataSource !== undefined || dataSourceRef !== undefined) return 'claim.spec.dataSource is not supported';
  if (parameter !== undefined) return `the class has an unknown parameter "${parameter}"`;
  if (mountOptions.length > 0) return 'the class has mountOptions, and its volumes are not mounted with any';
  return undefined;
}

function failed(why: string): ProvisioningPlan {
  const message = `failed to provision volume: ${why}`;
  return { reason: message, event: { type: 'Warning', reason: 'ProvisioningFailed', message } };
}
