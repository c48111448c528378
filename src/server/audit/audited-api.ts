import { isApiError } from '#api';
import type { Clock } from '#base';
import type { Api, ReadRequest, UserInfo } from '../registry/api.ts';
import type { AuditTrail, LocalWrite } from './audit-trail.ts';

export interface AuditedApiDeps {
  readonly audit: Pick<AuditTrail, 'noteLocal'>;
  readonly clock: Clock;
  /** As whom it is used, and by what program. */
  readonly user: UserInfo;
  readonly userAgent: string;
}

interface Write extends ReadRequest {
  readonly name?: string;
  readonly subresource?: string;
  readonly dryRun?: boolean;
}

/**
 * The API for a part of the server, whose writes are noted as those of callers over HTTPS are. What came to nothing since
 * somebody else was faster is tried again by whoever wrote, and not noted.
 */
export function auditedApi(api: Api, { audit, clock, user, userAgent }: AuditedApiDeps): Api {
  async function noted<T>(
    method: LocalWrite['method'],
    request: Write,
    work: Promise<T>,
    nameOf: (done: T) => string | undefined,
  ) {
    const { name } = request;
    const write = { method, target: targetOf(method, request), user, userAgent, receivedAtMs: clock.nowMs() };
    try {
      const done = await work;
      audit.noteLocal({ ...write, name: name ?? nameOf(done), status: method === 'POST' ? 201 : 200 });
      return done;
    } catch (error) {
      const status = isApiError(error) ? error.httpStatus : 500;
      if (!isApiError(error, 'Conflict', 'NotFound', 'AlreadyExists')) audit.noteLocal({ ...write, name, status });
      throw error;
    }
  }

  return {
    get rows() {
      return api.rows;
    },
    row: (group, version, plural) => api.row(group, version, plural),
    get: (request) => api.get(request),
    list: (request) => api.list(request),
    watch: (request) => api.watch(request),
    create: (request) => noted('POST', request, api.create(request), ({ object }) => object.metadata.name),
    update: (request) => noted('PUT', request, api.update(request), ({ object }) => object.metadata.name),
    patch: (request) => noted('PATCH', request, api.patch(request), ({ object }) => object.metadata.name),
    delete: (request) => noted('DELETE', request, api.delete(request), ({ object }) => object.metadata.name),
    evict: (request) => noted('POST', { ...request, subresource: 'eviction' }, api.evict(request), () => undefined),
    deleteCollection: (request) => noted('DELETE', request, api.deleteCollection(request), () => undefined),
    close: () => api.close(),
  };
}

/** The path that a client over HTTPS would call. */
function targetOf(method: LocalWrite['method'], { row, namespace, name, subresource, dryRun = false }: Write): string {
  const { group, version, plural, namespaced } = row.type;
  const segments = [
    ...(group === '' ? ['api', version] : ['apis', group, version]),
    ...(namespaced && namespace !== '' ? ['namespaces', namespace] : []),
    plural,
    // What is made has no name yet in its path, but its parts are below it.
    ...(name === undefined || (method === 'POST' && subresource === undefined) ? [] : [name]),
    ...(subresource === undefined || name === undefined ? [] : [subresource]),
  ];
  return `/${segments.map(encodeURIComponent).join('/')}${dryRun ? '?dryRun=All' : ''}`;
}
