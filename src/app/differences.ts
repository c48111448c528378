import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  type Application,
  type FieldDrift,
  formatObjectKey,
  INVENTORIES,
  isApiError,
  type KubeObject,
  type ObjectKey,
  type Origin,
  RENDERED_SETS,
  resourceOfKind,
  type SyncRun,
  schemaOf,
  type UiRunDiff,
  versionOf,
} from '#api';
import type { Client } from '#client';
import { applyIgnores, diffObject, diffRendered, rulesFor } from '#diff';
import { gitLimits } from '#git';
import { atTheirLines, type Diagnostic, type RenderedObject, render } from '#render';
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

/** Files below a folder, as Git would list them; hidden folders and links are left out. */
async function filesBelow(directory: string): Promise<readonly { readonly path: string; readonly text: string }[]> {
  const files: { path: string; text: string }[] = [];
  let bytes = 0;
  async function walk(relative: string, depth: number): Promise<void> {
    if (depth > gitLimits.treeDepth)
      throw new StartError(
        'FolderTooLarge',
        `${path.join(directory, relative)} lies too deep`,
        `At most ${gitLimits.treeDepth} folders below each other are read.`,
      );
    for (const entry of await readdir(path.join(directory, relative), { withFileTypes: true })) {
      const name = path.posix.join(relative, entry.name);
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) await walk(name, depth + 1);
      if (!entry.isFile()) continue;
      const { size } = await stat(path.join(directory, name));
      bytes += size;
      if (size > gitLimits.fileBytes) continue;
      if (files.length >= gitLimits.filesPerApplication || bytes > gitLimits.applicationBytes)
        throw new StartError(
          'FolderTooLarge',
          `${directory} holds too much`,
          `At most ${gitLimits.filesPerApplication} files and ${gitLimits.applicationBytes / 2 ** 20} MiB are read.`,
        );
      files.push({ path: name, text: await readFile(path.join(directory, name), 'utf8') });
    }
  }
  await walk('', 0);
  return files;
}

async function changeOf(
  client: Client,
  application: Application,
  rendered: RenderedObject,
): Promise<LocalChange | undefined> {
  const { key, object, origin } = rendered;
  const resource = resourceOfKind(key.group, key.kind);
  const schema = schemaOf(key.group, versionOf(object.apiVersion), key.kind);
  if (resource === undefined || schema === undefined) return undefined; // told among the diagnostics
  const name = { name: key.name, ...(key.namespace === '' ? {} : { namespace: key.namespace }) };
  const live = await client.get(resource, name);
  const rules = rulesFor(application.spec.ignoreDifferences ?? [], object);
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
  const rendered = render({
    files: await filesBelow(directory),
    base: '',
    ...(application.spec.source?.directory === undefined ? {} : { directory: application.spec.source.directory }),
    context: { defaultNamespace: application.spec.destination?.namespace ?? 'default', resourceOf: resourceOfKind },
  });
  if ('problem' in rendered)
    throw new StartError(
      'FolderNotRendered',
      `${directory} cannot be rendered: ${rendered.problem}`,
      'The message tells what is wrong with it.',
    );
  const changes: LocalChange[] = [];
  for (const object of rendered.objects) {
    const change = await changeOf(client, application, object);
    if (change !== undefined) changes.push(change);
  }
  const wanted = new Set([...rendered.objects.map(({ id }) => id), ...rendered.heldIds]);
  const namespace = application.metadata.namespace ?? 'argocd';
  const owner = `${namespace}/${application.metadata.name}`;
  const { items } = await client.list(INVENTORIES, { namespace });
  for (const entry of items.filter((inventory) => inventory.application === owner).flatMap(({ entries }) => entries)) {
    if (!wanted.has(formatObjectKey(entry)))
      changes.push({ key: entry, action: 'prune', fields: [], origin: { path: entry.path, line: entry.line } });
  }
  return { changes, diagnostics: rendered.diagnostics };
}
