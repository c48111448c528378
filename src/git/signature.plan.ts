/** What the programs said of a signature. Source: gnupg doc/DETAILS, "Format of the --status-fd output"; git's gpg-interface.c (v2.39). */
export interface SignatureWords {
  readonly exitCode: number | null;
  readonly stderr: string;
}

const SSH_GOOD = /^Good "git" signature for .+ with \S+ key SHA256:\S+$/m;
/** Status words that spoil a signature, the first that is there tells why. */
const GPG_BAD: readonly (readonly [string, string])[] = [
  ['BADSIG', 'the signature does not fit what was signed'],
  ['REVKEYSIG', 'the key was revoked'],
  ['EXPKEYSIG', 'the key has expired'],
  ['EXPSIG', 'the signature has expired'],
  ['NO_PUBKEY', 'the key is not among those of the signature policy'],
  ['ERRSIG', 'the signature cannot be checked'],
];

/** Why a signature does not count; undefined when it does. Only what is well known to be good is. */
export function judgeSignature({ exitCode, stderr }: SignatureWords): string | undefined {
  const missing = /cannot run (gpg|ssh-keygen)|cannot exec '?(gpg|ssh-keygen)/.exec(stderr);
  if (missing !== null) {
    const program = missing[1] ?? missing[2];
    return `${program} is not installed, so the signature cannot be checked; install ${program === 'gpg' ? 'gnupg' : 'openssh-client'}`;
  }
  const status = stderr.split('\n').flatMap((line) => {
    const [, word, key = ''] = /^\[GNUPG:\] (\w+) ?(\S*)/.exec(line) ?? [];
    return word === undefined ? [] : [{ word, key }];
  });
  for (const [bad, why] of GPG_BAD) {
    const found = status.find(({ word }) => word === bad);
    if (found !== undefined) return `${why} (key ${found.key})`;
  }
  const count = (wanted: string) => status.filter(({ word }) => word === wanted).length;
  if (exitCode === 0 && count('GOODSIG') === 1 && count('VALIDSIG') === 1) return undefined;
  if (exitCode === 0 && status.length === 0 && SSH_GOOD.test(stderr)) return undefined;
  const key = /key (SHA256:\S+)/.exec(stderr)?.[1];
  if (key !== undefined) return `the key is not among the allowed signers (key ${key})`;
  return stderr.trim() === '' || /no signature found/.test(stderr)
    ? 'it is not signed'
    : 'the signature does not fit what was signed, or cannot be checked';
}

/**
 * The lines of allowed_signers whose `valid-before` is not over. Git compares it with the commit's own date, which
 * whoever holds the key can set at will. A date without `Z` is read as UTC; one that cannot be read is over.
 */
export function unexpiredSigners(text: string, nowMs: number): string {
  const lines = text.split(/\r?\n/).filter((line) => {
    const before = /valid-before="?([^",\s]*)/i.exec(line)?.[1];
    return before === undefined || signerTimeMs(before) > nowMs;
  });
  return `${lines.join('\n')}\n`;
}

/** Source: ssh-keygen(1), ALLOWED SIGNERS: YYYYMMDD[Z] or YYYYMMDDHHMM[SS][Z]. */
function signerTimeMs(text: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?$/i.exec(text);
  if (match === null) return Number.NEGATIVE_INFINITY;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
