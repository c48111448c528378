import { gunzip } from '#base';
import { RenderError, textOf } from '../template/index.ts';
import type { ChartFile } from './chart.types.ts';
import type { ChartBudget } from './limits.ts';

const BLOCK = 512;

/** The files of a chart's `.tgz`, below the one folder that it holds; they are taken from the budget. Throws `ChartInvalid`. Source: POSIX pax, GNU tar headers. */
export function readArchive(bytes: Uint8Array, place: string, budget: ChartBudget): readonly ChartFile[] {
  const fail = (why: string): never => {
    throw new RenderError('ChartInvalid', why, { path: place, line: 0, column: 0 });
  };
  let tar: Uint8Array;
  try {
    tar = gunzip(bytes, budget.bytes);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  budget.take('bytes', tar.length, place);
  const files: ChartFile[] = [];
  let longName: string | undefined;
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const size = Number.parseInt(field(header, 124, 12).trim() || '0', 8);
    if (!Number.isSafeInteger(size) || size < 0 || at + BLOCK + size > tar.length)
      return fail('the archive is damaged');
    const content = tar.subarray(at + BLOCK, at + BLOCK + size);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    const type = String.fromCharCode(header[156] ?? 0);
    if (type === 'L') longName = textOf(content).replace(/\0.*$/s, '');
    else if (type === 'x') longName = paxPath(textOf(content)) ?? longName;
    else if (type === '0' || type === '\0') {
      const name = longName ?? headerName(header);
      longName = undefined;
      budget.take('files', 1, place);
      files.push({ path: insideFolder(name, fail), bytes: content });
    } else if (type !== 'g') longName = undefined;
  }
  return files;
}

function field(header: Uint8Array, start: number, length: number): string {
  return textOf(header.subarray(start, start + length)).replace(/\0.*$/s, '');
}

function headerName(header: Uint8Array): string {
  const prefix = field(header, 257, 5) === 'ustar' ? field(header, 345, 155) : '';
  const name = field(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function paxPath(records: string): string | undefined {
  return /(?:^|\n)\d+ path=([^\n]*)\n/.exec(records)?.[1];
}

/** The path without the chart's own folder; nothing leads out of it. */
function insideFolder(name: string, fail: (why: string) => never): string {
  const parts = name
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || parts.includes('..'))
    return fail(`the archive has the path ${JSON.stringify(name)}, which leads out of it`);
  if (parts.length < 2) return fail(`the archive has ${JSON.stringify(name)} outside of the chart's folder`);
  return parts.slice(1).join('/');
}
