import { gunzipSync } from 'node:zlib';
import { errorMessage, PlumblineError } from './errors.ts';

/** The bytes inside of a gzip file. Throws `ArchiveInvalid` when it is none, or would grow over `maxBytes`. */
export function gunzip(bytes: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    throw new PlumblineError(`the archive cannot be unpacked: ${errorMessage(error)}`, {
      code: 'ArchiveInvalid',
      cause: error,
    });
  }
}
