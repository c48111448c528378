import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, PODS, type Pod } from '#api';
import type { Clock, Log } from '#base';
import { CHANNEL, createFrameLink, FRAME_PROTOCOL, StreamError } from '#streams';
import type { AuditTrail } from '../audit/audit-trail.ts';
import type { Authorize } from '../auth/authorization.types.ts';
import { nodeNameOf } from '../auth/groups.plan.ts';
import type { Caller, IdentifyCaller } from '../auth/request-users.ts';
import { errorAnswer } from '../http/answers.ts';
import { CheckedRight } from '../http/checked-right.ts';
import { managerFromUserAgent, splitTarget } from '../http/exchange.ts';
import type { OpenResponses } from '../http/framework.ts';
import type { InFlight } from '../http/in-flight.ts';
import { type ProxyPath, planProxyPath, planRequestPath, type ResourcePath } from '../http/request-path.plan.ts';
import { unknownResource } from '../http/resource-call.ts';
import { planLogOptions } from '../nodes/log-options.plan.ts';
import { planNodePath } from '../nodes/node-routes.ts';
import type { NodeTunnel } from '../nodes/node-tunnel.ts';
import type { OpenPodLog } from '../nodes/pod-logs.ts';
import { planProxyVerb } from '../proxy/node-proxy.ts';
import { proxied, queryOf } from '../proxy/proxy.ts';
import type { ProxyDial } from '../proxy/proxy-dial.ts';
import { planRequestHeaders } from '../proxy/proxy-headers.plan.ts';
import type { Api, UserInfo } from '../registry/api.ts';
import { joinConnections } from './join-connections.ts';
import { chooseLogWire, sendLogMessages, untilLeft } from './log-messages.ts';
import { type Outcome, statusOfOutcome, wordsOfOutcome } from './outcome.plan.ts';
import { servePortChannels } from './port-channels.ts';
import { servePortForward } from './port-forward.ts';
import { relay } from './relay.ts';
import {
  isSessionSubresource,
  nodeOf,
  planPorts,
  planSession,
  type SessionPlan,
  targetOf,
} from './session-request.plan.ts';
import { acceptPortForward, choosePortChannels, chooseSessionWire } from './wires.ts';

export interface UpgradeDeps {
  readonly api: Pick<Api, 'get' | 'row'>;
  readonly identify: IdentifyCaller;
  readonly audit: AuditTrail;
  readonly authorize: Authorize;
  readonly tunnel: NodeTunnel;
  readonly dialProxy: ProxyDial;
  readonly openPodLog: OpenPodLog;
  readonly open: OpenResponses;
  readonly inFlight: InFlight;
  readonly clock: Clock;
  readonly log: Log;
}

const SWITCHING_PROTOCOLS = 101;

interface Upgrade {
  readonly request: IncomingMessage;
  readonly connection: Duplex;
  readonly user: UserInfo;
  readonly pathname: string;
  readonly query: URLSearchParams;
  /** Aborts when the connection closed or the server closes. */
  readonly signal: AbortSignal;
}

interface Session extends Pick<Upgrade, 'request' | 'connection' | 'signal'> {
  readonly pod: Pod;
}

/**
 * Serves requests that turn into a connection of their own: sessions with pods, and agents that call for one. No hook of
 * the framework runs for these, so everything it would ask is asked here: who, whether he may, and how many there are.
 */
