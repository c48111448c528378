import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Client, clientFromKubeconfig } from '#client';
import { createKubectl, findKubectl, type KubectlResult } from './kubectl.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const main = path.join(root, 'dist/cli/main.js');

/** Ports nobody listens on now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface ProductOptions {
  /** Keeps and reuses this state folder; a fresh one, removed on close, when absent. */
  readonly stateDir?: string;
  readonly args?: readonly string[];
  /** More variables of the control plane, and so of the agent it starts. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The built product, started as `npm start` starts it, with a demo repository and an agent on the engine at DOCKER_HOST. */
export class Product {
  readonly stateDir: string;
  readonly ports: readonly number[];
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  #server: ChildProcess | undefined;
  #output = '';

  constructor(stateDir: string, ports: readonly number[], { args = [], env = {} }: ProductOptions) {
    this.stateDir = stateDir;
    this.ports = ports;
    this.#args = args;
    this.#env = env;
  }

  get demo(): string {
    return path.join(this.stateDir, 'demo');
  }

  get kubeconfig(): string {
    return path.join(this.stateDir, 'kubeconfig');
  }

  /** All that the product printed. */
  get output(): string {
    return this.#output;
  }

  /** Address of the login link printed last. */
  get loginLink(): string {
    const links = [...this.#output.matchAll(/http:\/\/\S+\/login\?ticket=\S+/g)].map(([link]) => link);
    const last = links.at(-1);
    if (last === undefined) throw new Error(`no login link was printed:\n${this.#output}`);
    return last;
  }

  /** Starts the control plane (and the agent, unless one runs) and waits until it says that it serves. */
  async start(): Promise<void> {
    const [api, ui, webhook] = this.ports;
    const from = this.#output.length;
    const child = spawn(
      process.execPath,
      [
        main,
        'demo',
        '--state-dir',
        this.stateDir,
        '--api-port',
        String(api),
        '--ui-port',
        String(ui),
        '--webhook-port',
        String(webhook),
        ...dockerArgs(),
        ...this.#args,
      ],
      { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.#env } },
    );
    this.#server = child;
    const collect = (chunk: Buffer) => {
      this.#output += chunk.toString('utf8');
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    await until(
      `the product serves\n${''}`,
      () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}:\n${this.#output}`);
        return this.#output.slice(from).includes('/login?ticket=');
      },
      90_000,
    );
  }

  get serverPid(): number {
    if (this.#server?.pid === undefined) throw new Error('the control plane was not started');
    return this.#server.pid;
  }

  /** Ends the control plane with a signal and waits until it is gone. */
  async stopServer(signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<number | null> {
    const child = this.#server;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const gone = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill(signal);
    const code = await gone;
    this.#server = undefined;
    return code;
  }

  async agentPid(): Promise<number> {
    return (JSON.parse(await readFile(path.join(this.stateDir, 'agent.pid'), 'utf8')) as { pid: number }).pid;
  }

  client(): Promise<Client> {
    return clientFromKubeconfig(this.kubeconfig, { userAgent: 'plumbline-test' });
  }

  /** Stock kubectl 1.32 against this product. */
  async kubectl(...args: readonly string[]): Promise<KubectlResult> {
    const binary = findKubectl();
    if (binary === undefined) throw new Error('no kubectl here');
    return createKubectl(binary, this.kubeconfig, path.join(this.stateDir, 'kubectl-cache'))(args);
  }

  /** The `plumb` command against this product. */
  async plumb(...args: readonly string[]): Promise<KubectlResult> {
    try {
      const { stdout, stderr } = await run(process.execPath, [main, ...args], {
        env: { ...process.env, PLUMBLINE_STATE_DIR: this.stateDir },
        timeout: 90_000,
      });
      return { stdout, stderr, code: 0 };
    } catch (error) {
      const failed = error as { stdout?: string; stderr?: string; code?: number };
      return { stdout: failed.stdout ?? '', stderr: failed.stderr ?? '', code: failed.code ?? -1 };
    }
  }

  async git(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('git', [
      '-C',
      this.demo,
      '-c',
      'user.name=Ada',
      '-c',
      'user.email=ada@example.com',
      ...args,
    ]);
    return stdout.trim();
  }

  /** Commits whatever changed in the demo repository and answers the commit's id. */
  async commit(message: string): Promise<string> {
    await this.git('add', '-A');
    await this.git('commit', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  async docker(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('docker', [...args], { env: { ...process.env } });
    return stdout.trim();
  }

  /** Waits until an Application is Synced and Healthy, at a commit where one is given. */
  async untilTrue(name: string, commit?: string, timeoutMs = 90_000): Promise<void> {
    await until(
      `${name} is Synced and Healthy${commit === undefined ? '' : ` at ${commit}`}`,
      async () => {
        const { stdout } = await this.kubectl('get', 'application', name, '-n', 'argocd', '-o', 'json');
        const { status } = JSON.parse(stdout) as {
          status?: { sync?: { status: string; revision?: string }; health?: { status: string } };
        };
        if (
          status?.sync?.status === 'Synced' &&
          status.health?.status === 'Healthy' &&
          (commit === undefined || status.sync.revision === commit)
        )
          return true;
        throw new Error(JSON.stringify(status));
      },
      timeoutMs,
    );
  }

  /** Ends everything and removes containers, rules, files and the data of volumes. */
  async close(): Promise<void> {
    await this.stopServer();
    const reset = await this.plumb('reset', '--state-dir', this.stateDir, '--yes', '--delete-volumes', ...dockerArgs());
    if (reset.code !== 0) throw new Error(`reset failed: ${reset.stdout}${reset.stderr}`);
    await rm(this.stateDir, { recursive: true, force: true });
  }
}

const dockerArgs = () =>
  process.env['DOCKER_HOST'] === undefined ? [] : ['--docker-host', process.env['DOCKER_HOST']];

export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const dir = options.stateDir ?? (await mkdtemp(path.join(tmpdir(), 'plumb-e2e-')));
  const product = new Product(dir, await freePorts(3), options);
  await product.start();
  return product;
}
