/**
 * Rules of PersistentVolumes, claims and StorageClasses.
 * Source: kubernetes pkg/apis/core/validation/validation.go and pkg/apis/storage/validation/validation.go (v1.32).
 */
import type {
  CSIPersistentVolumeSource,
  LocalVolumeSource,
  PersistentVolumeClaimSpec,
  PersistentVolumeSpec,
  SecretReference,
  TopologySelectorTerm,
  TypedObjectReference,
  VolumeNodeAffinity,
} from 'kubernetes-types/core/v1.js';
import { canonicalJson, equalJson } from '#base';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../kinds/types.ts';
import { compareQuantities, parseQuantity } from '../values/quantity.ts';
import {
  checked,
  checkedText,
  exactlyOne,
  type Issues,
  itemsOf,
  type Loose,
  noDuplicates,
  oneOf,
  requiredText,
} from './checks.ts';
import { duplicate, forbidden, invalid, required, tooLong, unsupported } from './issues.ts';
import { dns1123Label, dns1123Subdomain, noUpwards, qualifiedName } from './names.ts';
import { validateNodeSelector } from './pod.ts';
import { validateSelector } from './selector.ts';
import { validateHostPath, validateNfs } from './volume.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];

const SOURCES = [
  'awsElasticBlockStore',
  'azureDisk',
  'azureFile',
  'cephfs',
  'cinder',
  'csi',
  'fc',
  'flexVolume',
  'flocker',
  'gcePersistentDisk',
  'glusterfs',
  'hostPath',
  'iscsi',
  'local',
  'nfs',
  'photonPersistentDisk',
  'portworxVolume',
  'quobyte',
  'rbd',
  'scaleIO',
  'storageos',
  'vsphereVolume',
] as const satisfies readonly (keyof PersistentVolumeSpec)[];

export function* validatePersistentVolume({ spec = {} }: Loose<PersistentVolume>): Issues {
  if ((spec.accessModes ?? []).length === 0) yield required('spec.accessModes');
  yield* validateAccessModes(spec.accessModes ?? []);
  yield* validateCapacity(spec.capacity ?? {});
  yield* oneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, [
    'Delete',
    'Recycle',
    'Retain',
  ]);
  if (spec.nodeAffinity !== undefined) yield* validateVolumeAffinity(spec.nodeAffinity, 'spec.nodeAffinity');
  yield* exactlyOne('spec', spec, SOURCES, {
    none: 'must specify a volume type',
    more: 'may not specify more than 1 volume type',
  });
  yield* validateSource(spec);
  yield* checkedText('spec.storageClassName', spec.storageClassName, dns1123Subdomain);
  yield* oneOf('spec.volumeMode', spec.volumeMode, VOLUME_MODES);
}

function* validateAccessModes(modes: readonly string[]): Issues {
  const path = 'spec.accessModes';
  for (const mode of modes) yield* oneOf(path, mode, ACCESS_MODES);
  const isForOnePod = modes.includes('ReadWriteOncePod');
  if (isForOnePod && modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode))) {
    yield forbidden(path, 'may not use ReadWriteOncePod with other access modes');
  }
}

function* validateCapacity(capacity: Readonly<Record<string, string>>): Issues {
  const path = 'spec.capacity';
  const names = Object.keys(capacity);
  if (names.length === 0) yield required(path);
  if (names.length !== 1 || names[0] !== 'storage') yield unsupported(path, capacity, ['storage']);
  for (const name of names) yield* validatePositive(`${path}[${name}]`, capacity[name]);
}

function* validatePositive(path: string, amount: string | undefined): Issues {
  const nanos = amount === undefined ? undefined : parseQuantity(amount)?.nanos;
  if (nanos === undefined) return;
  if (nanos < 0n) yield invalid(path, amount, 'must be a valid resource quantity');
  if (nanos <= 0n) yield invalid(path, amount, 'must be greater than zero');
}

function* validateVolumeAffinity({ required: terms }: Loose<VolumeNodeAffinity>, path: string): Issues {
  if (terms === undefined) yield required(`${path}.required`, 'must specify required node constraints');
  else yield* validateNodeSelector(terms, `${path}.required`);
}

