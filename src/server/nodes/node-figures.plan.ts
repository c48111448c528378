/** What is believed of a node's answer: whoever holds its agent writes it. */
export const believable = {
  /** How far a node's clock may be from the server's, in ms: one that is set to local time is up to 14 hours off. */
  skewMs: 86_400_000,
  /** Longest time of a rate, in ms: an agent's is one minute at most, and from an hour on it is written differently. */
  windowMs: 3_600_000 - 1,
} as const;

/** What a node's agent tells of the use of its machine and its containers. */
export interface NodeFigures {
  readonly atMs: number;
  /** The time over which the rates were taken. */
  readonly windowMs: number;
  readonly node: UsageFigures;
  readonly containers: readonly (UsageFigures & { readonly pod: string; readonly name: string })[];
}

export interface UsageFigures {
  readonly cpuNanocores: number;
  readonly memoryBytes: number;
}

/**
 * Reads an agent's answer; undefined for what is none, or cannot be believed. A container that is none is left out: the
 * others are still right.
 */
export function readNodeFigures(text: string, nowMs: number): NodeFigures | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined; // no JSON
  }
  const { atMs, windowMs, node, containers } = (said ?? {}) as Readonly<Record<string, unknown>>;
  const whole = readUsage(node);
  if (!isAmount(atMs) || Math.abs(atMs - nowMs) > believable.skewMs) return undefined;
  if (!isAmount(windowMs) || windowMs > believable.windowMs) return undefined;
  if (whole === undefined || !Array.isArray(containers)) return undefined;
  return { atMs, windowMs, node: whole, containers: containers.flatMap(readContainer) };
}

function readContainer(said: unknown): NodeFigures['containers'][number][] {
  const { pod, name } = (said ?? {}) as Readonly<Record<string, unknown>>;
  const usage = readUsage(said);
  return usage === undefined || typeof pod !== 'string' || typeof name !== 'string' ? [] : [{ pod, name, ...usage }];
}

function readUsage(said: unknown): UsageFigures | undefined {
  const { cpuNanocores, memoryBytes } = (said ?? {}) as Readonly<Record<string, unknown>>;
  return isAmount(cpuNanocores) && isAmount(memoryBytes) ? { cpuNanocores, memoryBytes } : undefined;
}

function isAmount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
