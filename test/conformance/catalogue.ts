import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { NOT_YET } from './not-yet.ts';
import { type Mutation, PORTED } from './ported.ts';
import { isSeen, readSeen } from './seen.ts';

export const TIERS = ['api', 'rc', 'pod', 'net', 'node'] as const;
export type Tier = (typeof TIERS)[number];

/** One official test, and what there is of it here. */
export interface OfficialTest {
  readonly codename: string;
  readonly tier: Tier;
  /** Its file in the repository of Kubernetes. */
  readonly source: string;
  /** Set when it is ported: a change of our code that it fails of. */
  readonly mutation?: Mutation;
  /** Whether it is on record that it fails of the mutation as it is now. */
  readonly isSeen?: boolean;
  /** Set when it is not ported: what is missing. */
  readonly notYet?: string;
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

function isTier(word: string): word is Tier {
  return (TIERS as readonly string[]).includes(word);
}

function parse(line: string): Pick<OfficialTest, 'tier' | 'source' | 'codename'> {
  const [tier = '', source = '', codename = ''] = line.split('\t');
  if (!isTier(tier) || codename === '') throw new Error(`this is no line of official.txt: ${line}`);
  return { tier, source, codename };
}

const SEEN = readSeen();

/** Every official test of the list, in its order. */
export const CATALOGUE: readonly OfficialTest[] = readFileSync(here('official.txt'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const test = parse(line);
    const mutation = PORTED[test.codename];
    if (mutation !== undefined) return { ...test, mutation, isSeen: isSeen(test.codename, mutation, SEEN) };
    const reason = NOT_YET.find((each) => each.holds(test));
    return reason === undefined ? test : { ...test, notYet: reason.why };
  });
