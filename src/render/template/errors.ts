import { PlumblineError } from '#base';

export type RenderErrorCode =
  /** The text of a template cannot be read. */
  | 'TemplateInvalid'
  /** A template was read, and what it asks for cannot be done. */
  | 'TemplateFailed'
  /** A template would take more steps, levels or bytes than it may. */
  | 'TemplateTooCostly'
  /** A chart's files are not a chart. */
  | 'ChartInvalid'
  /** Values cannot be read, or break the chart's schema. */
  | 'ValuesInvalid';

/** Where in a file: both from 1, the column in bytes; 0 where it is not known. */
export interface Place {
  readonly path: string;
  readonly line: number;
  readonly column: number;
}

/** What keeps a template or a chart from being rendered. `place`: where the user looks first. */
export class RenderError extends PlumblineError {
  readonly place: Place | undefined;

  constructor(code: RenderErrorCode, message: string, place?: Place, cause?: unknown) {
    super(message, { code, cause });
    this.place = place;
  }
}

/** What a function of a template says went wrong; the evaluator adds where. Never leaves this room. */
export class FunctionProblem extends Error {}
