/** One entry of an Accept header. */
interface MediaRange {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

export type TableObjects = 'None' | 'Metadata' | 'Object';

/** How an answer is written. `table` and `metadata` are JSON too. */
export type AnswerFormat =
  | { readonly as: 'object' }
  | { readonly as: 'table'; readonly version: string; readonly includeObject: TableObjects }
  | { readonly as: 'metadata'; readonly version: string };

export type DiscoveryFormat = { readonly as: 'legacy' } | { readonly as: 'aggregated'; readonly version: string };

const META_GROUP = 'meta.k8s.io';
const TABLE_VERSIONS = ['v1', 'v1beta1'];
const DISCOVERY_VERSIONS = ['v2', 'v2beta1'];

/** Longest Accept header looked at; kubectl's have about 200 characters. */
const MAX_ACCEPT_LENGTH = 4_096;

/** The first form the client names that we have; undefined when we have none of them: 406. */
export function planAnswerFormat(accept: string | undefined, includeObject: TableObjects): AnswerFormat | undefined {
  for (const { type, parameters } of mediaRanges(accept)) {
    if (!isJson(type)) continue;
    const { as, g: group, v: version = '' } = parameters;
    if (as === undefined) return { as: 'object' };
    if (group !== META_GROUP) continue;
    if (as === 'Table' && TABLE_VERSIONS.includes(version)) return { as: 'table', version, includeObject };
    const partial = as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList';
    if (partial && TABLE_VERSIONS.includes(version)) return { as: 'metadata', version };
  }
  return undefined;
}

/** Whether the client takes plain JSON: what is not stored has no other form. */
export function acceptsPlainJson(accept: string | undefined): boolean {
  return mediaRanges(accept).some(({ type, parameters }) => isJson(type) && parameters['as'] === undefined);
}

export function planDiscoveryFormat(accept: string | undefined): DiscoveryFormat | undefined {
  for (const { type, parameters } of mediaRanges(accept)) {
    if (!isJson(type)) continue;
    const { as, g: group, v: version = '' } = parameters;
    if (as === undefined) return { as: 'legacy' };
    const known = as === 'APIGroupDiscoveryList' && group === 'apidiscovery.k8s.io';
    if (known && DISCOVERY_VERSIONS.includes(version)) return { as: 'aggregated', version };
  }
  return undefined;
}

function isJson(type: string): boolean {
  return type === 'application/json' || type === 'application/*' || type === '*/*';
}

/** Entries by falling quality, else in the client's order. None means anything. */
function mediaRanges(accept: string | undefined): readonly MediaRange[] {
  const text = (accept ?? '').slice(0, MAX_ACCEPT_LENGTH).trim();
  const ranges = (text === '' ? '*/*' : text).split(',').map(parseRange);
  return ranges.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality);
}

function parseRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = Object.fromEntries(rest.map((part) => splitOnce(part)));
  const quality = parameters['q'] === undefined ? 1 : Number(parameters['q']);
  return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
}

function splitOnce(part: string): readonly [string, string] {
  const equals = part.indexOf('=');
  return equals < 0 ? [part.toLowerCase(), ''] : [part.slice(0, equals).toLowerCase(), part.slice(equals + 1)];
}
