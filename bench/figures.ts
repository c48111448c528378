/** Numbers of several runs, in the unit they were taken in. */
export interface Spread {
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly runs: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return {
    min: sorted[0] ?? Number.NaN,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: sorted.at(-1) ?? Number.NaN,
    runs: sorted.length,
  };
}

/** One line of the report: ours, beside a limit or peer that was measured in the same run. */
export interface Figure {
  readonly row: string;
  readonly what: string;
  readonly unit: string;
  readonly ours: Spread;
  readonly peers: readonly { readonly name: string; readonly spread: Spread }[];
}

const round = (value: number) => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
/** What one sample in a hundred exceeds is told where there are a hundred. */
const show = ({ min, p50, p95, p99, max, runs }: Spread) =>
  `${round(p50)} (${round(min)}–${round(max)}, p95 ${round(p95)}${runs < 100 ? '' : `, p99 ${round(p99)}`})`;

/** A table in Markdown: median, spread, and the ratio of the medians. */
export function reportOf(figures: readonly Figure[]): string {
  const lines = ['| row | what | ours | beside | ratio |', '|---|---|---|---|---|'];
  for (const { row, what, unit, ours, peers } of figures) {
    if (peers.length === 0) lines.push(`| ${row} | ${what} | ${show(ours)} ${unit} | – | – |`);
    for (const { name, spread } of peers) {
      lines.push(
        `| ${row} | ${what} | ${show(ours)} ${unit} | ${name}: ${show(spread)} ${unit} | ${(ours.p50 / spread.p50).toFixed(2)} |`,
      );
    }
  }
  return lines.join('\n');
}
