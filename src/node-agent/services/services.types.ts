import type { EndpointSlice, Service } from '#api';

export type { Endpoint, EndpointSlice, Service } from '#api';
export type { DnsRecords, HostPortRoute, ServiceBackend, ServicePortRoute } from '#network';

/** Everything Service routes and DNS answers are made from. */
export interface ServicesSnapshot {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}
