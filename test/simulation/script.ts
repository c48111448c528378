import type { KubeObject } from '#api';
import { ASIDES } from './asides.ts';
import { Chance } from './chance.ts';
import type { Workload } from './workloads.ts';

/** Where a fault strikes: the control plane, or the agent of a node by its number. */
export type Place = 'control plane' | number;

/** What a person does, what breaks, and how time goes by. All that a run needs to know: the same steps, the same run. */
export type Step =
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'commit'; readonly set?: Readonly<Record<string, Workload>>; readonly remove?: readonly string[] }
  /** By hand, and not in Git: under a name by which all of it goes again. */
  | { readonly do: 'apply'; readonly name: string; readonly objects: readonly KubeObject[] }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'delete node'; readonly node: number }
  /** Git does not answer the next fetches. */
  | { readonly do: 'break git'; readonly count: number }
  | { readonly do: 'scale'; readonly name: string; readonly replicas: number }
  | { readonly do: 'kill pod'; readonly pick: number }
  /** Somebody says that the pods of a workload are about to go, and deletes none. */
  | { readonly do: 'announce'; readonly name: string }
  | { readonly do: 'exit'; readonly pick: number; readonly code: number }
  | { readonly do: 'cordon' | 'uncordon' | 'drain'; readonly node: number }
  | {
      readonly do: 'disturb';
      readonly how: 'conflicts' | 'lostRequests' | 'lostAnswers' | 'slowCalls' | 'lateEvents';
      readonly at: Place;
      readonly count: number;
      readonly ms: number;
    }
  | { readonly do: 'break watches' | 'expire watches'; readonly at: Place }
  | { readonly do: 'cut' | 'mend' | 'restart agent' | 'power off' | 'power on'; readonly node: number }
  /** The control plane dies after so many more writes of one of its loops, or of any. */
  | { readonly do: 'crash'; readonly after: number; readonly loop?: string }
  /** Everything is mended and comes to rest; then it must be as declared. */
  | { readonly do: 'rest' };

export interface ScriptOptions {
  readonly seed: number;
  readonly steps: number;
  readonly nodes: number;
  /** Loops of the control plane that crashes aim at. */
  readonly loops: readonly string[];
}

/** `elk` is a DaemonSet, `fox` and `hen` are StatefulSets, the latter with claims and `owl` is a CronJob. */
const NAMES = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox', 'hen', 'owl'] as const;
/** Steps between two rests. */
const ROUND = 40;

