import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  type KubeObject,
  SERVICES,
  type Service,
  type StoredObject,
} from '#api';
import type { Clock } from '#base';
import type { Client } from '#client';
import { type Controller, Expectations, type Informer, type KeySource, keyOf, keysFrom } from '#reconcile';
import { API_SERVICE, type ApiServiceOptions, planApiService } from './api-service.plan.ts';

export interface ApiServiceDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly services: Informer<Service>;
  readonly endpoints: Informer<Endpoints>;
  readonly slices: Informer<EndpointSlice>;
}

const KEY = `${API_SERVICE.namespace}/${API_SERVICE.name}`;

/** Keeps the Service by which pods call the API, its Endpoints and its EndpointSlice. Sole writer of the three. */
export function createApiServiceController(deps: ApiServiceDeps, options: ApiServiceOptions): Controller {
  const { client, clock, services, endpoints, slices } = deps;
  const expectations = new Expectations(clock);
  const informers: Readonly<Record<string, Informer<StoredObject>>> = {
    [SERVICES.kind]: services as unknown as Informer<StoredObject>,
    [ENDPOINTS.kind]: endpoints as unknown as Informer<StoredObject>,
    [ENDPOINT_SLICES.kind]: slices as unknown as Informer<StoredObject>,
  };

  return {
    name: 'api-service',
    async reconcile(key, signal) {
      await expectations.settled(key, signal);
      const [service, ends, slice] = [services.get(key), endpoints.get(key), slices.get(key)];
      const plan = planApiService({ service, endpoints: ends, slice, options });
      for (const object of plan.create) await write(object, (each, resource) => client.create(resource, each));
      for (const object of plan.update) await write(object, (each, resource) => client.update(resource, each));
      return {};
    },
  };

  async function write<T extends KubeObject>(
    object: T,
    by: (object: T, resource: Informer<StoredObject>['resource']) => Promise<StoredObject>,
  ): Promise<void> {
    const informer = informers[object.kind ?? ''];
    if (informer !== undefined) expectations.wrote(KEY, informer, await by(object, informer.resource));
  }
}

export function apiServiceSources({
  services,
  endpoints,
  slices,
}: Pick<ApiServiceDeps, 'services' | 'endpoints' | 'slices'>): KeySource[] {
  const ours = { toKeys: (object: StoredObject) => (keyOf(object) === KEY ? [KEY] : []) };
  return [
    // Also where none of the three is there.
    { subscribe: () => () => undefined, keys: () => [KEY] },
    keysFrom(services, ours),
    keysFrom(endpoints, ours),
    keysFrom(slices, ours),
  ];
}
