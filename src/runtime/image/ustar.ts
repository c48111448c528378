import { PlumblineError } from '#base';

/** One entry of a tar archive. Paths are relative, with forward slashes. */
export type TarEntry =
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string }
  | { readonly type: 'directory'; readonly path: string; readonly mode: number };

const BLOCK = 512;
const EMPTY = new Uint8Array(0);
/** Longest name and prefix of a ustar header, and longest link target, in bytes. Source: POSIX.1-2017 pax, ustar. */
const MAX_NAME = 100;
const MAX_PREFIX = 155;
const TYPE_FLAG = { file: '0', symlink: '2', directory: '5' } as const;

/** Writes a ustar archive: owner root, time 0, so that equal entries give equal bytes everywhere. */
export function* writeTar(entries: Iterable<TarEntry>): Generator<Uint8Array, void, undefined> {
  for (const entry of entries) {
    const content = entry.type === 'file' ? entry.content : EMPTY;
    yield header(entry, content.length);
    if (content.length === 0) continue;
    yield content;
    const rest = content.length % BLOCK;
    if (rest > 0) yield new Uint8Array(BLOCK - rest);
  }
  yield new Uint8Array(2 * BLOCK);
}

/** The header of a file whose content the caller streams itself, and pads to a multiple of 512 bytes. */
export function tarFileHeader(path: string, mode: number, size: number): Uint8Array {
  return header({ type: 'file', path, mode, content: EMPTY }, size);
}

function header(entry: TarEntry, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(entry.type === 'directory' ? `${entry.path}/` : entry.path);
  const mode = entry.type === 'symlink' ? 0o777 : entry.mode;
  block.write(name, 0, 'utf8');
  block.write(octal(mode, 8), 100, 'latin1');
  block.write(octal(0, 8), 108, 'latin1');
  block.write(octal(0, 8), 116, 'latin1');
  block.write(octal(size, 12), 124, 'latin1');
  block.write(octal(0, 12), 136, 'latin1');
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(TYPE_FLAG[entry.type], 156, 'latin1');
  if (entry.type === 'symlink') block.write(linkTarget(entry.target), 157, 'utf8');
  block.write('ustar\u000000', 257, 'latin1');
  block.write(prefix, 345, 'utf8');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148, 'latin1');
  return block;
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\u0000`;
}

function linkTarget(target: string): string {
  if (Buffer.byteLength(target) > MAX_NAME) throw tooLong(target);
  return target;
}

/** Cuts a long path at a slash, so that both halves fit their fields. */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= MAX_NAME) return ['', path];
  for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
    const prefix = path.slice(0, slash);
    const name = path.slice(slash + 1);
    if (name !== '' && Buffer.byteLength(name) <= MAX_NAME && Buffer.byteLength(prefix) <= MAX_PREFIX) {
      return [prefix, name];
    }
  }
  throw tooLong(path);
}

function tooLong(path: string): PlumblineError {
  return new PlumblineError(`the path is too long for a tar archive: ${path}`, { code: 'TarPathTooLong' });
}
