import { randomBytes } from 'node:crypto';
import { ApiError } from '#api';
import type { Clock, Log, Timer } from '#base';
import type { ChannelLink } from '#streams';
import { type NodeFigures, readNodeFigures } from './node-figures.plan.ts';
import type {
  AgentLink,
  AgentStream,
  ControlMessage,
  LogStreamOptions,
  LogTarget,
  SessionRequest,
} from './node-tunnel.types.ts';

/** Named limits of the agents' connections. */
export const tunnelLimits = {
  /** How often an idle control connection says it lives. */
  pingMs: 10_000,
  /** From asking an agent for a stream to its call. */
  dialTimeoutMs: 10_000,
  /** Streams one node is asked for and has not opened yet. */
  ticketsPerNode: 128,
  /** Longest error text taken from an agent. */
  errorLength: 1_024,
  /** Longest answer about what a node uses, in bytes: some 100 for a container. */
  figuresBytes: 1024 * 1024,
} as const;

/**
 * Reaches node agents, which listen on no port: each holds a control connection to us, and for every stream we ask for
 * it dials a fresh connection with a one-time ticket.
 */
export interface NodeTunnel {
  isConnected(node: string): boolean;
  /**
   * A container's log. Resolves when the agent has called back; refuses with `ServiceUnavailable` when the node cannot
   * be reached, and with `BadRequest` and the agent's own words when it has no such log.
   */
  openLog(
    node: string,
    pod: LogTarget,
    options: LogStreamOptions,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** A session's channels. Resolves and refuses as `openLog`; the caller closes what it was given. */
  openSession(node: string, request: SessionRequest, signal?: AbortSignal): Promise<ChannelLink>;
  /** What the node's machine and containers use. Refuses as `openLog`, and for an answer that cannot be read. */
  readFigures(node: string, signal?: AbortSignal): Promise<NodeFigures>;
  /** Takes over an agent's control connection; a newer one of the same node ends it. Messages come until `signal` aborts. */
  connect(node: string, send: (message: ControlMessage) => void, end: () => void, signal: AbortSignal): void;
  /** Hands over the stream an agent dialled. Throws `NotFound` for a ticket that is not this node's, used or too old. */
  accept(node: string, call: AgentStream | AgentLink): void;
  close(): void;
}

interface Control {
  readonly send: (message: ControlMessage) => void;
  readonly end: () => void;
  timer: Timer;
}

interface Ticket {
  readonly node: string;
  readonly settle: (result: AgentStream | AgentLink | ApiError) => void;
}

export function createNodeTunnel({ clock, log }: { readonly clock: Clock; readonly log: Log }): NodeTunnel {
  const controls = new Map<string, Control>();
  const tickets = new Map<string, Ticket>();

  function drop(node: string, control: Control): void {
    control.timer.cancel();
    if (controls.get(node) !== control) return;
    controls.delete(node);
    log.info({ node }, 'node agent disconnected');
    for (const [, ticket] of ticketsOf(node)) ticket.settle(unreachable(node));
  }

  function ticketsOf(node: string): [string, Ticket][] {
    return [...tickets].filter(([, ticket]) => ticket.node === node);
  }

  function ping(control: Control): Timer {
    return clock.after(tunnelLimits.pingMs, () => {
      control.send({ type: 'ping' });
      control.timer = ping(control);
    });
  }

  /** Asks for a stream and waits for the call. */
  function dial(
    node: string,
    message: (ticket: string) => ControlMessage,
    signal: AbortSignal | undefined,
  ): Promise<AgentStream | AgentLink> {
    const control = controls.get(node);
    if (control === undefined) return Promise.reject(unreachable(node));
    if (ticketsOf(node).length >= tunnelLimits.ticketsPerNode) {
      return Promise.reject(new ApiError('TooManyRequests', `node ${node} has too many streams to open`));
    }
    const ticket = randomBytes(24).toString('base64url');
    return new Promise((resolve, reject) => {
      const settle = (result: AgentStream | AgentLink | ApiError) => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
        tickets.delete(ticket);
        if (!(result instanceof ApiError)) return resolve(result);
        controls.get(node)?.send({ type: 'cancel', ticket });
        reject(result);
      };
      const timer = clock.after(tunnelLimits.dialTimeoutMs, () => {
        settle(new ApiError('ServiceUnavailable', `node ${node} did not answer in time`));
      });
      const onAbort = () => settle(new ApiError('Timeout', 'the request was called off'));
      tickets.set(ticket, { node, settle });
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted) return onAbort();
      control.send(message(ticket));
    });
  }

  async function* read(node: string, stream: AgentStream, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const onAbort = () => stream.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal?.aborted !== true) yield* stream.body;
    } catch (cause) {
      if (signal?.aborted !== true) {
        throw new ApiError('ServiceUnavailable', `the stream from node ${node} broke off`, undefined, cause);
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      stream.abort();
      controls.get(node)?.send({ type: 'cancel', ticket: stream.ticket });
    }
  }

  return {
    isConnected: (node) => controls.has(node),

    async openLog(node, pod, options, signal) {
      const call = await dial(node, (ticket) => ({ type: 'log', ticket, pod, options }), signal);
      if ('body' in call && call.error === undefined) return read(node, call, signal);
      throw refusal(node, call);
    },

    async openSession(node, request, signal) {
      const call = await dial(node, (ticket) => ({ ...request, ticket }), signal);
      if ('link' in call) return call.link;
      throw refusal(node, call);
    },

    async readFigures(node, signal) {
      const call = await dial(node, (ticket) => ({ type: 'stats', ticket }), signal);
      if (!('body' in call) || call.error !== undefined) throw refusal(node, call);
      const figures = readNodeFigures(await textOf(read(node, call, signal)), clock.nowMs());
      if (figures === undefined) throw new ApiError('ServiceUnavailable', `node ${node} told no figures`);
      return figures;
    },

    connect(node, send, end, signal) {
      const older = controls.get(node);
      if (older !== undefined) {
        drop(node, older);
        older.end();
      }
      const control: Control = { send, end, timer: { cancel: () => undefined } };
      control.timer = ping(control);
      controls.set(node, control);
      log.info({ node }, 'node agent connected');
      if (signal.aborted) drop(node, control);
      else signal.addEventListener('abort', () => drop(node, control), { once: true });
    },

    accept(node, call) {
      const ticket = tickets.get(call.ticket);
      if (ticket === undefined || ticket.node !== node) {
        throw new ApiError('NotFound', 'the ticket is unknown, used or too old');
      }
      ticket.settle(call);
    },

    close() {
      for (const [node, control] of [...controls]) {
        drop(node, control);
        control.end();
      }
    },
  };
}

/** All of it as text; what is too long is cut, so that it cannot be read. */
async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > tunnelLimits.figuresBytes) return '';
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function unreachable(node: string): ApiError {
  return new ApiError('ServiceUnavailable', `node ${node} cannot be reached: its agent is not connected`);
}

/** Why an agent's call is not what it was asked for. Nothing more is taken from it. */
function refusal(node: string, call: AgentStream | AgentLink): ApiError {
  if ('link' in call) call.link.close();
  else if (call.error !== undefined) return new ApiError('BadRequest', call.error.slice(0, tunnelLimits.errorLength));
  else call.abort();
  return new ApiError('ServiceUnavailable', `node ${node} answered with another kind of stream than it was asked for`);
}
