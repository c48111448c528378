export { buildKustomization, kustomizationIn, kustomizeLimits } from './build.ts';
export type { BuildProblem, BuildResult, BuiltObject, KustomizeTree } from './kustomize.types.ts';
export { prepareBuilt } from './prepare-built.ts';
