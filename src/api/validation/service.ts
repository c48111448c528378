/** Rules of Services and EndpointSlices. Source: kubernetes pkg/apis/core/validation and pkg/apis/discovery/validation (v1.32). */

import type { ServicePort, ServiceSpec } from 'kubernetes-types/core/v1.js';
import type { Endpoint, EndpointPort } from 'kubernetes-types/discovery/v1.js';
import { equalJson } from '#base';
import type { EndpointSlice, Service } from '../kinds/types.ts';
import {
  isIPAddress,
  isRange,
  NOT_A_RANGE,
  NOT_AN_ADDRESS,
  parseIPv4,
  parseIPv6,
  whySpecialAddress,
} from './addresses.ts';
import {
  checked,
  checkedText,
  type Issues,
  itemsOf,
  type Loose,
  noDuplicates,
  oneOf,
  portReference,
  requiredOneOf,
  requiredText,
} from './checks.ts';
import { duplicate, forbidden, invalid, required, tooMany } from './issues.ts';
import { validateLabels } from './metadata.ts';
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from './names.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const NODE_PORT_TYPES = new Set(['NodePort', 'LoadBalancer']);
/** A day, in seconds. Source: core/v1 types.go, MaxClientIPServiceAffinitySeconds. */
const MAX_AFFINITY_SECONDS = 86_400;

export function* validateService({ spec = {} }: Loose<Service>): Issues {
  const { type } = spec;
  yield* oneOf('spec.type', type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']);
  yield* validateServicePorts(spec);
  yield* validateLabels(spec.selector, 'spec.selector');
  yield* oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  yield* checked(
    'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
    spec.sessionAffinityConfig?.clientIP?.timeoutSeconds,
    (seconds) =>
      seconds > 0 && seconds <= MAX_AFFINITY_SECONDS
        ? undefined
        : `must be greater than 0 and less than or equal to ${MAX_AFFINITY_SECONDS}`,
  );
  if (type === 'ExternalName') yield* validateExternalName(spec);
  else yield* validateServiceAddresses(spec);
  yield* oneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']);
  if (spec.externalTrafficPolicy && !NODE_PORT_TYPES.has(type ?? '')) {
    yield invalid(
      'spec.externalTrafficPolicy',
      spec.externalTrafficPolicy,
      'may only be set for externally-accessible services',
    );
  } else yield* oneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local']);
  yield* itemsOf('spec.loadBalancerSourceRanges', spec.loadBalancerSourceRanges, (range, at) =>
    checked(at, range, (text) => (isRange(text.trim()) ? undefined : NOT_A_RANGE)),
  );
  if ((spec.externalIPs ?? []).length > 0) {
    yield forbidden('spec.externalIPs', 'a Service may not claim addresses of its own choice (CVE-2020-8554)');
  }
}

function* validateExternalName({ clusterIP, externalName = '' }: Loose<ServiceSpec>): Issues {
  if (clusterIP) yield forbidden('spec.clusterIPs', 'may not be set when `type` is ExternalName');
  yield* requiredText('spec.externalName', externalName.replace(/\.$/, ''), dns1123Subdomain);
}

function* validateServiceAddresses(spec: Loose<ServiceSpec>): Issues {
  const { clusterIP, clusterIPs = [], type } = spec;
  if (clusterIP === 'None') {
    if (NODE_PORT_TYPES.has(type ?? '')) {
      yield invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
    }
  } else
    yield* checkedText('spec.clusterIPs[0]', clusterIP, (text) => (isIPAddress(text) ? undefined : NOT_AN_ADDRESS));
  if (clusterIPs.length > 0 && clusterIPs[0] !== (clusterIP ?? '')) {
    yield invalid('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`');
  }
  if (clusterIPs.length > 1) yield invalid('spec.clusterIPs', clusterIPs, 'may only hold up to 1 values');
  yield* itemsOf('spec.ipFamilies', spec.ipFamilies, function* (family, at): Issues {
    yield* oneOf(at, family, ['IPv4', 'IPv6']);
    if (family === 'IPv6') yield invalid(at, family, 'not configured on this cluster');
  });
  yield* oneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack']);
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    yield invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services');
  }
}

function* validateServicePorts(spec: Loose<ServiceSpec>): Issues {
  const { ports = [], type } = spec;
  if (ports.length === 0 && spec.clusterIP !== 'None' && type !== 'ExternalName') yield required('spec.ports');
  const seen = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    yield* validateServicePort(port, at, ports.length > 1);
    if (port.nodePort && !NODE_PORT_TYPES.has(type ?? '')) {
      yield forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${type ?? 'ClusterIP'}'`);
    }
    const key = `${port.protocol ?? 'TCP'}/${port.port}`;
    if (seen.has(key)) yield duplicate(at, { port: port.port, protocol: port.protocol ?? 'TCP' });
    seen.add(key);
  }
  yield* noDuplicates(ports.map(({ name }, index) => ({ path: `spec.ports[${index}].name`, value: name })));
  yield* noDuplicates(
    ports.map(({ nodePort, protocol }, index) => ({
      path: `spec.ports[${index}].nodePort`,
      value: nodePort ? `${protocol ?? 'TCP'}/${nodePort}` : undefined,
    })),
  );
}

