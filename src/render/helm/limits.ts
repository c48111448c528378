/** What one chart may cost, before any of it is rendered. */
export const chartLimits = {
  /** All its files, archives unpacked. */
  bytes: 64 * 1024 * 1024,
  files: 10_000,
  /** Charts inside of charts. */
  depth: 20,
  /** Charts in one tree, and objects of values after aliases. */
  charts: 500,
  /** Lists of values by index. Source: helm pkg/strvals/parser.go MaxIndex. */
  listIndex: 65_536,
  /** Source: helm pkg/strvals/parser.go MaxNestedNameLevel. */
  nestedNames: 30,
} as const;
