import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Log } from '#base';
import type { AuditEvent } from './audit-event.plan.ts';
import type { AuditSink } from './audit-trail.ts';
import { auditLimits } from './limits.ts';

export interface AuditLog extends AuditSink {
  /** Resolves when everything handed over so far is written. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface AuditLogDeps {
  /** A folder of its own; made with mode 0700. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: { readonly fileBytes: number; readonly files: number; readonly queueBytes: number };
}

const CURRENT = 'audit.log';
const CLOSED = /^audit-[0-9TZ.-]+\.log$/;

/**
 * JSON lines in `audit.log`, mode 0600. A full file becomes `audit-<time>.log`, and the oldest of those go. A request
 * never waits for the disk, and never fails because of it: what cannot be written is counted and told in the log.
 */
export async function openAuditLog({ directory, clock, log, limits = auditLimits }: AuditLogDeps): Promise<AuditLog> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const current = path.join(directory, CURRENT);
  let file = await open(current, 'a', 0o600);
  let bytes = (await file.stat()).size;
  let queue: string[] = [];
  let queuedBytes = 0;
  let lost = 0;
  let writing: Promise<void> = Promise.resolve();
  let isBusy = false;

  async function rotate(): Promise<FileHandle> {
    await file.close();
    const stamp = new Date(clock.nowMs()).toISOString().replaceAll(':', '-');
    await rename(current, path.join(directory, `audit-${stamp}.log`));
    const closed = (await readdir(directory)).filter((name) => CLOSED.test(name)).sort();
    for (const name of closed.slice(0, Math.max(0, closed.length - limits.files))) await rm(path.join(directory, name));
    bytes = 0;
    return open(current, 'a', 0o600);
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const text = queue.join('');
      const count = queue.length;
      queue = [];
      queuedBytes = 0;
      try {
        if (bytes >= limits.fileBytes) file = await rotate();
        await file.appendFile(text);
        bytes += Buffer.byteLength(text);
      } catch (error) {
        lost += count;
        log.error({ err: error, lost }, 'audit events could not be written');
      }
    }
    isBusy = false;
  }

  return {
    write(event: AuditEvent) {
      const line = `${JSON.stringify(event)}\n`;
      if (queuedBytes + line.length > limits.queueBytes) {
        lost += 1;
        if (lost === 1) log.error({ lost }, 'audit events come faster than they can be written');
        return;
      }
      queue.push(line);
      queuedBytes += line.length;
      if (isBusy) return;
      isBusy = true;
      writing = drain();
    },
    flush: () => writing,
    async close() {
      await writing;
      if (lost > 0) log.error({ lost }, 'audit events were lost');
      await file.close();
    },
  };
}