function* validateSource({
  hostPath,
  nfs,
  local,
  csi,
  nodeAffinity,
  persistentVolumeReclaimPolicy,
}: Loose<PersistentVolumeSpec>): Issues {
  if (hostPath !== undefined) yield* validateHostPath(hostPath, 'spec.hostPath');
  if (nfs !== undefined) yield* validateNfs(nfs, 'spec.nfs');
  if (csi !== undefined) yield* validateCsi(csi, 'spec.csi');
  if (local !== undefined) {
    yield* validateLocal(local, 'spec.local');
    if (nodeAffinity === undefined) yield required('metadata.annotations', 'Local volume requires node affinity');
  }
  if (persistentVolumeReclaimPolicy === 'Recycle' && hostPath?.path !== undefined && isRoot(hostPath.path)) {
    yield forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'");
  }
}

/** In whatever spelling: emptying it would empty the host. */
const isRoot = (path: string) =>
  path.startsWith('/') && path.split('/').every((part) => part === '' || part === '.' || part === '..');

function* validateLocal({ path }: Loose<LocalVolumeSource>, at: string): Issues {
  yield* requiredText(`${at}.path`, path, noUpwards);
}

/** Longest name of a driver, in characters. Source: validation.go, ValidateCSIDriverName. */
const MAX_DRIVER_NAME = 63;

const SECRET_REFERENCES = [
  'controllerPublishSecretRef',
  'controllerExpandSecretRef',
  'nodePublishSecretRef',
  'nodeStageSecretRef',
  'nodeExpandSecretRef',
] as const;

function* validateCsi(csi: Loose<CSIPersistentVolumeSource>, path: string): Issues {
  const { driver, volumeHandle } = csi;
  yield* requiredText(`${path}.driver`, driver, (name) => dns1123Subdomain(name.toLowerCase()));
  if ((driver ?? '').length > MAX_DRIVER_NAME) yield tooLong(`${path}.driver`, MAX_DRIVER_NAME);
  yield* requiredText(`${path}.volumeHandle`, volumeHandle);
  for (const field of SECRET_REFERENCES) {
    const reference: Loose<SecretReference> | undefined = csi[field];
    if (reference === undefined) continue;
    yield* requiredText(`${path}.${field}.name`, reference.name, dns1123Subdomain);
    yield* requiredText(`${path}.${field}.namespace`, reference.namespace, dns1123Label);
  }
}

/** Data stays where it is: a volume cannot become another one. */
export function* validatePersistentVolumeUpdate(
  { spec = {} }: Loose<PersistentVolume>,
  { spec: old = {} }: Loose<PersistentVolume>,
): Issues {
  if (!equalJson(sourceOf(withoutLateSecret(spec, old)), sourceOf(old))) {
    yield forbidden('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation');
  }
  if (spec.volumeMode !== old.volumeMode) yield invalid('volumeMode', spec.volumeMode ?? null, 'field is immutable');
  if (old.nodeAffinity === undefined || equalJson(spec.nodeAffinity, old.nodeAffinity)) return;
  if (canonicalJson(spec.nodeAffinity) === withNewLabels(canonicalJson(old.nodeAffinity))) return;
  const detail = 'field is immutable, except for updating from beta label to GA';
  yield invalid('nodeAffinity', spec.nodeAffinity ?? null, detail);
}

function sourceOf(spec: Loose<PersistentVolumeSpec>): unknown {
  return Object.fromEntries(SOURCES.map((name) => [name, spec[name]]));
}

/** The secret for growing may be named later, once. */
function withoutLateSecret(
  spec: Loose<PersistentVolumeSpec>,
  { csi: old }: Loose<PersistentVolumeSpec>,
): Loose<PersistentVolumeSpec> {
  if (spec.csi === undefined || old === undefined || old.controllerExpandSecretRef !== undefined) return spec;
  const { controllerExpandSecretRef: _, ...csi } = spec.csi;
  return { ...spec, csi };
}

/** Older names of node labels → those of today. Source: validation.go, nodeLabelsUpdate helpers of validatePvNodeAffinity. */
const NEW_LABELS = [
  ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone'],
  ['failure-domain.beta.kubernetes.io/region', 'topology.kubernetes.io/region'],
  ['beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type'],
  ['beta.kubernetes.io/os', 'kubernetes.io/os'],
  ['beta.kubernetes.io/arch', 'kubernetes.io/arch'],
] as const;

const withNewLabels = (json: string) =>
  NEW_LABELS.reduce((text, [old, now]) => text.replaceAll(`"key":"${old}"`, `"key":"${now}"`), json);

