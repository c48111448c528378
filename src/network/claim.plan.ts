import type { NftCommand } from './services/nft.types.ts';

/**
 * Table that says whose the pod network of this network namespace is. It lies in the kernel because it must live exactly
 * as long as what it guards, the rules and links: it outlives the agent, and goes with the namespace or a restart of the host.
 */
export const CLAIM_TABLE = 'plumbline-owner';
const CHAIN = 'owner';
/** Characters of a field in one comment: nft takes 128 bytes. */
const COMMENT_CHARACTERS = 100;

/** An installation on one host. */
export interface NetworkOwner {
  /** Differs between installations, and stays the same when the agent starts again. */
  readonly id: string;
  /** Its state folder, by which a person finds it. */
  readonly directory: string;
}

/** Whose the pod network is, and which process keeps it; a process is its pid and when it started, in ticks after boot. */
export interface Claim extends NetworkOwner {
  readonly pid: number;
  readonly startTime: number;
}

/** What stands in the kernel, and what became of those it names. */
export interface FoundClaim {
  /** Undefined: the table stands but does not say. */
  readonly claim: Claim | undefined;
  readonly processRuns: boolean;
  readonly directoryIsThere: boolean;
}

export interface ClaimRefusal {
  readonly type: 'refuse';
  /** Whether it is another installation's, and not another process of this one. */
  readonly byAnother: boolean;
  readonly reason: string;
  readonly remedy: string;
}

export type ClaimPlan = { readonly type: 'keep' } | { readonly type: 'write'; readonly reason: string } | ClaimRefusal;

/**
 * Whether an installation may take the pod network. An installation keeps it for as long as its agent runs or its folder is
 * there: its pods go on without an agent, and the rules are theirs.
 */
export function planClaim(mine: Claim, found: FoundClaim | undefined): ClaimPlan {
  if (found === undefined) return { type: 'write', reason: 'nobody has it' };
  const { claim, processRuns, directoryIsThere } = found;
  if (claim === undefined) {
    return {
      type: 'refuse',
      byAnother: true,
      reason: `the table ip ${CLAIM_TABLE} stands but does not say whose this host's pod network is`,
      remedy: `if no other installation of Plumbline is on this host: nft delete table ip ${CLAIM_TABLE}`,
    };
  }
  if (claim.id !== mine.id) {
    if (!processRuns && !directoryIsThere) return { type: 'write', reason: `${claim.directory} is gone` };
    return {
      type: 'refuse',
      byAnother: true,
      reason: `another installation of Plumbline, ${claim.directory}${
        processRuns ? ` (node agent: process ${claim.pid})` : ''
      }, has the pod network of this host, and there can be only one`,
      remedy: directoryIsThere
        ? `remove that one (npm run clean in its clone, or: plumb reset --yes --state-dir ${quoted(claim.directory)}), or use another host`
        : `its folder is gone but its node agent runs; end it: kill ${claim.pid}`,
    };
  }
  if (claim.pid === mine.pid && claim.startTime === mine.startTime) {
    return claim.directory === mine.directory ? { type: 'keep' } : { type: 'write', reason: 'the folder has moved' };
  }
  if (!processRuns) return { type: 'write', reason: `process ${claim.pid} has ended` };
  return {
    type: 'refuse',
    byAnother: false,
    reason: `the node agent of ${claim.directory} runs already, as process ${claim.pid}`,
    remedy: `use that one, or end it: kill ${claim.pid}`,
  };
}

/** Makes the claim stand. Fails when there is a table already; with `replacing`, when it is not that one any more. */
export function planClaimTable(claim: Claim, replacing: number | undefined): NftCommand[] {
  const fields = [
    ['id', claim.id],
    ['process', `${claim.pid} ${claim.startTime}`],
    ['directory', claim.directory],
  ] as const;
  const comments = fields.flatMap(([name, value]) => {
    const text = encodeURI(value);
    const pieces = text.match(new RegExp(`.{1,${COMMENT_CHARACTERS}}`, 'gs')) ?? [''];
    return pieces.map((piece) => `${name}:${piece}`);
  });
  const table = { family: 'ip', table: CLAIM_TABLE };
  return [
    ...(replacing === undefined ? [] : [{ delete: { table: { family: 'ip', handle: replacing } } }]),
    { create: { table: { family: 'ip', name: CLAIM_TABLE } } },
    { add: { chain: { ...table, name: CHAIN } } },
    // No hook leads here: these rules only carry words.
    ...comments.map((comment) => ({ add: { rule: { ...table, chain: CHAIN, comment, expr: [{ return: null }] } } })),
  ];
}

/** The claim in comments of rules, in their order; undefined when they are not what `planClaimTable` writes. */
export function readClaim(comments: readonly string[]): Claim | undefined {
  const field = (name: string) => {
    const pieces = comments.filter((comment) => comment.startsWith(`${name}:`));
    return decoded(pieces.map((piece) => piece.slice(name.length + 1)).join(''));
  };
  const [pid, startTime] = field('process').split(' ').map(Number);
  const id = field('id');
  if (id === '' || !Number.isSafeInteger(pid) || !Number.isSafeInteger(startTime)) return undefined;
  return { id, directory: field('directory'), pid: pid ?? 0, startTime: startTime ?? 0 };
}

function decoded(text: string): string {
  try {
    return decodeURI(text);
  } catch {
    return ''; // cut or written by somebody else: then the table does not say whose it is
  }
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
