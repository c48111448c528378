import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a server in a process of its own says of itself. */
export interface ApiServerFacts {
  readonly url: string;
  readonly ca: string;
  /** Token of an administrator. */
  readonly token: string;
}

export interface ApiServerHealth {
  /** 99th percentile of how late its event loop was since the last question, ms. */
  readonly delayP99Ms: number;
  /** What a thread beside it suffers that has next to nothing to do: that is the machine's, not the server's. */
  readonly machine: {
    readonly lateP99Ms: number;
    /** How many times longer than at its best a fixed piece of work took, 90th percentile: 1 on an idle machine. */
    readonly slowness: number;
  };
  readonly residentBytes: number;
  /** Keys that every object of that process has: none, unless somebody reached Object.prototype. */
  readonly inherited: readonly string[];
}

export interface ApiServerProcess extends ApiServerFacts {
  health(): Promise<ApiServerHealth>;
  close(): Promise<void>;
}

/** Starts the HTTPS API in a process of its own, so that what its event loop suffers is measured apart from the test's. */
export async function startApiServerProcess(): Promise<ApiServerProcess> {
  const child: ChildProcess = fork(fileURLToPath(new URL('./api-server-main.ts', import.meta.url)), {
    execArgv: ['--conditions=source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [facts] = (await Promise.race([once(child, 'message'), ended(child)])) as [ApiServerFacts];
  return {
    ...facts,
    async health() {
      child.send('health');
      const [health] = (await Promise.race([once(child, 'message'), ended(child)])) as [ApiServerHealth];
      return health;
    },
    async close() {
      const gone = once(child, 'exit');
      child.send('close');
      await gone;
    },
  };
}

async function ended(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit');
  throw new Error(`the API server's process ended: ${code ?? signal}`);
}
