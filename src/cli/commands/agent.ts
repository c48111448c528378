import { runAgent } from '#app';
import { version } from '../version.ts';

export interface AgentFlags {
  readonly agentDir: string;
  readonly dockerHost?: string;
  readonly nodeName?: string;
  readonly config?: string;
  readonly pidFile?: string;
  readonly fingerprint?: string;
  readonly verbose?: boolean;
}

/** Runs the node agent until it is asked to leave. */
export async function runAgentCommand(flags: AgentFlags): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  await runAgent({ ...flags, version }, stop.signal);
  return 0;
}
