import { openApiPathOf, openApiV3Document, type ResourceType } from '#api';
import type { ResourceRow } from '../registry/api.ts';
import { sendJson } from './answers.ts';
import { type CachedDocument, cachedDocument, cachedText, sendDocument } from './cached-document.ts';
import type { Exchange } from './exchange.ts';
import { OPENAPI_V2_PROTOBUF_ANSWER, prefersOpenApiV2Protobuf } from './openapi-v2.plan.ts';
import { createOpenApiV2 } from './openapi-v2.ts';
import { unknownResource } from './resource-call.ts';

/** How long a document named by its hash may be kept: a year. Source: kube-openapi pkg/handler3 (words only). */
const IMMUTABLE_SECONDS = 31_536_000;

export type OpenApiHandler = (exchange: Exchange) => unknown;

/** One group version: what is served in it, and what was told of it. */
interface GroupVersion {
  readonly type: ResourceType;
  readonly rows: readonly ResourceRow[];
  document?: CachedDocument;
}

/**
 * `/openapi/v3`: an index, and one document per group version, made when first asked for; and all of it as `/openapi/v2`. When
 * the rows change, what did not is kept.
 */
export function createOpenApiHandler(
  api: { readonly rows: readonly ResourceRow[] },
  nowMs: () => number,
): OpenApiHandler {
  let seen: readonly ResourceRow[] | undefined;
  let versions: ReadonlyMap<string, GroupVersion> = new Map();
  let version2: ReturnType<typeof makeVersion2> | undefined;
  const makeDocuments = createOpenApiV2();

  function current(): ReadonlyMap<string, GroupVersion> {
    const { rows } = api;
    if (rows === seen) return versions;
    seen = rows;
    version2 = undefined;
    versions = groupVersions(rows, versions);
    return versions;
  }

  function documentAt(path: string): CachedDocument | undefined {
    const version = current().get(path);
    if (version === undefined) return undefined;
    const { type, rows } = version;
    version.document ??= cachedDocument(openApiV3Document(type.group, type.version, rows));
    return version.document;
  }

  function sendIndex({ request, reply }: Exchange): unknown {
    const paths: Record<string, object> = {};
    for (const path of current().keys()) {
      const hash = documentAt(path)?.hash ?? '';
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    return sendDocument(request, reply, cachedDocument({ paths }));
  }

  async function makeVersion2(all: ReadonlyMap<string, GroupVersion>) {
    const { json, protobuf } = await makeDocuments([...all.values()].map(({ rows }) => rows));
    return { json: cachedText(json), protobuf: cachedText(protobuf) };
  }

  async function sendVersion2({ request, reply }: Exchange): Promise<unknown> {
    const all = current();
    version2 ??= makeVersion2(all);
    const { json, protobuf } = await version2;
    if (!prefersOpenApiV2Protobuf(request.headers.accept)) return sendDocument(request, reply, json);
    return sendDocument(request, reply, protobuf, OPENAPI_V2_PROTOBUF_ANSWER);
  }

  return (exchange) => {
    const { request, reply, pathname, query } = exchange;
    if (pathname === '/openapi/v2') return sendVersion2(exchange);
    if (pathname === '/openapi/v3' || pathname === '/openapi/v3/') return sendIndex(exchange);
    const document = documentAt(pathname.slice('/openapi/v3/'.length));
    if (document === undefined) throw unknownResource();
    const asked = query.get('hash');
    if (asked === document.hash) {
      reply.header('cache-control', `public, immutable, max-age=${IMMUTABLE_SECONDS}`);
      reply.header('expires', new Date(nowMs() + IMMUTABLE_SECONDS * 1_000).toUTCString());
    } else if (asked !== null && asked !== '') {
      return sendRedirect(exchange, `${pathname}?hash=${document.hash}`);
    }
    return sendDocument(request, reply, document);
  };
}

/** The rows of each group version, by the path of its document; those of before where nothing changed. */
function groupVersions(
  rows: readonly ResourceRow[],
  before: ReadonlyMap<string, GroupVersion>,
): ReadonlyMap<string, GroupVersion> {
  const grouped = new Map<string, ResourceRow[]>();
  for (const row of rows) {
    const path = openApiPathOf(row.type.group, row.type.version);
    const known = grouped.get(path) ?? [];
    grouped.set(path, known);
    known.push(row);
  }
  return new Map(
    [...grouped].map(([path, now]) => {
      const known = before.get(path);
      const isSame = known?.rows.length === now.length && now.every((row, index) => row === known.rows[index]);
      return [path, isSame && known !== undefined ? known : { type: (now[0] as ResourceRow).type, rows: now }];
    }),
  );
}

/** An older hash leads to the newest document. */
function sendRedirect({ reply }: Exchange, location: string): unknown {
  return sendJson(reply.header('location', location), 301, '{}');
}
