import type { KubeObject } from '../meta/object.ts';
import { isRecord, setOwn } from '../values/own.ts';

/**
 * A Secret whose `stringData` has become `data`, all others as they are. The server stores only `data`: an applier must
 * own what is stored, or a key that it drops would stay for ever.
 */
export function withoutWriteOnly(object: KubeObject): KubeObject {
  const { stringData, ...rest } = object;
  if (object.kind !== 'Secret' || object.apiVersion !== 'v1' || !isRecord(stringData)) return object;
  const texts = Object.entries(stringData).filter(([, text]) => text !== null);
  // What is no text is left for validation to refuse.
  if (texts.some(([, text]) => typeof text !== 'string')) return object;
  const data: Record<string, unknown> = isRecord(object['data']) ? { ...object['data'] } : {};
  for (const [key, text] of texts) setOwn(data, key, Buffer.from(String(text), 'utf8').toString('base64'));
  return texts.length === 0 ? rest : { ...rest, data };
}
