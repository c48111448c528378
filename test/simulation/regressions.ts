import type { Step } from './script.ts';
import type { Workload } from './workloads.ts';

/** A run that broke a promise once. */
export interface Regression {
  readonly promise: string;
  readonly what: string;
  readonly seed: number;
  readonly script: readonly Step[];
}

const REST: Step = { do: 'rest' };
const DATABASE: Workload = { kind: 'StatefulSet', image: 'good:1', replicas: 2, policy: 'Parallel' };

/** Shrunk to what it takes, on three nodes; each was seen to break its promise before the fix. */
export const REGRESSIONS: readonly Regression[] = [
  {
    promise: 'P11',
    what: 'a pod of a StatefulSet started from memory by a machine that had been off',
    seed: 1,
    script: [
      { do: 'commit', set: { db: DATABASE } },
      REST,
      { do: 'power off', node: 0 },
      { do: 'delete node', node: 0 },
      { do: 'wait', ms: 60_000 },
      { do: 'power on', node: 0 },
      REST,
      { do: 'power off', node: 1 },
      { do: 'delete node', node: 1 },
      { do: 'wait', ms: 60_000 },
      { do: 'power on', node: 1 },
      REST,
      { do: 'power off', node: 2 },
      { do: 'delete node', node: 2 },
      { do: 'wait', ms: 60_000 },
      { do: 'power on', node: 2 },
      REST,
    ],
  },
];
