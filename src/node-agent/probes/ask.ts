import { BlockList, isIPv4 } from 'node:net';
import { type Clock, errorMessage } from '#base';
import { isRuntimeError, type Runtime } from '#runtime';
import { expand } from '../pod/expand.plan.ts';
import type { ContainerSpec, Pod, Probe } from '../pod/pod.types.ts';
import { probeGrpc } from './grpc-probe.ts';
import { probeHttp } from './http-probe.ts';
import type { ProbeOutcome } from './probe.plan.ts';
import { probeTcp } from './tcp-probe.ts';

export interface AskInput {
  readonly runtime: Pick<Runtime, 'exec'>;
  readonly clock: Clock;
  readonly pod: Pod;
  readonly spec: ContainerSpec;
  readonly probe: Probe;
  readonly containerId: string;
  /** Where the pod is reached; the node's own address in the node's network. */
  readonly podIP: string | undefined;
  readonly timeoutMs: number;
  /** The range of the addresses of all pods. */
  readonly clusterCidr: string;
  /** Ends what goes over the network before its time. A command ends with its container. */
  readonly signal?: AbortSignal;
}

/** Asks once. Never throws: what goes wrong is an outcome. */
export async function ask(input: AskInput): Promise<ProbeOutcome> {
  const { probe, runtime, containerId, timeoutMs, clock, signal } = input;
  try {
    if (probe.exec) {
      const command = (probe.exec.command ?? []).map((word) => expand(word, () => undefined));
      const { exitCode, output } = await runtime.exec(containerId, command, timeoutMs);
      return { ok: exitCode === 0, message: output.trim().slice(0, MAX_SHOWN) || `the command ended with ${exitCode}` };
    }
    const abort = new AbortController();
    const timer = clock.after(timeoutMs, () => abort.abort());
    try {
      return await overNetwork(input, AbortSignal.any(signal === undefined ? [abort.signal] : [abort.signal, signal]));
    } finally {
      timer.cancel();
    }
  } catch (error) {
    if (isRuntimeError(error, 'ExecTimeout')) return { ok: false, message: `command timed out after ${timeoutMs} ms` };
    return { ok: false, message: errorMessage(error) };
  }
}

/** Shown of a command's output, in characters. */
const MAX_SHOWN = 256;

async function overNetwork(input: AskInput, signal: AbortSignal): Promise<ProbeOutcome> {
  const { spec, probe } = input;
  const { httpGet, tcpSocket, grpc } = probe;
  const port = portOf(spec, httpGet?.port ?? tcpSocket?.port ?? grpc?.port);
  const host = hostOf(input, httpGet?.host ?? tcpSocket?.host);
  if (typeof host !== 'string') return { ok: false, message: host.problem };
  if (port === undefined) return { ok: false, message: 'the container has no such port' };
  if (tcpSocket) return await probeTcp(host, port, signal);
  if (grpc) return await probeGrpc(host, port, grpc.service ?? '', signal);
  if (!httpGet) return { ok: false, message: 'probes of this kind are not supported' };
  return await probeHttp(
    {
      scheme: httpGet.scheme === 'HTTPS' ? 'HTTPS' : 'HTTP',
      host,
      port,
      path: httpGet.path ?? '/',
      headers: httpGet.httpHeaders ?? [],
    },
    signal,
  );
}

/** A number, or the name of one of the container's ports. */
function portOf({ ports }: ContainerSpec, port: string | number | undefined): number | undefined {
  if (typeof port === 'number') return port;
  if (port === undefined) return undefined;
  if (/^\d+$/.test(port)) return Number(port);
  return ports?.find(({ name }) => name === port)?.containerPort;
}

/** Probes and hooks reach pods only: an agent that can be sent anywhere is a way into the host's network. */
function hostOf(
  { pod: { spec }, podIP, clusterCidr }: AskInput,
  wanted: string | undefined,
): string | { readonly problem: string } {
  if (podIP === undefined) return { problem: 'the pod has no address' };
  if (wanted === undefined || wanted === '' || wanted === podIP) return podIP;
  const isLoopback = wanted === 'localhost' || wanted === '127.0.0.1';
  if (isLoopback && spec.hostNetwork === true) return '127.0.0.1';
  if (isWithin(clusterCidr, wanted)) return wanted;
  return { problem: `a probe may not be sent to ${wanted.slice(0, MAX_SHOWN)}, only to pods` };
}

function isWithin(cidr: string, address: string): boolean {
  const [net = '', bits] = cidr.split('/');
  if (!isIPv4(address)) return false;
  const range = new BlockList();
  range.addSubnet(net, Number(bits));
  return range.check(address);
}
