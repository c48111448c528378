import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorCode, PlumblineError, shortHash } from '#base';
import { uiLimits } from './limits.ts';

const compress = promisify(gzip);

interface StaticFile {
  readonly bytes: Buffer;
  readonly gzipped: Buffer | undefined;
  readonly contentType: string;
  readonly etag: string;
  readonly cacheControl: string;
}

/** Files by URL path. What is not in the map does not exist: no path of a request ever reaches the disk. */
export type StaticFiles = ReadonlyMap<string, StaticFile>;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** Below this many bytes gzip saves nothing. */
const GZIP_FROM_BYTES = 1_024;

/** Reads the built UI into memory, compressed where that helps. A directory that is not there is an empty UI. */
export async function loadStaticFiles(directory: string): Promise<StaticFiles> {
  const files = new Map<string, StaticFile>();
  let bytes = 0;
  for (const name of await namesBelow(directory)) {
    const file = path.join(directory, name);
    bytes += (await stat(file)).size;
    if (files.size >= uiLimits.assetFiles || bytes > uiLimits.assetBytes) {
      throw new PlumblineError(`${directory} holds more than a UI can be`, { code: 'UiTooLarge' });
    }
    files.set(`/${name.split(path.sep).join('/')}`, await load(file, name));
  }
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  return files;
}

/** Answers a file, its compressed form, or 304. */
export function sendFile(request: FastifyRequest, reply: FastifyReply, file: StaticFile): FastifyReply {
  reply.header('etag', file.etag).header('cache-control', file.cacheControl).header('vary', 'Accept-Encoding');
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.header('content-type', file.contentType);
  const packed = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '') ? file.gzipped : undefined;
  if (packed === undefined) return reply.send(file.bytes);
  return reply.header('content-encoding', 'gzip').send(packed);
}

async function load(file: string, name: string): Promise<StaticFile> {
  const bytes = await readFile(file);
  const contentType = CONTENT_TYPES[path.extname(name)] ?? 'application/octet-stream';
  const isText = /^text\/|json|svg/.test(contentType);
  const gzipped = isText && bytes.length >= GZIP_FROM_BYTES ? await compress(bytes, { level: 9 }) : undefined;
  // Vite names what it bundles by content: `assets/index-B3kf9a2c.js`.
  const isHashed = /^assets[\\/].*-[\w-]{8,}\.\w+$/.test(name);
  const cacheControl = isHashed ? 'public, max-age=31536000, immutable' : 'no-cache';
  return { bytes, gzipped, contentType, etag: `"${shortHash(bytes.toString('base64'), 20)}"`, cacheControl };
}

async function namesBelow(directory: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
      .sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