export function* validatePersistentVolumeClaim({ spec = {} }: Loose<PersistentVolumeClaim>): Issues {
  if ((spec.accessModes ?? []).length === 0) yield required('spec.accessModes', 'at least 1 access mode is required');
  if (spec.selector !== undefined) yield* validateSelector(spec.selector, 'spec.selector');
  yield* validateAccessModes(spec.accessModes ?? []);
  const storage = sizeOf(spec);
  if (storage === undefined) yield required('spec.resources[storage]');
  else yield* validatePositive('spec.resources[storage]', storage);
  yield* checkedText('spec.storageClassName', spec.storageClassName, dns1123Subdomain);
  yield* oneOf('spec.volumeMode', spec.volumeMode, VOLUME_MODES);
  yield* validateDataSources(spec);
}

const sizeOf = (spec: Loose<PersistentVolumeClaimSpec>): string | undefined => spec.resources?.requests?.['storage'];

function* validateDataSources({ dataSource, dataSourceRef }: Loose<PersistentVolumeClaimSpec>): Issues {
  if (dataSource !== undefined) yield* validateDataSource(dataSource, 'spec.dataSource');
  if (dataSourceRef !== undefined) yield* validateDataSource(dataSourceRef, 'spec.dataSourceRef');
  if (dataSource === undefined || dataSourceRef === undefined) return;
  if (dataSourceRef.namespace) {
    yield invalid('spec', 'spec.dataSource', 'may not be specified when dataSourceRef.namespace is specified');
  } else if ((['apiGroup', 'kind', 'name'] as const).some((field) => dataSource[field] !== dataSourceRef[field])) {
    yield invalid('spec', 'spec.dataSource', 'must match dataSourceRef');
  }
}

