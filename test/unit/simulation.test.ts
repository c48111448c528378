import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ApiError, type ResourceType } from '#api';
import type { Client } from '#client';
import { currentActor } from '../simulation/actor.ts';
import { LOOPS as ALL_LOOPS } from '../simulation/loops.ts';
import { differences, type Job, loopsWithoutWrites, type Played } from '../simulation/play.ts';
import { REGRESSIONS } from '../simulation/regressions.ts';
import { failuresOf } from '../simulation/report.ts';
import { SEEDED_BUGS } from '../simulation/sabotage.ts';
import { SCENARIO, SCENARIO_NODES } from '../simulation/scenario.ts';
import { scriptOf } from '../simulation/script.ts';
import { type Sabotage, simulate } from '../simulation/simulation.ts';
import { playAll } from '../simulation/workers.ts';

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

  it('ends as without, when each kind of write meets conflicts although nobody else wrote', async () => {
    const play = (sabotage: Sabotage) => simulate({ seed: 1, nodes: SCENARIO_NODES, script: SCENARIO, sabotage });
    const refused = new Map<string, number>();
    const disturbed = await play({ controllers: (client) => refusing(client, refused) });
    expect(disturbed).not.toHaveProperty('broken');
    expect(refused.size).toBeGreaterThan(30);
    expect(differences((await play({})).state, disturbed.state)).toEqual([]);
  });

  it('gives every loop of the control plane something to write, so that it can die of it', async () => {
    const outcome = await simulate({ seed: 1, nodes: SCENARIO_NODES, script: SCENARIO });
    expect(outcome).not.toHaveProperty('broken');
    expect(outcome.loops).toContain('sync');
    expect(loopsWithoutWrites(outcome)).toEqual([]);
    expect([...ALL_LOOPS].toSorted()).toEqual([...outcome.loops].toSorted());
  });
});

/** Refuses the first three of each loop's writes of a kind, as the API does when somebody else was faster. */
function refusing(client: Client, refused: Map<string, number>): Client {
  const refuse = (verb: string, { kind }: ResourceType, subresource = '') => {
    const what = `${currentActor().loop} ${verb} ${kind} ${subresource}`;
    const times = refused.get(what) ?? 0;
    if (times === 3) return;
    refused.set(what, times + 1);
    throw new ApiError('Conflict', 'the object has been modified; please apply your changes to the latest version');
  };
  return {
    ...client,
    update: async (resource, object, options) => {
      refuse('update', resource, options?.subresource);
      return client.update(resource, object, options);
    },
    patch: async (resource, key, patch, options) => {
      refuse('patch', resource, options?.subresource);
      return client.patch(resource, key, patch, options);
    },
    delete: async (resource, key, options) => {
      refuse('delete', resource);
      return client.delete(resource, key, options);
    },
  };
}

const PLAYED: Played = {
  seed: 1,
  digest: '',
  faults: {},
  commits: 1,
  revisions: 1,
  rests: 1,
  simulatedMs: 1,
  cpuMs: 1,
  crashes: {},
  writes: { 'job: create Pod': 1 },
  loops: ['job'],
  state: ['a job'],
};
const broken = { promise: 'P08', message: 'P08: a pod too many', step: 3 };
const FOUND = SEEDED_BUGS.map(({ promise }): Played => ({ ...PLAYED, bug: promise, broken }));
const DIED: Played = { ...PLAYED, scenario: true, diesAt: 1, crashes: { 'job: create Pod': 1 } };
const GOOD = { base: PLAYED, points: [DIED], seeds: [PLAYED], bugs: FOUND, tookMs: 1 };

describe('test/simulation/report.ts', () => {
  it.each([
    ['a seed that breaks a promise', { seeds: [{ ...PLAYED, broken }] }, 'seed 1: step 3: P08: a pod too many'],
    [
      'a crash that breaks one',
      { points: [{ ...DIED, broken }] },
      'dying at write 1 of the scenario: step 3: P08: a pod too many',
    ],
    [
      'a crash after which it ends otherwise',
      { points: [{ ...DIED, state: ['no job'] }] },
      'dying at write 1 of the scenario: P07: it ends otherwise: − a job; + no job',
    ],
    ['a crash point that nobody died at', { points: [{ ...DIED, crashes: {} }] }, 'nobody died after job: create Pod'],
    [
      'a loop that wrote nothing',
      { seeds: Array.from({ length: 20 }, () => ({ ...PLAYED, writes: {} })) },
      'job wrote nothing in 20 seeds',
    ],
    [
      'a bug that nobody found',
      { bugs: [...FOUND.slice(1), PLAYED] },
      `P05: nobody found that ${SEEDED_BUGS[0]?.what}`,
    ],
  ])('counts as a failure %s', (_, more, failure) => {
    expect(failuresOf(GOOD)).toEqual([]);
    expect(failuresOf({ ...GOOD, ...more })).toEqual([failure]);
  });
});

describe('test/simulation/workers.ts', () => {
  const program = (code: string) => () =>
    spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

  it('gives each job to one process, and takes new processes for old', async () => {
    const jobs = Array.from({ length: 60 }, (_, seed): Job => ({ seed }));
    const seen: number[] = [];
    await playAll(
      jobs.values(),
      ({ seed }) => seen.push(seed),
      program("process.on('message', (job) => process.send(job))"),
    );
    expect(seen.toSorted((left, right) => left - right)).toEqual(jobs.map(({ seed }) => seed));
  });

  it('fails when a process ends before it has answered, and names what was played', async () => {
    const start = program("process.on('message', () => process.disconnect())");
    await expect(playAll([{ seed: 7 }].values(), () => undefined, start)).rejects.toThrow(
      'a process ended with 0, at seed 7',
    );
  });
});
