import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  type Application,
  CUSTOM_RESOURCE_DEFINITIONS,
  CustomKindIndex,
  type FieldDrift,
  formatObjectKey,
  groupOf,
  type IgnoreDifference,
  INVENTORIES,
  isApiError,
  isEstablished,
  type KubeObject,
  type ObjectKey,
  type Origin,
  RENDERED_SETS,
  type ResourceType,
  resourceOfKind,
  type Schema,
  type SyncRun,
  schemaOf,
  type UiRunDiff,
  versionOf,
} from '#api';
import { errorMessage } from '#base';
import type { Client } from '#client';
import { applyIgnores, diffObject, diffRendered, rulesFor } from '#diff';
import { gitLimits } from '#git';
import { atTheirLines, type Diagnostic, type RenderedObject, render, type UnreadFile } from '#render';
import { effectiveRules, readApplication } from '#sync';
import { StartError } from './errors.ts';

/** The objects a run rendered, from the chunks it names. */
async function renderedObjects(client: Client, run: SyncRun): Promise<readonly KubeObject[]> {
  const { namespace = 'argocd' } = run.metadata;
  const sets = await Promise.all(
    run.spec.renderedSets.map(async (name) => ({ name, set: await client.get(RENDERED_SETS, { namespace, name }) })),
  );
  return sets.flatMap(({ name, set }) => {
    if (set === undefined)
      throw new StartError(
        'RenderedSetGone',
        `the objects of run ${run.metadata.name} are not kept any more (${name})`,
        'Compare newer runs.',
      );
    return set.data
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as KubeObject);
  });
}

/** What differs between the objects that two runs rendered; works with Git down. Values of Secrets are masked. */
export async function diffRuns(client: Client, from: SyncRun, to: SyncRun): Promise<UiRunDiff> {
  const [before, after] = await Promise.all([renderedObjects(client, from), renderedObjects(client, to)]);
  const brief = ({ metadata, spec }: SyncRun) => ({ name: metadata.name, revision: spec.revision });
  return { from: brief(from), to: brief(to), objects: diffRendered(before, after) };
}

/** One object that a folder would change. */
export interface LocalChange {
  readonly key: ObjectKey;
  readonly action: 'create' | 'configure' | 'prune' | 'refused';
  readonly fields: readonly FieldDrift[];
  readonly origin?: Origin;
  /** Why the API would refuse it. */
  readonly message?: string;
}

