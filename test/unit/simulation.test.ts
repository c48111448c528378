import { describe, expect, it } from 'vitest';
import { loopsWithoutWrites } from '../simulation/play.ts';
import { REGRESSIONS } from '../simulation/regressions.ts';
import { SEEDED_BUGS } from '../simulation/sabotage.ts';
import { SCENARIO, SCENARIO_NODES } from '../simulation/scenario.ts';
import { scriptOf } from '../simulation/script.ts';
import { simulate } from '../simulation/simulation.ts';

const LOOPS = ['deployment', 'replica-set', 'daemon-set', 'job', 'scheduling', 'endpoint-slice', 'garbage-collection'];
const play = (seed: number, steps: number, nodes = 4) =>
  simulate({ seed, nodes, script: scriptOf({ seed, steps, nodes, loops: LOOPS }) });

describe('test/simulation/simulation.ts', () => {
  it('plays the same seed again byte for byte, and another one otherwise', async () => {
    const first = await play(7, 16, 3);
    expect(first).not.toHaveProperty('broken');
    expect(await play(7, 16, 3)).toEqual(first);
    expect((await play(8, 1, 3)).digest).not.toBe((await play(7, 1, 3)).digest);
    const faults = Object.values(first.faults).reduce((sum, count) => sum + count, 0);
    expect(faults).toBeGreaterThan(10);
    expect(first.commits).toBeGreaterThan(2);
  });

  it.each(SEEDED_BUGS)('finds by $promise that $what', async ({ promise, sabotage, trace }) => {
    const play = (more: object) => simulate({ seed: 1, nodes: 3, script: trace, ...more });
    expect(await play({})).not.toHaveProperty('broken');
    expect((await play({ sabotage })).broken).toMatchObject({ promise });
  });

  it.each(REGRESSIONS)('never again, $promise: $what', async ({ seed, script }) => {
    expect(await simulate({ seed, nodes: 3, script })).not.toHaveProperty('broken');
  });

  it('gives every loop of the control plane something to write, so that it can die of it', async () => {
    const outcome = await simulate({ seed: 1, nodes: SCENARIO_NODES, script: SCENARIO });
    expect(outcome).not.toHaveProperty('broken');
    expect(outcome.loops).toContain('sync');
    expect(loopsWithoutWrites(outcome)).toEqual([]);
  });
});
