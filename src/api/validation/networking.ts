/** Rules of Ingresses, IngressClasses and NetworkPolicies. Source: kubernetes pkg/apis/networking/validation/validation.go (v1.32). */
import type { TypedLocalObjectReference } from 'kubernetes-types/core/v1.js';
import type {
  HTTPIngressPath,
  IngressBackend,
  IngressClassParametersReference,
  IngressRule,
  IngressTLS,
  IPBlock,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from 'kubernetes-types/networking/v1.js';
import type { Ingress, IngressClass, NetworkPolicy } from '../kinds/types.ts';
import { isIPAddress, isRange, isStrictPartOfRange, NOT_A_RANGE, NOT_AN_ADDRESS } from './addresses.ts';
import { checked, checkedText, type Issues, itemsOf, type Loose, oneOf, requiredText } from './checks.ts';
import { forbidden, invalid, required, tooLong, unsupported } from './issues.ts';
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  pathSegment,
  portName,
  portNumber,
  type Rule,
  wildcardSubdomain,
} from './names.ts';
import { validateSelector } from './selector.ts';

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const NO_ADDRESS = 'must be a DNS name, not an IP address';

const hostName: Rule = (host) => (host.includes('*') ? wildcardSubdomain(host) : dns1123Subdomain(host));

export function* validateIngress({ spec = {} }: Loose<Ingress>): Issues {
  const { rules = [], defaultBackend, tls, ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined) {
    yield invalid('spec', [], 'either `defaultBackend` or `rules` must be specified');
  }
  if (defaultBackend !== undefined) yield* validateBackend(defaultBackend, 'spec.defaultBackend');
  yield* itemsOf('spec.rules', rules, validateRule);
  yield* itemsOf('spec.tls', tls, validateTls);
  yield* checked('spec.ingressClassName', ingressClassName, dns1123Subdomain);
}

/** The older name of the class may not contradict the newer one; an Ingress that does so already may go on. */
export function* validateIngressCreate({ metadata, spec }: Loose<Ingress>): Issues {
  const older = metadata?.annotations?.[CLASS_ANNOTATION];
  if (older === undefined || spec?.ingressClassName === undefined || older === spec.ingressClassName) return;
  yield invalid(`annotations.${CLASS_ANNOTATION}`, older, 'must match `ingressClassName` when both are specified');
}

export function* validateIngressStatus({ status }: Loose<Ingress>): Issues {
  yield* itemsOf(
    'status.loadBalancer.ingress',
    status?.loadBalancer?.ingress,
    function* ({ ip, hostname }, at): Issues {
      yield* checkedText(`${at}.ip`, ip, (text) => (isIPAddress(text) ? undefined : NOT_AN_ADDRESS));
      yield* checkedText(`${at}.hostname`, hostname, dns1123Subdomain);
      yield* checkedText(`${at}.hostname`, hostname, (text) => (isIPAddress(text) ? NO_ADDRESS : undefined));
    },
  );
}

function* validateRule({ host, http }: Loose<IngressRule>, path: string): Issues {
  yield* checkedText(`${path}.host`, host, (text) => (isIPAddress(text) ? NO_ADDRESS : undefined));
  yield* checkedText(`${path}.host`, host, hostName);
  if (http === undefined) return;
  if ((http.paths ?? []).length === 0) yield required(`${path}.http.paths`);
  yield* itemsOf(`${path}.http.paths`, http.paths, validatePath);
}

/** What would make two spellings of one path. */
const AMBIGUOUS_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const AMBIGUOUS_ENDS = ['/..', '/.'];

function* validatePath({ path = '', pathType, backend }: Loose<HTTPIngressPath>, at: string): Issues {
  if (pathType === undefined) {
    yield required(`${at}.pathType`, 'pathType must be specified');
    return;
  }
  yield* validatePathText(path, pathType, at);
  yield* validateBackend(backend ?? {}, `${at}.backend`);
}

