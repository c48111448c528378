import type { ApplicationSet } from '#api';
import type { BuildProblem, ChartSource, Generated, GeneratorCluster, PreparedFile, SourceFile } from '#render';

/** One manifest file. */
export interface FileTask {
  readonly type: 'file';
  readonly bytes: Uint8Array;
  readonly defaultNamespace: string;
}

/** A folder with a kustomization. */
export interface KustomizeTask {
  readonly type: 'kustomize';
  readonly folder: string;
  /** Every file of the commit. */
  readonly paths: readonly string[];
  /** The bytes of those that were asked for so far. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly defaultNamespace: string;
}

/** The Applications that an ApplicationSet makes. */
export interface ApplicationSetTask {
  readonly type: 'application-set';
  readonly set: ApplicationSet;
  /** Files of the commits that were asked for so far, by `repository revision`. */
  readonly paths: ReadonlyMap<string, readonly string[]>;
  /** What those of them say that were asked for, by `repository revision path`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly clusters: readonly GeneratorCluster[];
}

/** A folder with a chart. */
export interface ChartTask extends ChartSource {
  readonly type: 'chart';
  readonly defaultNamespace: string;
}

export type RenderTask = FileTask | KustomizeTask | ApplicationSetTask | ChartTask;

export type ChartAnswer = Exclude<KustomizeAnswer, { readonly type: 'needs' }>;

export type KustomizeAnswer =
  | { readonly type: 'built'; readonly files: readonly SourceFile[] }
  | { readonly type: 'needs'; readonly paths: readonly string[] }
  | { readonly type: 'failed'; readonly problem: BuildProblem };

export type RenderResult<T extends RenderTask> = T extends FileTask
  ? PreparedFile
  : T extends ApplicationSetTask
    ? Generated
    : T extends ChartTask
      ? ChartAnswer
      : KustomizeAnswer;

export interface RenderQuestion {
  readonly id: number;
  readonly task: RenderTask;
}

export interface RenderAnswer {
  readonly id: number;
  readonly result: PreparedFile | KustomizeAnswer | Generated;
}
