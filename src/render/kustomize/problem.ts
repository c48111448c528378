import type { BuildProblem } from './kustomize.types.ts';

/** Ends a build. Caught by `buildKustomization`; never leaves this folder. */
export class KustomizeProblem extends Error {
  readonly path: string;
  readonly line: number;

  constructor(path: string, line: number, message: string) {
    super(message);
    this.path = path;
    this.line = line;
  }

  get told(): BuildProblem {
    return { path: this.path, line: this.line, message: this.message };
  }
}

/** Ends a build that lacks files which the commit has. Caught by `buildKustomization`. */
export class NeedsFiles extends Error {
  readonly paths: readonly string[];

  constructor(paths: readonly string[]) {
    super(`needs ${paths.length} more files`);
    this.paths = paths;
  }
}
