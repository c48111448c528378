/** Building a kustomization: its objects, as `kubectl kustomize` would print them. Source: kustomize api/internal/target (v5.5). */
import { isApiError, type Json, parseManifests, schemaOf } from '#api';
import { EMPTY_CONFIG, mergeConfig, readConfig } from './config.ts';
import { BUILT_IN_CONFIG } from './field-specs.ts';
import { GeneratorProblem, generate, withoutLines } from './generators.ts';
import { addHash } from './hash.ts';
import { KUSTOMIZATION_NAMES, type ReadKustomization, readKustomization } from './kustomization.ts';
import type {
  BuildResult,
  GeneratorEntry,
  KustomizeTree,
  MutableMap,
  PatchEntry,
  TransformerConfig,
} from './kustomize.types.ts';
import { fixReferences } from './names.ts';
import { readOpenApi, type SchemaOf } from './open-api.ts';
import { inOrder } from './order.ts';
import { applyOldJsonPatch, applyPatch, PatchProblem } from './patches.ts';
import { joinPath, leadsOut } from './paths.ts';
import { KustomizeProblem, NeedsFiles } from './problem.ts';
import { ReplacementProblem, readReplacements, replace } from './replacements.ts';
import { Resource } from './resource.ts';
import { IdProblem, ResourceList } from './resource-list.ts';
import { MergeProblem } from './strategic-merge.ts';
import { isLocal, rename, setImages, setLabels, setNamespace, setReplicas, setTexts } from './transformers.ts';
import { type BoundVar, bindVars, joinVars, resolveVars, VarProblem } from './vars.ts';

/** Of the shapes that merges go by. Source: the one that kustomize v5.5 has built in. */
const BUILT_IN_VERSION = 'v1.21.2';

export const kustomizeLimits = {
  /** Kustomizations that one build goes through, each time it comes to one. */
  kustomizations: 500,
  /** Layers above one another. */
  depth: 32,
  /** Objects of one build. */
  objects: 20_000,
} as const;

/** The name under which a folder's kustomization file stands; undefined when it has none. */
export function kustomizationIn(tree: Pick<KustomizeTree, 'has'>, folder: string): string | undefined {
  return KUSTOMIZATION_NAMES.map((name) => joinPath(folder, name)).find((file) => tree.has(file));
}

/** Builds the kustomization of a folder. Reads only `tree`; bad input is data. */
export function buildKustomization(tree: KustomizeTree, folder: string): BuildResult {
  const build = new Build(tree);
  try {
    const top = build.target(joinPath('', folder), []);
    return { type: 'built', objects: build.finish(top) };
  } catch (error) {
    if (error instanceof NeedsFiles) return { type: 'needs', paths: error.paths };
    if (error instanceof KustomizeProblem) return { type: 'failed', problem: error.told };
    throw error;
  }
}

/** What a layer hands to the one above it. */
interface Layer {
  readonly list: ResourceList;
  config: TransformerConfig;
  vars: readonly BoundVar[];
}

const emptyLayer = (): Layer => ({ list: new ResourceList(), config: EMPTY_CONFIG, vars: [] });

type Top = Layer & { readonly read: ReadKustomization };

class Build {
  readonly #tree: KustomizeTree;
  #count = 0;
  /** The first `openapi.path` that is come to counts, from the top down. */
  #custom: SchemaOf | undefined;

  constructor(tree: KustomizeTree) {
    this.#tree = tree;
  }

