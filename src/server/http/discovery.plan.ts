import { apiVersionOf, type ResourceType } from '#api';

/** What discovery tells of one resource: the part of a registry row that clients plan with. */
export interface DiscoveredResource {
  readonly type: ResourceType;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources?: Readonly<Record<string, DiscoveredSubresource | undefined>>;
}

export interface DiscoveredSubresource {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly verbs: readonly string[];
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly DiscoveredResource[];
}

/** `APIGroupDiscoveryList`: everything in one answer. `/api` holds the core group, `/apis` all others. */
export function planAggregatedDiscovery(rows: readonly DiscoveredResource[], core: boolean, version: string): object {
  const items = groupsOf(rows, core).map(([group, versions]) => ({
    metadata: group === '' ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
    versions: versions.map((entry) => ({
      version: entry.version,
      resources: entry.resources.map(aggregatedResource),
      freshness: 'Current',
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

/** `APIVersions`, the answer of `/api`. `address` is where the client called us. */
export function planCoreVersions(rows: readonly DiscoveredResource[], address: string): object {
  const versions = groupsOf(rows, true).flatMap(([, entries]) => entries.map((entry) => entry.version));
  const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: address }];
  return { kind: 'APIVersions', versions, serverAddressByClientCIDRs };
}

/** `APIGroupList`, the answer of `/apis`. */
export function planGroupList(rows: readonly DiscoveredResource[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupsOf(rows, false).map((entry) => legacyGroup(entry)) };
}

/** `APIGroup`; undefined for a group that is not served. */
export function planGroup(rows: readonly DiscoveredResource[], group: string): object | undefined {
  const entry = groupsOf(rows, false).find(([name]) => name === group);
  return entry === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...legacyGroup(entry) };
}

/** `APIResourceList`; undefined for a group version that is not served. */
export function planResourceList(
  rows: readonly DiscoveredResource[],
  group: string,
  version: string,
): object | undefined {
  const ofVersion = rows.filter(({ type }) => type.group === group && type.version === version);
  if (ofVersion.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: ofVersion.flatMap(legacyResources),
  };
}

function groupsOf(rows: readonly DiscoveredResource[], core: boolean): [string, GroupVersion[]][] {
  const groups = new Map<string, Map<string, DiscoveredResource[]>>();
  for (const row of rows) {
    const { group, version } = row.type;
    if ((group === '') !== core) continue;
    const versions = groups.get(group) ?? new Map<string, DiscoveredResource[]>();
    groups.set(group, versions);
    versions.set(version, [...(versions.get(version) ?? []), row]);
  }
  return [...groups].map(([group, versions]) => [
    group,
    [...versions].map(([version, resources]) => ({ group, version, resources })),
  ]);
}

function aggregatedResource({
  type,
  singular,
  shortNames,
  categories,
  verbs,
  subresources,
}: DiscoveredResource): object {
  return {
    resource: type.plural,
    responseKind: { group: type.group, version: type.version, kind: type.kind },
    scope: type.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: sorted(verbs),
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    ...(subresources === undefined
      ? {}
      : {
          subresources: entriesOf(subresources).map(([subresource, { kind, group, version, verbs: allowed }]) => ({
            subresource,
            responseKind: { group, version, kind },
            verbs: sorted(allowed),
          })),
        }),
  };
}

function legacyResources(row: DiscoveredResource): object[] {
  const { type, singular, shortNames, categories, verbs, subresources = {} } = row;
  return [
    {
      name: type.plural,
      singularName: singular,
      namespaced: type.namespaced,
      kind: type.kind,
      verbs: sorted(verbs),
      ...(shortNames === undefined ? {} : { shortNames }),
      ...(categories === undefined ? {} : { categories }),
    },
    ...entriesOf(subresources).map(([name, { kind, group, version, verbs: allowed }]) => ({
      name: `${type.plural}/${name}`,
      singularName: '',
      namespaced: type.namespaced,
      ...(group === type.group && version === type.version ? {} : { group, version }),
      kind,
      verbs: sorted(allowed),
    })),
  ];
}

function legacyGroup([name, versions]: [string, GroupVersion[]]): object {
  const all = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group: name, version }), version }));
  return { name, versions: all, preferredVersion: all[0] };
}

function entriesOf(subresources: NonNullable<DiscoveredResource['subresources']>): [string, DiscoveredSubresource][] {
  return Object.entries(subresources).flatMap(([name, entry]) =>
    entry === undefined ? [] : [[name, entry] as [string, DiscoveredSubresource]],
  );
}

/** Verbs stand in alphabetical order: an official test compares the text. */
function sorted(verbs: readonly string[]): readonly string[] {
  return [...verbs].sort();
}
