import { canonicalJson, sha256Hex } from '#base';

/** No vowels, and nothing that looks like another: no hash spells a word. Source: apimachinery util/rand/rand.go (v0.32). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const HASH_LENGTH = 10;

/** Ten characters that follow from the template alone, unless a collision asks for others. */
export function templateHash(template: unknown, collisions: number): string {
  const digest = BigInt(`0x${sha256Hex(`${canonicalJson(template)}${collisions || ''}`)}`);
  let hash = '';
  for (let rest = digest; hash.length < HASH_LENGTH; rest /= 27n) hash += ALPHABET[Number(rest % 27n)];
  return hash;
}