function* validatePathText(path: string, pathType: string, at: string): Issues {
  const isExact = pathType === 'Exact' || pathType === 'Prefix';
  if (!isExact && pathType !== 'ImplementationSpecific') {
    yield unsupported(`${at}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']);
    return;
  }
  if (!path.startsWith('/') && (isExact || path !== '')) yield invalid(`${at}.path`, path, 'must be an absolute path');
  if (!isExact) return;
  for (const part of AMBIGUOUS_PARTS) {
    if (path.includes(part)) yield invalid(`${at}.path`, path, `must not contain '${part}'`);
  }
  for (const end of AMBIGUOUS_ENDS) {
    if (path.endsWith(end)) yield invalid(`${at}.path`, path, `cannot end with '${end}'`);
  }
}

function* validateBackend({ resource, service }: Loose<IngressBackend>, path: string): Issues {
  if (resource !== undefined && service !== undefined) {
    yield invalid(path, '', 'cannot set both resource and service backends');
    return;
  }
  if (resource !== undefined) yield* validateReference(resource, `${path}.resource`);
  if (service === undefined) {
    if (resource === undefined) yield invalid(path, '', 'resource or service backend is required');
    return;
  }
  yield* requiredText(`${path}.service.name`, service.name, dns1035Label);
  const { name, number } = service.port ?? {};
  if (name && number) yield invalid(path, '', 'cannot set both port name & port number');
  else if (name) yield* checked(`${path}.service.port.name`, name, portName);
  else if (number) yield* checked(`${path}.service.port.number`, number, portNumber);
  else yield required(path, 'port name or number is required');
}

function* validateReference({ apiGroup, kind, name }: Loose<TypedLocalObjectReference>, path: string): Issues {
  yield* checked(`${path}.apiGroup`, apiGroup, dns1123Subdomain);
  yield* requiredText(`${path}.kind`, kind, pathSegment);
  yield* requiredText(`${path}.name`, name, pathSegment);
}

function* validateTls({ hosts, secretName }: Loose<IngressTLS>, path: string): Issues {
  yield* itemsOf(`${path}.hosts`, hosts, (host, at) => checked(at, host, hostName));
  yield* checkedText(`${path}.secretName`, secretName, dns1123Subdomain);
}

/** Longest name of a controller, in bytes. Source: validation.go, maxLenIngressClassController. */
const MAX_CONTROLLER_BYTES = 250;

export function* validateIngressClass({ spec = {} }: Loose<IngressClass>): Issues {
  const { controller, parameters } = spec;
  if (controller && Buffer.byteLength(controller) > MAX_CONTROLLER_BYTES) {
    yield tooLong('spec.controller', MAX_CONTROLLER_BYTES);
  }
  if (!controller) yield required('spec.controller');
  else yield* validateDomainPath(controller, 'spec.controller');
  if (parameters !== undefined) yield* validateParameters(parameters, 'spec.parameters');
}

/** `example.com/what`. Source: apimachinery pkg/util/validation/validation.go, IsDomainPrefixedPath (v0.32). */
function* validateDomainPath(text: string, path: string): Issues {
  const slash = text.indexOf('/');
  const host = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  if (slash <= 0 || rest === '') {
    yield invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")');
    return;
  }
  yield* checked(path, host, dns1123Subdomain);
  if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest)) {
    yield invalid(path, rest, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
  }
}

function* validateParameters(parameters: Loose<IngressClassParametersReference>, path: string): Issues {
  yield* validateReference(parameters, path);
  const { scope, namespace } = parameters;
  if (scope === undefined) yield required(`${path}.scope`);
  else if (scope === 'Namespace') {
    if (namespace === undefined) yield required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'");
    else yield* checked(`${path}.namespace`, namespace, dns1123Label);
  } else if (scope === 'Cluster') {
    if (namespace !== undefined) yield forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'");
  } else yield unsupported(`${path}.scope`, scope, ['Cluster', 'Namespace']);
}

export function* validateIngressClassUpdate({ spec }: Loose<IngressClass>, { spec: old }: Loose<IngressClass>): Issues {
  if (spec?.controller !== old?.controller) {
    yield invalid('spec.controller', spec?.controller ?? '', 'field is immutable');
  }
}

export function* validateNetworkPolicy({ spec = {} }: Loose<NetworkPolicy>): Issues {
  yield* validateSelector(spec.podSelector ?? {}, 'spec.podSelector');
  yield* itemsOf('spec.ingress', spec.ingress, function* ({ ports, from }, at): Issues {
    yield* itemsOf(`${at}.ports`, ports, validatePolicyPort);
    yield* itemsOf(`${at}.from`, from, validatePeer);
  });
  yield* itemsOf('spec.egress', spec.egress, function* ({ ports, to }, at): Issues {
    yield* itemsOf(`${at}.ports`, ports, validatePolicyPort);
    yield* itemsOf(`${at}.to`, to, validatePeer);
  });
  const { policyTypes = [] } = spec;
  if (policyTypes.length > 2)
    yield invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes');
  else {
    yield* itemsOf('spec.policyTypes', policyTypes, function* (type, at): Issues {
      if (type !== 'Ingress' && type !== 'Egress') yield unsupported(at, type, ['Egress', 'Ingress']);
    });
  }
}

function* validatePolicyPort({ port, endPort, protocol }: Loose<NetworkPolicyPort>, path: string): Issues {
  yield* oneOf(`${path}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']);
  if (typeof port === 'number') {
    yield* checked(`${path}.port`, port, portNumber);
    if (endPort === undefined) return;
    if (endPort < port) yield invalid(`${path}.endPort`, endPort, 'must be greater than or equal to `port`');
    yield* checked(`${path}.endPort`, endPort, portNumber);
    return;
  }
  yield* checked(`${path}.port`, port, portName);
  if (endPort === undefined) return;
  const state = port === undefined ? 'not specified' : 'non-numeric';
  yield invalid(`${path}.endPort`, endPort, `may not be specified when \`port\` is ${state}`);
}

function* validatePeer(peer: Loose<NetworkPolicyPeer>, path: string): Issues {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (podSelector !== undefined) yield* validateSelector(podSelector, `${path}.podSelector`);
  if (namespaceSelector !== undefined) yield* validateSelector(namespaceSelector, `${path}.namespaceSelector`);
  if (ipBlock !== undefined) yield* validateBlock(ipBlock, `${path}.ipBlock`);
  const isSelected = podSelector !== undefined || namespaceSelector !== undefined;
  if (!isSelected && ipBlock === undefined) yield required(path, 'must specify a peer');
  if (isSelected && ipBlock !== undefined) yield forbidden(path, 'may not specify both ipBlock and another peer');
}

function* validateBlock({ cidr, except }: Loose<IPBlock>, path: string): Issues {
  const range: Rule = (text) => (isRange(text) ? undefined : NOT_A_RANGE);
  yield* requiredText(`${path}.cidr`, cidr, range);
  if (cidr === undefined || !isRange(cidr)) return;
  yield* itemsOf(`${path}.except`, except, function* (inner, at): Issues {
    yield* checked(at, inner, range);
    if (isRange(inner) && !isStrictPartOfRange(inner, cidr)) {
      yield invalid(at, inner, 'must be a strict subset of `cidr`');
    }
  });
}
