/** Defaults of the served kinds but pods and workloads. Each changes the object it is given. Source: Kubernetes v1.32, files named below. */
import { type JsonObject, setField } from '../schema/json.ts';
import { ensurePart, partOf, partsOf, setDefault, textOf } from './fields.ts';

/** Three hours, in seconds: how long a client keeps its pod. Source: core/v1 types.go, DefaultClientIPServiceAffinitySeconds. */
const CLIENT_IP_AFFINITY_SECONDS = 10_800;

/** Source: pkg/apis/core/v1/defaults.go; IP families: pkg/registry/core/service/storage (a cluster of IPv4 only). */
export function defaultService(service: JsonObject): void {
  const spec = ensurePart(service, 'spec');
  if (spec === undefined) return;
  setDefault(spec, 'type', 'ClusterIP');
  setDefault(spec, 'sessionAffinity', 'None');
  if (spec['sessionAffinity'] === 'ClientIP') {
    const config = ensurePart(spec, 'sessionAffinityConfig');
    const clientIp = config === undefined ? undefined : ensurePart(config, 'clientIP');
    if (clientIp !== undefined) setDefault(clientIp, 'timeoutSeconds', CLIENT_IP_AFFINITY_SECONDS);
  }
  for (const port of partsOf(spec, 'ports')) {
    setDefault(port, 'protocol', 'TCP');
    if (port['targetPort'] === 0) delete port['targetPort'];
    if (port['port'] !== undefined) setDefault(port, 'targetPort', port['port']);
  }
  const type = spec['type'];
  if (type === 'NodePort' || type === 'LoadBalancer') setDefault(spec, 'externalTrafficPolicy', 'Cluster');
  if (type === 'LoadBalancer') setDefault(spec, 'allocateLoadBalancerNodePorts', true);
  if (type === 'ExternalName') return;
  setDefault(spec, 'internalTrafficPolicy', 'Cluster');
  setDefault(spec, 'ipFamilies', ['IPv4']);
  setDefault(spec, 'ipFamilyPolicy', 'SingleStack');
  pairUp(spec, 'clusterIP', 'clusterIPs');
}

/** Source: pkg/apis/core/v1/conversion.go, Convert_v1_Secret_To_core_Secret: `stringData` wins over `data`. */
export function defaultSecret(secret: JsonObject): void {
  setDefault(secret, 'type', 'Opaque');
  const texts = partOf(secret, 'stringData');
  if (texts === undefined) return;
  if (!Object.values(texts).every((text) => typeof text === 'string')) return;
  const data = ensurePart(secret, 'data');
  if (data === undefined) return;
  for (const [name, text] of Object.entries(texts)) {
    setField(data, name, Buffer.from(String(text), 'utf8').toString('base64'));
  }
  delete secret['stringData'];
}

/** Source: pkg/apis/core/v1/defaults.go; the finalizer: pkg/registry/core/namespace/strategy.go. */
export function defaultNamespace(namespace: JsonObject): void {
  const metadata = partOf(namespace, 'metadata');
  const name = textOf(metadata, 'name');
  if (metadata !== undefined && name !== undefined) {
    const labels = ensurePart(metadata, 'labels');
    if (labels !== undefined) labels['kubernetes.io/metadata.name'] = name;
  }
  // While it is being deleted, an absent list says that the deletion has done its work.
  if (metadata?.['deletionTimestamp'] !== undefined) return;
  const spec = ensurePart(namespace, 'spec');
  if (spec !== undefined) setDefault(spec, 'finalizers', ['kubernetes']);
}

/** Source: pkg/apis/core/v1/defaults.go, SetDefaults_NodeStatus, and conversion.go for the ranges. */
export function defaultNode(node: JsonObject): void {
  const spec = partOf(node, 'spec');
  if (spec !== undefined) pairUp(spec, 'podCIDR', 'podCIDRs');
  const status = partOf(node, 'status');
  const capacity = partOf(status, 'capacity');
  if (status !== undefined && capacity !== undefined) setDefault(status, 'allocatable', { ...capacity });
}

/** Source: pkg/apis/core/v1/defaults.go, SetDefaults_Endpoints. */
export function defaultEndpoints(endpoints: JsonObject): void {
  for (const subset of partsOf(endpoints, 'subsets')) {
    for (const port of partsOf(subset, 'ports')) setDefault(port, 'protocol', 'TCP');
  }
}

/** Source: pkg/apis/discovery/v1/defaults.go. */
export function defaultEndpointSlice(slice: JsonObject): void {
  for (const port of partsOf(slice, 'ports')) {
    if (port['name'] === undefined) port['name'] = '';
    setDefault(port, 'protocol', 'TCP');
  }
}

/** Source: pkg/apis/scheduling/v1/defaults.go. */
export function defaultPriorityClass(priorityClass: JsonObject): void {
  setDefault(priorityClass, 'preemptionPolicy', 'PreemptLowerPriority');
}

/** Argo CD's own default project. */
export function defaultApplication(application: JsonObject): void {
  const spec = partOf(application, 'spec');
  if (spec !== undefined) setDefault(spec, 'project', 'default');
}

/** One value and the list that holds it first: a client may know only one of the two fields. */
function pairUp(object: JsonObject, single: string, list: string): void {
  const value = textOf(object, single);
  const values = object[list];
  const isEmpty = values === undefined || (Array.isArray(values) && values.length === 0);
  if (value !== undefined && isEmpty) object[list] = [value];
  else if (value === undefined && Array.isArray(values) && typeof values[0] === 'string') {
    if (object[single] === undefined || object[single] === '') object[single] = values[0];
  }
}
