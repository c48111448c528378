import { ApiError, type Pod } from '#api';
import type { LogTarget, SessionRequest, SessionStreams, SessionSubresource } from '../nodes/node-tunnel.types.ts';

/** Which node to ask, and for what. */
export interface SessionPlan {
  readonly node: string;
  readonly request: Exclude<SessionRequest, { type: 'forward' }>;
}

const SUBRESOURCES: ReadonlySet<string> = new Set<SessionSubresource>(['exec', 'attach', 'portforward']);

export function isSessionSubresource(name: string | undefined): name is SessionSubresource {
  return name !== undefined && SUBRESOURCES.has(name);
}

/**
 * Reads the query of `…/exec` and `…/attach`, and chooses the container. Source: PodExecOptions and PodAttachOptions of
 * core/v1, registry/core/pod/strategy.go streamLocation (words only).
 */
export function planSession(
  kind: Exclude<SessionSubresource, 'portforward'>,
  pod: Pod,
  query: URLSearchParams,
): SessionPlan {
  const node = nodeOf(pod);
  const target = { pod: targetOf(pod), container: containerOf(pod, query.get('container') ?? '') };
  const streams = streamsOf(query);
  if (kind === 'attach') return { node, request: { type: 'attach', ...target, streams } };
  const command = query.getAll('command');
  if (command.length === 0) throw bad('you must specify at least one command for the container');
  return { node, request: { type: 'exec', ...target, command, streams } };
}

/** Ports that one WebSocket forwards: each is two of its channels, and a connection of its own to the node. */
const MAX_PORTS = 64;

/**
 * The ports of a port-forward in WebSocket channels, which names them all at once. Source: PodPortForwardOptions of
 * core/v1, kubelet/pkg/cri/streaming/portforward/websocket.go NewV4Options (v1.32).
 */
export function planPorts(query: URLSearchParams): readonly number[] {
  const words = query.getAll('ports').flatMap((value) => value.split(','));
  if (words.length === 0) throw bad('query parameter "ports" is required');
  if (words.length > MAX_PORTS) throw bad(`at most ${MAX_PORTS} ports can be forwarded over one WebSocket`);
  return words.map((word) => {
    const port = /^\d{1,5}$/.test(word) ? Number(word) : 0;
    if (port < 1 || port > 65_535) throw bad(`unable to parse ${JSON.stringify(word)} as a port`);
    return port;
  });
}

/** The pod as its node knows it. */
export function targetOf({ metadata: { namespace = '', name, uid } }: Pod): LogTarget {
  return { namespace, name, uid };
}

/** The node a pod runs on. */
export function nodeOf({ metadata, spec }: Pod): string {
  const { nodeName = '' } = spec;
  if (nodeName === '') throw bad(`pod ${metadata.name} does not have a host assigned`);
  return nodeName;
}

/** The named container, or the only one. */
function containerOf({ metadata, spec }: Pod, wanted: string): string {
  const names = (containers: readonly { readonly name: string }[] | undefined) =>
    (containers ?? []).map((container) => container.name);
  const main = names(spec.containers);
  const init = names(spec.initContainers);
  const ephemeral = names(spec.ephemeralContainers);
  const [only] = main;
  if (wanted === '' && main.length === 1 && only !== undefined) return only;
  if (wanted === '') {
    const more = [
      ...(init.length === 0 ? [] : [` or one of the init containers: [${init.join(' ')}]`]),
      ...(ephemeral.length === 0 ? [] : [` or one of the ephemeral containers: [${ephemeral.join(' ')}]`]),
    ];
    throw bad(
      `a container name must be specified for pod ${metadata.name}, choose one of: [${main.join(' ')}]${more.join('')}`,
    );
  }
  if ([...main, ...init, ...ephemeral].includes(wanted)) return wanted;
  throw bad(`container ${wanted} is not valid for pod ${metadata.name}`);
}

/** A terminal has one output: its errors come with the rest. */
function streamsOf(query: URLSearchParams): SessionStreams {
  const tty = flag(query, 'tty');
  const stdin = flag(query, 'stdin');
  const stdout = flag(query, 'stdout');
  const stderr = flag(query, 'stderr');
  if (!stdin && !stdout && !stderr) throw bad('you must specify at least 1 of stdin, stdout, stderr');
  return { tty, stdin, stdout, stderr: stderr && !tty };
}

function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value === 'true' || value === '1';
}

function bad(message: string): ApiError {
  return new ApiError('BadRequest', message);
}
