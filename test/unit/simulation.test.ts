import { describe, expect, it } from 'vitest';
import { SEEDED_BUGS } from '../simulation/sabotage.ts';
import { scriptOf } from '../simulation/script.ts';
import { simulate } from '../simulation/simulation.ts';

const LOOPS = ['deployment', 'replica-set', 'daemon-set', 'job', 'scheduling', 'endpoint-slice', 'garbage-collection'];
const play = (seed: number, steps: number, nodes = 4) =>
  simulate({ seed, nodes, script: scriptOf({ seed, steps, nodes, loops: LOOPS }) });

describe('test/simulation/simulation.ts', () => {
  it('plays the same seed again byte for byte, and another one otherwise', async () => {
    const first = await play(7, 40);
    expect(first).not.toHaveProperty('broken');
    expect(await play(7, 40)).toEqual(first);
    expect((await play(8, 3)).digest).not.toBe((await play(7, 3)).digest);
    const faults = Object.values(first.faults).reduce((sum, count) => sum + count, 0);
    expect(faults).toBeGreaterThan(50);
    expect(first.commits).toBeGreaterThan(5);
  });

  it.each(SEEDED_BUGS)('finds by $promise that $what', async ({ promise, sabotage, trace }) => {
    const play = (more: object) => simulate({ seed: 1, nodes: 3, script: trace, ...more });
    expect(await play({})).not.toHaveProperty('broken');
    expect((await play({ sabotage })).broken).toMatchObject({ promise });
  });
});
