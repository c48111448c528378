import { EVENTS, type ResourceType } from '#api';
import type { Client } from '#client';

/** A client whose process dies right after its n-th write (events do not count): that one is done, no other is. */
export function mortalClient(client: Client, diesAfter: number) {
  let writes = 0;
  const dead = () => writes >= diesAfter;
  async function write<T>(resource: ResourceType, call: () => Promise<T>): Promise<T> {
    if (dead()) throw new Error('dead');
    if (resource.kind === EVENTS.kind) return await call();
    writes += 1;
    const answer = await call();
    if (dead()) throw new Error('died before it read the answer');
    return answer;
  }
  const by: Client = {
    ...client,
    create: (resource, ...rest) => write(resource, () => client.create(resource, ...rest)),
    update: (resource, ...rest) => write(resource, () => client.update(resource, ...rest)),
    patch: (resource, ...rest) => write(resource, () => client.patch(resource, ...rest)),
    delete: (resource, ...rest) => write(resource, () => client.delete(resource, ...rest)),
  };
  return { by, dead };
}