export interface LocalDiff {
  readonly changes: readonly LocalChange[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Folder {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** What lies there and could not be read: what it holds is not known. */
  readonly unread: readonly UnreadFile[];
}

/** Files below a folder, as Git would list them: hidden ones are left out, links are followed where they stay inside. */
async function readFolder(directory: string): Promise<Folder> {
  const files: { path: string; text: string }[] = [];
  const unread: UnreadFile[] = [];
  const root = await realpath(directory).catch((error: unknown) => {
    throw notAFolder(directory, error);
  });
  let bytes = 0;
  async function read(relative: string, place: string): Promise<void> {
    const { size } = await stat(place);
    if (size > gitLimits.fileBytes) {
      unread.push({ path: relative, reason: `has ${size} bytes, over the limit of ${gitLimits.fileBytes}` });
      return;
    }
    bytes += size;
    if (files.length >= gitLimits.filesPerApplication || bytes > gitLimits.applicationBytes)
      throw new StartError(
        'FolderTooLarge',
        `${directory} holds too much`,
        `At most ${gitLimits.filesPerApplication} files and ${gitLimits.applicationBytes / 2 ** 20} MiB are read.`,
      );
    files.push({ path: relative, text: await readFile(place, 'utf8') });
  }
  async function walk(relative: string, place: string, above: readonly string[]): Promise<void> {
    if (above.length > gitLimits.treeDepth)
      throw new StartError(
        'FolderTooLarge',
        `${path.join(directory, relative)} lies too deep`,
        `At most ${gitLimits.treeDepth} folders below each other are read.`,
      );
    for (const entry of await readdir(place, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const name = path.posix.join(relative, entry.name);
      const target = entry.isSymbolicLink() ? await linkTarget(root, path.join(place, entry.name)) : undefined;
      // A link to a folder above hides nothing: what is there is read already.
      if (target !== undefined && typeof target !== 'string' && [...above, place].includes(target.place)) continue;
      if (typeof target === 'string') unread.push({ path: name, reason: target });
      else if (target?.isDirectory ?? entry.isDirectory())
        await walk(name, target?.place ?? path.join(place, entry.name), [...above, place]);
      else if (target?.isFile ?? entry.isFile()) await read(name, target?.place ?? path.join(place, entry.name));
    }
  }
  if (!(await stat(root)).isDirectory()) throw notAFolder(directory, undefined);
  await walk('', root, []);
  return { files, unread };
}

function notAFolder(directory: string, cause: unknown): StartError {
  return new StartError(
    'NoSuchFolder',
    `${directory} is not a folder that can be read`,
    'Name the folder of the Application in a checkout.',
    cause,
  );
}

/** Where a link leads; or why it is not followed. */
async function linkTarget(
  root: string,
  link: string,
): Promise<{ readonly place: string; readonly isFile: boolean; readonly isDirectory: boolean } | string> {
  let place: string;
  try {
    place = await realpath(link);
  } catch (error) {
    return `is a link that leads nowhere: ${errorMessage(error)}`;
  }
  if (place !== root && !place.startsWith(`${root}${path.sep}`)) return 'is a link that leads out of the folder';
  const found = await stat(place);
  return { place, isFile: found.isFile(), isDirectory: found.isDirectory() };
}

/** The resource and the shape of an object; undefined when the cluster does not serve its kind in this version. */
function shapeOf(custom: CustomKindIndex, { apiVersion, kind }: KubeObject): [ResourceType, Schema] | undefined {
  const group = groupOf(apiVersion);
  const version = versionOf(apiVersion);
  const own = resourceOfKind(group, kind) ?? custom.resourceOf(group, kind, version);
  const schema = schemaOf(group, version, kind) ?? (own === undefined ? undefined : custom.modelOf(own)?.schema);
  return own === undefined || schema === undefined ? undefined : [own, schema];
}

const NOTHING_DEFINED = new CustomKindIndex([]);

/** What the cluster defines; nothing for whoever may not know: then such objects are told as of kinds that are not served. */
async function definedKinds(client: Client): Promise<CustomKindIndex> {
  try {
    const { items } = await client.list(CUSTOM_RESOURCE_DEFINITIONS);
    return new CustomKindIndex(items.filter(isEstablished));
  } catch (error) {
    if (!isApiError(error, 'Forbidden')) throw error;
    return NOTHING_DEFINED;
  }
}

async function changeOf(
  client: Client,
  custom: CustomKindIndex,
  declared: readonly IgnoreDifference[],
  rendered: RenderedObject,
): Promise<LocalChange | undefined> {
  const { key, object, origin } = rendered;
  const shape = shapeOf(custom, object);
  // Of a kind that the same folder makes nothing can be tried yet.
  if (shape === undefined) return { key, action: 'create', fields: [], origin };
  const [resource, schema] = shape;
  const name = { name: key.name, ...(key.namespace === '' ? {} : { namespace: key.namespace }) };
  const live = await client.get(resource, name);
  const rules = rulesFor(declared, object);
  const desired = applyIgnores({ schema, desired: object, live, rules });
  let applied: KubeObject;
  try {
    applied = await client.apply(resource, desired, {
      fieldManager: 'plumbline-sync',
      force: true,
      dryRun: true,
      fieldValidation: 'Strict',
    });
  } catch (error) {
    // In a namespace that the same folder makes, nothing can be tried yet.
    if (isApiError(error, 'NotFound') && live === undefined) return { key, action: 'create', fields: [], origin };
    if (isApiError(error, 'Invalid', 'BadRequest', 'Forbidden', 'Conflict'))
      return { key, action: 'refused', fields: [], origin, message: error.message };
    throw error;
  }
  if (live === undefined) return { key, action: 'create', fields: [], origin };
  const { changes } = diffObject({ schema, desired, applied, live, rules });
  return changes.length === 0
    ? undefined
    : { key, action: 'configure', fields: atTheirLines(rendered, changes), origin };
}

/** What a sync of an Application would change if its folder in Git were this one. Changes nothing. */
export async function diffAgainstLive(client: Client, application: Application, directory: string): Promise<LocalDiff> {
  const { sources, namespace: defaultNamespace, ignoreDifferences } = readApplication(application);
  const [source] = sources;
  if (sources.length > 1)
    throw new StartError(
      'SeveralSources',
      `${application.metadata.name} has ${sources.length} sources: one folder does not stand for all of them`,
      'Compare an Application of one source, or ask what differs from the commits: plumb diff, without --local.',
    );
  const folder = await readFolder(directory);
  const renderWith = (custom: CustomKindIndex) =>
    render({
      ...folder,
      base: '',
      ...(source?.directory === undefined ? {} : { directory: source.directory }),
      context: { defaultNamespace, resourceOf: resourceOfKind },
      served: (group, kind) => custom.kindOf(group, kind),
    });
  const plain = renderWith(NOTHING_DEFINED);
  // Only a folder that asks for it needs the right to list definitions.
  const needsKinds = !('problem' in plain) && plain.customKinds.length > 0;
  const custom = needsKinds ? await definedKinds(client) : NOTHING_DEFINED;
  const rendered = needsKinds ? renderWith(custom) : plain;
  if ('problem' in rendered)
    throw new StartError(
      'FolderNotRendered',
      `${directory} cannot be rendered: ${rendered.problem}`,
      'The message tells what is wrong with it.',
    );
  const changes: LocalChange[] = [];
  const rules = effectiveRules(ignoreDifferences, rendered.objects);
  for (const object of rendered.objects) {
    const change = await changeOf(client, custom, rules, object);
    if (change !== undefined) changes.push(change);
  }
  // What seems to be gone may stand in what could not be read, or below a folder that a link leads to in vain.
  const hidden = source?.directory.recurse === true ? folder.unread : [];
  const untold = hidden.filter(({ path: place }) => !rendered.failedPaths.includes(place));
  const diagnostics: readonly Diagnostic[] = [
    ...rendered.diagnostics,
    ...untold.map(({ path: place, reason }) => ({
      severity: 'error' as const,
      code: 'FileSkipped' as const,
      message: reason,
      path: place,
      line: 0,
    })),
  ];
  if (rendered.failedPaths.length > 0 || untold.length > 0) return { changes, diagnostics };
  const wanted = new Set([...rendered.objects.map(({ id }) => id), ...rendered.heldIds]);
  const namespace = application.metadata.namespace ?? 'argocd';
  const owner = `${namespace}/${application.metadata.name}`;
  const { items } = await client.list(INVENTORIES, { namespace });
  for (const entry of items.filter((inventory) => inventory.application === owner).flatMap(({ entries }) => entries)) {
    if (!wanted.has(formatObjectKey(entry)))
      changes.push({ key: entry, action: 'prune', fields: [], origin: { path: entry.path, line: entry.line } });
  }
  return { changes, diagnostics };
}
