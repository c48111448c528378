import type { Application } from '#api';

/** What `argocd_app_info` says of one Application. Source: argo-cd docs/operator-manual/metrics.md. */
export interface ApplicationLabels {
  readonly namespace: string;
  readonly name: string;
  readonly project: string;
  readonly repo: string;
  readonly dest_server: string;
  readonly dest_namespace: string;
  readonly sync_status: string;
  readonly health_status: string;
  readonly operation: '' | 'sync' | 'delete';
  readonly autosync_enabled: 'true' | 'false';
}

/** Stands for every value beyond a limit. */
export const OTHER = 'other';
const THIS_CLUSTER = 'https://kubernetes.default.svc';

export function planApplicationLabels({ metadata, spec, status, operation }: Application): ApplicationLabels {
  const { destination, project = 'default', source, sources, syncPolicy } = spec;
  const automated = syncPolicy?.automated;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    project,
    repo: planRepositoryLabel((source ?? sources?.[0])?.repoURL ?? ''),
    dest_server: destination?.server ?? destination?.name ?? THIS_CLUSTER,
    dest_namespace: destination?.namespace ?? '',
    sync_status: status?.sync?.status ?? 'Unknown',
    health_status: status?.health?.status ?? 'Unknown',
    operation: metadata.deletionTimestamp !== undefined ? 'delete' : operation === undefined ? '' : 'sync',
    autosync_enabled: automated === undefined || automated.enabled === false ? 'false' : 'true',
  };
}

/** A repository's address as a label: without the user and password that somebody may have written into it. */
export function planRepositoryLabel(url: string): string {
  const schemeEnd = url.indexOf('://');
  if (schemeEnd < 0) return url;
  const start = schemeEnd + '://'.length;
  const slash = url.indexOf('/', start);
  const authority = slash < 0 ? url.slice(start) : url.slice(start, slash);
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  // What follows a question mark may be a token too.
  const rest = slash < 0 ? '' : (url.slice(slash).split(/[?#]/, 1)[0] as string);
  return `${url.slice(0, start)}${host}${rest}`;
}