function* validateServicePort(port: Loose<ServicePort>, path: string, needsName: boolean): Issues {
  if (needsName) yield* requiredText(`${path}.name`, port.name, dns1123Label);
  else yield* checkedText(`${path}.name`, port.name, dns1123Label);
  yield* checked(`${path}.port`, port.port ?? 0, portNumber);
  yield* requiredOneOf(`${path}.protocol`, port.protocol ?? 'TCP', PROTOCOLS);
  if (port.targetPort !== undefined) yield* portReference(`${path}.targetPort`, port.targetPort);
  if (port.nodePort) yield* checked(`${path}.nodePort`, port.nodePort, portNumber);
  yield* checkedText(`${path}.appProtocol`, port.appProtocol, qualifiedName);
}

/** An address once given stays: clients and the kernel's tables know it. */
export function* validateServiceUpdate({ spec = {} }: Loose<Service>, { spec: old = {} }: Loose<Service>): Issues {
  if (!old.clusterIP || old.type === 'ExternalName' || spec.type === 'ExternalName') return;
  if (spec.clusterIP !== old.clusterIP) {
    yield invalid('spec.clusterIPs[0]', spec.clusterIP ? [spec.clusterIP] : [], 'may not change once set');
  }
  if ((spec.ipFamilies ?? []).length > 0 && !equalJson(spec.ipFamilies?.[0], old.ipFamilies?.[0])) {
    yield invalid('spec.ipFamilies[0]', spec.ipFamilies?.[0], 'may not change once set');
  }
}

/** Source: pkg/apis/discovery/validation/validation.go. */
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_SLICE_PORTS = 20_000;

export function* validateEndpointSlice(slice: Loose<EndpointSlice>): Issues {
  const { addressType, endpoints = [], ports = [] } = slice;
  yield* requiredOneOf('addressType', addressType, ['FQDN', 'IPv4', 'IPv6']);
  if (endpoints.length > MAX_ENDPOINTS) yield tooMany('endpoints', endpoints.length, MAX_ENDPOINTS);
  if (ports.length > MAX_SLICE_PORTS) yield tooMany('ports', ports.length, MAX_SLICE_PORTS);
  yield* itemsOf('endpoints', endpoints, (endpoint, at) => validateEndpoint(endpoint, at, addressType));
  yield* itemsOf('ports', ports, validateEndpointPort);
  const names = new Set<string>();
  for (const [index, { name = '' }] of ports.entries()) {
    if (names.has(name)) yield duplicate(`ports[${index}].name`, name);
    names.add(name);
  }
}

function* validateEndpoint(endpoint: Loose<Endpoint>, path: string, addressType: string | undefined): Issues {
  const { addresses = [] } = endpoint;
  if (addresses.length === 0) yield required(`${path}.addresses`, 'must contain at least 1 address');
  if (addresses.length > MAX_ADDRESSES) yield tooMany(`${path}.addresses`, addresses.length, MAX_ADDRESSES);
  yield* itemsOf(`${path}.addresses`, addresses, (address, at) =>
    checked(at, address, (text) => whyNotAddress(text, addressType)),
  );
  yield* checkedText(`${path}.nodeName`, endpoint.nodeName, dns1123Subdomain);
  yield* checkedText(`${path}.hostname`, endpoint.hostname, dns1123Label);
}

function whyNotAddress(text: string, addressType: string | undefined): string | undefined {
  switch (addressType) {
    case 'IPv4':
      return parseIPv4(text) === undefined ? 'must be a valid IPv4 address' : whySpecialAddress(text);
    case 'IPv6':
      return parseIPv6(text) === undefined ? 'must be a valid IPv6 address' : whySpecialAddress(text);
    default:
      return dns1123Subdomain(text);
  }
}

function* validateEndpointPort(port: Loose<EndpointPort>, path: string): Issues {
  yield* checkedText(`${path}.name`, port.name, dns1123Label);
  yield* oneOf(`${path}.protocol`, port.protocol, PROTOCOLS);
  yield* checked(`${path}.port`, port.port, portNumber);
  yield* checkedText(`${path}.appProtocol`, port.appProtocol, qualifiedName);
}

export function* validateEndpointSliceUpdate(slice: Loose<EndpointSlice>, old: Loose<EndpointSlice>): Issues {
  if (slice.addressType !== old.addressType) yield invalid('addressType', slice.addressType, 'field is immutable');
}
