import { resourceOfKind } from '#api';
import {
  buildKustomization,
  type Generated,
  generateApplications,
  loadSchemaValidator,
  type PreparedFile,
  prepareBuilt,
  prepareChart,
  prepareFile,
  RenderError,
} from '#render';
import type {
  ApplicationSetTask,
  ChartAnswer,
  ChartTask,
  FileTask,
  KustomizeAnswer,
  KustomizeTask,
  RenderAnswer,
  RenderQuestion,
} from './render-protocol.types.ts';

/** What the thread that reads manifests answers. */
export async function answerOf({ id, task }: RenderQuestion): Promise<RenderAnswer> {
  switch (task.type) {
    case 'file':
      return { id, result: readFile(task) };
    case 'kustomize':
      return { id, result: build(task) };
    case 'application-set':
      return { id, result: generate(task) };
    case 'chart':
      return { id, result: await chart(task) };
  }
}

async function chart({ defaultNamespace, ...source }: ChartTask): Promise<ChartAnswer> {
  const schemaValidator = await loadSchemaValidator();
  try {
    const context = { defaultNamespace, resourceOf: resourceOfKind, schemaValidator };
    return { type: 'built', files: prepareChart(source, context) };
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    const { path = source.folder, line = 0 } = error.place ?? {};
    return { type: 'failed', problem: { path, line, message: error.message } };
  }
}

function readFile({ bytes, defaultNamespace }: FileTask): PreparedFile {
  const text = decode(bytes);
  if (text !== undefined) return prepareFile(text, { defaultNamespace, resourceOf: resourceOfKind });
  return {
    objects: [],
    pending: [],
    refusedIds: [],
    diagnostics: [{ severity: 'error', code: 'InvalidManifest', message: 'the file is not UTF-8 text', line: 0 }],
    failed: true,
  };
}

function build({ folder, paths, files, defaultNamespace }: KustomizeTask): KustomizeAnswer {
  const known = new Set(paths);
  const folders = new Set(['']);
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      folders.add(path.slice(0, end));
  }
  const tree = {
    read: (path: string) => files.get(path),
    has: (path: string) => known.has(path),
    isDirectory: (path: string) => folders.has(path),
  };
  const result = buildKustomization(tree, folder);
  if (result.type !== 'built') return result;
  return { type: 'built', files: prepareBuilt(result.objects, { defaultNamespace, resourceOf: resourceOfKind }) };
}

function generate({ set, paths, files, clusters }: ApplicationSetTask): Generated {
  return generateApplications(set, {
    paths: (repoURL, revision) => paths.get(`${repoURL} ${revision}`),
    file: (repoURL, revision, path) => files.get(`${repoURL} ${revision} ${path}`),
    clusters,
  });
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
