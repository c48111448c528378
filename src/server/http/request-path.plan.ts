/** What a path below `/api` or `/apis` names, before anyone asked whether it exists. */
export type RequestPath =
  | { readonly type: 'versions'; readonly legacy: boolean }
  | { readonly type: 'group'; readonly group: string }
  | { readonly type: 'resources'; readonly group: string; readonly version: string }
  | ({ readonly type: 'resource' } & ResourcePath);

/** Below this the rest of a path is the pod's own. */
export interface ProxyPath {
  readonly type: 'proxy';
  readonly resource: 'nodes' | 'pods' | 'services';
  readonly namespace: string;
  /** `[scheme:]name[:port]`. */
  readonly name: string;
  readonly subresource: 'proxy';
  /** As it was sent, from its slash on; '' when there is none. */
  readonly proxyPath: string;
}

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  /** '' for cluster scope or all namespaces. */
  readonly namespace: string;
  readonly resource: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Subresources of a Namespace; every other third segment below `/namespaces/x` is a resource inside it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** Reads a URL's path; undefined when it is none of the API's. Source: apiserver request/requestinfo.go (words only). */
export function planRequestPath(pathname: string): RequestPath | undefined {
  const segments = decodeSegments(pathname);
  if (segments === undefined) return undefined;
  const [root, ...rest] = segments;
  if (root === 'api') return planVersion('', rest, true);
  if (root !== 'apis') return undefined;
  const [group, ...below] = rest;
  if (group === undefined) return { type: 'versions', legacy: false };
  if (below.length === 0) return { type: 'group', group };
  return planVersion(group, below, false);
}

function planVersion(group: string, [version, ...rest]: readonly string[], legacy: boolean): RequestPath | undefined {
  if (version === undefined) return { type: 'versions', legacy };
  if (rest.length === 0) return { type: 'resources', group, version };
  const inNamespace = rest[0] === 'namespaces' && rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? '');
  const namespace = inNamespace ? (rest[1] ?? '') : '';
  const [resource, name, subresource, ...extra] = inNamespace ? rest.slice(2) : rest;
  if (resource === undefined || extra.length > 0) return undefined;
  return {
    type: 'resource',
    group,
    version,
    namespace,
    resource,
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

const PROXY = /^(\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy)(\/.*)?$/s;

/** What a path asks to be led to; undefined for one that is none of a proxy's. The rest is not looked into: it is not ours. */
export function planProxyPath(pathname: string): ProxyPath | undefined {
  const [, ours = '', proxyPath = ''] = PROXY.exec(pathname) ?? [];
  const path = ours === '' ? undefined : planRequestPath(ours);
  if (path?.type !== 'resource' || path.name === undefined) return undefined;
  const { namespace, name } = path;
  const resource = path.resource === 'nodes' ? 'nodes' : path.resource === 'pods' ? 'pods' : 'services';
  return { type: 'proxy', resource, namespace, name, subresource: 'proxy', proxyPath };
}

/** The decoded segments; undefined for empty ones, bad escapes and separators smuggled in. A slash at the end is let pass. */
function decodeSegments(pathname: string): readonly string[] | undefined {
  const raw = pathname.split('/').slice(1);
  if (raw.at(-1) === '') raw.pop();
  const segments: string[] = [];
  for (const part of raw) {
    const segment = decode(part);
    if (segment === undefined || segment === '' || segment === '.' || segment === '..') return undefined;
    if (segment.includes('/') || segment.includes('\0')) return undefined;
    segments.push(segment);
  }
  return segments;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined; // a bad escape names nothing
  }
}
