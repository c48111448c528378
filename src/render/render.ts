import type { ApplicationSource } from '#api';
import { sha256Hex } from '#base';
import { kindsDefinedBy, resolvePending } from './custom-kinds.ts';
import { prepareFile } from './prepare.ts';
import type {
  CustomKindOf,
  Diagnostic,
  PrepareContext,
  PreparedFile,
  PreparedObject,
  Rendered,
  RenderedHook,
  RenderedObject,
} from './render.types.ts';
import { selectFiles } from './select.plan.ts';

/** A file of a source, read and prepared. */
export interface SourceFile {
  readonly path: string;
  readonly prepared: PreparedFile;
}

/** An entry of the tree that could not be read. */
export interface UnreadFile {
  readonly path: string;
  readonly reason: string;
}

/**
 * Puts the files of an Application together: one object per key, or none when two files define the same one. Cost is
 * that of comparing ids and digests; the objects themselves were prepared, and hashed, once per content. A custom kind is
 * known by a definition among these very objects, else by one of the cluster's (`served`).
 */
export function assemble(
  files: readonly SourceFile[],
  unread: readonly UnreadFile[],
  served: CustomKindOf = () => undefined,
): Rendered {
  const diagnostics: Diagnostic[] = [];
  const failedPaths: string[] = [];
  const held = new Set<string>();
  const found = new Map<string, RenderedObject[]>();
  const pending: { readonly path: string; readonly object: PreparedObject }[] = [];
  const add = (rendered: RenderedObject): void => {
    const same = found.get(rendered.id);
    if (same === undefined) found.set(rendered.id, [rendered]);
    else same.push(rendered);
  };
  for (const { path, prepared } of files) {
    for (const diagnostic of prepared.diagnostics) diagnostics.push({ ...diagnostic, path });
    if (prepared.failed) {
      failedPaths.push(path);
      continue;
    }
    for (const id of prepared.refusedIds) held.add(id);
    for (const { line, ...object } of prepared.objects) add({ ...object, origin: { path, line } });
    for (const object of prepared.pending) pending.push({ path, object });
  }
  for (const { path, reason } of unread) {
    diagnostics.push({ severity: 'error', code: 'FileSkipped', message: reason, path, line: 0 });
    failedPaths.push(path);
  }
  const defined = kindsDefinedBy([...found.values()].flatMap(([first]) => (first === undefined ? [] : [first])));
  for (const { path, object } of pending) {
    const { group, kind } = object.key;
    const resolved = resolvePending(object, defined(group, kind) ?? served(group, kind));
    if ('object' in resolved) add({ ...resolved.object, origin: { path, line: object.line } });
    else {
      for (const id of resolved.heldIds) held.add(id);
      diagnostics.push({ ...resolved.diagnostic, path });
    }
  }
  const objects: RenderedObject[] = [];
  const hooks: RenderedHook[] = [];
  for (const [id, definitions] of found) {
    const [only, ...more] = definitions;
    if (only === undefined) continue;
    if (more.length > 0) {
      held.add(id);
      diagnostics.push(...duplicates(id, definitions));
    } else if (!held.has(id)) {
      const { hook } = only;
      if (hook === undefined) objects.push(only);
      else hooks.push({ ...only, hook });
    }
  }
  const customKinds = kindsOf(pending.map(({ object }) => object));
  objects.sort((a, b) => compareText(a.id, b.id));
  hooks.sort((a, b) => compareText(a.id, b.id));
  diagnostics.sort((a, b) => compareText(a.path, b.path) || a.line - b.line);
  failedPaths.sort(compareText);
  const heldIds = [...held].sort(compareText);
  const digest = digestOf({ objects, hooks, failedPaths, heldIds });
  return { objects, hooks, diagnostics, failedPaths, heldIds, customKinds, digest };
}

function kindsOf(objects: readonly PreparedObject[]): Rendered['customKinds'] {
  const kinds = new Map(objects.map(({ key: { group, kind } }) => [`${group}/${kind}`, { group, kind }]));
  return [...kinds.values()];
}

function duplicates(id: string, definitions: readonly RenderedObject[]): readonly Diagnostic[] {
  return definitions.map(({ origin }, index) => {
    const others = definitions
      .filter((_, other) => other !== index)
      .map((other) => `${other.origin.path}:${other.origin.line}`);
    return {
      severity: 'error',
      code: 'Duplicate',
      message: `${id} is defined again in ${others.slice(0, 3).join(', ')}; none of them is applied`,
      path: origin.path,
      line: origin.line,
    };
  });
}

/** Files that failed count: whether they hold objects back is part of what would be done. */
function digestOf({
  objects,
  hooks,
  failedPaths,
  heldIds,
}: Pick<Rendered, 'objects' | 'hooks' | 'failedPaths' | 'heldIds'>): string {
  const lineOf = ({ id, digest }: RenderedObject) => `${id} ${digest}`;
  const runs = hooks.length === 0 ? [] : ['hooks', ...hooks.map(lineOf)];
  return sha256Hex([...objects.map(lineOf), 'failed', ...failedPaths, 'held', ...heldIds, ...runs].join('\n'));
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export interface RenderRequest {
  /** Every file below the source's path, with its text. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly unread?: readonly UnreadFile[];
  /** The source's path in the repository, normalised; '' for the root. */
  readonly base: string;
  readonly directory?: ApplicationSource['directory'];
  readonly context: PrepareContext;
  readonly served?: CustomKindOf;
}

/** All of it in one call, for callers that hold every text. `problem`: the source as a whole cannot be rendered. */
export function render(request: RenderRequest): Rendered | { readonly problem: string } {
  const { files, problem } = selectFiles(request.files, request.base, request.directory);
  if (problem !== undefined) return { problem };
  const unread = selectFiles(request.unread ?? [], request.base, request.directory).files;
  const prepared = files.map(({ path, text }) => ({ path, prepared: prepareFile(text, request.context) }));
  return assemble(prepared, unread, request.served);
}
