import { describe, expect, it } from 'vitest';
import { issuesOf, updateIssuesOf } from '../../../test/support/issues.ts';
import { INGRESS_CLASSES, INGRESSES, NETWORK_POLICIES } from '../kinds/resources.ts';

const service = { name: 'web', port: { number: 80 } };
const backend = { service };
const path = (fields: object) => ({
  spec: { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend, ...fields }] } }] },
});
const rule = (fields: object) => ({ spec: { rules: [fields] } });
const classOf = (fields: object) => ({ spec: { controller: 'example.com/proxy', ...fields } });
const parameters = (fields: object) => classOf({ parameters: { kind: 'Settings', name: 'a', ...fields } });
const from = (peer: object) => ({ spec: { ingress: [{ from: [peer] }] } });
const port = (fields: object) => ({ spec: { egress: [{ ports: [fields] }] } });

const wildcard =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const at = 'spec.rules[0].http.paths[0]';

describe('src/api/validation/networking', () => {
  it.each<[string, object]>([
    ['a default backend only', { spec: { defaultBackend: backend } }],
    ['a port by name', { spec: { defaultBackend: { service: { name: 'web', port: { name: 'http' } } } } }],
    [
      'a resource as backend',
      { spec: { defaultBackend: { resource: { apiGroup: 'a.example', kind: 'Bucket', name: 'b' } } } },
    ],
    ['a wildcard host', rule({ host: '*.example.com' })],
    ['no path at all, as its controller likes', path({ path: undefined, pathType: 'ImplementationSpecific' })],
    [
      'hosts of a certificate',
      { spec: { defaultBackend: backend, tls: [{ hosts: ['*.a.example', 'b.example'], secretName: 's' }] } },
    ],
    [
      'both names of its class, when they agree',
      {
        metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } },
        spec: { defaultBackend: backend, ingressClassName: 'a' },
      },
    ],
  ])('accepts an Ingress with %s', (_name, fields) => {
    expect(issuesOf(INGRESSES, { ...fields })).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['nothing', {}, ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified']],
    [
      'an address as host',
      rule({ host: '10.0.0.1' }),
      ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address'],
    ],
    [
      'a star inside a host',
      rule({ host: 'a.*.example' }),
      [`spec.rules[0].host: Invalid value: "a.*.example": ${wildcard}`],
    ],
    [
      'a host in capitals',
      rule({ host: 'A.example' }),
      [`spec.rules[0].host: Invalid value: "A.example": ${subdomain}`],
    ],
    ['no paths', rule({ http: { paths: [] } }), ['spec.rules[0].http.paths: Required value']],
    [
      'no path type',
      path({ pathType: undefined }),
      [`${at}.pathType: Required value`, `${at}.pathType: Required value: pathType must be specified`],
    ],
    [
      'a path type of its own',
      path({ pathType: 'Regex' }),
      [`${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`],
    ],
    ['a relative path', path({ path: 'a' }), [`${at}.path: Invalid value: "a": must be an absolute path`]],
    [
      'no path where one is needed',
      path({ path: undefined }),
      [`${at}.path: Invalid value: "": must be an absolute path`],
    ],
    [
      'a path that climbs',
      path({ path: '/a/../b' }),
      [`${at}.path: Invalid value: "/a/../b": must not contain '/../'`],
    ],
    [
      'a path with a hidden slash',
      path({ path: '/a%2Fb' }),
      [`${at}.path: Invalid value: "/a%2Fb": must not contain '%2F'`],
    ],
    ['a path that ends in a dot', path({ path: '/a/.' }), [`${at}.path: Invalid value: "/a/.": cannot end with '/.'`]],
    [
      'a relative path of its controller',
      path({ path: 'a', pathType: 'ImplementationSpecific' }),
      [`${at}.path: Invalid value: "a": must be an absolute path`],
    ],
    [
      'a backend of no kind',
      path({ backend: {} }),
      [`${at}.backend: Invalid value: "": resource or service backend is required`],
    ],
    [
      'a backend of two kinds',
      path({ backend: { service, resource: { kind: 'a', name: 'b' } } }),
      [`${at}.backend: Invalid value: "": cannot set both resource and service backends`],
    ],
    [
      'no port',
      path({ backend: { service: { name: 'web' } } }),
      [`${at}.backend: Required value: port name or number is required`],
    ],
    [
      'two ports',
      path({ backend: { service: { name: 'web', port: { name: 'http', number: 80 } } } }),
      [`${at}.backend: Invalid value: "": cannot set both port name & port number`],
    ],
    [
      'a port out of range',
      { spec: { defaultBackend: { service: { name: 'web', port: { number: 65_536 } } } } },
      ['spec.defaultBackend.service.port.number: Invalid value: 65536: must be between 1 and 65535, inclusive'],
    ],
    [
      'a resource without a name',
      { spec: { defaultBackend: { resource: { kind: 'a/b', name: '' } } } },
      [
        'spec.defaultBackend.resource.kind: Invalid value: "a/b": may not contain \'/\'',
        'spec.defaultBackend.resource.name: Required value',
      ],
    ],
    [
      'a secret of no name that could be',
      { spec: { defaultBackend: backend, tls: [{ secretName: 'A' }] } },
      [`spec.tls[0].secretName: Invalid value: "A": ${subdomain}`],
    ],
    [
      'two classes',
      {
        metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } },
        spec: { defaultBackend: backend, ingressClassName: 'b' },
      },
      [
        'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified',
      ],
    ],
    [
      'an address that is none',
      {
        spec: { defaultBackend: backend },
        status: { loadBalancer: { ingress: [{ ip: '10.0.0', hostname: '10.0.0.1' }] } },
      },
      [
        'status.loadBalancer.ingress[0].ip: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'status.loadBalancer.ingress[0].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
      ],
    ],
  ])('refuses an Ingress with %s', (_name, fields, expected) => {
    expect(issuesOf(INGRESSES, { ...fields })).toEqual(expected);
  });

  it('lets an older Ingress keep both names of its class', () => {
    const metadata = { annotations: { 'kubernetes.io/ingress.class': 'a' } };
    const before = { metadata, spec: { defaultBackend: backend } };
    expect(
      updateIssuesOf(INGRESSES, before, { metadata, spec: { defaultBackend: backend, ingressClassName: 'b' } }),
    ).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['no controller', { spec: {} }, ['spec.controller: Required value']],
    [
      'a controller without a path',
      classOf({ controller: 'example.com' }),
      ['spec.controller: Invalid value: "example.com": must be a domain-prefixed path (such as "acme.io/foo")'],
    ],
    [
      'a controller with a space',
      classOf({ controller: 'example.com/a b' }),
      [
        "spec.controller: Invalid value: \"a b\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
      ],
    ],
    [
      'a controller that is too long',
      classOf({ controller: `example.com/${'a'.repeat(250)}` }),
      ['spec.controller: Too long: may not be more than 250 bytes'],
    ],
    [
      'parameters of nowhere',
      parameters({ scope: 'Namespace' }),
      ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
    ],
    [
      'parameters of a namespace for all',
      parameters({ namespace: 'a' }),
      ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
    ],
    [
      'parameters of another scope',
      parameters({ scope: 'World' }),
      ['spec.parameters.scope: Unsupported value: "World": supported values: "Cluster", "Namespace"'],
    ],
  ])('refuses an IngressClass with %s', (_name, fields, expected) => {
    expect(issuesOf(INGRESS_CLASSES, { ...fields })).toEqual(expected);
  });

  it('keeps the controller of an IngressClass, not its parameters', () => {
    const other = classOf({ controller: 'example.com/other' });
    expect(updateIssuesOf(INGRESS_CLASSES, classOf({}), other)).toEqual([
      'spec.controller: Invalid value: "example.com/other": field is immutable',
    ]);
    expect(updateIssuesOf(INGRESS_CLASSES, classOf({}), parameters({}))).toEqual([]);
  });

  it.each<[string, object]>([
    ['nothing, which keeps all out', {}],
    ['a range of ports', port({ port: 80, endPort: 90 })],
    ['a port by name', port({ port: 'http', protocol: 'UDP' })],
    ['pods of some namespaces', from({ podSelector: {}, namespaceSelector: { matchLabels: { a: 'b' } } })],
    ['addresses but some', from({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/9'] } })],
    ['addresses of IPv6 but some', from({ ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] } })],
    ['both directions', { spec: { policyTypes: ['Ingress', 'Egress'] } }],
  ])('accepts a NetworkPolicy with %s', (_name, fields) => {
    expect(issuesOf(NETWORK_POLICIES, { ...fields })).toEqual([]);
  });

  const peer = 'spec.ingress[0].from[0]';
  const ports = 'spec.egress[0].ports[0]';
  it.each<[string, object, string[]]>([
    ['a peer of no kind', from({}), [`${peer}: Required value: must specify a peer`]],
    [
      'a peer of two kinds',
      from({ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }),
      [`${peer}: Forbidden: may not specify both ipBlock and another peer`],
    ],
    ['an empty range', from({ ipBlock: { cidr: '' } }), [`${peer}.ipBlock.cidr: Required value`]],
    [
      'an address as range',
      from({ ipBlock: { cidr: '10.0.0.1' } }),
      [
        `${peer}.ipBlock.cidr: Invalid value: "10.0.0.1": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
      ],
    ],
    ...['11.0.0.0/16', '10.0.0.0/8', '8.0.0.0/7', '2001:db8::/64'].map((except): [string, object, string[]] => [
      `the exception ${except}`,
      from({ ipBlock: { cidr: '10.0.0.0/8', except: [except] } }),
      [`${peer}.ipBlock.except[0]: Invalid value: "${except}": must be a strict subset of \`cidr\``],
    ]),
    [
      'a selector without values',
      from({ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      [
        `${peer}.podSelector.matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
      ],
    ],
    [
      'an end before the port',
      port({ port: 80, endPort: 79 }),
      [`${ports}.endPort: Invalid value: 79: must be greater than or equal to \`port\``],
    ],
    [
      'an end of a name',
      port({ port: 'http', endPort: 79 }),
      [`${ports}.endPort: Invalid value: 79: may not be specified when \`port\` is non-numeric`],
    ],
    [
      'an end of nothing',
      port({ endPort: 79 }),
      [`${ports}.endPort: Invalid value: 79: may not be specified when \`port\` is not specified`],
    ],
    [
      'another protocol',
      port({ protocol: 'ICMP' }),
      [`${ports}.protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`],
    ],
    [
      'another direction',
      { spec: { policyTypes: ['Up'] } },
      ['spec.policyTypes[0]: Unsupported value: "Up": supported values: "Egress", "Ingress"'],
    ],
    [
      'three directions',
      { spec: { policyTypes: ['Ingress', 'Egress', 'Ingress'] } },
      ['spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes'],
    ],
  ])('refuses a NetworkPolicy with %s', (_name, fields, expected) => {
    expect(issuesOf(NETWORK_POLICIES, { ...fields })).toEqual(expected);
  });
});
