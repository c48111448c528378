import { randomUUID } from 'node:crypto';

/** Where the server's names and uids come from. A simulation hands in its own, and gets the same ones every time. */
export interface Chance {
  /** In [0, 1). */
  random(): number;
  /** RFC 4122, version 4. */
  uid(): string;
}

export const systemChance: Chance = { random: Math.random, uid: randomUUID };

/** All chance from one source of numbers. */
export function chanceFrom(random: () => number): Chance {
  const hex = (digits: number) => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const variant = () => '89ab'[Math.floor(random() * 4)];
  return { random, uid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${variant()}${hex(3)}-${hex(12)}` };
}

/** No vowels and no 0, 1, 3: no words by accident. Source: apimachinery util/rand/rand.go, alphanums (v0.32). */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
/** Source: apiserver storage/names/generate.go, randomLength and maxNameLength (v0.32). */
const SUFFIX_LENGTH = 5;
const MAX_NAME_LENGTH = 63;

/** `generateName` and five random characters, cut so that it fits into a label. */
export function generatedName(base: string, random: () => number): string {
  let suffix = '';
  for (let index = 0; index < SUFFIX_LENGTH; index += 1)
    suffix += NAME_ALPHABET[Math.floor(random() * NAME_ALPHABET.length)];
  return base.slice(0, MAX_NAME_LENGTH - SUFFIX_LENGTH) + suffix;
}