export function createUpgradeHandler(deps: UpgradeDeps) {
  const { identify, authorize, tunnel, dialProxy, open, inFlight, clock, log } = deps;

  async function serve(
    request: IncomingMessage,
    connection: Duplex,
    identified: (caller: Caller) => void,
  ): Promise<void> {
    const caller = await identify(request);
    identified(caller);
    const { user } = caller;
    inFlight.enter(connection, true);
    const upgrade = { request, connection, user, ...splitTarget(request.url ?? '/'), signal: open.track(connection) };
    const { node, ticket } = planNodePath(upgrade.pathname);
    if (node !== '' && ticket !== undefined) return serveAgent(upgrade, node, ticket);
    const proxy = planProxyPath(upgrade.pathname);
    if (proxy !== undefined) return serveProxied(upgrade, proxy);
    const path = planRequestPath(upgrade.pathname);
    if (path?.type === 'resource' && path.resource === PODS.plural && path.group === '' && path.name !== undefined) {
      return path.subresource === 'log' ? serveLog(upgrade, path, path.name) : serveSession(upgrade, path, path.name);
    }
    throw unknownResource();
  }

  /** An agent calls for a session it was asked for. */
  async function serveAgent({ request, connection, user, pathname }: Upgrade, node: string, ticket: string) {
    await authorize(user, { verb: 'get', path: pathname });
    if (nodeNameOf(user) !== node) throw new ApiError('Forbidden', "only a node's own agent may call here");
    if (request.headers.upgrade !== FRAME_PROTOCOL) throw new ApiError('BadRequest', `upgrade to ${FRAME_PROTOCOL}`);
    tunnel.accept(node, { ticket, link: createFrameLink(connection, clock) });
    connection.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${FRAME_PROTOCOL}\r\nConnection: Upgrade\r\n\r\n`);
  }

  /** What the pod answers to the upgrade is the caller's: from then on bytes go through, both ways. */
  async function serveProxied({ request, connection, user, signal }: Upgrade, path: ProxyPath): Promise<void> {
    const { resource, namespace, name, subresource, proxyPath } = path;
    if (resource === 'nodes') throw unknownResource();
    const attributes = { verb: planProxyVerb(request.method), group: '', resource, namespace, name, subresource };
    await authorize(user, attributes);
    const check = async () => authorize((await identify(request)).user, attributes);
    const right = new CheckedRight({ clock, check, signal });
    try {
      const context = { user, defaultManager: managerFromUserAgent(request.headers['user-agent']) };
      const pod = await dialProxy({ context, resource, namespace, id: name, signal: right.signal });
      const upgrade = request.headers.upgrade ?? '';
      const headers = planRequestHeaders({ ...proxied(request, pod.host), upgrade });
      const lines = headers.flatMap((field, index) =>
        index % 2 === 0 ? [`${field}: ${headers[index + 1] ?? ''}`] : [],
      );
      const target = `${proxyPath === '' ? '/' : proxyPath}${queryOf(request)}`;
      pod.connection.write(`${request.method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
      await joinConnections({ left: connection, right: pod.connection, clock, signal: right.signal });
    } finally {
      right.stop();
    }
  }

  async function serveSession({ request, connection, user, query, signal }: Upgrade, path: ResourcePath, name: string) {
    const { namespace, subresource } = path;
    const row = deps.api.row(path.group, path.version, path.resource);
    if (row === undefined || !isSessionSubresource(subresource)) throw unknownResource();
    // By effect, not by method: whoever runs a command in a pod has created something. A WebSocket is always a GET.
    const attributes = { verb: 'create' as const, group: '', resource: path.resource, namespace, name, subresource };
    await authorize(user, attributes);
    const context = { user, defaultManager: managerFromUserAgent(request.headers['user-agent']) };
    const pod = (await deps.api.get({ context, row, namespace, name })) as Pod;
    const check = async () => authorize((await identify(request)).user, attributes);
    const right = new CheckedRight({ clock, check, signal });
    log.info({ user: user.name, namespace, pod: name, subresource }, 'session asked for');
    try {
      const session = { request, connection, pod, signal: right.signal };
      if (subresource === 'portforward') await forwardPorts(session, query);
      else await joinProcess(session, planSession(subresource, pod, query));
    } finally {
      right.stop();
    }
  }

  /** A log as over HTTP, in the messages of a WebSocket. */
  async function serveLog({ request, connection, user, query, signal }: Upgrade, path: ResourcePath, name: string) {
    const { namespace, resource } = path;
    const attributes = { verb: 'get' as const, group: '', resource, namespace, name, subresource: 'log' };
    await authorize(user, attributes);
    const wire = chooseLogWire(request);
    const context = { user, defaultManager: managerFromUserAgent(request.headers['user-agent']) };
    const check = async () => authorize((await identify(request)).user, attributes);
    const right = new CheckedRight({ clock, check, signal });
    try {
      const bytes = await deps.openPodLog(context, { namespace, name }, planLogOptions(query), right.signal);
      const socket = wire.open(connection, clock);
      const left = untilLeft(socket).finally(() => right.stop());
      const sent = sendLogMessages(socket, bytes, { base64: wire.base64, throwIfLost: () => right.throwIfLost() });
      await Promise.all([left, sent]);
    } finally {
      right.stop();
    }
  }

  async function joinProcess({ request, connection, signal }: Session, plan: SessionPlan): Promise<void> {
    const wire = chooseSessionWire(request);
    // First the agent: a client that is refused hears why in an ordinary answer.
    const agent = await tunnel.openSession(plan.node, plan.request, signal);
    try {
      const client = await wire.open(connection, plan.request.streams, clock);
      // Some clients wait for a first message. Source: kubelet/pkg/cri/streaming/remotecommand/websocket.go (v1.32).
      void client.send(plan.request.streams.stdout ? CHANNEL.stdout : CHANNEL.outcome, new Uint8Array(0));
      const tell = (outcome: Outcome) =>
        Buffer.from(wire.status ? JSON.stringify(statusOfOutcome(outcome)) : wordsOfOutcome(outcome));
      await relay({ client, agent, tell, clock, signal });
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      log.info({ reason: error.message }, 'a client broke off a session before it began');
    } finally {
      agent.close();
    }
  }

  async function forwardPorts({ request, connection, pod, signal }: Session, query: URLSearchParams): Promise<void> {
    const node = nodeOf(pod);
    if (!tunnel.isConnected(node)) {
      throw new ApiError('ServiceUnavailable', `node ${node} cannot be reached: its agent is not connected`);
    }
    const target = targetOf(pod);
    const dial = (port: number) => tunnel.openSession(node, { type: 'forward', pod: target, port }, signal);
    const openChannels = choosePortChannels(request);
    if (openChannels !== undefined) {
      const ports = planPorts(query);
      const client = openChannels(connection, 2 * ports.length, clock);
      return servePortChannels({ client, ports, dial, pod: target.name, clock, signal });
    }
    const spdy = acceptPortForward(request, connection, clock);
    await servePortForward({ connection: spdy, dial, pod: target.name, signal });
  }

  return (request: IncomingMessage, connection: Duplex, head: Buffer): void => {
    connection.on('error', () => undefined); // whoever reads hears of it as an end
    if (head.length > 0) connection.unshift(head);
    let status = SWITCHING_PROTOCOLS;
    const entry = deps.audit.begin(request, connection, () => status);
    serve(request, connection, (caller) => entry.identified(caller)).catch((error: unknown) => {
      if (!(error instanceof ApiError))
        log.error({ err: error, path: request.url?.split('?', 1)[0] }, 'session failed');
      status = errorAnswer(error).status;
      refuse(connection, error);
    });
  };
}

/** An answer instead of an upgrade. */
function refuse(connection: Duplex, error: unknown): void {
  const { status, headers, body } = errorAnswer(error);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  connection.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => connection.destroy());
}
