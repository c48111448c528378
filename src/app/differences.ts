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
import type { Client } from '#client';
import { applyIgnores, diffObject, diffRendered, rulesFor } from '#diff';
import { atTheirLines, type Diagnostic, type RenderedObject, render } from '#render';
import { effectiveRules, readApplication } from '#sync';
import { StartError } from './errors.ts';
import { readFolder } from './folder.ts';

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
  const files = folder.files.map(({ path, bytes }) => ({ path, text: bytes.toString('utf8') }));
  const renderWith = (custom: CustomKindIndex) =>
    render({
      files,
      unread: folder.unread,
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
  const wanted = new Set([...[...rendered.objects, ...rendered.hooks].map(({ id }) => id), ...rendered.heldIds]);
  const namespace = application.metadata.namespace ?? 'argocd';
  const owner = `${namespace}/${application.metadata.name}`;
  const { items } = await client.list(INVENTORIES, { namespace });
  for (const entry of items.filter((inventory) => inventory.application === owner).flatMap(({ entries }) => entries)) {
    if (!wanted.has(formatObjectKey(entry)))
      changes.push({ key: entry, action: 'prune', fields: [], origin: { path: entry.path, line: entry.line } });
  }
  return { changes, diagnostics };
}
