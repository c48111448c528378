import { ASIDES, object, pod } from './asides.ts';
import type { Step } from './script.ts';
import type { Workload } from './workloads.ts';

/** Nodes that the scenario needs. */
export const SCENARIO_NODES = 3;

const WEB = { kind: 'Deployment', image: 'good:1', replicas: 3, surge: 1, unavailable: 0, cpu: 50 } as const;
const web = (more: object): Workload => ({ ...WEB, budget: 2, service: true, ...more });
const daemon = (image: string): Workload => ({ kind: 'DaemonSet', image, unavailable: 1 });
const database = (image: string): Workload => ({ kind: 'StatefulSet', image, replicas: 2, policy: 'OrderedReady' });
const endless: Step = { do: 'wait', ms: 420_000 };
const wait = (ms: number): Step => ({ do: 'wait', ms });
const aside = (name: keyof typeof ASIDES): Step => ({ do: 'apply', name, objects: ASIDES[name] });

/** Gives every loop of the control plane something to write; the same without a fault, and dying at any write. */
export const SCENARIO: readonly Step[] = [
  { do: 'commit', set: { web: web({}), every: daemon('good:1'), db: database('good:1') } },
  { do: 'commit', set: { sum: { kind: 'Job', image: 'done:1', completions: 2, parallelism: 2 } } },
  aside('old'),
  {
    do: 'apply',
    name: 'tick',
    objects: [
      object('batch/v1', 'CronJob', 'tick', {
        spec: {
          schedule: '* * * * *',
          jobTemplate: { spec: { template: pod('tick', 'done:1', { restartPolicy: 'Never' }) } },
        },
      }),
    ],
  },
  aside('brief'),
  aside('long'),
  aside('far'),
  aside('token'),
  aside('roles'),
  aside('disk'),
  aside('scratch'),
  aside('team'),
  wait(20_000),
  aside('scaler'),
  wait(50_000),
  { do: 'delete', name: 'long' },
  { do: 'delete', name: 'tick' },
  { do: 'delete', name: 'team' },
  { do: 'delete', name: 'disk' },
  { do: 'delete', name: 'scratch' },
  { do: 'commit', set: { web: web({ image: 'good:2' }), every: daemon('good:2'), db: database('good:2') } },
  wait(20_000),
  { do: 'kill pod', pick: 1 },
  { do: 'drain', node: 1 },
  { do: 'uncordon', node: 1 },
  { do: 'power off', node: 2 },
  { do: 'announce', name: 'every' },
  endless,
  { do: 'delete node', node: 2 },
  wait(60_000),
  { do: 'power on', node: 2 },
  { do: 'rest' },
  { do: 'commit', set: { web: web({ replicas: 2 }) }, remove: ['sum', 'every'] },
  { do: 'rest' },
];
