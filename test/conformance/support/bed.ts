import { NAMESPACES, type Pod, type ResourceType, SERVICE_ACCOUNTS, type StoredObject } from '#api';
import { type Clock, silentLog, systemClock } from '#base';
import { createControllers } from '#controllers';
import { createLocalClient, GROUP_MASTERS } from '#server';
import { bootstrapCluster } from '../../../src/app/bootstrap.ts';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { createHollowNode, type HollowOutcome } from '../../support/hollow-node.ts';
import { createKubectl, findKubectl, type KubectlResult } from '../../support/kubectl.ts';
import { until } from '../../support/until.ts';
import { createHttps, type Https } from './http.ts';
import { type Resource, resourceOf } from './resource.ts';

/** A cluster as the official tests expect one: the API over HTTPS, all controllers, the scheduler, and nodes that pretend. */
export interface ConformanceBed {
  readonly server: ApiServer;
  /** As an administrator. */
  readonly https: Https;
  /** The nodes' names. */
  readonly nodes: readonly string[];
  of<T extends StoredObject>(type: ResourceType<T>, namespace?: string): Resource<T>;
  /** A namespace of a test's own, with its account in it: its name. */
  namespace(base: string): Promise<string>;
  /** The kubeconfig of an administrator. */
  readonly kubeconfig: string;
  /** Stock kubectl as an administrator, in a namespace. */
  kubectl(namespace: string, args: string | readonly string[], input?: string): Promise<KubectlResult>;
  close(): Promise<void>;
}

/** Stock kubectl, if it is here. */
export const kubectlBinary = findKubectl('1.32');

export interface ConformanceBedOptions {
  /** How many nodes pretend. */
  readonly nodes?: number;
  /** How a pod turns out on them; ready at once when absent. */
  readonly outcome?: (pod: Pod) => HollowOutcome;
  /** Of controllers and nodes. */
  readonly clock?: Clock;
}

export async function startConformanceBed(options: ConformanceBedOptions = {}): Promise<ConformanceBed> {
  const { nodes: count = 2, outcome, clock = systemClock } = options;
  const server = await startApiServer();
  const local = (name: string) =>
    createLocalClient(server.api, {
      user: { name: `system:plumbline:${name}`, groups: [GROUP_MASTERS] },
      userAgent: `plumbline-${name}`,
    });
  const admin = { name: 'admin', groups: [GROUP_MASTERS] };
  const https = createHttps({ url: server.url, ca: server.ca, token: await server.tokens.issue(admin) });
  await bootstrapCluster(local('bootstrap'), Number(new URL(server.url).port));

  const stopping = new AbortController();
  const client = local('controllers');
  const controllers = createControllers(
    { client, schedulerClient: local('scheduler'), clock, log: silentLog },
    { caCertificate: server.ca },
  );
  const nodes = Array.from({ length: count }, (_, at) => `node-${at + 1}`);
  const hollow = nodes.map((name) =>
    createHollowNode({
      client: local(name),
      clock,
      name,
      beatMs: 10_000,
      ...(outcome === undefined ? {} : { outcome }),
    }),
  );
  const running = [controllers.run(stopping.signal), ...hollow.map((node) => node.run(stopping.signal))];
  await until('the caches of the controllers are filled', () => controllers.synced);

  const kubeconfig = await server.kubeconfig(admin);
  const kubectl =
    kubectlBinary === undefined ? undefined : createKubectl(kubectlBinary, kubeconfig, `${server.directory}/cache`);

  const of: ConformanceBed['of'] = (type, namespace) => resourceOf(https, type, namespace);
  return {
    server,
    https,
    nodes,
    kubeconfig,
    of,
    async namespace(base) {
      const { metadata } = await of(NAMESPACES).create({ metadata: { generateName: `${base}-` } });
      await until('the account of the namespace', () => of(SERVICE_ACCOUNTS, metadata.name).find('default'));
      return metadata.name;
    },
    kubectl(namespace, args, input) {
      if (kubectl === undefined) throw new Error('there is no kubectl here');
      const list = typeof args === 'string' ? args.split(' ') : args;
      return kubectl([`--namespace=${namespace}`, ...list], {
        timeoutMs: 30_000,
        ...(input === undefined ? {} : { input }),
      });
    },
    async close() {
      stopping.abort();
      await Promise.allSettled(running);
      https.close();
      await server.close();
    },
  };
}
