import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/**
 * Program text of the product's network driven by messages (see `Remote`), in a process of its own so that it can live in a
 * namespace of its own. `network` is the built module, `options` are NetworkOptions.
 */
export const networkSource = (network: URL, options: object, resolvConf: string) => `
  import { createLinuxNetwork } from ${JSON.stringify(network.href)};
  const log = { debug() {}, info() {}, warn: (fields, message) => process.send({ log: message, reason: String(fields.reason ?? fields.err ?? '') }), error() {}, child: () => log };
  const clock = { nowMs: Date.now, monotonicMs: () => performance.now(), after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return { cancel: () => clearTimeout(timer) };
  } };
  const network = createLinuxNetwork(${JSON.stringify(options)}, { clock, log, resolvConf: ${JSON.stringify(resolvConf)} });
  const started = new AbortController();
  process.on('message', async ({ id, method, args }) => {
    try {
      const answer = await network[method](...(method === 'start' ? [started.signal] : args));
      process.send({ id, answer });
    } catch (error) {
      process.send({ id, error: { code: error.code, message: error.message } });
    }
  });
`;

/** Why the kernel's network cannot be tried here, if so. */
export function networkObstacle(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux';
  if (process.getuid?.() !== 0) return 'not root';
  for (const tool of ['ip', 'nft', 'nsenter', 'unshare', 'iptables']) {
    if (spawnSync(tool, ['--help'], { stdio: 'ignore' }).error !== undefined) return `no ${tool}`;
  }
  return spawnSync('unshare', ['-n', 'true']).status === 0 ? undefined : 'no network namespaces';
}

interface Reply {
  readonly id?: number;
  readonly answer?: unknown;
  readonly error?: { readonly code?: string; readonly message: string };
  readonly log?: string;
  readonly reason?: string;
}

/** A child that answers calls. */
export class Remote {
  readonly child: ChildProcess;
  readonly logs: string[] = [];
  readonly #open = new Map<number, (reply: Reply) => void>();
  #next = 1;

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    this.child.on('message', (message) => {
      const reply = message as Reply;
      if (reply.log !== undefined) this.logs.push(`${reply.log}: ${reply.reason}`);
      else this.#open.get(reply.id ?? 0)?.(reply);
    });
    this.child.on('exit', () => {
      for (const settle of this.#open.values()) settle({ error: { message: 'the child is gone' } });
    });
  }

  call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#open.set(id, ({ answer, error }) => {
        this.#open.delete(id);
        if (error === undefined) resolve(answer);
        else reject(Object.assign(new Error(error.message), { code: error.code }));
      });
      this.child.send({ id, method, args });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}
