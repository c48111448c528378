import { RenderError } from '../template/index.ts';

/** What one chart may cost with all charts in it, before any of it is rendered. */
export const chartLimits = {
  /** All its files, archives unpacked. */
  bytes: 64 * 1024 * 1024,
  files: 10_000,
  /** Charts inside of charts. */
  depth: 20,
  /** Charts in one tree, one for each alias. */
  charts: 500,
  /** Values in the copies that aliases make. */
  values: 1_000_000,
  /** Lists of values by index. Source: helm pkg/strvals/parser.go MaxIndex. */
  listIndex: 65_536,
  /** Source: helm pkg/strvals/parser.go MaxNestedNameLevel. */
  nestedNames: 30,
} as const;

type Cost = 'bytes' | 'files' | 'charts' | 'values';

/** What is left of the limits for one chart and all charts in it. */
export class ChartBudget {
  readonly #left: Record<Cost, number> = {
    bytes: chartLimits.bytes,
    files: chartLimits.files,
    charts: chartLimits.charts,
    values: chartLimits.values,
  };

  get bytes(): number {
    return this.#left.bytes;
  }

  /** Throws `ChartInvalid`, at `path`, when so much is not left. */
  take(what: Cost, count: number, path: string): void {
    this.#left[what] -= count;
    if (this.#left[what] < 0)
      throw new RenderError(
        'ChartInvalid',
        `the chart has more than ${chartLimits[what]} ${what}, with all charts in it`,
        {
          path,
          line: 0,
          column: 0,
        },
      );
  }
}
