/** Name, value, name, value: as they came, with those that came twice. */
export type RawHeaders = readonly string[];

/** They mean the next connection only. Source: RFC 9110, 7.6.1; net/http/httputil/reverseproxy.go hopHeaders. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** They are between the caller and us: a pod that had them could act as the caller. */
const OURS: ReadonlySet<string> = new Set(['authorization', 'expect', 'host']);
const IMPERSONATION = 'impersonate-';
/** A token may stand in a WebSocket's protocols. Source: apiserver pkg/authentication/request/websocket/protocol.go (v0.32). */
const BEARER_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

export interface ProxiedRequest {
  readonly headers: RawHeaders;
  /** Where it goes: `10.244.1.5:80`. */
  readonly host: string;
  /** What the caller spoke to, and from where. */
  readonly forwarded: { readonly host: string; readonly uri: string; readonly address: string };
  /** Set for a request that turns into a connection of its own: it stays one. */
  readonly upgrade?: string;
}

/** The headers of a request as the pod gets them. Source: apimachinery pkg/util/proxy/transport.go (v0.32). */
export function planRequestHeaders({ headers, host, forwarded, upgrade }: ProxiedRequest): RawHeaders {
  const kept = withoutHops(headers).filter(
    ([name]) => !OURS.has(name) && !name.startsWith(IMPERSONATION) && !name.startsWith('x-forwarded-'),
  );
  const before = valuesOf(headers, 'x-forwarded-for');
  return flat([
    ['', 'Host', host],
    ...kept.map(
      ([name, as, value]) => [name, as, name === 'sec-websocket-protocol' ? withoutToken(value) : value] as const,
    ),
    ['', 'X-Forwarded-For', [...before, forwarded.address].join(', ')],
    ['', 'X-Forwarded-Host', forwarded.host],
    ['', 'X-Forwarded-Proto', 'https'],
    ['', 'X-Forwarded-Uri', forwarded.uri],
    ...(upgrade === undefined
      ? ([['', 'Connection', 'close']] as const)
      : ([
          ['', 'Connection', 'Upgrade'],
          ['', 'Upgrade', upgrade],
        ] as const)),
  ]);
}

/** The headers of an answer as the caller gets them: a redirect within the pod stays within the proxy. */
export function planResponseHeaders(headers: RawHeaders, at: RedirectPlace): RawHeaders {
  return flat(
    withoutHops(headers).map(([name, as, value]) => [name, as, name === 'location' ? planLocation(value, at) : value]),
  );
}

export interface RedirectPlace {
  /** Of the path that leads to the pod: `/api/v1/…/proxy`. */
  readonly prefix: string;
  /** By which names the pod knows itself here: its own address, and the host the caller spoke to. */
  readonly hosts: readonly string[];
}

/** Source: apimachinery pkg/util/proxy/transport.go rewriteURL (v0.32). */
export function planLocation(location: string, { prefix, hosts }: RedirectPlace): string {
  const [, host, path = ''] = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?(.*)$/is.exec(location) ?? [];
  if (!path.startsWith('/') || (host !== undefined && !hosts.includes(host))) return location;
  return path === prefix || path.startsWith(`${prefix}/`) ? path : `${prefix}${path}`;
}

type Header = readonly [lowerCase: string, asSent: string, value: string];

function withoutHops(headers: RawHeaders): readonly Header[] {
  const named = new Set(valuesOf(headers, 'connection').flatMap((value) => value.toLowerCase().split(/\s*,\s*/)));
  return pairs(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name));
}

function pairs(headers: RawHeaders): readonly Header[] {
  return headers.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), name, headers[index + 1] ?? ''] as const] : [],
  );
}

function valuesOf(headers: RawHeaders, wanted: string): readonly string[] {
  return pairs(headers).flatMap(([name, , value]) => (name === wanted ? [value.trim()] : []));
}

function flat(headers: readonly Header[]): RawHeaders {
  return headers.flatMap(([, name, value]) => [name, value]);
}

function withoutToken(protocols: string): string {
  return protocols
    .split(/\s*,\s*/)
    .filter((protocol) => !protocol.startsWith(BEARER_PROTOCOL))
    .join(', ');
}
