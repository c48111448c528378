import { describe, expect, it } from 'vitest';
import type { Pod } from '../pod/pod.types.ts';
import { planHostPorts } from './host-ports.plan.ts';

type Port = NonNullable<Pod['spec']['containers'][number]['ports']>[number];

const podOf = (ports: readonly Port[], spec: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: { containers: [{ name: 'main', ports: [...ports] }], ...spec },
});
const port = (change: Partial<Port> = {}): Port => ({ containerPort: 8080, hostPort: 80, ...change });
const ofPod = (pod: Pod) =>
  planHostPorts(pod, '10.244.1.5').map(
    ({ pod: name, protocol, hostIP = '*', hostPort, backend }) =>
      `${name} ${protocol} ${hostIP}:${hostPort} > ${backend.ip}:${backend.port}`,
  );

describe('src/node-agent/network/host-ports.plan.ts', () => {
  it.each<[string, Partial<Port>, readonly string[]]>([
    ['a port at every address', {}, ['shop/web TCP *:80 > 10.244.1.5:8080']],
    ['a port at one address', { hostIP: '127.0.0.1' }, ['shop/web TCP 127.0.0.1:80 > 10.244.1.5:8080']],
    ['UDP', { protocol: 'UDP' }, ['shop/web UDP *:80 > 10.244.1.5:8080']],
    ['nothing for SCTP', { protocol: 'SCTP' }, []],
    ['nothing for a port of the pod alone', { hostPort: 0 }, []],
  ])('leads %s', (_name, change, expected) => {
    expect(ofPod(podOf([port(change)]))).toEqual(expected);
  });

  it('leads those of sidecars, and none of init containers that end', () => {
    const initContainers = [
      { name: 'side', restartPolicy: 'Always', ports: [port({ hostPort: 81 })] },
      { name: 'init', ports: [port({ hostPort: 82 })] },
    ];
    expect(ofPod(podOf([port()], { initContainers })).map((words) => words.split(' ')[2])).toEqual(['*:80', '*:81']);
  });

  it("leads none in the node's own network, and none before the pod has its address", () => {
    expect(ofPod(podOf([port()], { hostNetwork: true }))).toEqual([]);
    expect(planHostPorts(podOf([port()]), undefined)).toEqual([]);
  });
});
