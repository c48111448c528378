import { expect } from 'vitest';
import type { ResourceType } from '#api';
import type { Https } from './http.ts';
import { accepted } from './resource.ts';

export interface GroupVersions {
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
  readonly preferredVersion: { readonly groupVersion: string };
}

export interface ResourceNames {
  readonly groupVersion: string;
  readonly resources: readonly { readonly name: string }[];
}

export async function readJson<T>(https: Https, path: string, headers: Record<string, string> = {}): Promise<T> {
  return accepted(await https.send({ path, headers }));
}

/** That `/apis`, the group and the group version tell of the resource and of what is below it. */
export async function expectDiscovered(
  https: Https,
  { group, version, plural }: ResourceType,
  subresources: readonly string[] = [],
): Promise<void> {
  const groupVersion = `${group}/${version}`;
  const { groups } = await readJson<{ groups: readonly GroupVersions[] }>(https, '/apis');
  const listed = groups.find(({ name }) => name === group);
  expect(listed?.versions.map((each) => each.groupVersion)).toContain(groupVersion);
  const one = await readJson<GroupVersions>(https, `/apis/${group}`);
  expect(one.versions.map((each) => each.version)).toContain(version);
  const { resources } = await readJson<ResourceNames>(https, `/apis/${groupVersion}`);
  const names = resources.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([plural, ...subresources.map((each) => `${plural}/${each}`)]));
}
