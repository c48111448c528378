import { crc32 } from 'node:zlib';
import { StoreError } from '../errors.ts';
import type { Sealer } from './sealer.ts';

/** How a value lies in its row. */
const PLAIN = 0;
const SEALED = 1;

/** One row of `versions`. */
export interface Row {
  readonly revision: number;
  readonly key: string;
  /** Revision of the key's creation; 0: the key was deleted at `revision`. */
  readonly created: number;
  readonly format: number;
  /** CRC-32 over all other columns, so that a damaged page never passes for data. */
  readonly sum: number;
  readonly value: Uint8Array | null;
}

const EMPTY = new Uint8Array(0);

export function encodeRow(
  version: { readonly key: string; readonly revision: number; readonly created: number },
  value: Uint8Array | undefined,
  sealer: Sealer | undefined,
): Row {
  const stored = value === undefined || sealer === undefined ? value : sealer.seal(version.key, value);
  const row = { ...version, format: sealer === undefined ? PLAIN : SEALED, value: stored ?? null };
  return { ...row, sum: checksum(row) };
}

/** The value of a row, verified; undefined for a deletion. Throws `ValueCorrupt`, never answers wrong bytes. */
export function decodeRow(row: Row, sealer: Sealer | undefined): Uint8Array | undefined {
  if (row.sum !== checksum(row)) {
    throw new StoreError('ValueCorrupt', `The stored value of ${row.key} fails its checksum.`);
  }
  if (row.created === 0) return undefined;
  if (row.format === PLAIN) return row.value ?? EMPTY;
  if (sealer === undefined)
    throw new StoreError('StoreKey', `The value of ${row.key} is encrypted; the key is absent.`);
  return sealer.open(row.key, row.value ?? EMPTY);
}

function checksum({ key, revision, created, format, value }: Omit<Row, 'sum'>): number {
  const header = crc32(`${key}\0${revision}\0${created}\0${format}`);
  // Of an empty array that owns no memory zlib's crc32 answers 0, whatever it is to go on from.
  return value === null || value.byteLength === 0 ? header : crc32(value, header);
}
