import { backoffMs, formatTime } from '#base';
import { carryOut } from './carry-out.ts';
import { resultOf } from './run-record.ts';
import type { ApplicationState } from './state.ts';
import type { SyncStep } from './sync.types.ts';
import type { Turn } from './turn.ts';
import type { World } from './world.ts';

export function nextHealMs({ clock, options }: World, { heals }: ApplicationState): number {
  const isCalm = clock.nowMs() - heals.lastMs > options.healCalmMs;
  return isCalm || heals.count === 0 ? 0 : heals.lastMs + backoffMs(heals.count, options.healBackoff);
}

export function noteHeal({ clock, options }: World, state: ApplicationState): void {
  const nowMs = clock.nowMs();
  const isCalm = nowMs - state.heals.lastMs > options.healCalmMs;
  state.heals = { count: isCalm ? 1 : state.heals.count + 1, lastMs: nowMs };
}

/** Puts drift right while a run waits for something, with a record of its own. */
export async function healBeside(world: World, turn: Turn, steps: readonly SyncStep[]): Promise<void> {
  const { key, application, settings, state, loaded, plan, signal } = turn;
  noteHeal(world, state);
  const startedAtMs = world.clock.nowMs();
  const run = state.active?.run.metadata.name ?? '';
  const outcomes = await carryOut(
    world,
    { key, settings, loaded, state, survey: turn.survey, plan, run, signal },
    steps,
  );
  // What changed again while it was put right is the next turn's.
  if (outcomes.length === 0) return;
  const nowMs = world.clock.nowMs();
  await world.history.begin({
    application,
    loaded,
    plan: { ...plan, steps: outcomes.map(({ step }) => step) },
    trigger: 'self-heal',
    requestedBy: 'plumbline',
    prune: false,
    status: {
      phase: outcomes.some(({ action }) => action === 'failed') ? 'Failed' : 'Succeeded',
      startedAt: formatTime(startedAtMs),
      finishedAt: formatTime(nowMs),
      durationMs: Math.max(0, Math.round(nowMs - startedAtMs)),
      results: outcomes.map(resultOf),
    },
  });
}