/** The steps that a seed decides. */
export function scriptOf({ seed, steps, nodes, loops }: ScriptOptions): readonly Step[] {
  const chance = new Chance(seed, 'script');
  const declared = new Map<string, Workload>();
  const script: Step[] = [];
  // It may not be changed, not even by one that comes in its place before the first is gone.
  const policy = chance.pick(['OrderedReady', 'Parallel'] as const);
  const concurrency = chance.pick(['Allow', 'Forbid', 'Replace'] as const);
  /** Made by hand; each once, and taken away at some time. */
  const asides = new Map(Object.entries(ASIDES));
  const applied: string[] = [];
  let versions = 0;
  let jobs = 0;
  const push = (step: Step) => {
    script.push(step);
  };
  const place = (): Place => (chance.holds(0.6) ? 'control plane' : chance.below(nodes));
  const image = () => {
    versions += 1;
    const kind = chance.weighed({ good: 8, stubborn: 1, crash: 0.7, unready: 0.7 });
    return `${kind}:${versions}`;
  };

  function commit(): void {
    const set: Record<string, Workload> = {};
    const remove: string[] = [];
    for (let count = chance.between(1, 2); count > 0; count -= 1) {
      const name = chance.pick(NAMES);
      const before = declared.get(name);
      if (before !== undefined && chance.holds(0.1)) {
        declared.delete(name);
        delete set[name];
        if (!remove.includes(name)) remove.push(name);
        continue;
      }
      if (remove.includes(name)) continue;
      const after = changed(name, before);
      declared.set(name, after);
      set[name] = after;
    }
    for (const name of declared.keys()) {
      if (name.startsWith('job') && chance.holds(0.15)) {
        declared.delete(name);
        remove.push(name);
      }
    }
    push({ do: 'commit', ...(Object.keys(set).length > 0 ? { set } : {}), ...(remove.length > 0 ? { remove } : {}) });
  }

  function changed(name: string, before: Workload | undefined): Workload {
    if (name === 'elk') {
      versions += 1;
      return { kind: 'DaemonSet', image: `good:${versions}`, unavailable: chance.between(1, 2) };
    }
    if (name === 'fox' || name === 'hen') {
      versions += 1;
      const kind = chance.weighed({ good: 4, stubborn: 2 });
      const replicas = chance.between(1, 4);
      return { kind: 'StatefulSet', image: `${kind}:${versions}`, replicas, policy, claims: name === 'hen' };
    }
    if (name === 'owl') {
      versions += 1;
      const schedule = chance.pick(['* * * * *', '*/2 * * * *', '1-59/3 * * * *']);
      return { kind: 'CronJob', image: `done:${versions}`, schedule, concurrency };
    }
    if (before?.kind !== 'Deployment') {
      const surge = chance.between(0, 2);
      const replicas = chance.between(1, 5);
      return {
        kind: 'Deployment',
        image: image(),
        replicas,
        surge,
        unavailable: surge === 0 ? chance.between(1, 2) : chance.between(0, 2),
        cpu: chance.pick([50, 400, 1_100]),
        ...(chance.holds(0.5) ? { budget: chance.between(1, Math.max(1, replicas - 1)) } : {}),
        service: chance.holds(0.4),
      };
    }
    if (chance.holds(0.6))
      return { ...before, replicas: Math.max(0, before.replicas + chance.pick([-2, -1, 1, 2])) % 7 };
    return { ...before, image: image() };
  }

  function job(): void {
    jobs += 1;
    const completions = chance.between(1, 4);
    const parallelism = chance.between(1, 3);
    const workload: Workload = { kind: 'Job', image: `done:${jobs}`, completions, parallelism };
    declared.set(`job-${jobs}`, workload);
    push({ do: 'commit', set: { [`job-${jobs}`]: workload } });
  }

  const acts = {
    commit: () => {
      commit();
      // Others push as well, before the first is read.
      while (chance.holds(0.4)) commit();
    },
    job,
    aside: () => {
      const next = [...asides].at(chance.below(Math.max(1, asides.size)));
      const gone = chance.holds(0.5) || next === undefined ? applied.shift() : undefined;
      if (gone !== undefined) push({ do: 'delete', name: gone });
      else if (next !== undefined) {
        const [name, objects] = next;
        asides.delete(name);
        applied.push(name);
        push({ do: 'apply', name, objects });
      }
    },
    git: () => push({ do: 'break git', count: chance.between(1, 3) }),
    scale: () => push({ do: 'scale', name: chance.pick(NAMES), replicas: chance.between(0, 6) }),
    announce: () => push({ do: 'announce', name: chance.pick(NAMES) }),
    kill: () => push({ do: 'kill pod', pick: chance.below(1_000) }),
    exit: () => push({ do: 'exit', pick: chance.below(1_000), code: chance.pick([0, 1, 137]) }),
    cordon: () => push({ do: chance.pick(['cordon', 'uncordon', 'uncordon']), node: chance.below(nodes) }),
    drain: () => {
      const node = chance.below(nodes);
      push({ do: 'drain', node });
      if (chance.holds(0.7)) push({ do: 'drain', node: (node + 1) % nodes });
    },
    disturb: () => {
      const at = place();
      // Of a call within the process no answer is lost without the process.
      const lostAnswers = at === 'control plane' ? 0 : 4;
      const how = chance.weighed({ conflicts: 4, lostRequests: 2, lostAnswers, slowCalls: 2, lateEvents: 5 });
      push({ do: 'disturb', how, at, count: chance.between(1, 20), ms: chance.pick([50, 400, 3_000]) });
    },
    watches: () => push({ do: chance.pick(['break watches', 'expire watches']), at: place() }),
    agent: () => push({ do: 'restart agent', node: chance.below(nodes) }),
    crash: () => {
      const after = chance.between(1, 6);
      push(chance.holds(0.7) ? { do: 'crash', after, loop: chance.pick(loops) } : { do: 'crash', after });
    },
    cut: () => push({ do: chance.pick(['cut', 'mend', 'mend']), node: chance.below(nodes) }),
    power: () => push({ do: chance.pick(['power off', 'power on', 'power on']), node: chance.below(nodes) }),
    cutMany: () => {
      const first = chance.below(nodes);
      const count = chance.holds(0.5) ? chance.between(1, 2) : chance.between(Math.ceil(nodes * 0.5), nodes);
      for (let each = 0; each < count; each += 1) push({ do: 'cut', node: (first + each) % nodes });
      push({ do: 'wait', ms: chance.pick([30_000, 120_000, 420_000]) });
      for (let each = 0; each < count; each += 1) push({ do: 'mend', node: (first + each) % nodes });
    },
  };
  const weights: Record<keyof typeof acts, number> = {
    commit: 34,
    job: 2,
    aside: 8,
    git: 2,
    scale: 2,
    announce: 1,
    kill: 4,
    exit: 4,
    cordon: 2,
    drain: 5,
    disturb: 30,
    watches: 8,
    agent: 5,
    crash: 10,
    cut: 4,
    power: 3,
    cutMany: 2,
  };
  commit();
  push({ do: 'rest' });
  while (script.length < steps) {
    acts[chance.weighed(weights)]();
    if (chance.holds(0.7)) push({ do: 'wait', ms: Number(chance.weighed({ 50: 3, 1000: 4, 6000: 3, 45000: 0.3 })) });
    if (script.length % ROUND === 0) {
      push({ do: 'rest' });
      // It was suspended to come to rest.
      const again = declared.get('owl');
      if (again !== undefined) push({ do: 'commit', set: { owl: again } });
    }
  }
  push({ do: 'rest' });
  return script;
}
