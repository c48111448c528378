/** Files of a commit → objects with file:line. Pure; runs in a worker that can be killed. */

export type { Generated, GeneratorCluster, GeneratorNeed, GeneratorWorld } from './application-set/index.ts';
export { generateApplications } from './application-set/index.ts';
export { atTheirLines, originOfField } from './field-lines.ts';
export { compileGlob } from './glob.ts';
export type {
  Capabilities,
  ChartFile,
  ChartManifest,
  ChartRequest,
  ChartSource,
  ChartWarning,
  Release,
  RenderedChart,
  RenderedFile,
  SchemaValidator,
} from './helm/index.ts';
export {
  formatManifests,
  loadSchemaValidator,
  mergeValues,
  orderManifests,
  prepareChart,
  readValues,
  renderChart,
  servedCapabilities,
  setValues,
} from './helm/index.ts';
export { HOOK_PHASES, readHook } from './hooks.ts';
export type { BuildProblem, BuildResult, BuiltObject, KustomizeTree } from './kustomize/index.ts';
export { buildKustomization, kustomizationIn, kustomizeLimits, prepareBuilt } from './kustomize/index.ts';
export { prepareFile } from './prepare.ts';
export type { RenderRequest, SourceFile, UnreadFile } from './render.ts';
export { assemble, render } from './render.ts';
export type {
  CustomKindOf,
  Diagnostic,
  DiagnosticCode,
  FileDiagnostic,
  Hook,
  HookDeletePolicy,
  HookPhase,
  PrepareContext,
  PreparedFile,
  PreparedObject,
  Rendered,
  RenderedHook,
  RenderedObject,
} from './render.types.ts';
export { selectFiles } from './select.plan.ts';
export type { GoMap, Place, RenderErrorCode } from './template/index.ts';
export { RenderError } from './template/index.ts';
