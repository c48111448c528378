import { access } from 'node:fs/promises';
import { errorCode, type Log } from '#base';
import {
  CLAIM_TABLE,
  type Claim,
  type ClaimRefusal,
  type FoundClaim,
  type NetworkOwner,
  planClaim,
  planClaimTable,
  readClaim,
} from '../claim.plan.ts';
import { NetworkError } from '../errors.ts';
import { processStartTime } from './process.ts';
import { mustRun, run } from './run.ts';
import { missingCapabilities } from './support.ts';

/** Tries against another process that takes the network at the same time. */
const TRIES = 3;

/** One installation's hold on the pod network of its network namespace, of which there is one. */
export class NetworkClaim {
  readonly #owner: NetworkOwner;
  readonly #log: Log;
  readonly #onStart: (pid: number) => void;

  /** `onStart` is told of each process that is about to change rules. */
  constructor(owner: NetworkOwner, log: Log, onStart: (pid: number) => void = () => undefined) {
    this.#owner = owner;
    this.#log = log;
    this.#onStart = onStart;
  }

  /** Takes the network, or answers who has it. Taken already, it reads one small table. */
  async take(): Promise<ClaimRefusal | undefined> {
    const startTime = await processStartTime(process.pid);
    const mine = { ...this.#owner, pid: process.pid, startTime: startTime ?? 0 };
    for (let tries = 1; ; tries += 1) {
      const found = await look();
      const plan = planClaim(mine, found);
      if (plan.type === 'refuse') return plan;
      if (plan.type === 'keep') return undefined;
      const input = JSON.stringify({ nftables: planClaimTable(mine, found?.handle) });
      const { code, stderr } = await run('nft', ['-j', '-f', '-'], { input, onStart: this.#onStart });
      if (code === 0) {
        const fields = { reason: plan.reason, before: found?.claim?.directory };
        if (found?.claim !== undefined && found.claim.id !== mine.id)
          this.#log.warn(fields, 'the pod network of this host was taken over');
        else this.#log.debug(fields, 'the pod network of this host is taken');
        return undefined;
      }
      if (tries === TRIES)
        throw new NetworkError('NetworkCommandFailed', `nft: ${stderr.trim().slice(0, 500) || 'no answer'}`);
    }
  }

  /** As `take`, but throws `NetworkHeld` when somebody else has it. */
  async mustTake(): Promise<void> {
    const refusal = await this.take();
    if (refusal !== undefined) throw new NetworkError('NetworkHeld', `${refusal.reason}; ${refusal.remedy}`);
  }

  /** Lets go of a network that was taken. */
  async release(): Promise<void> {
    const table = { family: 'ip', name: CLAIM_TABLE };
    const input = JSON.stringify({ nftables: [{ add: { table } }, { delete: { table } }] });
    await mustRun('nft', ['-j', '-f', '-'], { input, onStart: this.#onStart });
  }
}

/**
 * Takes the pod network of this host for an installation, before anything else of it is started. Throws `NetworkHeld`, with
 * the other's folder and the way out, when it is taken. Where the process may not touch pod networks there is nothing to take.
 */
export async function takePodNetwork(owner: NetworkOwner, log: Log): Promise<void> {
  if (process.platform !== 'linux' || (await missingCapabilities()).length > 0) return;
  try {
    await new NetworkClaim(owner, log).mustTake();
  } catch (error) {
    if (errorCode(error) !== 'NetworkCommandFailed') throw error;
    // Without nft, or a kernel that has it, nobody has a pod network here; `support` says what is missing.
    log.warn({ err: error }, 'the pod network of this host could not be taken');
  }
}

async function look(): Promise<(FoundClaim & { readonly handle: number }) | undefined> {
  const { code, stdout, stderr } = await run('nft', ['-j', 'list', 'table', 'ip', CLAIM_TABLE]);
  if (code !== 0) {
    if (/No such file or directory/.test(stderr)) return undefined;
    throw new NetworkError('NetworkCommandFailed', `nft list table: ${stderr.trim().slice(0, 500) || 'no answer'}`);
  }
  const { handle, comments } = readTable(JSON.parse(stdout));
  const claim = readClaim(comments);
  return {
    handle,
    claim,
    processRuns: claim !== undefined && (await runs(claim)),
    directoryIsThere: claim !== undefined && (await isThere(claim.directory)),
  };
}

async function runs({ pid, startTime }: Claim): Promise<boolean> {
  return (await processStartTime(pid)) === startTime;
}

async function isThere(directory: string): Promise<boolean> {
  try {
    await access(directory);
    return true;
  } catch (error) {
    // Anything but its absence leaves it to its owner.
    return errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR';
  }
}

function readTable(answer: unknown): { readonly handle: number; readonly comments: readonly string[] } {
  const { nftables = [] } = answer as {
    readonly nftables?: readonly {
      readonly table?: { readonly handle?: number };
      readonly rule?: { readonly comment?: string };
    }[];
  };
  const handle = nftables.find(({ table }) => table !== undefined)?.table?.handle;
  if (handle === undefined) throw new NetworkError('NetworkCommandFailed', 'nft named a table without its handle.');
  return { handle, comments: nftables.flatMap(({ rule }) => rule?.comment ?? []) };
}
