import { type ChildProcess, spawn } from 'node:child_process';
import { errorCode } from '#base';
import { searchPathEnvironment } from './run.ts';

/** Processes of ours whose changes are still to be seen; the oldest are forgotten. */
const OWN_PROCESSES = 256;
/**
 * The monitor writes a line for each element of a full load, one by one; grep drops those at a tenth of the cost it would
 * be to read them here.
 */
const COMMAND = "nft monitor | grep --line-buffered '^# new generation'";
/** What `nft monitor` prints after each transaction, whoever made it: nft, iptables-nft, firewalld, Docker. */
const GENERATION = /^# new generation \d+ by process (\d+)/gm;

export interface RuleMonitorEvents {
  onForeignChange(): void;
  /** Nothing is told any more, until `start` is called again. */
  onEnd(): void;
}

/**
 * Tells of every change of the kernel's packet rules that somebody else made, as it happens. It sleeps in between, so an
 * idle host pays nothing.
 */
export class RuleMonitor {
  readonly #events: RuleMonitorEvents;
  readonly #own = new Set<number>();
  #child: ChildProcess | undefined;

  constructor(events: RuleMonitorEvents) {
    this.#events = events;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  start(): void {
    if (this.#child !== undefined) return;
    // A process group of its own, so that both are ended together.
    const child = spawn('sh', ['-c', COMMAND], {
      env: searchPathEnvironment,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    this.#child = child;
    const gone = () => {
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#events.onEnd();
    };
    child.on('error', gone);
    child.on('exit', gone);
    let rest = '';
    child.stdout.setEncoding('latin1').on('data', (chunk: string) => {
      const text = rest + chunk;
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      for (const [, pid] of text.slice(0, end).matchAll(GENERATION)) {
        if (!this.#own.delete(Number(pid))) this.#events.onForeignChange();
      }
    });
  }

  /** The process of this id is ours: its change is not told. */
  readonly expect = (pid: number): void => {
    this.#own.add(pid);
    const [oldest] = this.#own;
    if (this.#own.size > OWN_PROCESSES && oldest !== undefined) this.#own.delete(oldest);
  };

  stop(): void {
    const pid = this.#child?.pid;
    this.#child = undefined;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGTERM');
    } catch (error) {
      // It ended by itself a moment ago.
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  }
}