function* validateDataSource(source: Loose<TypedObjectReference>, path: string): Issues {
  const { apiGroup, kind = '', name, namespace } = source;
  yield* requiredText(`${path}.name`, name);
  yield* requiredText(`${path}.kind`, kind);
  if (!apiGroup && kind !== 'PersistentVolumeClaim') {
    yield invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
  yield* checkedText(`${path}.apiGroup`, apiGroup, dns1123Subdomain);
  yield* checkedText(`${path}.namespace`, namespace, dns1123Label);
}

/** A claim that is bound may grow, and shrink again as far as it did not get; all else was agreed on when it was made. */
export function* validatePersistentVolumeClaimUpdate(
  claim: Loose<PersistentVolumeClaim>,
  { spec: old = {}, status: before }: Loose<PersistentVolumeClaim>,
): Issues {
  const { spec = {}, status } = claim;
  const wanted = agreedSpec(spec, old, status?.phase === 'Bound', claim.metadata?.annotations?.[CLASS_ANNOTATION]);
  const agreed = { ...old, ...(old.volumeName ? {} : { volumeName: spec.volumeName }) };
  const changed = changedFields(wanted, agreed);
  if (changed.length > 0) {
    const detail =
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';
    yield forbidden('spec', `${detail} (changed: ${changed.map((name) => `spec.${name}`).join(', ')})`);
  }
  const [size, oldSize, capacity = '0'] = [sizeOf(spec), sizeOf(old), before?.capacity?.['storage']];
  if (isLess(size, oldSize) && !isLess(capacity, size)) {
    yield forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity');
  }
  if (spec.volumeMode !== old.volumeMode) yield invalid('volumeMode', spec.volumeMode ?? null, 'field is immutable');
}

const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** The wish with what may change as it was. */
function agreedSpec(
  spec: Loose<PersistentVolumeClaimSpec>,
  old: Loose<PersistentVolumeClaimSpec>,
  isBound: boolean,
  olderClass: string | undefined,
): Loose<PersistentVolumeClaimSpec> {
  const getsClass =
    old.storageClassName === undefined && spec.storageClassName !== undefined
      ? olderClass === undefined || olderClass === spec.storageClassName
      : false;
  const grows = isBound && spec.resources?.requests !== undefined;
  const isTuned = isBound && spec.volumeAttributesClassName !== undefined;
  return {
    ...spec,
    ...(getsClass ? { storageClassName: old.storageClassName } : {}),
    ...(grows ? { resources: withSize(spec.resources ?? {}, sizeOf(old)) } : {}),
    ...(isTuned ? { volumeAttributesClassName: old.volumeAttributesClassName } : {}),
  };
}

function withSize(
  resources: NonNullable<Loose<PersistentVolumeClaimSpec>['resources']>,
  storage: string | undefined,
): NonNullable<Loose<PersistentVolumeClaimSpec>['resources']> {
  const { storage: _, ...others } = resources.requests ?? {};
  return { ...resources, requests: { ...others, ...(storage === undefined ? {} : { storage }) } };
}

function changedFields(spec: object, old: object): string[] {
  const [now, before] = [new Map<string, unknown>(Object.entries(spec)), new Map<string, unknown>(Object.entries(old))];
  return [...new Set([...now.keys(), ...before.keys()])].filter((name) => !equalJson(now.get(name), before.get(name)));
}

function isLess(left: string | undefined, right: string | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (parseQuantity(left) === undefined || parseQuantity(right) === undefined) return false;
  return compareQuantities(left, right) < 0;
}

/** Source: storage/validation.go, maxProvisionerParameterSize (bytes) and maxProvisionerParameterLen. */
const MAX_PARAMETER_BYTES = 256 * 1024;
const MAX_PARAMETERS = 512;

export function* validateStorageClass(storageClass: Loose<StorageClass>): Issues {
  const { provisioner, parameters = {}, reclaimPolicy, volumeBindingMode, allowedTopologies } = storageClass;
  yield* requiredText('provisioner', provisioner, (name) => qualifiedName(name.toLowerCase()));
  yield* validateParameters(parameters);
  yield* oneOf('reclaimPolicy', reclaimPolicy, ['Delete', 'Retain']);
  if (volumeBindingMode === undefined) yield required('volumeBindingMode');
  else if (volumeBindingMode !== 'Immediate' && volumeBindingMode !== 'WaitForFirstConsumer') {
    yield unsupported('volumeBindingMode', volumeBindingMode, ['Immediate', 'WaitForFirstConsumer']);
  }
  const seen = new Set<string>();
  yield* itemsOf('allowedTopologies', allowedTopologies, function* (term, at): Issues {
    yield* validateTopology(term, at);
    const text = canonicalJson(
      (term.matchLabelExpressions ?? []).map(({ key, values = [] }) => `${key} ${[...values].sort().join()}`).sort(),
    );
    if (seen.has(text)) yield duplicate(`${at}.matchLabelExpressions`, '');
    seen.add(text);
  });
}

function* validateParameters(parameters: Readonly<Record<string, string>>): Issues {
  const all = Object.entries(parameters);
  if (all.length > MAX_PARAMETERS) {
    yield tooLong('parameters', MAX_PARAMETERS);
    return;
  }
  let bytes = 0;
  for (const [name, value] of all) {
    if (name === '') yield invalid('parameters', name, 'field can not be empty.');
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > MAX_PARAMETER_BYTES) yield tooLong('parameters', MAX_PARAMETER_BYTES);
}

function* validateTopology({ matchLabelExpressions = [] }: Loose<TopologySelectorTerm>, path: string): Issues {
  const at = `${path}.matchLabelExpressions`;
  yield* itemsOf(at, matchLabelExpressions, function* ({ key = '', values = [] }, place): Issues {
    if (values.length === 0) yield required(`${place}.values`);
    yield* noDuplicates(values.map((value, index) => ({ path: `${place}.values[${index}]`, value })));
    yield* checked(`${place}.key`, key, qualifiedName);
  });
  yield* noDuplicates(matchLabelExpressions.map(({ key }, index) => ({ path: `${at}[${index}].key`, value: key })));
}

/** Volumes were made by it: what it says must stay true of them. */
export function* validateStorageClassUpdate(storageClass: Loose<StorageClass>, old: Loose<StorageClass>): Issues {
  if (!equalJson(storageClass.parameters ?? {}, old.parameters ?? {})) {
    yield forbidden('parameters', 'updates to parameters are forbidden.');
  }
  for (const field of ['provisioner', 'reclaimPolicy'] as const) {
    if (storageClass[field] !== old[field]) yield forbidden(field, `updates to ${field} are forbidden.`);
  }
  if (storageClass.volumeBindingMode !== old.volumeBindingMode) {
    yield invalid('volumeBindingMode', storageClass.volumeBindingMode ?? null, 'field is immutable');
  }
}
