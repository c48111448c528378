import { stringify } from 'yaml';
import { EVENTS, type Event, type ResourceType, type StoredObject } from '#api';
import { formatTable, plain } from '../output.ts';
import type { Session } from '../session.ts';
import { age } from '../words.ts';

/** Facts nobody reads on a terminal. */
const NOISE = ['managedFields', 'generation', 'resourceVersion', 'uid'];

function readable(object: StoredObject): Record<string, unknown> {
  const { metadata, ...rest } = object;
  const shown = Object.fromEntries(Object.entries(metadata).filter(([key]) => !NOISE.includes(key)));
  const annotations = { ...metadata.annotations };
  delete annotations['kubectl.kubernetes.io/last-applied-configuration'];
  if (Object.keys(annotations).length > 0) shown['annotations'] = annotations;
  else delete shown['annotations'];
  const secretData = object.kind === 'Secret' ? { data: mask(object['data']), stringData: undefined } : {};
  return { ...rest, ...secretData, metadata: shown };
}

/** Sizes instead of contents: a terminal scrolls back for others to read. */
const mask = (data: unknown) =>
  Object.fromEntries(
    Object.entries((data ?? {}) as Record<string, string>).map(([key, value]) => [
      key,
      `${Buffer.from(value, 'base64').byteLength} bytes`,
    ]),
  );

/** One object for people: its YAML without bookkeeping, and the events about it. */
export async function describe(
  { client, output }: Session,
  resource: ResourceType,
  key: { readonly namespace: string; readonly name: string },
  object: StoredObject,
  nowMs: number,
): Promise<void> {
  output.write(plain(stringify(readable(object), { lineWidth: 0 })).trimEnd());
  const { items } = await client.list(EVENTS, {
    ...(resource.namespaced ? { namespace: key.namespace } : {}),
    fieldSelector: `involvedObject.name=${key.name},involvedObject.kind=${resource.kind}`,
  });
  if (items.length === 0) {
    output.write('\nEvents: none');
    return;
  }
  const last = (event: Event) => event.lastTimestamp ?? event.metadata.creationTimestamp;
  const rows = [...items]
    .sort((a, b) => last(a).localeCompare(last(b)))
    .map((event) => [
      event.type ?? '',
      event.reason ?? '',
      `${age(last(event), nowMs)}${(event.count ?? 1) > 1 ? ` (x${event.count})` : ''}`,
      plain(event.message ?? ''),
    ]);
  output.write(`\nEvents:\n${formatTable(['TYPE', 'REASON', 'AGE', 'MESSAGE'], rows)}`);
}
