import { setMaxListeners } from 'node:events';
import type { Log } from '#base';
import type { Client } from '#client';
import { type ControllersOptions, createControllers } from '#controllers';
import type { GitMirror } from '#git';
import { AdmissionChain, type Api, createApi, createLocalClient, createServiceAccountAdmission } from '#server';
import type { Store } from '#store';
import { createSync, type SyncEngine, startInlineThread } from '#sync';
import { actAs } from './actor.ts';
import type { SimulatedProcess } from './simulated-process.ts';

export interface ControlPlaneDeps {
  readonly process: SimulatedProcess;
  /** Outlives the process, as a disk does. */
  readonly store: Store;
  readonly random: () => number;
  readonly log: Log;
  /** What a component of it speaks through, made from its direct way to the API. */
  readonly connect: (client: Client) => Client;
  readonly controllers: ControllersOptions;
  /** What sync reads Git through. */
  readonly mirror: () => GitMirror;
  /** The controllers ended, although nobody asked them to. */
  readonly failed: (error: unknown) => void;
}

export interface ControlPlane {
  readonly api: Api;
  /** Somebody's own way to the API. */
  clientOf(user: string, groups?: readonly string[]): Client;
  readonly sync: SyncEngine;
  /** The control plane's loops. */
  readonly loops: readonly string[];
}

const API_SERVICE = { clusterIP: '10.96.0.1', targetPort: 6443, endpoint: { ip: '192.0.2.200', port: 6443 } };
/** How long a run waits for what it applied to be healthy, ms: the product waits ten times as long. */
const HEALTH_DEADLINE_MS = 60_000;

/** API, controllers, scheduler and sync of one process; they run until it is killed. Resolves when the API serves. */
export async function startControlPlane(deps: ControlPlaneDeps): Promise<ControlPlane> {
  const { process, random, log, connect, failed } = deps;
  const { clock } = process;
  const store = storeOf(process, deps.store);
  const admission = new AdmissionChain();
  const api = await createApi({ store, clock, log, admission, random });
  admission.add(createServiceAccountAdmission(api, random));
  const clientOf = (name: string, groups: readonly string[] = ['system:masters']) =>
    createLocalClient(api, { user: { name, groups: [...groups] }, userAgent: `${name.split(':').at(-1)}/1` });
  const client = connect(clientOf('system:plumbline:controllers'));
  const schedulerClient = connect(clientOf('system:plumbline:scheduler'));
  const controllers = createControllers(
    { client, schedulerClient, clock, log },
    { caCertificate: 'a certificate', apiService: API_SERVICE, ...deps.controllers },
  );
  for (const runner of controllers.runners) {
    const run = runner.run;
    runner.run = (signal) => actAs({ process: process.name, loop: runner.name }, () => run(signal));
  }
  const sync = createSync(
    {
      client: connect(clientOf('system:plumbline:sync')),
      clock,
      log,
      random,
      stateDir: '/nowhere',
      localPaths: [],
      openMirror: async () => process.door(deps.mirror()),
      startThread: startInlineThread,
    },
    { healthDeadlineMs: HEALTH_DEADLINE_MS },
  );
  const forever = new AbortController();
  setMaxListeners(0, forever.signal); // As in the product: every informer and loop listens.
  actAs({ process: process.name, loop: 'informers' }, () => void controllers.run(forever.signal).catch(failed));
  actAs({ process: process.name, loop: 'sync' }, () => void sync.run(forever.signal).catch(failed));
  return { api, clientOf, sync, loops: [...controllers.runners.map(({ name }) => name), 'sync'] };
}

/** The disk, as the process reaches it. */
function storeOf(process: SimulatedProcess, store: Store): Store {
  const door = process.door(store);
  return {
    get: (key) => door.get(key),
    list: (request) => door.list(request),
    commit: (operations) => door.commit(operations),
    async watch(request) {
      const signal = request.signal === undefined ? process.ended : AbortSignal.any([request.signal, process.ended]);
      const result = await door.watch({ ...request, signal });
      return result.ok ? { ok: true, batches: process.stream(() => result.batches) } : result;
    },
    compact: (revision) => door.compact(revision),
    revision: () => door.revision(),
    close: () => door.close(),
  };
}
