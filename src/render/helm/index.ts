/** Helm charts → manifests. Pure: files and values come in, texts go out. */
export { servedCapabilities } from './capabilities.ts';
export type { ChartFile } from './chart.types.ts';
export { helmFunctions } from './functions/index.ts';
export type { ChartManifest } from './manifests.ts';
export { formatManifests, orderManifests } from './manifests.ts';
export type { ChartSource } from './prepare-chart.ts';
export { prepareChart } from './prepare-chart.ts';
export type { ChartRequest, ChartWarning, RenderedChart, RenderedFile } from './render-chart.ts';
export { renderChart } from './render-chart.ts';
export type { SchemaValidator } from './schema.ts';
export { loadSchemaValidator } from './schema.ts';
export type { Capabilities, Release } from './scope.ts';
export { setValues } from './set-values.ts';
export { mergeValues } from './values.ts';
export { readValues } from './yaml-file.ts';
