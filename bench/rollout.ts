/** Row 5: a rolling update under load, beside Swarm's. */
import { DEPLOYMENTS, SERVICES } from '#api';
import type { Client } from '#client';
import { BUSYBOX_IMAGE } from '../test/support/images.ts';
import { startLoad } from '../test/support/load.ts';
import { until } from '../test/support/until.ts';
import type { Swarm, SwarmUpdate } from './engine.ts';
import { type Figure, spreadOf } from './figures.ts';

interface RolloutOptions {
  readonly client: Client;
  readonly swarm: Swarm | undefined;
  readonly quick: boolean;
  readonly add: (figure: Figure) => void;
}

/** A web server that serves on for half a second after it is told to end, as a well-behaved program does. */
const SERVER = [
  'sh',
  '-c',
  `mkdir -p /tmp/w; echo '{"color":"blue"}' > /tmp/w/pod; httpd -p 8080 -h /tmp/w
trap 'sleep 0.5; exit 0' TERM
while :; do sleep 100000 & wait $!; done`,
];

/** New connections per second to the Service while its pods are replaced. */
const LOAD_PER_SECOND = 100;

interface Manner {
  readonly name: string;
  readonly strategy: Readonly<Record<string, unknown>>;
  readonly theirs: Pick<SwarmUpdate, 'parallelism' | 'order'> & { readonly name: string };
}

const MANNERS: readonly Manner[] = [
  {
    name: 'as Deployments do by default',
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    theirs: { name: 'Docker Swarm, 5 at once', parallelism: 5, order: 'stop-first' },
  },
  {
    name: 'all new ones first',
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } },
    theirs: { name: 'Docker Swarm, all at once, start-first', parallelism: 0, order: 'start-first' },
  },
];

const NAMESPACE = 'bench';
const NAME = 'rollout';

export async function measureRollouts({ client, swarm, quick, add }: RolloutOptions): Promise<void> {
  const count = quick ? 5 : 20;
  const times = quick ? 1 : 5;
  const labels = { app: NAME };
  const service = await client.create(SERVICES, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: NAME, namespace: NAMESPACE },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  });
  const host = service.spec?.clusterIP ?? '';
  for (const { name, strategy, theirs } of MANNERS) {
    await client.create(DEPLOYMENTS, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: NAME, namespace: NAMESPACE },
      spec: {
        replicas: count,
        selector: { matchLabels: labels },
        strategy,
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: 'c',
                image: BUSYBOX_IMAGE,
                command: SERVER,
                readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
              },
            ],
          },
        },
      },
    });
    await untilRolledOut(client, count);
    const samples: number[] = [];
    const lost: number[] = [];
    for (let round = 1; round <= times; round += 1) {
      const load = startLoad({
        host,
        port: 80,
        newConnectionsPerSecond: LOAD_PER_SECOND,
        keepAliveConnections: 0,
        slowInFlight: 0,
      });
      const from = performance.now();
      await client.patch(
        DEPLOYMENTS,
        { namespace: NAMESPACE, name: NAME },
        { type: 'merge', body: { spec: { template: { metadata: { annotations: { round: String(round) } } } } } },
      );
      await untilRolledOut(client, count);
      samples.push(performance.now() - from);
      const { sent, answered } = await load.stop();
      lost.push(sent - answered);
    }
    await client.delete(DEPLOYMENTS, { namespace: NAMESPACE, name: NAME }, { propagationPolicy: 'Foreground' });
    await until(
      'the Deployment is gone',
      async () => (await client.get(DEPLOYMENTS, { namespace: NAMESPACE, name: NAME })) === undefined,
      60_000,
    );
    const peer =
      swarm === undefined ? undefined : await swarm.update(BUSYBOX_IMAGE, SERVER, { ...theirs, count, times });
    add({
      row: '5',
      what: `rolling update of ${count} replicas, ${name}`,
      unit: 'ms',
      ours: spreadOf(samples),
      peers: peer === undefined ? [] : [{ name: theirs.name, spread: spreadOf(peer) }],
    });
    add({
      row: '5',
      what: `… requests lost of ${LOAD_PER_SECOND} a second`,
      unit: 'requests',
      ours: spreadOf(lost),
      peers: [],
    });
  }
}

/** As `kubectl rollout status` judges it. */
async function untilRolledOut(client: Client, count: number): Promise<void> {
  await until(
    'the Deployment is rolled out',
    async () => {
      const { metadata, status } = (await client.get(DEPLOYMENTS, { namespace: NAMESPACE, name: NAME })) ?? {};
      return (
        status?.observedGeneration === metadata?.generation &&
        status?.updatedReplicas === count &&
        status.replicas === count &&
        status.availableReplicas === count
      );
    },
    120_000,
  );
}
