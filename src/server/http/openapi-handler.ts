import { openApiPathOf, openApiV3Document } from '#api';
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

/** `/openapi/v3`: an index, and one document per group version, made when first asked for; and all of it as `/openapi/v2`. */
export function createOpenApiHandler(rows: readonly ResourceRow[], nowMs: () => number): OpenApiHandler {
  const documents = new Map<string, CachedDocument>();
  const versions = new Map(rows.map(({ type }) => [openApiPathOf(type.group, type.version), type]));

  function documentAt(path: string): CachedDocument | undefined {
    const type = versions.get(path);
    if (type === undefined) return undefined;
    const document = documents.get(path) ?? cachedDocument(openApiV3Document(type.group, type.version, rows));
    documents.set(path, document);
    return document;
  }

  function sendIndex({ request, reply }: Exchange): unknown {
    const paths: Record<string, object> = {};
    for (const path of versions.keys()) {
      const hash = documentAt(path)?.hash ?? '';
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    return sendDocument(request, reply, cachedDocument({ paths }));
  }

  let version2: Promise<{ readonly json: CachedDocument; readonly protobuf: CachedDocument }> | undefined;

  async function makeVersion2() {
    const { json, protobuf } = await createOpenApiV2(rows);
    return { json: cachedText(json), protobuf: cachedText(protobuf) };
  }

  async function sendVersion2({ request, reply }: Exchange): Promise<unknown> {
    version2 ??= makeVersion2();
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

/** An older hash leads to the newest document. */
function sendRedirect({ reply }: Exchange, location: string): unknown {
  return sendJson(reply.header('location', location), 301, '{}');
}
