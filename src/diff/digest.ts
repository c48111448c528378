import { formatObjectKey, type KubeObject, objectKeyOf } from '#api';
import { canonicalJson, sha256Hex } from '#base';
import { sourceless } from './scope.ts';

/** One object's digest: the same for the same content, whatever the order of keys. Its source note does not count. */
export function digestOfObject(object: KubeObject): string {
  return sha256Hex(canonicalJson(sourceless(object)));
}

/**
 * One digest of a rendered set, independent of the order of its files and objects. A commit that does not change it
 * changes nothing.
 */
export function digestOf(objects: readonly KubeObject[]): string {
  const lines = objects.map((object) => `${formatObjectKey(objectKeyOf(object))} ${digestOfObject(object)}`);
  return sha256Hex(lines.sort().join('\n'));
}
