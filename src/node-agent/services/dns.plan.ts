import { serviceKey, slicesByService, type Target, targetsOf } from './endpoints.plan.ts';
import type { DnsRecords, EndpointSlice, Service, ServicesSnapshot } from './services.types.ts';

type Srv = { readonly port: number; readonly target: string };

/**
 * What the cluster's DNS answers for Services. Source: kubernetes/dns docs/specification.md, schema 1.1.0: an address
 * per Service, or its ready endpoints where it is headless; a service record per named port; the name of each address;
 * and another name for a Service that stands for one.
 */
export function planDns({ services, slices }: ServicesSnapshot, clusterDomain: string): DnsRecords {
  const a = new Map<string, readonly string[]>();
  const srv = new Map<string, readonly Srv[]>();
  const cname = new Map<string, string>();
  const ptr = new Map<string, string>();
  const byService = slicesByService(slices);
  for (const service of services) {
    const { clusterIP, type, externalName } = service.spec;
    const name = `${service.metadata.name}.${service.metadata.namespace ?? ''}.svc.${clusterDomain}`.toLowerCase();
    if (type === 'ExternalName') cname.set(name, (externalName ?? '').toLowerCase().replace(/\.$/, ''));
    else if (clusterIP === 'None')
      addHeadless({ a, srv, ptr }, name, service, byService.get(serviceKey(service)) ?? []);
    else if (clusterIP !== undefined && clusterIP !== '') addAddressed({ a, srv, ptr }, name, service, clusterIP);
  }
  return { a, srv, cname, ptr };
}

interface Maps {
  readonly a: Map<string, readonly string[]>;
  readonly srv: Map<string, readonly Srv[]>;
  readonly ptr: Map<string, string>;
}

function addAddressed({ a, srv, ptr }: Maps, name: string, service: Service, clusterIP: string): void {
  a.set(name, [clusterIP]);
  ptr.set(clusterIP, name);
  for (const { name: portName, protocol = 'TCP', port } of service.spec.ports ?? []) {
    if (portName !== undefined && portName !== '') srv.set(srvName(portName, protocol, name), [{ port, target: name }]);
  }
}

function addHeadless({ a, srv, ptr }: Maps, name: string, service: Service, slices: readonly EndpointSlice[]): void {
  const published = service.spec.publishNotReadyAddresses === true ? slices.map(allReady) : slices;
  const addresses = new Map<string, string[]>();
  const answer = (host: string, ip: string) => {
    const known = addresses.get(host) ?? [];
    if (!known.includes(ip)) addresses.set(host, [...known, ip]);
  };
  // A headless Service may have no ports at all: its endpoints then carry the unnamed one.
  const ports = service.spec.ports ?? [];
  const names = ports.length === 0 ? [''] : ports.map(({ name: portName = '' }) => portName);
  for (const portName of names) {
    const protocol = ports.find((port) => (port.name ?? '') === portName)?.protocol ?? 'TCP';
    const targets = ports.length === 0 ? portless(published) : targetsOf(published, portName);
    const records = targets.map((target) => {
      const host = `${target.hostname ?? target.ip.replaceAll('.', '-')}.${name}`.toLowerCase();
      answer(name, target.ip);
      answer(host, target.ip);
      if (!ptr.has(target.ip)) ptr.set(target.ip, host);
      return { port: target.port, target: host };
    });
    if (portName !== '' && records.length > 0) srv.set(srvName(portName, protocol, name), records);
  }
  a.set(name, addresses.get(name) ?? []);
  for (const [host, ips] of addresses) a.set(host, ips);
}

function portless(slices: readonly EndpointSlice[]): readonly Target[] {
  return targetsOf(
    slices.map((slice) => ({ ...slice, ports: [{ name: '', port: 1 }] })),
    '',
  );
}

function allReady(slice: EndpointSlice): EndpointSlice {
  const endpoints = slice.endpoints.map((endpoint) => ({
    ...endpoint,
    conditions: { ...endpoint.conditions, ready: true },
  }));
  return { ...slice, endpoints };
}

function srvName(port: string, protocol: string, name: string): string {
  return `_${port}._${protocol}.${name}`.toLowerCase();
}