  target(folder: string, below: readonly string[], into: Layer = emptyLayer()): Top {
    const read = this.#load(folder, below);
    const { kustomization } = read;
    this.#need(this.#namedFiles(read, folder));
    this.#readSchemas(read, folder);
    const chain = [...below, folder];
    this.#resources(read, folder, chain, into);
    into.config = mergeConfig(into.config, mergeConfig(BUILT_IN_CONFIG, this.#ownConfig(read, folder)));
    this.#generate(read, folder, into);
    for (const [index, component] of kustomization.components.entries()) {
      this.#at(read, 'components', index, () =>
        this.#component(read, this.#folder(read, folder, component, index), chain, into),
      );
    }
    this.#transform(read, folder, into);
    this.#at(read, 'vars', undefined, () => {
      into.vars = joinVars(into.vars, bindVars(kustomization.vars, into.list.all));
    });
    return { ...into, read };
  }

  finish({ list, config, vars, read }: Top) {
    return this.#at(read, 'resources', undefined, () => {
      for (const resource of list.all) {
        if (!resource.needsHash) continue;
        resource.storeId();
        addHash(resource);
      }
      fixReferences(list.all, config.nameReference);
      resolveVars(vars, list.all, config.varReference);
      const kept = list.all.filter((resource) => !isLocal(resource));
      for (const resource of kept) {
        resource.setAnnotations(resource.annotations);
        if (resource.isGenerated) withoutLines(resource);
      }
      return inOrder(kept, read.kustomization.sortOptions).map(({ object, origin, lines }) => ({
        object: object as Json,
        origin,
        lines,
      }));
    });
  }

  #load(folder: string, below: readonly string[]): ReadKustomization {
    const shown = folder === '' ? 'the root of the repository' : folder;
    const [first, second] = KUSTOMIZATION_NAMES.map((name) => joinPath(folder, name)).filter((file) =>
      this.#tree.has(file),
    );
    if (first === undefined) throw new KustomizeProblem(folder, 0, `${shown} has no ${KUSTOMIZATION_NAMES.join(', ')}`);
    if (second !== undefined) throw new KustomizeProblem(second, 0, `${shown} has several kustomization files`);
    if (below.includes(folder)) {
      throw new KustomizeProblem(
        first,
        0,
        `a circle of kustomizations: ${[...below, folder].map((one) => one || '.').join(' → ')}`,
      );
    }
    this.#count += 1;
    if (below.length >= kustomizeLimits.depth)
      throw new KustomizeProblem(first, 0, `more than ${kustomizeLimits.depth} layers`);
    if (this.#count > kustomizeLimits.kustomizations) {
      throw new KustomizeProblem(first, 0, `more than ${kustomizeLimits.kustomizations} kustomizations in one build`);
    }
    return readKustomization(first, this.#text(first));
  }

  /** Every file that the kustomization itself names, and the kustomizations of the folders that it does. */
  #namedFiles(read: ReadKustomization, folder: string): readonly string[] {
    const { kustomization } = read;
    const file = (field: string) => (entry: string, index: number) =>
      this.#fileNamed(read, folder, entry, field, index);
    const paths = <T extends { readonly path?: string }>(field: string, entries: readonly T[]) =>
      entries.flatMap(({ path = '' }, index) => (path === '' ? [] : [file(field)(path, index)]));
    const generated = (field: 'configMapGenerator' | 'secretGenerator') =>
      kustomization[field].flatMap((entry, index) => filesOf(entry).map((one) => file(field)(one, index)));
    const below = kustomization.components.map((entry, index) => this.#folder(read, folder, entry, index));
    const resources = kustomization.resources.map((entry, index) => this.#resourcePath(read, folder, entry, index));
    const folders = [...below, ...resources.flatMap((one) => (one.isFolder ? [one.file] : []))];
    return [
      ...resources.flatMap((one) => (one.isFolder ? [] : [one.file])),
      ...folders.flatMap((one) => kustomizationIn(this.#tree, one) ?? []),
      ...paths('patches', kustomization.patches),
      ...paths('patchesJson6902', kustomization.patchesJson6902),
      ...kustomization.patchesStrategicMerge.flatMap((entry, index) =>
        isInlinePatch(entry) ? [] : [file('patchesStrategicMerge')(entry, index)],
      ),
      ...paths('replacements', kustomization.replacements),
      ...kustomization.configurations.map(file('configurations')),
      ...paths('openapi', kustomization.openapi === undefined ? [] : [kustomization.openapi]),
      ...generated('configMapGenerator'),
      ...generated('secretGenerator'),
    ];
  }

  #resources(read: ReadKustomization, folder: string, chain: readonly string[], into: Layer): void {
    const { resources } = read.kustomization;
    const paths = resources.map((entry, index) => this.#resourcePath(read, folder, entry, index));
    const needed = new Set<string>();
    for (const [index, { file, isFolder }] of paths.entries()) {
      this.#at(read, 'resources', index, () => {
        if (isFolder) {
          const below = this.#below(file, chain, needed);
          if (below === undefined) return;
          if (below.read.kustomization.kind === 'Component')
            throw new IdProblem(`${file} is a component: name it under components`);
          for (const resource of below.list.all) into.list.add(resource);
          into.config = mergeConfig(into.config, below.config);
          into.vars = joinVars(into.vars, below.vars);
        } else for (const resource of this.#file(file)) into.list.add(resource);
        if (into.list.all.length > kustomizeLimits.objects)
          throw new IdProblem(`more than ${kustomizeLimits.objects} objects`);
      });
    }
    if (needed.size > 0) throw new NeedsFiles([...needed]);
  }

  /** A layer below; undefined when it lacks files, which are added to `needed`: those of all layers are asked for together. */
  #below(folder: string, chain: readonly string[], needed: Set<string>): Top | undefined {
    try {
      return this.target(folder, chain);
    } catch (error) {
      if (!(error instanceof NeedsFiles)) throw error;
      for (const path of error.paths) needed.add(path);
      return undefined;
    }
  }

  #resourcePath(read: ReadKustomization, folder: string, entry: string, index: number) {
    const file = this.#resolve(read, folder, entry, 'resources', index);
    if (this.#tree.isDirectory(file)) return { file, isFolder: true };
    if (this.#tree.has(file)) return { file, isFolder: false };
    throw new KustomizeProblem(
      read.path,
      read.lineOf('resources', index),
      `${entry}: there is no file or folder ${file}`,
    );
  }

  #file(file: string): readonly Resource[] {
    const { objects, diagnostics } = parseManifests(this.#text(file), file, { words: 'text' });
    const [problem] = diagnostics;
    if (problem !== undefined) throw new KustomizeProblem(file, problem.line, problem.message);
    return objects.map(
      ({ object, line, lines }) => new Resource(object as unknown as MutableMap, { path: file, line }, lines),
    );
  }

  #component(read: ReadKustomization, folder: string, chain: readonly string[], into: Layer): void {
    const { read: own } = this.target(folder, chain, into);
    if (own.kustomization.kind !== 'Component') {
      throw new KustomizeProblem(
        own.path,
        0,
        `${folder} is no component: kind must be Component, for ${read.path} names it so`,
      );
    }
  }

  #readSchemas(read: ReadKustomization, folder: string): void {
    const { openapi } = read.kustomization;
    if (openapi?.version !== undefined && openapi.version !== BUILT_IN_VERSION) {
      throw new KustomizeProblem(
        read.path,
        read.lineOf('openapi'),
        `openapi.version ${openapi.version} is not there; leave it out`,
      );
    }
    if (this.#custom !== undefined || openapi?.path === undefined) return;
    const file = this.#fileNamed(read, folder, openapi.path, 'openapi', undefined);
    this.#custom = readOpenApi(file, this.#text(file));
  }

  readonly #schemaOf: SchemaOf = (gvk) =>
    this.#custom === undefined ? schemaOf(gvk.group, gvk.version, gvk.kind) : this.#custom(gvk);

  #ownConfig(read: ReadKustomization, folder: string): TransformerConfig {
    let config = EMPTY_CONFIG;
    for (const [index, entry] of read.kustomization.configurations.entries()) {
      const file = this.#fileNamed(read, folder, entry, 'configurations', index);
      config = mergeConfig(config, readConfig(file, this.#text(file)));
    }
    return config;
  }

  #generate(read: ReadKustomization, folder: string, { list }: Layer): void {
    const { configMapGenerator, secretGenerator, generatorOptions: global } = read.kustomization;
    const sources = [
      ...configMapGenerator.map(
        (entry, index) => ({ kind: 'ConfigMap', field: 'configMapGenerator', entry, index }) as const,
      ),
      ...secretGenerator.map((entry, index) => ({ kind: 'Secret', field: 'secretGenerator', entry, index }) as const),
    ];
    for (const { kind, field, entry, index } of sources) {
      this.#at(read, field, index, () => {
        const origin = { path: read.path, line: read.lineOf(field, index) };
        const bytes = (file: string) => this.#bytes(this.#fileNamed(read, folder, file, field, index));
        list.absorb(generate({ kind, entry, global, origin, read: bytes }));
      });
    }
  }

  #transform(read: ReadKustomization, folder: string, layer: Layer): void {
    const { kustomization } = read;
    const { list, config } = layer;
    this.#patch(read, folder, list);
    this.#at(read, 'namespace', undefined, () => setNamespace(list, kustomization.namespace, config.namespace));
    this.#at(read, 'namePrefix', undefined, () =>
      rename(list, { prefix: kustomization.namePrefix }, config.namePrefix),
    );
    this.#at(read, 'nameSuffix', undefined, () =>
      rename(list, { suffix: kustomization.nameSuffix }, config.nameSuffix),
    );
    this.#at(read, 'labels', undefined, () => setLabels(list, kustomization, config));
    setTexts(list, kustomization.commonAnnotations, config.commonAnnotations);
    for (const [index, entry] of kustomization.patchesJson6902.entries()) {
      this.#at(read, 'patchesJson6902', index, () =>
        applyOldJsonPatch(list, this.#patchText(read, folder, entry, 'patchesJson6902', index), entry.target ?? {}),
      );
    }
    for (const [index, replica] of kustomization.replicas.entries()) {
      this.#at(read, 'replicas', index, () => setReplicas(list, replica, config.replicas));
    }
    for (const [index, image] of kustomization.images.entries()) {
      this.#at(read, 'images', index, () => setImages(list, image, config.images));
    }
    for (const [index, entry] of kustomization.replacements.entries()) {
      this.#at(read, 'replacements', index, () => {
        for (const replacement of this.#replacements(read, folder, entry, index)) replace(list.all, replacement);
      });
    }
    list.changed();
  }

  #patch(read: ReadKustomization, folder: string, list: ResourceList): void {
    const { patchesStrategicMerge, patches } = read.kustomization;
    for (const [index, entry] of patchesStrategicMerge.entries()) {
      this.#at(read, 'patchesStrategicMerge', index, () => {
        applyPatch(
          list,
          this.#schemaOf,
          isInlinePatch(entry)
            ? entry
            : this.#text(this.#fileNamed(read, folder, entry, 'patchesStrategicMerge', index)),
          {},
        );
      });
    }
    for (const [index, entry] of patches.entries()) {
      this.#at(read, 'patches', index, () =>
        applyPatch(list, this.#schemaOf, this.#patchText(read, folder, entry, 'patches', index), entry),
      );
    }
  }

  #patchText(
    read: ReadKustomization,
    folder: string,
    { path: file, patch }: PatchEntry,
    field: string,
    index: number,
  ): string {
    const isInline = patch !== undefined && patch.trim() !== '';
    const isFile = file !== undefined && file !== '';
    if (isInline === isFile) throw new PatchProblem('one of patch and path must be given');
    return isFile ? this.#text(this.#fileNamed(read, folder, file, field, index)) : (patch ?? '');
  }

  #replacements(
    read: ReadKustomization,
    folder: string,
    entry: ReadKustomization['kustomization']['replacements'][number],
    index: number,
  ) {
    if (entry.path === undefined || entry.path === '') return [entry];
    const file = this.#fileNamed(read, folder, entry.path, 'replacements', index);
    return readReplacements(file, this.#text(file));
  }

  #folder(read: ReadKustomization, folder: string, entry: string, index: number): string {
    const resolved = this.#resolve(read, folder, entry, 'components', index);
    if (this.#tree.isDirectory(resolved)) return resolved;
    throw new KustomizeProblem(read.path, read.lineOf('components', index), `${entry}: there is no folder ${resolved}`);
  }

  #fileNamed(read: ReadKustomization, folder: string, entry: string, field: string, index: number | undefined): string {
    const file = this.#resolve(read, folder, entry, field, index);
    if (this.#tree.has(file)) return file;
    throw new KustomizeProblem(read.path, read.lineOf(field, index), `${entry}: there is no file ${file}`);
  }

  /** A path of the repository. Nothing outside of it is ever read, and nothing is fetched. */
  #resolve(read: ReadKustomization, folder: string, entry: string, field: string, index: number | undefined): string {
    const fail = (why: string) => new KustomizeProblem(read.path, read.lineOf(field, index), `${entry}: ${why}`);
    if (isRemote(entry)) throw fail('remote bases and files are not fetched; keep a copy in the repository');
    if (entry === '' || entry.startsWith('/')) throw fail('must be a path below the repository');
    const file = joinPath(folder, entry);
    if (leadsOut(file)) throw fail('leads out of the repository');
    return file;
  }

  /** Asks for all of them at once that are not at hand. */
  #need(files: readonly string[]): void {
    const missing = files.filter((file) => this.#tree.read(file) === undefined);
    if (missing.length > 0) throw new NeedsFiles([...new Set(missing)]);
  }

  #bytes(file: string): Uint8Array {
    const bytes = this.#tree.read(file);
    if (bytes === undefined) throw new NeedsFiles([file]);
    return bytes;
  }

  #text(file: string): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.#bytes(file));
    } catch (error) {
      if (error instanceof TypeError) throw new KustomizeProblem(file, 0, 'the file is not UTF-8 text');
      throw error;
    }
  }

  /** What goes wrong is told at the field that asked for it. */
  #at<T>(read: ReadKustomization, field: string, index: number | undefined, task: () => T): T {
    try {
      return task();
    } catch (error) {
      const isTold =
        error instanceof IdProblem ||
        error instanceof PatchProblem ||
        error instanceof MergeProblem ||
        error instanceof GeneratorProblem ||
        error instanceof ReplacementProblem ||
        error instanceof VarProblem ||
        isApiError(error);
      if (!isTold) throw error;
      throw new KustomizeProblem(read.path, read.lineOf(field, index), error.message);
    }
  }
}

/** What is no path but a patch itself. */
function isInlinePatch(entry: string): boolean {
  return entry.includes('\n') || /^\s*[{a-zA-Z]+:\s/.test(entry);
}

/** Files that a generator reads, by their paths from the kustomization. */
function filesOf({ files = [], envs = [], env }: GeneratorEntry): readonly string[] {
  const named = files.map((source) => (source.includes('=') ? source.slice(source.indexOf('=') + 1) : source));
  return [...envs, ...(env === undefined || env === '' ? [] : [env]), ...named].filter((file) => file !== '');
}

/** As kustomize tells a repository or an address from a path. */
function isRemote(entry: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]*:\/\//i.test(entry) ||
    /^git@/.test(entry) ||
    /^(www\.)?(github|gitlab|bitbucket)\.[a-z]+[/:]/.test(entry) ||
    /[?&]ref=/.test(entry)
  );
}
