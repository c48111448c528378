/** Defaults of pods and pod templates. Source: kubernetes pkg/apis/core/v1/defaults.go and zz_generated.defaults.go (v1.32). */
import { type JsonObject, setField } from '../schema/json.ts';
import { ensurePart, partOf, partsOf, setDefault, setDefaultNumber, textOf } from './fields.ts';

/** 0644: the mode of files made from a ConfigMap, Secret or fields. */
const FILE_MODE = 0o644;

/** What a pod has beyond a template: Kubernetes sets these only on the pod itself. */
export function defaultPod(pod: JsonObject): void {
  const spec = ensurePart(pod, 'spec');
  if (spec === undefined) return;
  defaultPodSpec(spec);
  setDefault(spec, 'enableServiceLinks', true);
  for (const container of [...partsOf(spec, 'containers'), ...partsOf(spec, 'initContainers')]) {
    requestWhatIsLimited(container);
    if (spec['hostNetwork'] === true) openPortsOnHost(container);
  }
}

export function defaultPodTemplate(owner: JsonObject): void {
  const template = partOf(owner, 'template');
  if (template === undefined) return;
  const spec = ensurePart(template, 'spec');
  if (spec !== undefined) defaultPodSpec(spec);
}

function defaultPodSpec(spec: JsonObject): void {
  setDefault(spec, 'restartPolicy', 'Always');
  setDefault(spec, 'dnsPolicy', 'ClusterFirst');
  setDefault(spec, 'schedulerName', 'default-scheduler');
  setDefault(spec, 'terminationGracePeriodSeconds', 30);
  setDefault(spec, 'securityContext', {});
  // One field under two names: the older one is kept for older clients.
  const account = textOf(spec, 'serviceAccountName') ?? textOf(spec, 'serviceAccount');
  if (account !== undefined) Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
  for (const name of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const container of partsOf(spec, name)) defaultContainer(container);
  }
  for (const volume of partsOf(spec, 'volumes')) defaultVolume(volume);
}

function defaultContainer(container: JsonObject): void {
  setDefault(container, 'imagePullPolicy', pullPolicyOf(textOf(container, 'image') ?? ''));
  setDefault(container, 'terminationMessagePath', '/dev/termination-log');
  setDefault(container, 'terminationMessagePolicy', 'File');
  setDefault(container, 'resources', {});
  for (const port of partsOf(container, 'ports')) setDefault(port, 'protocol', 'TCP');
  for (const variable of partsOf(container, 'env')) defaultFieldSources(partOf(variable, 'valueFrom'));
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) defaultProbe(partOf(container, name));
  const lifecycle = partOf(container, 'lifecycle');
  for (const name of ['postStart', 'preStop']) defaultHttpGet(partOf(lifecycle, name));
}

/** An image without tag and digest, or tagged `latest`, may change: it is pulled each time. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
  const hasDigest = image.includes('@');
  const name = hasDigest ? image.slice(0, image.indexOf('@')) : image;
  const tagAt = name.lastIndexOf(':');
  const tag = tagAt > name.lastIndexOf('/') ? name.slice(tagAt + 1) : hasDigest || image === '' ? '' : 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: JsonObject | undefined): void {
  if (probe === undefined) return;
  setDefaultNumber(probe, 'timeoutSeconds', 1);
  setDefaultNumber(probe, 'periodSeconds', 10);
  setDefaultNumber(probe, 'successThreshold', 1);
  setDefaultNumber(probe, 'failureThreshold', 3);
  defaultHttpGet(probe);
  const grpc = partOf(probe, 'grpc');
  if (grpc !== undefined) setDefault(grpc, 'service', '');
}

function defaultHttpGet(handler: JsonObject | undefined): void {
  const httpGet = partOf(handler, 'httpGet');
  if (httpGet === undefined) return;
  setDefault(httpGet, 'path', '/');
  setDefault(httpGet, 'scheme', 'HTTP');
}

function defaultFieldSources(source: JsonObject | undefined): void {
  const field = partOf(source, 'fieldRef');
  if (field !== undefined) setDefault(field, 'apiVersion', 'v1');
  const resource = partOf(source, 'resourceFieldRef');
  if (resource !== undefined) setDefault(resource, 'divisor', '0');
}

/** Defaults of one kind of volume source: field → value. */
const VOLUME_SOURCES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  configMap: { defaultMode: FILE_MODE },
  secret: { defaultMode: FILE_MODE },
  downwardAPI: { defaultMode: FILE_MODE },
  projected: { defaultMode: FILE_MODE },
  hostPath: { type: '' },
  iscsi: { iscsiInterface: 'default' },
  rbd: { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' },
  azureDisk: { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false },
  scaleIO: { storageMode: 'ThinProvisioned', fsType: 'xfs' },
};

/** Of a pod's volume, and of a PersistentVolume: its sources have the same fields. */
export function defaultVolumeSources(volume: JsonObject): void {
  for (const [name, defaults] of Object.entries(VOLUME_SOURCES)) {
    const source = partOf(volume, name);
    if (source === undefined) continue;
    for (const [field, value] of Object.entries(defaults)) setDefault(source, field, value);
  }
}

function defaultVolume(volume: JsonObject): void {
  if (Object.keys(volume).every((name) => name === 'name')) volume['emptyDir'] = {};
  defaultVolumeSources(volume);
  for (const item of partsOf(partOf(volume, 'downwardAPI'), 'items')) defaultFieldSources(item);
  for (const source of partsOf(partOf(volume, 'projected'), 'sources')) {
    const token = partOf(source, 'serviceAccountToken');
    if (token !== undefined) setDefault(token, 'expirationSeconds', 3600);
    for (const item of partsOf(partOf(source, 'downwardAPI'), 'items')) defaultFieldSources(item);
  }
  const claim = partOf(partOf(partOf(volume, 'ephemeral'), 'volumeClaimTemplate'), 'spec');
  if (claim !== undefined) setDefault(claim, 'volumeMode', 'Filesystem');
}

function requestWhatIsLimited(container: JsonObject): void {
  const resources = partOf(container, 'resources');
  const limits = partOf(resources, 'limits');
  if (resources === undefined || limits === undefined || Object.keys(limits).length === 0) return;
  const requests = ensurePart(resources, 'requests');
  if (requests === undefined) return;
  for (const name of Object.keys(limits)) if (!Object.hasOwn(requests, name)) setField(requests, name, limits[name]);
}

function openPortsOnHost(container: JsonObject): void {
  for (const port of partsOf(container, 'ports')) {
    const number = port['containerPort'];
    if (typeof number === 'number') setDefaultNumber(port, 'hostPort', number);
  }
}
