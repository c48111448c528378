import { stringify } from 'yaml';
import { EVENTS, type Event, type ResourceType, type StoredObject } from '#api';
import { formatTable, plain } from '../output.ts';
import type { Session } from '../session.ts';
import { age } from '../words.ts';

/** Facts that stand in the heading, or that nobody reads on a terminal. */
const NOT_REPEATED = [
  ...['name', 'namespace', 'labels', 'annotations'],
  ...['managedFields', 'generation', 'resourceVersion', 'uid'],
];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** One fact a line, one value below the other, as kubectl shows labels. */
function facts(rows: readonly (readonly [label: string, values: readonly string[]])[]): string {
  const width = Math.max(...rows.map(([label]) => label.length)) + 3;
  return rows
    .flatMap(([label, values]) =>
      (values.length === 0 ? ['<none>'] : values).map(
        (value, index) => `${(index === 0 ? `${label}:` : '').padEnd(width)}${plain(value)}`,
      ),
    )
    .join('\n');
}

/** Sizes instead of contents: a terminal scrolls back for others to read. */
const mask = (data: unknown) =>
  Object.fromEntries(
    Object.entries((data ?? {}) as Record<string, string>).map(([key, value]) => [
      key,
      `${Buffer.from(value, 'base64').byteLength} bytes`,
    ]),
  );

/** In kubectl's order: what it is called, what it is, what is wanted, how it is. */
function readable(resource: ResourceType, object: StoredObject): string {
  const { apiVersion, kind, metadata, spec, status, ...others } = object;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => key !== LAST_APPLIED);
  const heading = facts([
    ['Name', [metadata.name]],
    ...(resource.namespaced ? [['Namespace', [metadata.namespace ?? '']] as const] : []),
    ['Labels', Object.entries(metadata.labels ?? {}).map(([key, value]) => `${key}=${value}`)],
    ['Annotations', annotations.map(([key, value]) => `${key}: ${value}`)],
    ['API Version', [apiVersion]],
    ['Kind', [kind]],
  ]);
  const rest = {
    metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !NOT_REPEATED.includes(key))),
    ...(spec === undefined ? {} : { spec }),
    ...others,
    ...(kind === 'Secret' ? { data: mask(others['data']) } : {}),
    ...(status === undefined ? {} : { status }),
  };
  return `${heading}\n${plain(stringify(rest, { lineWidth: 0 })).trimEnd()}`;
}

const last = (event: Event) => event.lastTimestamp ?? event.metadata.creationTimestamp;

function eventTable(events: readonly Event[], nowMs: number): string {
  if (events.length === 0) return 'Events:  <none>';
  const rows = [...events]
    .sort((a, b) => last(a).localeCompare(last(b)))
    .map((event) => [
      event.type ?? '',
      event.reason ?? '',
      `${age(last(event), nowMs)}${(event.count ?? 1) > 1 ? ` (x${event.count} over ${age(event.firstTimestamp, nowMs)})` : ''}`,
      plain(event.source?.component ?? event.reportingComponent ?? ''),
      plain(event.message ?? ''),
    ]);
  const header = ['Type', 'Reason', 'Age', 'From', 'Message'];
  const rules = header.map((title) => '-'.repeat(title.length));
  return `Events:\n${formatTable(header, [rules, ...rows]).replaceAll(/^/gm, '  ')}`;
}

/** One object for people, and the events about it. */
export async function describe(
  { client, output }: Session,
  resource: ResourceType,
  object: StoredObject,
  nowMs: number,
): Promise<void> {
  const { name, namespace } = object.metadata;
  const { items } = await client.list(EVENTS, {
    ...(resource.namespaced && namespace !== undefined ? { namespace } : {}),
    fieldSelector: `involvedObject.name=${name},involvedObject.kind=${resource.kind}`,
  });
  output.write(`${readable(resource, object)}\n${eventTable(items, nowMs)}`);
}
