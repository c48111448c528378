import type { UserInfo } from '../auth/authorization.types.ts';
import { planProxyPath, planRequestPath } from '../http/request-path.plan.ts';

/** What is known of a request when it is over. */
export interface AuditedRequest {
  readonly id: string;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly userAgent: string | undefined;
  readonly address: string | undefined;
  /** Undefined for a stranger. */
  readonly user: UserInfo | undefined;
  readonly impersonator?: UserInfo | undefined;
  readonly status: number;
  readonly receivedAt: string;
  readonly endedAt: string;
  /** Made within the server: by its controllers, its scheduler, its sync. */
  readonly isInProcess?: boolean;
  /** Of the object, where the path does not name it. */
  readonly name?: string | undefined;
}

/** One line of the log: `audit.k8s.io/v1` Event, level Metadata. Source: apiserver pkg/apis/audit/v1/types.go (v0.32). */
export type AuditEvent = Readonly<Record<string, unknown>>;

/** Longest text taken from a request: its path, its User-Agent. */
const MAX_TEXT_LENGTH = 1_024;

const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch']);
/** Reads that are noted: of secrets, and into running containers. */
const NOTED_READS: ReadonlySet<string> = new Set([
  'secrets',
  'renderedsets',
  'pods/log',
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'services/proxy',
  'nodes/proxy',
]);
/** Writes of nodes that only say that they live and how their pods do. */
const HEARTBEATS: ReadonlySet<string> = new Set(['leases', 'nodes/status', 'pods/status', 'events']);
/**
 * What parts of the server write all the time, and say in objects that anybody can read: what is wanted of them stands in
 * other writes. Source: kubernetes cluster/gce/gci/configure-helper.sh, create-master-audit-policy, level None (v1.32).
 */
const ROUTINE: ReadonlySet<string> = new Set(['leases', 'events', 'endpoints', 'endpointslices']);
const FORBIDDEN = 403;
const UNAUTHORIZED = 401;

/** Query parameters whose values are noted; of all others only that they were there. */
const SHOWN_PARAMETERS: ReadonlySet<string> = new Set([
  ...['container', 'dryRun', 'fieldManager', 'fieldSelector', 'fieldValidation', 'follow', 'force', 'labelSelector'],
  ...['limit', 'propagationPolicy', 'resourceVersion', 'timeoutSeconds', 'watch'],
]);

/** The event of a request, or undefined for one that is not noted: plain reads, discovery, nodes' heartbeats. */
export function planAuditEvent(request: AuditedRequest): AuditEvent | undefined {
  const { method, user, impersonator, status } = request;
  const mark = request.target.indexOf('?');
  const pathname = mark < 0 ? request.target : request.target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : request.target.slice(mark + 1));
  const path = planRequestPath(pathname);
  const proxied = planProxyPath(pathname);
  const resource =
    proxied === undefined ? (path?.type === 'resource' ? path : undefined) : { ...proxied, group: '', version: 'v1' };
  const isWatch = (query.get('watch') ?? 'false') !== 'false' && query.get('watch') !== '0';
  const verb = verbOf(method, resource, isWatch);
  const what = [resource?.resource, resource?.subresource].filter((part) => part !== undefined).join('/');
  const isRefused = status === FORBIDDEN || status === UNAUTHORIZED;
  const isRead = READS.has(verb) || (method === 'GET' && resource === undefined);
  const isHeartbeat = HEARTBEATS.has(what) && user?.groups.includes('system:nodes') === true;
  const isRoutine =
    request.isInProcess === true && (ROUTINE.has(what) || resource?.subresource === 'status' || query.has('dryRun'));
  const isNoted =
    isRefused || impersonator !== undefined || (isRead ? NOTED_READS.has(what) : !isHeartbeat && !isRoutine);
  if (!isNoted || (isRead && NOTED_READS.has(what) && isOwnSecret(user, status))) return undefined;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: request.id,
    stage: 'ResponseComplete',
    requestURI: `${pathname}${shownQuery(query)}`.slice(0, MAX_TEXT_LENGTH),
    verb,
    user: impersonator === undefined ? who(user) : who(impersonator),
    ...(impersonator === undefined ? {} : { impersonatedUser: who(user) }),
    sourceIPs: request.address === undefined ? [] : [request.address],
    userAgent: (request.userAgent ?? '').slice(0, MAX_TEXT_LENGTH),
    ...(resource === undefined
      ? {}
      : { objectRef: objectRef(request.name === undefined ? resource : { ...resource, name: request.name }) }),
    responseStatus: { metadata: {}, code: status },
    requestReceivedTimestamp: request.receivedAt,
    stageTimestamp: request.endedAt,
    annotations: { 'authorization.k8s.io/decision': isRefused ? 'forbid' : 'allow' },
  };
}

/** An agent reads the secrets of its pods again and again; what it was refused is noted. */
function isOwnSecret(user: UserInfo | undefined, status: number): boolean {
  return user?.groups.includes('system:nodes') === true && status < UNAUTHORIZED;
}

function verbOf(method: string, resource: { readonly name?: string } | undefined, isWatch: boolean): string {
  if (resource === undefined) return method.toLowerCase();
  const isNamed = resource.name !== undefined;
  switch (method) {
    case 'HEAD':
    case 'GET':
      return isWatch ? 'watch' : isNamed ? 'get' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'DELETE':
      return isNamed ? 'delete' : 'deletecollection';
    default:
      return method.toLowerCase();
  }
}

function who(user: UserInfo | undefined): object {
  if (user === undefined) return {};
  const { name, groups, uid, extra } = user;
  return { username: name, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) };
}

function objectRef(path: {
  readonly resource: string;
  readonly namespace: string;
  readonly name?: string;
  readonly group: string;
  readonly version: string;
  readonly subresource?: string;
}): object {
  const { resource, namespace, name, group, version, subresource } = path;
  return {
    resource,
    ...(namespace === '' ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(group === '' ? {} : { apiGroup: group }),
    apiVersion: version,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** What a command or a token could stand in is left out. */
function shownQuery(query: URLSearchParams): string {
  const shown = [...query].map(([name, value]) => {
    const safe = encodeURIComponent(name);
    return SHOWN_PARAMETERS.has(name) ? `${safe}=${encodeURIComponent(value)}` : safe;
  });
  return shown.length === 0 ? '' : `?${shown.join('&')}`;
}
