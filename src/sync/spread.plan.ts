/** FNV-1a, 32 bits: spreads names evenly, at a nanosecond a letter. Not for anything that has to be hard to guess. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}
