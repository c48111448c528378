import { define, FunctionProblem, type GoFunction, type GoMap, type Value } from '../../template/index.ts';

/** `path.Base`. */
export function base(text: string): string {
  if (text === '') return '.';
  const trimmed = text.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

/** `path.Clean`. */
export function clean(text: string): string {
  if (text === '') return '.';
  const rooted = text.startsWith('/');
  const parts: string[] = [];
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (!rooted) parts.push('..');
  }
  const joined = parts.join('/');
  return rooted ? `/${joined}` : joined === '' ? '.' : joined;
}

const directory = (text: string) => clean(text.slice(0, text.lastIndexOf('/') + 1));

function extension(text: string): string {
  const name = text.slice(text.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot < 0 ? '' : name.slice(dot);
}

const baseOf = define('string', (_, text) => base(text));
const dirOf = define('string', (_, text) => directory(text));
const cleaned = define('string', (_, text) => clean(text));
const extOf = define('string', (_, text) => extension(text));
const isAbsolute = define('string', (_, text) => text.startsWith('/'));

/** Paths, as on Linux, and URLs. Source: Masterminds/sprig v3.3.0 functions.go, url.go. */
export const PATHS: Readonly<Record<string, GoFunction>> = {
  base: baseOf,
  osBase: baseOf,
  dir: dirOf,
  osDir: dirOf,
  clean: cleaned,
  osClean: cleaned,
  ext: extOf,
  osExt: extOf,
  isAbs: isAbsolute,
  osIsAbs: isAbsolute,
  urlParse: define('string', (_, text) => parseUrl(text)),
  urlJoin: define('dict', (_, parts) => joinUrl(parts)),
  // Helm answers nothing unless DNS is allowed, which it never is here.
  getHostByName: define('string', () => ''),
};

const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

function parseUrl(text: string): GoMap {
  const match = URL_PARTS.exec(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Go refuses them.
  if (match === null || /[\u0000-\u001f\u007f]/.test(text))
    throw new FunctionProblem('unable to parse url: invalid control character in URL');
  const [, scheme = '', authority, path = '', query = '', fragment = ''] = match;
  const opaque = scheme !== '' && authority === undefined && path !== '' && !path.startsWith('/');
  const at = authority?.lastIndexOf('@') ?? -1;
  const host = authority?.slice(at + 1) ?? '';
  return new Map<string, Value>([
    ['scheme', scheme.toLowerCase()],
    ['host', host],
    ['hostname', hostname(host)],
    ['path', opaque ? '' : decodePath(path)],
    ['query', query],
    ['opaque', opaque ? path : ''],
    ['fragment', decodePath(fragment)],
    ['userinfo', at < 0 ? '' : (authority?.slice(0, at) ?? '')],
  ]);
}

const hostname = (host: string) => host.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');

function decodePath(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new FunctionProblem(`unable to parse url: invalid URL escape in ${JSON.stringify(text.slice(0, 100))}`);
  }
}

function joinUrl(parts: GoMap): string {
  const part = (name: string): string => {
    const value = parts.get(name) ?? '';
    if (typeof value !== 'string') throw new FunctionProblem(`unable to parse ${name} key, must be of type string`);
    return value;
  };
  const [scheme, host, path, query, opaque, fragment, user] = [
    part('scheme'),
    part('host'),
    part('path'),
    part('query'),
    part('opaque'),
    part('fragment'),
    part('userinfo'),
  ];
  const authority = host !== '' || user !== '' ? `//${user === '' ? '' : `${user}@`}${host}` : '';
  const escaped = encodeURI(path).replace(/[?#]/g, encodeURIComponent);
  const slash = host !== '' && path !== '' && !path.startsWith('/') ? '/' : '';
  const middle = opaque === '' ? authority + slash + escaped : opaque;
  return `${scheme === '' ? '' : `${scheme}:`}${middle}${query === '' ? '' : `?${query}`}${fragment === '' ? '' : `#${encodeURI(fragment)}`}`;
}
