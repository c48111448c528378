/** Rules of volumes. Source: kubernetes pkg/apis/core/validation/validation.go, validateVolumeSource (v1.32). */
import type {
  DownwardAPIVolumeFile,
  HostPathVolumeSource,
  KeyToPath,
  NFSVolumeSource,
  Volume,
  VolumeProjection,
} from 'kubernetes-types/core/v1.js';
import { checked, exactlyOne, type Issues, itemsOf, type Loose, noDuplicates, oneOf, requiredText } from './checks.ts';
import { validateFieldRef, validateResourceFieldRef } from './container.ts';
import { forbidden, invalid } from './issues.ts';
import { configKey, dns1123Label, dns1123Subdomain, noUpwards, pathInside } from './names.ts';
import { validateQuantity } from './resources.ts';

const SOURCES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'gitRepo',
  'glusterfs',
  'hostPath',
  'iscsi',
  'nfs',
  'persistentVolumeClaim',
  'photonPersistentDisk',
  'portworxVolume',
  'projected',
  'quobyte',
  'rbd',
  'scaleIO',
  'secret',
  'storageos',
  'vsphereVolume',
] as const satisfies readonly (keyof Volume)[];

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

const fileMode = (mode: number) =>
  mode >= 0 && mode <= 0o777 ? undefined : 'must be a number between 0 and 0777 (octal), both inclusive';

export function* validateVolumes(volumes: readonly Loose<Volume>[], path: string): Issues {
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    yield* requiredText(`${at}.name`, volume.name, dns1123Label);
    yield* validateVolume(volume, at);
  }
  yield* noDuplicates(volumes.map(({ name }, index) => ({ path: `${path}[${index}].name`, value: name })));
}

function* validateVolume(volume: Loose<Volume> & { readonly image?: unknown }, path: string): Issues {
  // `image` is newer than the types; it is a source like the others.
  if (volume.image === undefined) {
    yield* exactlyOne(path, volume, SOURCES, {
      none: 'must specify a volume type',
      more: 'may not specify more than 1 volume type',
    });
  }
  const { configMap, secret, downwardAPI, projected, hostPath, emptyDir, persistentVolumeClaim, nfs } = volume;
  if (configMap !== undefined) {
    yield* requiredText(`${path}.configMap.name`, configMap.name, dns1123Subdomain);
    yield* validateFiles(configMap, `${path}.configMap`);
  }
  if (secret !== undefined) {
    yield* requiredText(`${path}.secret.secretName`, secret.secretName, dns1123Subdomain);
    yield* validateFiles(secret, `${path}.secret`);
  }
  if (downwardAPI !== undefined) {
    yield* checked(`${path}.downwardAPI.defaultMode`, downwardAPI.defaultMode, fileMode);
    yield* itemsOf(`${path}.downwardAPI.items`, downwardAPI.items, validateFieldFile);
  }
  if (projected !== undefined) {
    yield* checked(`${path}.projected.defaultMode`, projected.defaultMode, fileMode);
    yield* itemsOf(`${path}.projected.sources`, projected.sources, validateProjection);
  }
  if (hostPath !== undefined) {
    yield* validateHostPath(hostPath, `${path}.hostPath`);
  }
  if (emptyDir !== undefined) yield* validateQuantity(`${path}.emptyDir.sizeLimit`, emptyDir.sizeLimit);
  if (persistentVolumeClaim !== undefined) {
    yield* requiredText(`${path}.persistentVolumeClaim.claimName`, persistentVolumeClaim.claimName, dns1123Subdomain);
  }
  if (nfs !== undefined) yield* validateNfs(nfs, `${path}.nfs`);
}

export function* validateHostPath({ path, type }: Loose<HostPathVolumeSource>, at: string): Issues {
  yield* requiredText(`${at}.path`, path, noUpwards);
  yield* oneOf(`${at}.type`, type, HOST_PATH_TYPES);
}

export function* validateNfs({ server, path }: Loose<NFSVolumeSource>, at: string): Issues {
  yield* requiredText(`${at}.server`, server);
  yield* requiredText(`${at}.path`, path, (value) => (value.startsWith('/') ? undefined : 'must be an absolute path'));
}

const fileName = (path: string): string | undefined => {
  if (path.startsWith('..') && !path.startsWith('../')) return "must not start with '..'";
  return pathInside(path);
};

function* validateFiles(
  source: { readonly defaultMode?: number | undefined; readonly items?: readonly Loose<KeyToPath>[] | undefined },
  path: string,
): Issues {
  yield* checked(`${path}.defaultMode`, source.defaultMode, fileMode);
  yield* itemsOf(`${path}.items`, source.items, validateKeyToPath);
}

function* validateKeyToPath(item: Loose<KeyToPath>, path: string): Issues {
  yield* requiredText(`${path}.key`, item.key, configKey);
  yield* requiredText(`${path}.path`, item.path, fileName);
  yield* checked(`${path}.mode`, item.mode, fileMode);
}

function* validateFieldFile(file: Loose<DownwardAPIVolumeFile>, path: string): Issues {
  yield* requiredText(`${path}.path`, file.path, fileName);
  yield* checked(`${path}.mode`, file.mode, fileMode);
  yield* exactlyOne(path, file, ['fieldRef', 'resourceFieldRef'], {
    none: 'one of fieldRef and resourceFieldRef is required',
    more: 'fieldRef and resourceFieldRef can not be specified simultaneously',
  });
  if (file.fieldRef !== undefined) yield* validateFieldRef(file.fieldRef, `${path}.fieldRef`, 'volume');
  if (file.resourceFieldRef !== undefined) {
    yield* validateResourceFieldRef(file.resourceFieldRef, `${path}.resourceFieldRef`, 'volume');
  }
}

function* validateProjection(source: Loose<VolumeProjection>, path: string): Issues {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  const kinds = Object.keys(source);
  for (const extra of kinds.slice(1)) yield forbidden(`${path}.${extra}`, 'may not specify more than 1 volume type');
  for (const [name, ref] of Object.entries({ configMap, secret })) {
    if (ref === undefined) continue;
    yield* requiredText(`${path}.${name}.name`, ref.name, dns1123Subdomain);
    yield* itemsOf(`${path}.${name}.items`, ref.items, validateKeyToPath);
  }
  yield* itemsOf(`${path}.downwardAPI.items`, downwardAPI?.items, validateFieldFile);
  if (serviceAccountToken === undefined) return;
  yield* requiredText(`${path}.serviceAccountToken.path`, serviceAccountToken.path, fileName);
  const seconds = serviceAccountToken.expirationSeconds ?? 3600;
  if (seconds < 600) {
    yield invalid(
      `${path}.serviceAccountToken.expirationSeconds`,
      seconds,
      'may not specify a duration less than 10 minutes',
    );
  }
}
