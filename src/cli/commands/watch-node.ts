import { NODES } from '#api';
import { type Clock, sleep } from '#base';
import type { Client } from '#client';
import { isReady, networkTrouble } from '../nodes.ts';
import type { Output } from '../output.ts';

/** How long a node may take to be ready before that is told, ms. A first start takes 2–10 s. */
const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

export interface WatchNodeOptions {
  readonly client: Pick<Client, 'get'>;
  readonly clock: Clock;
  readonly output: Output;
  readonly nodeName: string;
  readonly logFile: string;
}

/**
 * Tells a person who just started a node what keeps it from running pods: no rights to nftables, a NodePort that is taken, or
 * an agent that says nothing. Silent when all is well; ends when the node is ready, with its patience, or by the signal.
 */
export async function watchNode(options: WatchNodeOptions, signal: AbortSignal): Promise<void> {
  const { client, clock, output, nodeName, logFile } = options;
  const deadline = clock.monotonicMs() + PATIENCE_MS;
  while (!signal.aborted) {
    const node = await client.get(NODES, { name: nodeName });
    const trouble = node === undefined ? undefined : networkTrouble(node);
    if (trouble !== undefined) {
      output.note(`\nwarning: ${trouble.what}\n${trouble.remedy}`);
      return;
    }
    if (node !== undefined && isReady(node)) return;
    if (clock.monotonicMs() >= deadline) {
      output.note(
        `\nwarning: node ${nodeName} is not ready after ${PATIENCE_MS / 1_000} s, so no pod runs\nIts agent's log is ${logFile}; plumb doctor looks at the whole.`,
      );
      return;
    }
    await sleep(clock, LOOK_EVERY_MS, signal).catch(() => undefined); // aborted: the loop sees it
  }
}
