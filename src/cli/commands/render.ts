import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { formatYaml, resourceOfKind } from '#api';
import { type Folder, readFolder } from '#app';
import { errorMessage } from '#base';
import {
  assemble,
  buildKustomization,
  type Diagnostic,
  formatManifests,
  kustomizationIn,
  loadSchemaValidator,
  mergeValues,
  orderManifests,
  prepareBuilt,
  prepareFile,
  RenderError,
  type RenderedFile,
  readValues,
  renderChart,
  type SourceFile,
  selectFiles,
  servedCapabilities,
  setValues,
} from '#render';
import { CliError } from '../errors.ts';
import { type Output, plain } from '../output.ts';
import { checkoutAround } from './checkout.ts';

export interface RenderOptions {
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly setString: readonly string[];
  readonly release?: string;
  readonly namespace: string;
  readonly crds: boolean;
}

interface Rendering {
  readonly yaml: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Prints what a folder becomes, and resolves to whether all of it could be applied. Throws with exit code 2 when nothing can be told. */
export async function renderDirectory(directory: string, options: RenderOptions, output: Output): Promise<boolean> {
  const folder = await readFolder(directory, { hidden: true });
  const names = new Set(folder.files.map((file) => file.path));
  const { yaml, diagnostics } = names.has('Chart.yaml')
    ? await chart(directory, folder, options)
    : kustomizationIn(names, '') !== undefined
      ? kustomization(directory, options)
      : manifests(folder, options);
  if (yaml !== '') output.write(yaml.trimEnd());
  for (const { severity, path: file, line, message } of diagnostics)
    output.note(`${severity}: ${plain(file)}${line === 0 ? '' : `:${line}`}: ${plain(message)}`);
  return !diagnostics.some(({ severity }) => severity === 'error');
}

async function chart(directory: string, folder: Folder, options: RenderOptions): Promise<Rendering> {
  const release = options.release ?? path.basename(path.resolve(directory));
  try {
    const { crds, files, warnings } = renderChart({
      files: folder.files,
      path: '',
      values: await givenValues(options),
      release: { name: release, namespace: options.namespace },
      capabilities: servedCapabilities(),
      seed: `${options.namespace}/${release}`,
      nowMs: 0,
      schemaValidator: await loadSchemaValidator(),
    });
    const definitions = options.crds ? crds : [];
    const told = warnings.map(({ message, place }) => warning(place.path, place.line, message));
    return {
      yaml: definitions.map(withSource).join('') + formatManifests(orderManifests(files)),
      diagnostics: [
        ...unread(folder),
        ...told,
        ...[...definitions, ...files].flatMap((file) => mistakes(file, options)),
      ],
    };
  } catch (error) {
    if (error instanceof RenderError) throw cannotRender(error);
    throw error;
  }
}

const withSource = ({ name, text }: RenderedFile) => `---\n# Source: ${name}\n${text.trimEnd()}\n`;

function cannotRender(error: RenderError): CliError {
  const { place, code } = error;
  const at = place === undefined ? '' : `${place.path}${place.line === 0 ? '' : `:${place.line}:${place.column}`}: `;
  return new CliError(plain(`${at}${error.message}`), {
    exitCode: 2,
    hint: `${code}: docs/errors.md tells more.`,
    cause: error,
  });
}

/** What the chart's own values are overlaid with: files in their order, then single values. */
async function givenValues({ values, set, setString }: RenderOptions) {
  let merged: ReturnType<typeof readValues> = new Map();
  for (const file of values) merged = mergeValues(merged, readValues(await bytesOf(file), file));
  for (const text of set) setValues(merged, text);
  for (const text of setString) setValues(merged, text, true);
  return merged;
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new CliError(`the values ${file} cannot be read: ${errorMessage(error)}`, { exitCode: 2, cause: error });
  }
}

/** What is wrong with the objects of a rendered file, at the lines of its template. */
function mistakes({ path: file, text, lines }: RenderedFile, { namespace }: RenderOptions): readonly Diagnostic[] {
  const { diagnostics } = prepareFile(text, { defaultNamespace: namespace, resourceOf: resourceOfKind });
  return diagnostics.map((diagnostic) => ({ ...diagnostic, path: file, line: lines[diagnostic.line - 1] ?? 0 }));
}

const unread = ({ unread: files }: Folder): readonly Diagnostic[] =>
  files.map(({ path: file, reason }) => ({
    severity: 'error',
    code: 'FileSkipped',
    message: reason,
    path: file,
    line: 0,
  }));

const warning = (file: string, line: number, message: string): Diagnostic => ({
  severity: 'warning',
  code: 'NotAllowed',
  message,
  path: file,
  line,
});

function refuseValues({ values, set, setString }: RenderOptions): void {
  if (values.length + set.length + setString.length > 0)
    throw new CliError('values are for charts, and this folder has no Chart.yaml', { exitCode: 2 });
}

/** What the cluster would build of it. Files around the folder may be named, as far as its checkout goes. */
function kustomization(directory: string, options: RenderOptions): Rendering {
  refuseValues(options);
  const { tree, folder } = checkoutAround(directory);
  const result = buildKustomization(tree, folder);
  if (result.type === 'needs')
    throw new CliError(plain(`these files vanished meanwhile: ${result.paths.join(', ')}`), { exitCode: 2 });
  if (result.type === 'failed') {
    const { path: file, line, message } = result.problem;
    throw new CliError(plain(`${file}${line === 0 ? '' : `:${line}`}: ${message}`), { exitCode: 2 });
  }
  const context = { defaultNamespace: options.namespace, resourceOf: resourceOfKind };
  return printed(prepareBuilt(result.objects, context), []);
}

/** Manifests as they stand, below the folder as well. */
function manifests(folder: Folder, options: RenderOptions): Rendering {
  refuseValues(options);
  const { namespace } = options;
  const visible = folder.files.filter((file) => !file.path.split('/').some((part) => part.startsWith('.')));
  const { files, problem } = selectFiles(visible, '', { recurse: true });
  if (problem !== undefined) throw new CliError(plain(problem), { exitCode: 2 });
  const prepared = files.map((file) => ({
    path: file.path,
    prepared: prepareFile(file.bytes.toString('utf8'), { defaultNamespace: namespace, resourceOf: resourceOfKind }),
  }));
  return printed(prepared, folder.unread);
}

/** Objects by their names, each with its place. A kind that is not known here is taken at its word. */
function printed(prepared: readonly SourceFile[], unreadFiles: Folder['unread']): Rendering {
  const versions = prepared.flatMap((file) =>
    file.prepared.pending.map(({ key, object }) => ({ ...key, version: object.apiVersion.split('/').at(-1) ?? '' })),
  );
  const { objects, hooks, diagnostics } = assemble(prepared, unreadFiles, (group, kind) => ({
    namespaced: true,
    versions: versions.filter((known) => known.group === group && known.kind === kind).map(({ version }) => version),
  }));
  const yaml = [...objects, ...hooks].map(
    ({ object, origin }) => `---\n# Source: ${origin.path}:${origin.line}\n${formatYaml(object)}`,
  );
  return { yaml: yaml.join(''), diagnostics };
}
