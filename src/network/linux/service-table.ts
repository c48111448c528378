import { networkInterfaces } from 'node:os';
import type { Log } from '#base';
import { sha256Hex } from '#base';
import { NetworkError } from '../errors.ts';
import { type AffinityObjects, affinityObjects } from '../services/affinity.plan.ts';
import type { Front } from '../services/fronts.plan.ts';
import type { NftCommand } from '../services/nft.types.ts';
import { planRemoval, type RulesetOptions, TABLE } from '../services/ruleset.plan.ts';
import { planChange, planFullLoad, type StaleFlow, type TableState } from '../services/services.plan.ts';
import { mustRun, type RunOptions, run } from './run.ts';

/** Flows forgotten one by one after a change; beyond it the rest expires by itself, after 30 s without a packet. */
const MAX_FLOW_DELETIONS = 64;

/** The kernel's table of Services. Each change is one transaction: packets see all of it or nothing. */
export class ServiceTable {
  readonly #log: Log;
  readonly #options: RulesetOptions;
  readonly #onStart: (pid: number) => void;
  /** What the table holds; undefined: not known, so the next change loads all of it. */
  #state: TableState | undefined;
  /** Digest of the rules as they stood after a full load, and of the choosers since. */
  #rules: string | undefined;

  /** `onStart` is told of each process that is about to change rules. */
  constructor(log: Log, options: RulesetOptions, onStart: (pid: number) => void) {
    this.#log = log;
    this.#options = options;
    this.#onStart = onStart;
  }

  /** Makes the table hold exactly `fronts`. When that fails the old rules stand. Calls must not overlap. */
  async set(fronts: ReadonlyMap<string, Front>): Promise<void> {
    const plan = this.#state === undefined ? undefined : planChange(this.#state, fronts);
    if (plan !== undefined && plan.commands.length === 0) return;
    this.#state = undefined;
    if (plan === undefined || !(await this.#change(plan.commands))) await this.#loadAll(fronts);
    else this.#state = plan.after;
    if (plan === undefined || plan.changesRules) this.#rules = await digest();
    await this.#forgetFlows(plan?.staleFlows ?? []);
  }

  /** Whether the rules stand as we left them. Reads no elements, so it costs the same for any number of Services. */
  async stands(): Promise<boolean> {
    return this.#rules !== undefined && (await digest()) === this.#rules;
  }

  /** Loads everything again at the next `set`. */
  distrust(): void {
    this.#state = undefined;
  }

  async remove(): Promise<void> {
    this.#state = undefined;
    this.#rules = undefined;
    await mustRun('nft', ['-j', '-f', '-'], this.#batch(planRemoval()));
  }

  async #change(commands: readonly NftCommand[]): Promise<boolean> {
    const { code, stderr } = await run('nft', ['-j', '-f', '-'], this.#batch(commands));
    if (code !== 0) this.#log.warn({ reason: stderr.trim().slice(0, 500) }, 'service rules are loaded anew');
    return code === 0;
  }

  async #loadAll(fronts: ReadonlyMap<string, Front>): Promise<void> {
    const { commands, after } = planFullLoad(fronts, this.#options, await standingAffinity());
    const { code, stderr } = await run('nft', ['-j', '-f', '-'], this.#batch(commands));
    // A table of another version of ours may have maps of other types: then it goes, in the same transaction.
    if (code !== 0) {
      const whole = planFullLoad(fronts, this.#options).commands;
      await mustRun('nft', ['-j', '-f', '-'], this.#batch([...planRemoval(), ...whole]));
    }
    if (code !== 0) this.#log.warn({ reason: stderr.trim().slice(0, 500) }, 'service rules were replaced as a whole');
    this.#state = after;
  }

  #batch(commands: readonly NftCommand[]): RunOptions {
    return { input: JSON.stringify({ nftables: commands }), onStart: this.#onStart };
  }

  /**
   * UDP has no end of connection: a client that goes on sending would reach a backend that is gone for as long as it
   * sends. Without the `conntrack` tool such flows end 30 s after their last packet.
   */
  async #forgetFlows(flows: readonly StaleFlow[]): Promise<void> {
    const selections = flows.flatMap(selectionsOf).slice(0, MAX_FLOW_DELETIONS);
    for (const { front, selection } of selections) {
      const { code } = await run('conntrack', ['-D', '-p', 'udp', '--orig-port-dst', `${front.port}`, ...selection]);
      // Exit code 1 says that there were none; undefined that there is no such tool.
      if (code === undefined) {
        this.#log.debug({ front: front.id }, 'no conntrack tool: UDP flows to removed backends end by themselves');
        return;
      }
    }
  }
}

/**
 * Which flows to forget, in words of conntrack(8). A front without an address is on every one of this machine's, and on no
 * other's: what programs here send to that port elsewhere is not touched.
 */
function selectionsOf({ front, backendIP }: StaleFlow): { front: Front; selection: readonly string[] }[] {
  const addresses = front.ip === '' ? ownAddresses() : [front.ip];
  const to = backendIP === undefined ? [] : ['--dst-nat', backendIP];
  return addresses.map((address) => ({ front, selection: ['--orig-dst', address, ...to] }));
}

function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.filter(({ family }) => family === 'IPv4').map(({ address }) => address);
}

/** The chains and sets of clients that stay with their backends, left by an earlier run or change. */
async function standingAffinity(): Promise<AffinityObjects> {
  const { code, stdout } = await listTable();
  const names = { chains: [] as string[], sets: [] as string[] };
  if (code !== 0) return names;
  const { nftables } = JSON.parse(stdout) as { readonly nftables: readonly Listed[] };
  for (const { chain, set } of nftables) {
    if (chain !== undefined) names.chains.push(chain.name);
    if (set !== undefined) names.sets.push(set.name);
  }
  return affinityObjects(names);
}

interface Listed {
  readonly chain?: { readonly name: string };
  readonly set?: { readonly name: string };
}

/** Without elements and counters. */
async function listTable() {
  const listed = await run('nft', ['-t', '-j', 'list', 'table', 'ip', TABLE]);
  if (listed.code === undefined) throw new NetworkError('NetworkCommandFailed', 'nft did not answer.');
  return listed;
}

/** Digest of the table's chains and rules, without elements and counters; undefined when there is no table. */
async function digest(): Promise<string | undefined> {
  const { code, stdout } = await listTable();
  return code === 0 ? sha256Hex(stdout) : undefined;
}
