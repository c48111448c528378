import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type Clock, formatTime, PlumblineError, systemClock } from '#base';
import { readIfThere, writePrivateFile } from '../pki/private-file.ts';
import type { UserInfo } from '../registry/api.ts';

export class TokenError extends PlumblineError {}

/** Named limits of the token file. */
export const tokenLimits = {
  /** Tokens of one server: people, robots and one per node. */
  tokens: 10_000,
  /** Longest token looked at, in bytes; ours have 43. */
  tokenBytes: 512,
} as const;

/** One row of the token file. The token itself is never stored: who reads the file cannot log in with it. */
interface TokenRow {
  readonly sha256: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly issuedAt: string;
}

export interface TokenStore {
  /** Who bears the token; undefined for a token that is unknown or revoked. */
  authenticate(token: string): UserInfo | undefined;
  /** A new token for a user, shown only here. Tokens given before stay good. */
  issue(user: UserInfo): Promise<string>;
  /** Makes every token of a user worthless, at once and durably. Answers how many there were. */
  revoke(userName: string): Promise<number>;
}

/**
 * The named users of a server and the hashes of their bearer tokens, in one file of mode 0600. One process owns it.
 * Tokens are 256 random bits, so that a plain SHA-256 suffices.
 */
export async function openTokenFile(file: string, clock: Clock = systemClock): Promise<TokenStore> {
  const rows = new Map((await readRows(file)).map((row) => [row.sha256, row]));
  let saving: Promise<unknown> = Promise.resolve();

  async function save(): Promise<void> {
    const write = async () => {
      const text = { kind: 'PlumblineTokens', version: 1, tokens: [...rows.values()] };
      await writePrivateFile(file, `${JSON.stringify(text, undefined, 2)}\n`);
    };
    const turn = saving.then(write, write); // one writer at a time; a failed one does not stop the next
    saving = turn.catch(() => undefined);
    await turn;
  }

  return {
    authenticate(token) {
      if (token === '' || token.length > tokenLimits.tokenBytes) return undefined;
      const digest = createHash('sha256').update(token).digest();
      const row = rows.get(digest.toString('hex'));
      if (row === undefined || !timingSafeEqual(Buffer.from(row.sha256, 'hex'), digest)) return undefined;
      return { name: row.user, groups: row.groups };
    },
    async issue(user) {
      if (rows.size >= tokenLimits.tokens) {
        throw new TokenError(`${file} holds ${rows.size} tokens, as many as it may`, { code: 'TooManyTokens' });
      }
      const token = randomBytes(32).toString('base64url');
      const sha256 = createHash('sha256').update(token).digest('hex');
      rows.set(sha256, { sha256, user: user.name, groups: user.groups, issuedAt: formatTime(clock.nowMs()) });
      await save();
      return token;
    },
    async revoke(userName) {
      const gone = [...rows.values()].filter((row) => row.user === userName);
      for (const row of gone) rows.delete(row.sha256);
      if (gone.length > 0) await save();
      return gone.length;
    },
  };
}

async function readRows(file: string): Promise<readonly TokenRow[]> {
  const text = await readIfThere(file);
  if (text === undefined) return [];
  try {
    const parsed: unknown = JSON.parse(text);
    const tokens = typeof parsed === 'object' && parsed !== null && 'tokens' in parsed ? parsed.tokens : undefined;
    if (Array.isArray(tokens) && tokens.every(isTokenRow)) return tokens;
  } catch (cause) {
    throw new TokenError(`${file} is not JSON`, { code: 'TokenFileInvalid', cause });
  }
  throw new TokenError(`${file} is not a token file`, { code: 'TokenFileInvalid' });
}

function isTokenRow(value: unknown): value is TokenRow {
  if (typeof value !== 'object' || value === null) return false;
  const row = value as Partial<Record<keyof TokenRow, unknown>>;
  return (
    typeof row.sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(row.sha256) &&
    typeof row.user === 'string' &&
    row.user !== '' &&
    Array.isArray(row.groups) &&
    row.groups.every((group) => typeof group === 'string') &&
    typeof row.issuedAt === 'string'
  );
}
