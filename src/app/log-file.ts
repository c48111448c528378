import { fstatSync, ftruncateSync, readlinkSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { type Clock, type Log, sleep } from '#base';

/** Largest size of a log in bytes; one older part of that size is kept beside it, as `….1`. */
export const MAX_LOG_BYTES = 8 * 1024 * 1024;
/** How often the size is looked at, in ms. */
const LOOK_EVERY_MS = 10_000;

export interface LogFileOptions {
  /** Descriptor of the log, opened for appending. */
  readonly descriptor: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly maxBytes?: number;
}

/**
 * Keeps the file behind a descriptor below a size for as long as the signal lets it: what is there moves to `….1`, and the
 * file begins anew. Does nothing where the descriptor is no file. What is written in the moment of the move may be lost.
 */
export async function boundLogFile(options: LogFileOptions, signal: AbortSignal): Promise<void> {
  const { descriptor, clock, log, maxBytes = MAX_LOG_BYTES } = options;
  if (!fstatSync(descriptor).isFile()) return;
  while (!signal.aborted) {
    try {
      if (fstatSync(descriptor).size > maxBytes) {
        const file = readlinkSync(`/proc/self/fd/${descriptor}`);
        await copyFile(file, `${file}.1`);
        ftruncateSync(descriptor, 0);
      }
    } catch (error) {
      log.warn({ err: error }, 'the log could not be shortened');
    }
    await sleep(clock, LOOK_EVERY_MS, signal).catch(() => undefined); // aborted: the loop sees it
  }
}
