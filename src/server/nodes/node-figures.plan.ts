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

/** Reads an agent's answer; undefined for what is none. A container that is none is left out: the others are still right. */
export function readNodeFigures(text: string): NodeFigures | undefined {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch {
    return undefined; // no JSON
  }
  const { atMs, windowMs, node, containers } = (said ?? {}) as Readonly<Record<string, unknown>>;
  const whole = readUsage(node);
  if (!isAmount(atMs) || !isAmount(windowMs) || whole === undefined || !Array.isArray(containers)) return undefined;
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
