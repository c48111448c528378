import child, { type ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** What the promise of a file operation is kept with. */
const SAME_THREAD = {
  access: fs.accessSync,
  appendFile: fs.appendFileSync,
  chmod: fs.chmodSync,
  chown: fs.chownSync,
  copyFile: fs.copyFileSync,
  link: fs.linkSync,
  lstat: fs.lstatSync,
  mkdir: fs.mkdirSync,
  mkdtemp: fs.mkdtempSync,
  readdir: fs.readdirSync,
  readFile: readFileSync,
  readlink: fs.readlinkSync,
  realpath: fs.realpathSync,
  rename: fs.renameSync,
  rm: fs.rmSync,
  rmdir: fs.rmdirSync,
  stat: fs.statSync,
  statfs: () => ({
    type: 0,
    bsize: 4096,
    blocks: 25_000_000,
    bfree: 20_000_000,
    bavail: 20_000_000,
    files: 6_000_000,
    ffree: 5_900_000,
  }),
  symlink: fs.symlinkSync,
  truncate: fs.truncateSync,
  unlink: fs.unlinkSync,
  utimes: fs.utimesSync,
  writeFile: fs.writeFileSync,
} as const;

/** What differs from machine to machine is told of one that is always the same. */
const FACTS: Readonly<Record<string, string>> = {
  '/etc/machine-id': '00000000000000000000000000000001\n',
  '/proc/sys/kernel/random/boot_id': '00000000-0000-4000-8000-000000000001\n',
};

function readFileSync(file: fs.PathOrFileDescriptor, options?: Parameters<typeof fs.readFileSync>[1]) {
  const fact = typeof file === 'string' ? FACTS[file] : undefined;
  return fact ?? fs.readFileSync(file, options);
}

class SameThreadFile {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  readonly read = async (...args: unknown[]) => {
    const [buffer] = args as [NodeJS.ArrayBufferView];
    const bytesRead = (fs.readSync as (...all: unknown[]) => number)(this.fd, ...args);
    return { bytesRead, buffer };
  };
  readonly readFile = async (options?: BufferEncoding) => fs.readFileSync(this.fd, options);
  readonly write = async (...args: unknown[]) => ({
    bytesWritten: (fs.writeSync as (...all: unknown[]) => number)(this.fd, ...args),
  });
  readonly writeFile = async (data: string | Uint8Array) => fs.writeFileSync(this.fd, data);
  readonly stat = async () => fs.fstatSync(this.fd);
  readonly chmod = async (mode: fs.Mode) => fs.fchmodSync(this.fd, mode);
  readonly chown = async (user: number, group: number) => fs.fchownSync(this.fd, user, group);
  readonly sync = async () => undefined;
  readonly datasync = async () => undefined;
  readonly truncate = async (length?: number) => fs.ftruncateSync(this.fd, length);
  readonly close = async () => fs.closeSync(this.fd);
}

/** A host on which nothing may be mounted, and no other program runs. */
function refuseToSpawn(program: string): ChildProcess {
  const refused = Object.assign(new EventEmitter(), { stdout: null, stderr: null, stdin: null });
  queueMicrotask(() => refused.emit('error', new Error(`spawn ${program} EPERM`)));
  return refused as unknown as ChildProcess;
}

/**
 * Takes from this process what would make two runs of it differ: files are the real ones, but read and written in this
 * thread; no other program can be started; the machine's own chance is `random`. Answers how to give all back.
 */
export function takeMachine(random: () => number): () => void {
  const kept = { files: { ...files }, spawn: child.spawn, random: Math.random };
  for (const [name, operation] of Object.entries(SAME_THREAD)) {
    const sync = operation as (...args: unknown[]) => unknown;
    Object.assign(files, { [name]: async (...args: unknown[]) => sync(...args) });
  }
  Object.assign(files, {
    open: async (file: fs.PathLike, flags?: fs.OpenMode, mode?: fs.Mode) =>
      new SameThreadFile(fs.openSync(file, flags ?? 'r', mode)),
  });
  child.spawn = refuseToSpawn as unknown as typeof child.spawn;
  Math.random = random;
  syncBuiltinESMExports();
  return () => {
    Object.assign(files, kept.files);
    child.spawn = kept.spawn;
    Math.random = kept.random;
    syncBuiltinESMExports();
  };
}
