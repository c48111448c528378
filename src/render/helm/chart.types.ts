import type { GoMap } from '../template/index.ts';

/** A file of a chart, by its path from the chart's folder. */
export interface ChartFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Dependency {
  /** The alias, once dependencies have been processed. */
  name: string;
  readonly version: string;
  readonly condition: string;
  readonly tags: readonly string[];
  readonly importValues: readonly unknown[];
  readonly alias: string;
  enabled: boolean;
}

export interface ChartMetadata {
  name: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly type: string;
  readonly kubeVersion: string;
  readonly dependencies: readonly Dependency[];
  /** All of Chart.yaml. */
  readonly all: Readonly<Record<string, unknown>>;
}

/** A chart that was read. What dependencies do to it happens to a copy. */
export interface Chart {
  metadata: ChartMetadata;
  /** Where its folder or archive stands, for places in errors. */
  readonly path: string;
  readonly templates: readonly ChartFile[];
  readonly files: readonly ChartFile[];
  values: GoMap;
  readonly schema: ChartFile | undefined;
  subcharts: readonly Chart[];
}
