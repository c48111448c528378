import { type Clock, errorMessage, type Log } from '#base';
import type { NodeFigures } from '../nodes/node-figures.plan.ts';
import type { NodeTunnel } from '../nodes/node-tunnel.ts';

export const figuresLimits = {
  /** What a node said, and that it said nothing, is believed for so long, in ms: many who ask at once cost one question. */
  keptMs: 5_000,
  /** A node that takes longer has no figures this time, in ms. */
  answerMs: 8_000,
} as const;

export interface FiguresCacheDeps {
  readonly tunnel: Pick<NodeTunnel, 'isConnected' | 'readFigures'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the nodes use, asked of their agents only when somebody asks us, and kept for a moment, in memory. */
export interface FiguresCache {
  /** Undefined for a node that is away or does not answer. */
  of(node: string): Promise<NodeFigures | undefined>;
}

interface Kept {
  readonly atMs: number;
  readonly figures: Promise<NodeFigures | undefined>;
}

/** Holds at most one answer for each node that is connected. */
export function createFiguresCache({ tunnel, clock, log }: FiguresCacheDeps): FiguresCache {
  const kept = new Map<string, Kept>();

  async function ask(node: string): Promise<NodeFigures | undefined> {
    const abort = new AbortController();
    const late = clock.after(figuresLimits.answerMs, () => abort.abort());
    try {
      return await tunnel.readFigures(node, abort.signal);
    } catch (error) {
      log.info({ node, reason: errorMessage(error) }, 'a node told no figures');
      return undefined;
    } finally {
      late.cancel();
    }
  }

  return {
    async of(node) {
      const nowMs = clock.monotonicMs();
      for (const [name, { atMs }] of kept) if (nowMs - atMs >= figuresLimits.keptMs) kept.delete(name);
      if (!tunnel.isConnected(node)) return undefined;
      const known = kept.get(node) ?? { atMs: nowMs, figures: ask(node) };
      kept.set(node, known);
      return await known.figures;
    },
  };
}
