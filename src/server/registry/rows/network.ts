import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  formatSelectorObject,
  INGRESS_CLASSES,
  INGRESSES,
  type Ingress,
  type IngressClass,
  NETWORK_POLICIES,
  type NetworkPolicy,
} from '#api';
import type { ResourceRow } from '../api.ts';
import { formatFirst, NONE, UNSET } from '../format.ts';
import { ageColumn, column } from './column.ts';
import { allVerbs, statusOf } from './shared.ts';
import { countGeneration, firstGeneration, keepStatus, onCreate, onUpdate, startStatus } from './strategy.ts';

/** Source: kubernetes printers.go, formatEndpoints (v1.32): every address with every port, or alone where there is none. */
function readyEndpoints({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return NONE;
  const all = subsets.flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip);
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip.includes(':') ? `[${ip}]` : ip}:${port}`));
  });
  return formatFirst(all, '');
}

export const endpointsRow: ResourceRow = {
  type: ENDPOINTS,
  singular: 'endpoints',
  shortNames: ['ep'],
  verbs: allVerbs,
  columns: [column<Endpoints>('Endpoints', 'string', readyEndpoints), ageColumn],
};

export const endpointSliceRow: ResourceRow = {
  type: ENDPOINT_SLICES,
  singular: 'endpointslice',
  verbs: allVerbs,
  columns: [
    column<EndpointSlice>('AddressType', 'string', ({ addressType }) => addressType),
    column<EndpointSlice>('Ports', 'string', ({ ports }) =>
      formatFirst(
        (ports ?? []).map((each) => String(each.port ?? '*')),
        UNSET,
      ),
    ),
    column<EndpointSlice>('Endpoints', 'string', ({ endpoints }) =>
      formatFirst(
        (endpoints ?? []).flatMap((each) => each.addresses),
        UNSET,
      ),
    ),
    ageColumn,
  ],
  prepareForCreate: firstGeneration,
  prepareForUpdate: countGeneration(),
};

/** Hosts that a table names; the others are counted. */
const SHOWN_HOSTS = 3;

/** Source: kubernetes pkg/printers/internalversion/printers.go, formatHosts (v1.32): what is left is counted in rules. */
function ingressHosts({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const hosts: string[] = [];
  for (const { host } of rules) if (host && hosts.length < SHOWN_HOSTS) hosts.push(host);
  if (hosts.length === 0) return '*';
  const isCut = hosts.length === SHOWN_HOSTS && rules.length > SHOWN_HOSTS;
  return isCut ? `${hosts.join(',')} + ${rules.length - SHOWN_HOSTS} more...` : hosts.join(',');
}

function ingressAddress({ status }: Ingress): string {
  const addresses = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
  return [...new Set(addresses.filter((address) => address !== ''))].sort().join(',');
}

export const ingressRow: ResourceRow = {
  type: INGRESSES,
  singular: 'ingress',
  shortNames: ['ing'],
  verbs: allVerbs,
  subresources: statusOf(INGRESSES),
  columns: [
    column<Ingress>('Class', 'string', ({ spec }) => spec?.ingressClassName ?? NONE),
    column<Ingress>('Hosts', 'string', ingressHosts),
    column<Ingress>('Address', 'string', ingressAddress),
    column<Ingress>('Ports', 'string', ({ spec }) => ((spec?.tls ?? []).length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
  prepareForCreate: onCreate(startStatus({ loadBalancer: {} }), firstGeneration),
  prepareForUpdate: onUpdate(keepStatus, countGeneration('spec')),
};

function classParameters({ spec }: IngressClass): string {
  const { parameters } = spec ?? {};
  if (parameters === undefined) return NONE;
  const { apiGroup, kind, name } = parameters;
  return `${apiGroup === undefined ? kind : `${kind}.${apiGroup}`}/${name}`;
}

export const ingressClassRow: ResourceRow = {
  type: INGRESS_CLASSES,
  singular: 'ingressclass',
  verbs: allVerbs,
  columns: [
    column<IngressClass>('Controller', 'string', ({ spec }) => spec?.controller ?? ''),
    column<IngressClass>('Parameters', 'string', classParameters),
    ageColumn,
  ],
  prepareForCreate: firstGeneration,
  prepareForUpdate: countGeneration('spec'),
};

export const networkPolicyRow: ResourceRow = {
  type: NETWORK_POLICIES,
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  verbs: allVerbs,
  columns: [
    column<NetworkPolicy>('Pod-Selector', 'string', ({ spec }) => formatSelectorObject(spec?.podSelector)),
    ageColumn,
  ],
  prepareForCreate: firstGeneration,
  prepareForUpdate: countGeneration('spec'),
};
