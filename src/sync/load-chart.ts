import type { ApplicationHelm } from '#api';
import { type GitMirror, gitLimits, type TreeFile, type TreeListing } from '#git';
import type { ChartFile, SourceFile } from '#render';
import type { Source } from './application.plan.ts';
import { type NamedFile, planFiles } from './chart-files.plan.ts';
import type { Renderer } from './renderer.ts';

/** A repository at a commit, with all its files by path. */
export interface CommitFiles {
  readonly mirror: GitMirror;
  readonly files: ReadonlyMap<string, TreeFile>;
}

export interface ChartLoad {
  readonly renderer: Pick<Renderer, 'chart'>;
  readonly source: Source;
  readonly namespace: string;
  /** The chart's folder. */
  readonly listing: TreeListing;
  readonly own: CommitFiles;
  /** What `$name/` in `valueFiles` leads to, by the name. */
  readonly refs: ReadonlyMap<string, CommitFiles>;
  readonly signal: AbortSignal;
}

export type LoadedChart =
  | { readonly type: 'built'; readonly files: readonly SourceFile[] }
  | { readonly type: 'failed'; readonly code: 'HelmFailed' | 'TreeTooLarge'; readonly message: string };

/** All that the chart becomes, or why it becomes nothing: half a chart is none. */
export async function loadChartSource(load: ChartLoad): Promise<LoadedChart> {
  const { source, listing, own, refs, renderer, namespace, signal } = load;
  const options = source.helm ?? {};
  const named = nameFiles(load, options);
  if ('problem' in named) return { type: 'failed', code: 'HelmFailed', message: named.problem };
  const [unread] = listing.skipped;
  if (unread !== undefined) return { type: 'failed', code: 'HelmFailed', message: `${unread.path}: ${unread.reason}` };
  const parameterFiles = named.parameters.map(({ file }) => file);
  const wanted = [
    ...listing.files.map((file) => ({ mirror: own.mirror, file })),
    ...[...named.values, ...parameterFiles].map((file) => fileOf(file)),
  ];
  const bytes = wanted.reduce((sum, { file }) => sum + file.sizeBytes, 0);
  if (bytes > gitLimits.applicationBytes) {
    const message = `the chart and its values have ${bytes} bytes, over the limit of ${gitLimits.applicationBytes}`;
    return { type: 'failed', code: 'TreeTooLarge', message };
  }
  const read = async (files: readonly NamedFile[]) => {
    const contents: Uint8Array[] = [];
    for (const named of files) {
      const { mirror, file } = fileOf(named);
      contents.push(...(await mirror.readBlobs([file.blobId], signal)));
    }
    return contents;
  };
  const contents = await own.mirror.readBlobs(
    listing.files.map(({ blobId }) => blobId),
    signal,
  );
  const values = await read(named.values);
  const parameters = await read(parameterFiles);
  const answer = await renderer.chart({
    folder: source.path,
    files: listing.files.map(({ path }, index) => withBytes(pathBelow(source.path, path), contents[index])),
    options,
    field: source.field,
    valueFiles: named.values.map(({ path }, index) => withBytes(path, values[index])),
    fileParameters: named.parameters.map(({ name, file }, index) => ({
      ...withBytes(file.path, parameters[index]),
      name,
    })),
    release: { name: options.releaseName || source.application, namespace: options.namespace || namespace },
    defaultNamespace: namespace,
  });
  if (answer.type === 'built') return answer;
  const { path, line, message } = answer.problem;
  return { type: 'failed', code: 'HelmFailed', message: `${path}${line === 0 ? '' : `:${line}`}: ${message}` };

  function fileOf({ ref, path }: NamedFile): { readonly mirror: GitMirror; readonly file: TreeFile } {
    const from = ref === undefined ? own : refs.get(ref);
    const file = from?.files.get(path);
    if (from === undefined || file === undefined) throw new Error(`${path} was planned and is not there`);
    return { mirror: from.mirror, file };
  }
}

interface NamedFiles {
  readonly values: readonly NamedFile[];
  readonly parameters: readonly { readonly name: string; readonly file: NamedFile }[];
}

function nameFiles(
  { source, own, refs }: ChartLoad,
  options: ApplicationHelm,
): NamedFiles | { readonly problem: string } {
  const names = {
    folder: source.path,
    own: own.files,
    refs: new Map([...refs].map(([ref, { files }]) => [ref, files] as const)),
  };
  const values: NamedFile[] = [];
  for (const [index, written] of (options.valueFiles ?? []).entries()) {
    const at = `${source.field}.helm.valueFiles[${index}]`;
    const plan = planFiles(written, names);
    if (plan.type === 'problem') return { problem: `${at}: ${plan.message}` };
    if (plan.files.length === 0 && options.ignoreMissingValueFiles !== true)
      return { problem: `${at}: "${written}" is not in the commit; ignoreMissingValueFiles passes over it` };
    values.push(...plan.files);
  }
  const parameters: { name: string; file: NamedFile }[] = [];
  for (const [index, { name, path }] of (options.fileParameters ?? []).entries()) {
    const at = `${source.field}.helm.fileParameters[${index}]`;
    const plan = planFiles(path, names);
    if (plan.type === 'problem') return { problem: `${at}: ${plan.message}` };
    const [file, ...more] = plan.files;
    if (file === undefined || more.length > 0) return { problem: `${at}: "${path}" names no file of the commit` };
    parameters.push({ name, file });
  }
  return { values, parameters };
}

function withBytes(path: string, bytes: Uint8Array | undefined): ChartFile {
  if (bytes === undefined) throw new Error(`${path} was not read`);
  return { path, bytes };
}

const pathBelow = (folder: string, path: string) => (folder === '' ? path : path.slice(folder.length + 1));
