import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isRecord } from '#api';
import { errorCode, type Log } from '#base';

/** Images that are remembered; the oldest are forgotten first, and then stay on the host. */
const MAX_IMAGES = 2_000;

/**
 * Which images of this host the agent itself pulled, and by which names, in a file that outlives it. What is not written
 * here is somebody else's: losing the file makes images stay, never go.
 */
export class PulledImages {
  readonly #file: string;
  readonly #log: Log;
  readonly #names: Map<string, Set<string>>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, log: Log, names: Map<string, Set<string>>) {
    this.#file = file;
    this.#log = log;
    this.#names = names;
  }

  static async open(stateDir: string, log: Log): Promise<PulledImages> {
    const file = path.join(path.resolve(stateDir), 'pulled.json');
    return new PulledImages(file, log, await readNames(file, log));
  }

  /** Names by image id. */
  get all(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#names;
  }

  has(id: string): boolean {
    return this.#names.has(id);
  }

  /** Resolves when it is written. */
  async add(id: string, name: string): Promise<void> {
    const names = this.#names.get(id) ?? new Set();
    if (names.has(name)) return;
    this.#names.set(id, names.add(name));
    if (this.#names.size > MAX_IMAGES) {
      const [oldest] = this.#names.keys();
      if (oldest !== undefined) this.#names.delete(oldest);
    }
    await this.#save();
  }

  async forget(ids: readonly string[]): Promise<void> {
    let changed = false;
    for (const id of ids) changed = this.#names.delete(id) || changed;
    if (changed) await this.#save();
  }

  #save(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        const images = Object.fromEntries([...this.#names].map(([id, names]) => [id, [...names]]));
        await writeFile(`${this.#file}.new`, JSON.stringify({ images }), { mode: 0o600 });
        await rename(`${this.#file}.new`, this.#file);
      } catch (error) {
        this.#log.warn({ err: error, file: this.#file }, 'which images were pulled cannot be written down');
      }
    });
    return this.#writing;
  }
}

async function readNames(file: string, log: Log): Promise<Map<string, Set<string>>> {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    const images = isRecord(parsed) && isRecord(parsed['images']) ? parsed['images'] : {};
    return new Map(
      Object.entries(images).map(([id, names]) => [
        id,
        new Set(Array.isArray(names) ? names.filter((name): name is string => typeof name === 'string') : []),
      ]),
    );
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      log.warn({ err: error, file }, 'which images were pulled cannot be read: those stay');
    return new Map();
  }
}
